"""A server that is slower by some percent, and otherwise the same: for those who have to notice it.

Slower by PERCENT means: an answer to ``/configure``, and the first frame of a stream, that would have been ready after
t seconds comes after t * (1 + PERCENT / 100) seconds; and from there the frames of the stream come at intervals that
are longer by PERCENT, each with all the lines that have become due since the one before. So no line is lost and live
data stays live: its age grows by less than one frame interval. Times in which nothing is served, such as --pod-start,
are not stretched.
"""

import asyncio
import itertools
import time

from support.simulator.deviations.edits import frames_per_second
from support.simulator.deviations.stages import Payloads
from support.simulator.job import Job


async def stretch(began: float, percent: float) -> None:
    """Makes what began at ``began``, seconds of the monotonic clock, and is ready now, take longer by ``percent``."""
    if percent:
        await asyncio.sleep((time.monotonic() - began) * percent / 100)


async def slowed(payloads: Payloads, job: Job, percent: float) -> Payloads:
    """The messages of a stream at a beat that is slower by ``percent``; what came between two beats is one message."""
    if not percent:
        async for payload in payloads:
            yield payload
        return
    opened, factor, taken = time.monotonic(), 1 + percent / 100, 0
    interval = factor / frames_per_second(job.plan)
    first = 0.0
    for beat in itertools.count():
        held: list[bytes] = []
        while taken <= beat * factor and (payload := await anext(payloads, b"")):
            held.append(payload)
            taken += 1
        if beat == 0:
            first = opened + (time.monotonic() - opened) * factor
        if not held or await job.ends_within(first + beat * interval - time.monotonic()):
            return
        yield job.dialect.wire.merged(held)

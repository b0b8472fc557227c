"""Streams that were kept, without a server: those of ``tests.validation.streams``, judged as they came."""

from __future__ import annotations

from collections.abc import Sequence

from support.contract import JobRequest
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.screen.window import Take
from support.stream.block import Message
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.tape import Tape
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.verdict import Verdict, stream_rules
from tests.validation.streams import Plan, blocks_of

PLAN = Plan(bins=8, frames=12)
REQUEST = JobRequest(channels_min=3, channels_max=6, frequency_max=15)
JOB = Job(REQUEST, PLAN.answer(), PLAN.prr)


def kept(frames: Sequence[Frame], most: int = 2**30) -> Streamed:
    """These frames as a window received, judged and kept them, each by itself."""
    tape, metrics = Tape(most), StreamMetrics()
    metrics.begin(at=0.0)
    verdict = Verdict(stream_rules(JOB.expectation(), Limits()))
    for block in blocks_of(frames, together=False):
        tape.came(0, [Message(one.data, one.size, one.arrived, one.received_at) for one in block.messages])
        metrics.arrived(block, range(len(block)))
        verdict.see(block)
    metrics.finish(at=metrics.last_frame_latency or 0.0)
    verdict.end(Ending(len(frames), by_server=False))
    return Streamed(JOB, verdict, metrics, frames, take=Take("story", None, Limits(), tape))

"""The stream of a job: frames, each as soon as it lies in the past, until the client or the job has enough."""

import asyncio
import itertools
import logging
from concurrent.futures import Executor
from contextlib import aclosing
from functools import partial
from typing import Any

import grpc

from support.simulator.clock import Clock
from support.simulator.deviations import Deviations, stages
from support.simulator.deviations.stages import At, Payloads
from support.simulator.frame import Frame, Timeline
from support.simulator.job import Job
from support.simulator.pace import Pace, Playback
from support.simulator.plan import Plan
from support.simulator.present import State
from support.simulator.reading import Reading
from support.simulator.recording.history import History
from support.simulator.recording.recording import Recording
from support.simulator.slowness import slowed

VERSION = "simulator-1.0"
_LITTLE = 2**17  # samples: to hand the transform of so few to a thread, and back, takes longer than the transform
WARNING = "focus-warning"  # trailing metadata: gRPC has no words for a status that is OK

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, bytes]


class StreamService:
    """The streams of one job, however they are asked for; ``service.py`` of a dialect does that.

    Args:
        job: the job.
        state: of the server when it was configured.
        workers: run the arithmetic of large frames; everything else is on the event loop.
    """

    def __init__(self, job: Job, state: State, workers: Executor) -> None:
        self.job = job
        self.deviations = state.deviations
        self._lines = state.lines
        self._slowed = state.options.slowed
        self._workers = workers

    @property
    def dialect(self) -> str:
        """The name of the one that the streams speak."""
        name: str = self.job.dialect.name
        return name

    async def serve(self, context: Context, limit: int | None = None, part: int | None = None) -> None:
        """Streams the job: ``limit`` frames, or until it ends or the client has enough.

        Args:
            context: the call.
            limit: how many frames; None: no limit.
            part: which of the job's streams; None: the only one, which has no number but its turn.

        Raises:
            AbortError: the call has to end with a status.
        """
        job = self.job
        with job.stream(), self.deviations.streaming():
            number = job.streams if part is None else part + 1
            deviations = self.deviations.of_stream(job.plan, number, limit)
            feed = deviations.through(stages.FEED, self._frames(deviations, context, part or 0), job)
            frames = _first(deviations.through(stages.LIMIT, limit), slowed(feed, job, self._slowed))
            log.info("job %s: stream opened, %s frames", job.job_id, limit or "unlimited")
            async with aclosing(feed), aclosing(deviations.through(stages.DELIVERY, frames, job)) as payloads:
                async for payload in payloads:
                    await context.write(payload)
                    job.touch()
        if part is None:
            job.complete()
        log.info("job %s: stream over", job.job_id)

    async def _frames(self, deviations: Deviations, context: Context, part: int) -> Payloads:
        """The frames from now on, or those of the past, until the job ends; its last words tell of lines left out."""
        job, plan = self.job, self.job.plan.part(part)
        clock = Clock.anchored()
        timeline = deviations.through(stages.TIMELINE, self._timeline(clock.now_ns(), plan), plan)
        pace: Pace | Playback = Pace(job.job_id, timeline, plan.rows_per_frame, clock)
        if timeline.rows is not None:
            pace = Playback(timeline.rows, plan.rows_per_frame)
        memory: dict[str, Any] = {}
        is_little = len(plan.channels) * plan.nfft * plan.rows_per_frame <= _LITTLE
        for number in itertools.count():
            row = pace.next_row()
            if row is None:
                return
            if pace.left_out:
                words = f"the job did not keep its line rate: {pace.left_out} lines were left out"
                context.set_trailing_metadata(((WARNING, words),))
            if await job.ends_within(pace.wait(row)):
                return
            turn, of_jobs = self.deviations.situation.turn, self.deviations.situation.course.memory
            at = At(number, row, plan, timeline, memory, part, job, self._lines, turn, of_jobs)
            make = partial(self._payload, deviations, at, of_all=is_little)
            yield make() if is_little else await asyncio.get_running_loop().run_in_executor(self._workers, make)

    def _timeline(self, now_ns: int, plan: Plan) -> Timeline:
        """The lines of a stream that begins now: those of the job's other streams, where these share them."""
        job, measured = self.job, self._lines.measured
        if isinstance(measured, Recording):
            return History(plan, measured)
        if not job.dialect.one_grid:
            return Timeline.until(now_ns, plan)
        job.grid = job.grid or Timeline.until(now_ns, plan)
        return job.grid.onward(now_ns, plan)

    def _payload(self, deviations: Deviations, at: At, of_all: bool) -> bytes:
        """fibre -> spectrum -> frame -> bytes."""
        deviations = deviations.of_frame(at)
        job = self.job
        frame = self._lines.frame(at.plan, at.timeline, job.canvas_id, at.row, of_all=of_all)
        if deviations.act_at(stages.READING):
            frame = self._read(deviations, at, frame)
        payload = job.dialect.wire.encode(deviations.through(stages.FRAME, frame, at), job.number)
        return deviations.through(stages.MESSAGE, payload, at)

    def _read(self, deviations: Deviations, at: At, frame: Frame) -> Frame:
        """The frame as it is where its rows are read elsewhere."""
        right = Reading(tuple(map(at.timeline.first_sample, at.rows_of(frame))), at.plan.first, at.plan.bins)
        reading = deviations.through(stages.READING, right, at)
        return frame if reading == right else reading.shown(frame, at.plan, at.measured)


async def _first(limit: int | None, payloads: Payloads) -> Payloads:
    """The first ``limit`` of them, or all; nothing is asked for beyond the last."""
    for _ in itertools.count() if limit is None else range(limit):
        try:
            yield await anext(payloads)
        except StopAsyncIteration:
            return

"""The stream of a job: frames, each as soon as it lies in the past, until the client or the job has enough."""

import asyncio
import itertools
import logging
from concurrent.futures import Executor
from contextlib import aclosing
from typing import Any

import grpc

from protos.datastream_pb2 import HealthRequest, HealthResponse, StreamRequest
from support.simulator import wire
from support.simulator.clock import Clock
from support.simulator.deviations import Deviations, stages
from support.simulator.deviations.stages import AbortError, At, Payloads, Refusal
from support.simulator.frame import Timeline
from support.simulator.job import Job
from support.simulator.pace import Pace
from support.simulator.present import State
from support.simulator.slowness import slowed

VERSION = "simulator-1.0"
WARNING = "focus-warning"  # trailing metadata: gRPC has no words for a status that is OK

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[StreamRequest, bytes]


class StreamService:
    """``DataStreamService`` of one job.

    Args:
        job: the job.
        state: of the server when it was configured.
        workers: run the arithmetic; everything else is on the event loop.
    """

    def __init__(self, job: Job, state: State, workers: Executor) -> None:
        self._job = job
        self._lines = state.lines
        self._deviations = state.deviations
        self._slowed = state.options.slowed
        self._workers = workers

    async def check_health(self, _request: HealthRequest, context: Context) -> HealthResponse:
        """A pod that answers is a healthy one."""
        try:
            return await self._deviations.health(HealthResponse(healthy=True, version=VERSION))
        except AbortError as end:
            await context.abort(end.status, end.details)

    async def stream_spectrograms(self, request: StreamRequest, context: Context) -> None:
        """Streams the job: ``max_frames`` frames, or (0) until the job ends; status OK either way."""
        try:
            if self._serves(request.job_id):
                await self._stream(_limit(request), context)
        except AbortError as end:
            await context.abort(end.status, end.details)

    def _serves(self, job_id: str) -> bool:
        """Whether a stream of this job can begin.

        Raises:
            AbortError: there is no such job.
        """
        job = self._job
        if job_id == job.job_id and not job.ended.is_set():
            return True
        words = f"there is no job '{job_id}' on this port"
        refusal = self._deviations.through(stages.UNKNOWN_JOB, Refusal(grpc.StatusCode.NOT_FOUND, words), job)
        if refusal.status not in (None, grpc.StatusCode.OK):
            raise AbortError(refusal.status, refusal.details)
        return refusal.status is None

    async def _stream(self, limit: int | None, context: Context) -> None:
        job = self._job
        with job.stream(), self._deviations.streaming():
            deviations = self._deviations.of_stream(job.plan, job.streams, limit)
            feed = deviations.through(stages.FEED, self._frames(deviations, context), job)
            frames = _first(deviations.through(stages.LIMIT, limit), slowed(feed, job, self._slowed))
            log.info("job %s: stream opened, %s frames", job.job_id, limit or "unlimited")
            async with aclosing(feed), aclosing(deviations.through(stages.DELIVERY, frames, job)) as payloads:
                async for payload in payloads:
                    await context.write(payload)
                    job.touch()
        job.complete()
        log.info("job %s: stream over", job.job_id)

    async def _frames(self, deviations: Deviations, context: Context) -> Payloads:
        """The frames from now on, until the job ends; its last words tell of lines that were left out."""
        job, plan = self._job, self._job.plan
        clock = Clock.anchored()
        timeline = deviations.through(stages.TIMELINE, Timeline.until(clock.now_ns(), plan), plan)
        pace = Pace(job.job_id, timeline, plan.rows_per_frame, clock)
        memory: dict[str, Any] = {}
        for number in itertools.count():
            row = pace.next_row()
            if pace.left_out:
                words = f"the job did not keep its line rate: {pace.left_out} lines were left out"
                context.set_trailing_metadata(((WARNING, words),))
            if await job.ends_within(pace.wait(row)):
                return
            at = At(number, row, plan, timeline, memory)
            yield await asyncio.get_running_loop().run_in_executor(self._workers, self._payload, deviations, at)

    def _payload(self, deviations: Deviations, at: At) -> bytes:
        """fibre -> spectrum -> frame -> bytes."""
        deviations = deviations.of_frame(at)
        frame = self._lines.frame(at.plan, at.timeline, self._job.canvas_id, at.row)
        payload = wire.encode(deviations.through(stages.FRAME, frame, at))
        return deviations.through(stages.MESSAGE, payload, at)


def _limit(request: StreamRequest) -> int | None:
    if request.max_frames < 0:
        raise AbortError(
            grpc.StatusCode.INVALID_ARGUMENT, f"max_frames: {request.max_frames} is below 0; 0 means no limit"
        )
    return request.max_frames or None


async def _first(limit: int | None, payloads: Payloads) -> Payloads:
    """The first ``limit`` of them, or all; nothing is asked for beyond the last."""
    for _ in itertools.count() if limit is None else range(limit):
        try:
            yield await anext(payloads)
        except StopAsyncIteration:
            return

"""The stream of a job: frames, each as soon as it lies in the past, until the client or the job has enough."""

import asyncio
import logging
from concurrent.futures import Executor

import grpc

from protos.datastream_pb2 import HealthRequest, HealthResponse, StreamRequest
from support.simulator import wire
from support.simulator.clock import Clock
from support.simulator.fibre import Fibre
from support.simulator.frame import Timeline, make_frame
from support.simulator.job import Job
from support.simulator.pace import Pace

VERSION = "simulator-1.0"

LONGEST_WAIT = 3600.0  # seconds

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[StreamRequest, bytes]


class StreamService:
    """`DataStreamService` of one job. The arithmetic runs on `workers`, everything else on the event loop."""

    def __init__(self, job: Job, fibre: Fibre, workers: Executor) -> None:
        self._job = job
        self._fibre = fibre
        self._workers = workers

    async def check_health(self, _request: HealthRequest, _context: Context) -> HealthResponse:
        """A pod that answers is a healthy one."""
        return HealthResponse(healthy=True, version=VERSION)

    async def stream_spectrograms(self, request: StreamRequest, context: Context) -> None:
        """Streams the job: `max_frames` frames, or (0) until the job ends; status OK either way."""
        job = self._job
        if request.job_id != job.job_id or job.ended.is_set():
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no job '{request.job_id}' on this port")
        if request.max_frames < 0:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"max_frames: {request.max_frames} is below 0; 0 means no limit"
            )
        with job.stream():
            log.info("job %s: stream opened, %s frames", job.job_id, request.max_frames or "unlimited")
            done = await self._send(request.max_frames, context)
        if done:
            job.complete()
        log.info("job %s: stream over", job.job_id)

    async def _send(self, max_frames: int, context: Context) -> bool:
        """Sends frames until there were `max_frames` (True), or until the job ended (False)."""
        job, plan = self._job, self._job.plan
        clock = Clock.anchored()
        timeline = Timeline.until(clock.now_ns(), plan)
        pace = Pace(job.job_id, timeline, plan.rows_per_frame, clock)
        sent = 0
        while not max_frames or sent < max_frames:
            row = pace.next_row()
            if await _ended_before(job, pace.wait(row)):
                return False
            payload = await asyncio.get_running_loop().run_in_executor(self._workers, self._payload, timeline, row)
            await context.write(payload)
            job.touch()
            sent += 1
        return True

    def _payload(self, timeline: Timeline, row: int) -> bytes:
        """fibre -> spectrum -> frame -> bytes, for the frame that begins with `row`."""
        return wire.encode(make_frame(self._fibre, self._job.plan, timeline, self._job.canvas_id, row))


async def _ended_before(job: Job, delay: float) -> bool:
    """Waits `delay` seconds; True, at once, when the job ends before."""
    if delay > 0:
        try:
            async with asyncio.timeout(min(delay, LONGEST_WAIT)):
                await job.ended.wait()
        except TimeoutError:
            return job.ended.is_set()
    return job.ended.is_set()

"""The stream of a job: frames, each as soon as it lies in the past, until the client or the job has enough."""

import asyncio
import logging
import time
from concurrent.futures import Executor

import grpc

from protos.datastream_pb2 import HealthRequest, HealthResponse, StreamRequest
from support.simulator import wire
from support.simulator.clock import Clock
from support.simulator.fibre import Fibre
from support.simulator.frame import Timeline, make_frame
from support.simulator.job import Job

VERSION = "simulator-1.0"

LATE_NS = 500_000_000  # behind by this much is worth a warning
LOST_NS = 2_000_000_000  # behind by this much, lines are left out: live data stays live
WARN_EVERY = 5.0  # seconds between two warnings of a stream
LONGEST_WAIT = 3600.0  # seconds

_NS = 1_000_000_000

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
        pace = _Pace(job.job_id, timeline, plan.rows_per_frame, clock)
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


class _Pace:
    """Which rows are next, and when. Warns where the stream falls behind, and leaves lines out before it lies."""

    def __init__(self, job_id: str, timeline: Timeline, rows_per_frame: int, clock: Clock) -> None:
        self._job_id = job_id
        self._timeline = timeline
        self._rows = rows_per_frame
        self._clock = clock
        self._next = 0
        self._warned = -WARN_EVERY

    def next_row(self) -> int:
        """The first row of the next frame."""
        behind = self._clock.now_ns() - self._due(self._next)
        row = self._next
        if behind > LOST_NS:
            row = max(row, self._timeline.row_at(self._clock.now_ns()) - self._rows + 1)
        if behind > LATE_NS:
            self._warn(behind, row - self._next)
        self._next = row + self._rows
        return row

    def wait(self, row: int) -> float:
        """Seconds until the frame that begins with `row` lies in the past; not above 0 when it does."""
        return (self._due(row) - self._clock.now_ns()) / _NS

    def _due(self, row: int) -> int:
        return self._timeline.due_ns(row + self._rows - 1)

    def _warn(self, behind_ns: int, lost: int) -> None:
        now = time.monotonic()
        if lost or now - self._warned >= WARN_EVERY:
            self._warned = now
            log.warning(
                "job %s does not keep its line rate: %.2f s behind, %d lines left out "
                "(this machine is too slow for the job, or the client for the stream)",
                self._job_id,
                behind_ns / _NS,
                lost,
            )


async def _ended_before(job: Job, delay: float) -> bool:
    """Waits `delay` seconds; True, at once, when the job ends before."""
    if delay > 0:
        try:
            async with asyncio.timeout(min(delay, LONGEST_WAIT)):
                await job.ended.wait()
        except TimeoutError:
            return job.ended.is_set()
    return job.ended.is_set()

"""The streams of a job that is served again: each call gets what the same call got when it was captured.

Times of live data are moved by one amount, so that they are as old on arrival as they were; that of the past stays. The
numbers of the job in its frames are those of the job that there is now. All other bytes stay as they came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import grpc

from support.simulator.deviations.stages import AbortError
from support.simulator.job import Job
from support.simulator.present import State
from support.simulator.replay.capture import Call, Came, Capture, End
from support.simulator.replay.moved import Change, moved
from support.simulator.replay.shelf import Replayed, numbers
from support.simulator.stream import Context, StreamService


@dataclass(frozen=True, slots=True)
class _Anew:
    """A capture that is served: since when, seconds of the monotonic clock, and what that makes others in its bytes."""

    began: float
    changes: Mapping[int, Change]


class ReplayService(StreamService):
    """The streams of one job.

    Args:
        job: the job; its plan is a ``Replayed`` one.
        state: of the server when it was configured.
        workers: change the bytes of messages.
    """

    def __init__(self, job: Job, state: State, workers: Executor) -> None:
        super().__init__(job, state, workers)
        assert isinstance(job.plan, Replayed)
        self._plan = job.plan
        self._calls = [(capture, call) for capture in job.plan.captures for call in capture.calls]
        self._newest: dict[int, int] = {}  # by stream, its newest call
        self._begun: dict[tuple[int, int], _Anew] = {}

    async def serve(self, context: Context, limit: int | None = None, part: int | None = None) -> None:
        """Streams what the next call for this stream got; after the last call that was captured, the first again.

        Args:
            context: the call.
            limit: how many frames are asked for; where that is what was asked for then, all that came is sent.
            part: which of the job's streams; None: the only one.

        Raises:
            AbortError: the call ended with a status then, or cannot be read to its end.
        """
        job, stream = self.job, part or 0
        capture, call, anew = self._next(stream)
        most = limit if limit not in (None, capture.header["max_frames"]) else None
        with job.stream():
            messages = call.messages.get(stream, [])[:most]
            await self._send(context, messages, anew)
            if most is None or len(messages) < most:
                await self._end(call.ends.get(stream), anew)
        if part is None:
            job.complete()

    async def _send(self, context: Context, messages: Sequence[Came], anew: _Anew) -> None:
        """The messages, each at its time, until the job ends."""
        for came in messages:
            data = await asyncio.get_running_loop().run_in_executor(self._workers, moved, came.data, anew.changes)
            if await self.job.ends_within(anew.began + came.after - time.monotonic()):
                return
            await context.write(data)
            self.job.touch()

    async def _end(self, end: End | None, anew: _Anew) -> None:
        """Waits for the end, or without one for that of the job. Raises AbortError where it is one with a status."""
        if end is None:
            await self.job.ended.wait()
            return
        is_over = await self.job.ends_within(anew.began + end.after - time.monotonic())
        if not is_over and end.status is not grpc.StatusCode.OK:
            raise AbortError(end.status, end.details)

    def _next(self, stream: int) -> tuple[Capture, Call, _Anew]:
        """The next call for a stream, and the capture that it is of; one that others had alone was without this one."""
        newest = max(self._newest.values(), default=0)
        self._newest[stream] = number = max(self._newest.get(stream, -1) + 1, newest)
        turn, place = divmod(number, len(self._calls))
        capture, call = self._calls[place]
        anew = self._begun.setdefault((turn, id(capture)), self._anew(capture))
        return capture, call, anew

    def _anew(self, capture: Capture) -> _Anew:
        """The capture from now on; one whose beginning was not kept, from what was."""
        first, by, began = min(capture.messages, default=None), 0, time.monotonic()
        if first is not None:
            began -= first.after if any(capture.header["lost"]) else 0.0
            if capture.header["request"]["start_time"] is None:
                by = round((time.time() - time.monotonic() + began + first.after - first.at) * 1000)
        ours = dict(zip(numbers(self._plan.answer["job_id"]), numbers(self.job.job_id), strict=False))
        changes = self.job.dialect.wire.changes(lambda time_ms: time_ms + by, lambda number: ours.get(number, number))
        return _Anew(began, changes)

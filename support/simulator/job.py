"""A job, from the answer of ``/configure`` to its removal: the state, and the rules of its life.

Times are seconds of ``time.monotonic()``. Everything here runs on the event loop, so nothing is locked.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.simulator.dialect import Dialect
from support.simulator.frame import Timeline
from support.simulator.models import JobStatus
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.story.dialect import STORY

LONGEST_WAIT = 3600.0  # seconds


@dataclass(slots=True)
class Job:
    """One of the windows, and what it streams.

    Attributes:
        job_id: never given twice.
        window: from 0.
        plan: the numbers that it follows.
        config: the request as it came.
        dialect: what its streams speak.
        port: of the job's own gRPC server.
        serves: whether that accepts connections.
        last_activity: when something got through to a client, or one came or left.
        status: as the metadata tell it.
        streams: how many streams of it have begun.
        open_streams: how many clients stream it.
        grid: the lines that all its streams share, once the first one has begun.
        ended: set once it is over, for good.
        vanish: ends its gRPC server.
    """

    job_id: str
    window: int
    plan: Plan
    config: dict[str, Any]
    dialect: Dialect = STORY
    port: int = 0
    serves: bool = False
    last_activity: float = field(default_factory=time.monotonic)
    status: JobStatus = "pending"
    streams: int = 0
    open_streams: int = 0
    grid: Timeline | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    vanish: Callable[[], None] = lambda: None

    @property
    def number(self) -> int:
        """The one of its id that no other job has."""
        return int(re.findall(r"\d+", self.job_id)[-1])

    @property
    def canvas_id(self) -> str:
        """The canvas that the job's rows are drawn on."""
        return f"canvas-{self.window}"

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Counts a stream as open; a job that somebody watches is running."""
        self.streams += 1
        self.open_streams += 1
        self.touch()
        if not self.ended.is_set():
            self.status = "running"
        try:
            yield
        finally:
            self.open_streams -= 1
            self.touch()

    def touch(self) -> None:
        """Something got through to a client, or a client came or left."""
        self.last_activity = time.monotonic()

    def complete(self) -> None:
        """A bounded stream delivered its last frame."""
        if not self.ended.is_set() and not self.open_streams:
            self.status = "completed"

    def end(self, status: JobStatus) -> None:
        """Ends every stream of the job, for good."""
        self.status = status
        self.ended.set()

    async def ends_within(self, delay: float) -> bool:
        """Waits ``delay`` seconds; True, at once, when the job ends before."""
        if delay > 0:
            try:
                async with asyncio.timeout(min(delay, LONGEST_WAIT)):
                    await self.ended.wait()
            except TimeoutError:
                return self.ended.is_set()
        return self.ended.is_set()

    def expired(self, now: float, limits: Options) -> str | None:
        """Why the job is to be removed now, in words; None while it may stay."""
        idle = now - self.last_activity
        if self.open_streams:
            return f"nothing got through for {limits.stream_idle:g} s" if idle >= limits.stream_idle else None
        if self.status == "completed":
            return f"completed {limits.finished_removal:g} s ago" if idle >= limits.finished_removal else None
        return f"no stream open for {limits.idle_removal:g} s" if idle >= limits.idle_removal else None

"""What the server is about to send or to answer, as far as that is known, and what has happened at it until then."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from support.simulator.plan import Plan


class Level(IntEnum):
    """How much is known at a stage: each level knows what those before it know, and something more."""

    SERVER = 0
    JOB = 1
    STREAM = 2
    COURSE = 3
    FRAME = 4

    @property
    def thing(self) -> str:
        """What a deviation of this level acts on."""
        return _THINGS[self]

    @property
    def scope(self) -> str:
        """The deviations of this level and of those after it."""
        return _SCOPES[self]


_THINGS = {
    Level.SERVER: "the whole server",
    Level.JOB: "a job as a whole, or on an answer",
    Level.STREAM: "a stream as a whole",
    Level.COURSE: "the course of a stream, not on single frames",
    Level.FRAME: "single frames",
}
_SCOPES = {
    Level.SERVER: "all",
    Level.JOB: "jobs, answers and streams",
    Level.STREAM: "streams",
    Level.COURSE: "what happens in a stream",
    Level.FRAME: "single frames",
}


class Course:
    """What has happened since the deviations became active.

    Attributes:
        asked: how often a job was asked for.
        read: how often in words that could be read.
        refused: whether a configuration has been refused.
        cancelled: whether a job has been cancelled.
        left: whether a client has left in the midst of a stream.
        jobs: the situations that jobs were made in, by their ids.
        memory: kept from job to job, for deviations that need one.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.read = 0
        self.refused = False
        self.cancelled = False
        self.left = False
        self.jobs: dict[str, Situation] = {}
        self.memory: dict[str, Any] = {}
        self._streaming: Counter[int] = Counter()

    @contextmanager
    def streaming(self, job: int) -> Iterator[None]:
        """Counts a stream of the job of this number as open."""
        self._streaming[job] += 1
        try:
            yield
        except asyncio.CancelledError:
            self.left = True
            raise
        finally:
            self._streaming[job] -= 1

    def another_streams(self, job: int) -> bool:
        """Whether a job other than the one of this number is streaming now."""
        return any(count for number, count in self._streaming.items() if number != job)


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing that is about to be sent or answered. Numbers count from 1; 0 is one that is not known.

    Attributes:
        course: what has happened until now, and goes on to happen.
        job: which job it is that was asked for, refused ones included.
        turn: which one it is of those that were asked for in words that could be read.
        asked: the body of ``POST /configure`` that asked for it.
        plan: what the job follows; None before there is a stream.
        stream: which one of its job.
        limit: how many frames were asked for; 0: no limit.
        frame: which one of its stream.
        row: the last row of that frame.
    """

    course: Course = field(default_factory=Course)
    job: int = 0
    turn: int = 0
    asked: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    stream: int = 0
    limit: int = 0
    frame: int = 0
    row: int = 0

    @property
    def is_past(self) -> bool:
        """Whether it is about what is shown of the past."""
        return self.plan is not None and self.plan.between is not None

    def at_row(self, row: int) -> Situation:
        """The same stream at a row of its timeline, from 0."""
        rows = self.plan.rows_per_frame if self.plan else 1
        return replace(self, frame=row // rows + 1, row=row + 1)

    def at_frame(self, number: int) -> Situation:
        """The same stream at a frame, from 0."""
        rows = self.plan.rows_per_frame if self.plan else 1
        return replace(self, frame=number + 1, row=(number + 1) * rows)

"""What each of several streams of a job did by itself: the picture shows them as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from support.stream.block import Block, Message
from support.stream.lines import Lines

MOST_STREAMS = 64
"""Streams of a job that are opened: many times what any server has been seen to have."""

_MOST_KINDS = 8


@dataclass
class Odd:
    """Lines that are not as they should be: how many, and when the first of them starts, epoch milliseconds."""

    count: int = 0
    first: int | None = None

    def add(self, start: int) -> None:
        """One more."""
        self.count += 1
        self.first = start if self.first is None else self.first


@dataclass
class Part:
    """One of the streams of a job. Times are seconds of the monotonic clock.

    Attributes:
        number: from 0, as ``channel_to_stream_index`` counts them.
        of: how many streams the job has.
        began: when it was first asked for.
        frames: that it brought.
        bytes: their size on the wire.
        lines: that it brought.
        first: when its first frame came; None where none came.
        newest: when its newest frame came; likewise.
        ended: when the server ended it, status OK; None where it did not.
        lines_before_all: its lines before the first that could be whole, as another stream begins with a later one.
        lines_waiting: its lines that waited for another stream when all was over.
        lacking: lines that others brought, and it did not, though it went on to later ones or did not come in time.
        strange: lines that no other stream brought beside it.
        jobs: numbers of the jobs that its frames name, also those whose lines could not be whole; the first few.
        sensors: the sensors that its frames bring, likewise.
    """

    number: int = 0
    of: int = 1
    began: float = 0.0
    frames: int = 0
    bytes: int = 0
    lines: Lines = field(default_factory=Lines)
    first: float | None = None
    newest: float | None = None
    ended: float | None = None
    lines_before_all: int = 0
    lines_waiting: int = 0
    lacking: Odd = field(default_factory=Odd)
    strange: Odd = field(default_factory=Odd)
    jobs: set[int] = field(default_factory=set)
    sensors: set[tuple[int, ...]] = field(default_factory=set)

    def __str__(self) -> str:
        return f"stream {self.number + 1} of {self.of}"

    def came(self, messages: Sequence[Message]) -> None:
        """Counts messages that have come, one or more."""
        self.frames += len(messages)
        self.bytes += sum(message.size for message in messages)
        self.first = messages[0].arrived if self.first is None else self.first
        self.newest = messages[-1].arrived

    def brought(self, block: Block) -> None:
        """Notes what frames of it say, whatever becomes of their lines."""
        self.lines.see(block.starts)
        if len(self.jobs) < _MOST_KINDS:
            self.jobs.update(number for number in block.job_numbers or () if number is not None)
        if len(self.sensors) < _MOST_KINDS:
            self.sensors.update(block.shape.sensor_ids[:1])

    @property
    def first_frame_latency(self) -> float | None:
        """Seconds from asking to its first frame; None where none came."""
        return None if self.first is None else self.first - self.began

    def as_dict(self) -> dict[str, Any]:
        """Everything for programs, ready for JSON."""
        return {
            "frames": self.frames,
            "bytes": self.bytes,
            "first_frame": self.first_frame_latency,
            "lines": self.lines.received,
            "lines_before_all": self.lines_before_all,
            "lines_waiting": self.lines_waiting,
            "lines_lacking": self.lacking.count,
            "lines_alone": self.strange.count,
        }

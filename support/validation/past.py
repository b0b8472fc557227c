"""Which lines a range of the past has: all whose windows lie within it and were recorded, none missing, none beyond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.lines import countable
from support.validation.finding import Ending, Finding, Rule, Topic, Where
from support.wording import are, clock, plural

Spans = Sequence[tuple[float, float]]
"""From when to when, epoch seconds."""

_EXACT = 1e-6
"""Seconds by which times that are equal may differ: epoch seconds in a float64."""

_ROUNDING_MS = 1.0
"""Starts are whole milliseconds."""


@dataclass(frozen=True)
class Past:
    """A range of the past that is asked for.

    Attributes:
        begin: when it begins, epoch seconds.
        end: when it ends.
        recorded: the stretches without a hole that were recorded of it, or more.
    """

    begin: float
    end: float
    recorded: tuple[tuple[float, float], ...]


class Grid:
    """The lines of a range: line i begins ``i * line`` after it does.

    A line at an edge, whose window ends with the range or reaches a recorded stretch within a sample, may be there or
    not: where exactly a window ends is the server's to say.

    Args:
        past: the range.
        line: from line to line, seconds.
        window: length of an analysis window, seconds.
        sample: from sample to sample, seconds.
    """

    def __init__(self, past: Past, line: float, window: float, sample: float) -> None:
        self.begin_ms = past.begin * 1000
        self.line_ms = line * 1000
        self.sample_ms = sample * 1000
        self.due: list[range] = []
        """Lines that must be there, ascending."""
        self.possible: list[range] = []
        """Lines that may be."""
        if not countable(self.line_ms) or not window < past.end - past.begin + sample:
            return
        for begin, end in _joined(past.recorded, 1.5 * sample):
            low, high = max(past.begin, begin), min(past.end, end)
            room = 0.0 if begin <= past.begin + _EXACT else sample
            self._add(self.due, low - past.begin + room, high - past.begin - window - sample, line)
            self._add(self.possible, low - past.begin - room, high - past.begin - window + sample, line)

    @staticmethod
    def _add(lines: list[range], first: float, last: float, line: float) -> None:
        found = range(max(0, ceil((first - _EXACT) / line)), floor((last + _EXACT) / line) + 1)
        found = range(max(found.start, lines[-1].stop), found.stop) if lines else found
        if found:
            lines.append(found)

    @property
    def first(self) -> int:
        """The first line that must be there; 0 without."""
        return self.due[0].start if self.due else 0

    @property
    def beyond(self) -> int:
        """The one after the last line that must be there; 0 without."""
        return self.due[-1].stop if self.due else 0

    def numbers(self, starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Which lines start at these times, epoch milliseconds: whole numbers."""
        numbers: NDArray[np.float64] = np.rint((starts - self.begin_ms) / self.line_ms)
        return numbers

    def about(self, starts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The first and the last line that may start at these times, as a server may round them to whole ms."""
        exact, rounding = (starts - self.begin_ms) / self.line_ms, _ROUNDING_MS / self.line_ms
        likely = self.numbers(starts)
        return np.minimum(likely, np.ceil(exact - rounding)), np.maximum(likely, np.floor(exact + rounding))

    def time(self, number: float) -> int:
        """When a line starts, epoch milliseconds."""
        return round(self.begin_ms + number * self.line_ms)

    def count(self, first: float, beyond: float) -> int:
        """How many lines from one to before another must be there."""
        return sum(max(0, int(min(run.stop, beyond) - max(run.start, first))) for run in self.due)

    def between(self, after: float, before: float) -> int:
        """How many lines must be there between two starts, epoch milliseconds."""
        first, beyond = self.numbers(np.array([after, before])).tolist()
        return self.count(first + 1, beyond)

    def allows(self, first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Where one of the lines from a first to a last one may be there."""
        allowed = np.zeros(first.shape, dtype=bool)
        for run in self.possible:
            allowed |= (last >= run.start) & (first < run.stop)
        return allowed


def _joined(spans: Spans, room: float) -> list[tuple[float, float]]:
    """The spans, ascending; those that follow each other within ``room`` seconds as one."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin - joined[-1][1] <= room:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


class RangeShown(Rule):
    """A range is shown from its first line to its last, at the times of its grid, and nothing beyond is.

    Lines that are missing in between are for the rule about times to tell.

    Args:
        grid: the lines of the range.
        max_frames: after so many the stream ends, wherever it is; None: at the end of the range.
    """

    name = "range shown"
    topic = Topic.CONTINUITY

    def __init__(self, grid: Grid, max_frames: int | None) -> None:
        self._grid = grid
        self._max_frames = max_frames
        self._newest: float | None = None
        self._room = _ROUNDING_MS + grid.sample_ms

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.starts.size or not countable(self._grid.line_ms):
            return
        first, last = self._grid.about(block.starts)
        if self._newest is None:
            yield from self._begun(first.flat[0], block)
        self._newest = max(last.max(), -1.0 if self._newest is None else self._newest)
        off = block.starts - self._grid.begin_ms - self._grid.numbers(block.starts) * self._grid.line_ms
        allowed = self._grid.allows(first, last)
        for wrong, tell in ((~allowed, self._beyond), (allowed & (np.abs(off) > self._room), self._off)):
            for position in np.flatnonzero(wrong.any(axis=1)).tolist():
                row = int(wrong[position].argmax())
                start = int(block.starts[position, row])
                where = Where(frame=block.index + position, time=start)
                yield self.finding(tell(start, float(off[position, row])), where, float(off[position, row]))

    def end(self, ending: Ending) -> Iterator[Finding]:
        limited = self._max_frames is not None and ending.frames >= self._max_frames
        if not ending.by_server or ending.job_over or limited:
            return
        last = self._grid.first - 1 if self._newest is None else self._newest
        missing = self._grid.count(last + 1, self._grid.beyond)
        if missing:
            yield self.finding(
                f"the range is not shown to its end: its last {plural(missing, 'line')} {are(missing)} missing, from "
                f"{clock(self._grid.time(last + 1))} on",
                Where(time=self._grid.time(last + 1)),
                missing,
            )

    def _begun(self, first: float, block: Block) -> Iterator[Finding]:
        missing = self._grid.count(0, first)
        if missing:
            lines = f"{plural(missing, 'line')} {are(missing)}"
            yield self.finding(
                f"the range is not shown from its beginning: its first {lines} missing",
                Where(frame=block.index, time=int(block.starts.flat[0])),
                missing,
            )

    def _beyond(self, start: int, off: float) -> str:  # noqa: ARG002 - as the other one
        grid = self._grid
        number, line = float(grid.numbers(np.array([start]))[0]), f"the line at {clock(start)}"
        if not grid.possible:
            return f"{line} is none of the range, in which no window was recorded"
        first, last = grid.possible[0].start, grid.possible[-1].stop - 1
        if number < first:
            return f"{line} lies before the range, whose first line is at {clock(grid.time(first))}"
        if number > last:
            return f"{line} lies beyond the range, whose last line is at {clock(grid.time(last))}"
        return f"{line} reaches into a hole of the recording"

    def _off(self, start: int, off: float) -> str:
        return (
            f"the line at {clock(start)} is {abs(off):.3g} ms {'after' if off > 0 else 'before'} its place: lines are "
            f"{self._grid.line_ms:g} ms apart from the beginning of the range on"
        )

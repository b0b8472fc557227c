"""Whether the timestamps of the rows are true: the only place where a lost, repeated or reordered line shows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.frame import Frame
from support.stream.lines import countable, steps
from support.validation.expectation import Expectation
from support.validation.finding import Ending, Finding, Rule, Took, Topic, Where
from support.wording import are, clock, plural

_ROUNDING_MS = 1.0
"""Two timestamps that are each rounded to a whole millisecond are up to this much off their true distance."""

_NUMERIC_MS = 0.01
"""Room for arithmetic: an epoch time in milliseconds has 2e-4 ms of precision in a float64."""

_PENDING_GAPS = 64

_WORTH_AN_ARRAY = 8
"""Lines from which on counting them together is quicker than one by one."""


def _alignment_ms(lines_dt: float, sample: float) -> float:
    """Room for a server whose lines start at whole samples: one sample, as far as it cannot hide a lost line.

    That is where lines are at least 2 ms and four samples apart, and not a whole number of samples anyway.
    """
    samples = lines_dt / sample
    if not math.isfinite(samples):
        return 0.0
    is_whole = abs(samples - round(samples)) < 1e-6
    return 0.0 if is_whole or samples < 4 or lines_dt < 0.002 else sample * 1000


def room_ms(expectation: Expectation) -> tuple[float, float]:
    """By how much the distance of two lines may be off, and how much of that blurs their number; milliseconds."""
    line = expectation.lines_dt * 1000
    alignment = _alignment_ms(expectation.lines_dt, expectation.sample)
    slack = _ROUNDING_MS + alignment
    is_whole = alignment == 0 and countable(line) and line == round(line)
    return slack, 0.0 if is_whole or line > 2.5 * slack else slack


def _times(frame: Frame, row: int) -> tuple[int, int]:
    """Start and end of a row, epoch milliseconds, as numbers that do not overflow."""
    return int(frame.starts[row]), int(frame.ends[row])


class RowSpan(Rule):
    """A row starts before it ends, and spans the analysis window of ``nfft / prr`` seconds."""

    name = "row spans the analysis window"
    topic = Topic.STRUCTURE

    def __init__(self, expectation: Expectation) -> None:
        self._span_ms = expectation.row_span * 1000
        self._tolerance = _ROUNDING_MS + expectation.sample * 1000

    def see(self, block: Block) -> Iterator[Finding]:
        spans = block.ends.astype(np.float64) - block.starts  # of integers, the extremes would overflow
        right = (block.ends > block.starts) & (np.abs(spans - self._span_ms) <= self._tolerance)
        if not right.all():
            for position in np.flatnonzero(~right.all(axis=1)).tolist():
                yield from self._judge(block.frames[position])

    def _judge(self, frame: Frame) -> Iterator[Finding]:
        backwards = np.flatnonzero(frame.ends <= frame.starts)
        if backwards.size:
            start, end = _times(frame, int(backwards[0]))
            yield self.finding(
                f"a row ends {start - end} ms before it starts" if end < start else "a row ends when it starts",
                Where(frame=frame.index, time=start),
                end - start,
            )
            return
        spans = frame.ends.astype(np.float64) - frame.starts
        start, end = _times(frame, int(np.flatnonzero(~(np.abs(spans - self._span_ms) <= self._tolerance))[0]))
        yield self.finding(
            f"a row spans {end - start} ms where the analysis window is {self._span_ms:g} ms",
            Where(frame=frame.index, time=start),
            end - start - self._span_ms,
        )


class EpochMilliseconds(Rule):
    """Timestamps are epoch milliseconds: not seconds, micro- or nanoseconds, and not counted from another moment.

    The years 2000 to 2100 are what counts as an epoch time: wide enough for any clock and any recording, and no two
    units overlap in it.
    """

    name = "timestamps are epoch milliseconds"
    topic = Topic.STRUCTURE

    _EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
    _UNITS = (("seconds", 1000.0), ("microseconds", 1e-3), ("nanoseconds", 1e-6))

    def see(self, block: Block) -> Iterator[Finding]:
        wrong = (block.starts < self._EARLIEST) | (block.starts >= self._LATEST)
        if not wrong.any():
            return
        for position in np.flatnonzero(wrong.any(axis=1)).tolist():
            start = int(block.starts[position, wrong[position].argmax()])
            units = [name for name, factor in self._UNITS if self._EARLIEST <= start * factor < self._LATEST]
            guess = f": the times seem to be {units[0]}" if units else ""
            yield self.finding(
                f"the timestamp {start} is no time in epoch milliseconds{guess}", Where(frame=block.index + position)
            )


@dataclass
class _Gap:
    after: int
    before: int
    lines: int
    frame: int
    row: int
    arrived: float


class LinesContinuous(Rule):
    """Row starts increase strictly, ``lines_dt`` apart: no line missing, repeated, out of order; no drift.

    There is no sequence number, so the lines are counted by their time. A line that fills an earlier gap came out of
    order; one that does not came twice. Gaps are reported at the end, or when many are open, so that a late line can
    still fill its gap; what was not recorded is none. Tolerance: each start is rounded to a whole millisecond, and may
    be aligned to a sample.
    """

    name = "lines continuous"
    topic = Topic.CONTINUITY

    def __init__(self, expectation: Expectation) -> None:
        self._dt = expectation.lines_dt * 1000
        self._slack, self._blur = room_ms(expectation)
        self._grid = expectation.grid
        self._can_be_counted = countable(self._dt)
        self._newest: int | None = None
        self._row = -1
        self._arrived = 0.0
        self._gaps: deque[_Gap] = deque()
        self._first = 0
        self._lines = 0
        self._residual = self._lowest = self._highest = 0.0

    def see(self, block: Block) -> Iterator[Finding]:
        if not self._can_be_counted or self._all_due(block.starts.reshape(-1)):
            return
        for position, starts in enumerate(block.starts.tolist()):
            self._arrived = block.messages[position].arrived
            yield from self._see_frame(block.index + position, starts)

    def _all_due(self, starts: NDArray[np.int64]) -> bool:
        """Whether each line is the one that is due after the one before; then they are counted."""
        if self._newest is None or starts.size < _WORTH_AN_ARRAY:
            return False
        before = np.concatenate(([self._newest], starts[:-1]))
        gaps = starts - before
        if not ((starts > before) & (gaps > 0)).all():  # a gap below 0 has overflowed
            return False
        errors = gaps - self._dt
        if (np.abs(errors) > self._slack + _NUMERIC_MS).any() or (self._steps(gaps) > 1).any():
            return False
        residuals = np.cumsum(np.concatenate(([self._residual], errors)))
        self._residual = float(residuals[-1])
        self._lowest = min(self._lowest, float(residuals.min()))
        self._highest = max(self._highest, float(residuals.max()))
        self._row += starts.size
        self._lines += starts.size
        self._newest = int(starts[-1])
        return True

    def _see_frame(self, index: int, starts: list[int]) -> Iterator[Finding]:
        for start in starts:
            self._row += 1
            where = Where(frame=index, row=self._row, time=start)
            if self._newest is None:
                self._newest = self._first = start
            elif start <= self._newest:
                yield self._late(start, where)
            else:
                yield from self._advance(start, where)
        while len(self._gaps) > _PENDING_GAPS:
            yield self._missing(self._gaps.popleft())

    def end(self, ending: Ending) -> Iterator[Finding]:  # noqa: ARG002 - however it ended
        while self._gaps:
            yield self._missing(self._gaps.popleft())
        spread = self._highest - self._lowest
        if spread > self._slack + _NUMERIC_MS and self._newest is not None:
            spacing = (self._newest - self._first) / self._lines
            yield self.finding(
                f"the line rate drifts: lines are {spacing:.4g} ms apart where {self._dt:g} ms were configured, "
                f"{spread:.0f} ms off after {plural(self._lines, 'line')}",
                amount=spread,
            )

    def _advance(self, start: int, where: Where) -> Iterator[Finding]:
        assert self._newest is not None, "the first line has been seen"
        gap = start - self._newest
        lines = max(1, int(self._steps(gap)))
        error = gap - lines * self._dt
        missing = self._grid.between(self._newest, start) if self._grid and lines > 1 else lines - 1
        if missing > 0:
            self._gaps.append(_Gap(self._newest, start, missing, where.frame or 0, self._row, self._arrived))
        if abs(error) > self._slack + _NUMERIC_MS:
            yield self.finding(
                f"lines are unevenly spaced: {gap} ms after {clock(self._newest)}, {self._dt:g} ms were configured",
                where,
                error,
            )
        self._lines += lines
        if abs(error) <= self._slack + _NUMERIC_MS:
            self._residual += error
            self._lowest = min(self._lowest, self._residual)
            self._highest = max(self._highest, self._residual)
        self._newest = start

    def _steps(self, gaps: Any) -> Any:
        """A line that is lost in the blur of rounding still shows: all later lines are off, and that is drift."""
        return steps(gaps, self._dt, self._blur)

    def _late(self, start: int, where: Where) -> Finding:
        assert self._newest is not None, "the first line has been seen"
        for gap in self._gaps:
            if gap.after < start < gap.before:
                gap.lines -= 1
                if gap.lines == 0:
                    self._gaps.remove(gap)
                return self.finding(
                    f"a line came out of order: {clock(start)} after {clock(self._newest)}", where, start - self._newest
                )
        back = self._newest - start
        what = "a line came twice" if back == 0 else f"a line was repeated, or time went back {back} ms"
        return self.finding(f"{what}: {clock(start)}", where, -back)

    def _missing(self, gap: _Gap) -> Finding:
        seconds = (gap.before - gap.after) / 1000
        return self.finding(
            f"{plural(gap.lines, 'line')} {are(gap.lines)} missing after {clock(gap.after)}, until {clock(gap.before)}",
            Where(frame=gap.frame, row=gap.row, time=gap.before),
            gap.lines,
            Took(gap.arrived - seconds, gap.arrived, seconds / 2),  # lines that came from before are still on their way
        )

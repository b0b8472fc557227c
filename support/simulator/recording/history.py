"""The lines of a range of the past: all those of its grid whose windows lie within the range, and were recorded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from support.simulator.frame import Timeline
from support.simulator.plan import Plan
from support.simulator.recording.recording import Recording
from support.simulator.recording.tape import SECOND, Segment


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines of the grid that follow each other in one segment; ``row`` is which row of the stream the first one is."""

    row: int
    lines: range
    segment: Segment


class History(Timeline):
    """When the rows of a historic stream begin and end.

    Line i of the grid begins at ``begin + i * lines_dt``. Rows are the lines that there are, counted without a gap:
    where the recording has a hole, the next row is a later line.

    Args:
        plan: what the job follows; its range is one of the past.
        recording: what was recorded.
    """

    def __init__(self, plan: Plan, recording: Recording) -> None:
        assert plan.between is not None
        begin, _ = plan.between
        super().__init__(begin * 1000, plan)
        self._recording = recording
        self._runs = tuple(_runs(plan, recording))
        self.rows = self._runs[-1].row + len(self._runs[-1].lines) if self._runs else 0

    def start(self, row: int) -> Fraction:
        run = self._run(row)
        return super().start(run.lines.start + row - run.row if run else row)

    def line_at(self, start_ms: Fraction) -> int:
        line = super().line_at(start_ms)
        place = bisect_right(self._runs, line, key=lambda run: run.lines.start)
        run = self._runs[max(0, place - 1)] if self._runs else None
        return run.row + line - run.lines.start if run else line

    def sample_at(self, start_ms: Fraction) -> int:
        run = self._run(self.line_at(start_ms))
        if run is None:
            return super().sample_at(start_ms)
        return self._recording.nearest(run.segment, start_ms / 1000)

    def _run(self, row: int) -> _Run | None:
        place = bisect_right(self._runs, row, key=lambda run: run.row)
        return self._runs[max(0, place - 1)] if self._runs else None


def _runs(plan: Plan, recording: Recording) -> Iterator[_Run]:
    assert plan.between is not None
    begin, end = plan.between
    row, free = 0, 0
    last_in_range = int((end - plan.row_span - begin) / plan.lines_dt // 1)
    for segment in recording.within(begin, end):
        recorded = Fraction(segment.begin_ns, SECOND) - begin
        half, last_sample = 1 / (2 * recording.prr), segment.count - plan.nfft
        first = max(free, ceil((recorded - half) / plan.lines_dt))
        beyond = ceil((recorded + last_sample / recording.prr + half) / plan.lines_dt)
        lines = range(first, min(last_in_range + 1, beyond))
        if lines:
            yield _Run(row, lines, segment)
            row, free = row + len(lines), lines.stop

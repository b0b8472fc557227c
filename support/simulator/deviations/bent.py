"""Timelines that are not straight: rows that are elsewhere, or sent at another time."""

from collections.abc import Callable
from fractions import Fraction

from support.simulator.frame import Timeline
from support.simulator.plan import Plan


class Bent(Timeline):
    """A timeline whose rows are elsewhere.

    Args:
        straight: where they would be.
        plan: what the job follows.
        start: where a row is.
        due: when it is sent; None: when it lies in the past.
    """

    def __init__(
        self,
        straight: Timeline,
        plan: Plan,
        start: Callable[[int], Fraction],
        due: Callable[[int], int] | None = None,
    ) -> None:
        super().__init__(straight.t0_ms, plan, straight.first)
        self.rows = straight.rows
        self._straight = straight
        self._bent_start = start
        self._bent_due = due

    def start(self, row: int) -> Fraction:
        return self._bent_start(row)

    def due_ns(self, row: int) -> int:
        return self._bent_due(row) if self._bent_due else super().due_ns(row)

    def sample_at(self, start_ms: Fraction) -> int:
        return self._straight.sample_at(start_ms)

    def row_at(self, now_ns: int) -> int:
        row = self._straight.row_at(now_ns)
        while self.due_ns(row) > now_ns:
            row -= 1
        return row

    def line(self, row: int) -> int:
        return self.line_at(self.start(row))

    def line_at(self, start_ms: Fraction) -> int:
        return self._straight.line_at(start_ms)

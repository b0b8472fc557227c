"""Rows and frames: the stage between spectra and bytes, and the exact times that the rows carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from support.simulator.plan import Plan
from support.simulator.sensors import Sensors, Values

# Streams begin at a multiple of this, so that jobs with equal settings ask for equal lines.
ANCHOR_MS = 50

_MS = 1000
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One spectrum line; times in epoch milliseconds. Its sensors may be shared with the rows of other jobs.

    ``index`` counts the lines of a job. Not every dialect tells all of this.
    """

    canvas_id: str
    sensors: tuple[Sensors, ...]
    start_ms: int
    end_ms: int
    index: int = 0

    @property
    def sensor_ids(self) -> tuple[int, ...]:
        """The ids of all sensors."""
        return tuple(number for some in self.sensors for number in some.ids)

    @property
    def values(self) -> Values:
        """The values, shape (sensors, bins), float32, in an array of one's own."""
        return np.concatenate([some.values for some in self.sensors])

    def holding(self, sensor_ids: Sequence[int], values: Values) -> Row:
        """The row with these sensors, and ``values``, shape (sensors, bins), of theirs."""
        return replace(self, sensors=(Sensors(tuple(sensor_ids), values),))


@dataclass(frozen=True, slots=True)
class Frame:
    """What one message carries. The bounds are those of its own values."""

    rows: tuple[Row, ...]
    min_amp: float
    max_amp: float


class Timeline:
    """When the rows of a stream begin and end.

    Row k starts at t0 + k * lines_dt. Each time is rounded by itself from its exact value (a half goes up), so that no
    error accumulates and starts that are a millisecond or more apart never coincide.

    Args:
        t0_ms: when the first line of the job starts, epoch milliseconds.
        plan: what the job follows.
        first: which line of the job row 0 is.

    Attributes:
        rows: how many there are; None: there is no end of them.
    """

    rows: int | None = None

    def __init__(self, t0_ms: int | Fraction, plan: Plan, first: int = 0) -> None:
        self.t0_ms = t0_ms
        self.prr = plan.prr
        self.first = first
        self._line_ms = plan.lines_dt * _MS
        self._span_ms = max(plan.row_span * _MS, Fraction(1))  # a row ends after it starts, however short its window
        self._known: tuple[int | None, Fraction] = None, Fraction(0)  # the start of the row that was asked for last

    @classmethod
    def until(cls, now_ns: int, plan: Plan) -> Timeline:
        """The timeline whose first frame has just ended at ``now_ns`` (nanoseconds since the epoch)."""
        length_ms = (plan.row_span + (plan.rows_per_frame - 1) * plan.lines_dt) * _MS
        latest = (Fraction(now_ns, _NS_PER_MS) - length_ms) // 1
        return cls(latest - latest % ANCHOR_MS, plan)

    def start(self, row: int) -> Fraction:
        """The exact start of a row, epoch milliseconds."""
        known, start = self._known
        if row != known:
            start = self.t0_ms + (self.first + row) * self._line_ms
            self._known = row, start
        return start

    def start_ms(self, row: int) -> int:
        """The start of a row, epoch milliseconds."""
        return rounded(self.start(row))

    def end_ms(self, row: int) -> int:
        """The end of a row's analysis window, epoch milliseconds."""
        return _nearest(*self._end(row))

    def _end(self, row: int) -> tuple[int, int]:
        """The exact end of a row as a quotient that is not reduced, which takes longer than all else here."""
        start, span = self.start(row), self._span_ms
        return (
            start.numerator * span.denominator + span.numerator * start.denominator,
            start.denominator * span.denominator,
        )

    def first_sample(self, row: int) -> int:
        """The sample number that a row's analysis window begins with: the one nearest to its start."""
        return self.sample_at(self.start(row))

    def sample_at(self, start_ms: Fraction) -> int:
        """The number of the sample that is nearest to a time."""
        rate = self.prr
        return _nearest(start_ms.numerator * rate.numerator, start_ms.denominator * rate.denominator * _MS)

    def beyond(self, row: int, rows: int) -> int:
        """The row after so many that begin with ``row``, or the one after the last that there is."""
        return row + rows if self.rows is None else min(row + rows, self.rows)

    def due_ns(self, row: int) -> int:
        """The instant from which a row lies wholly in the past, nanoseconds since the epoch."""
        numerator, denominator = self._end(row)
        ended = -(-numerator * _NS_PER_MS // denominator)
        return max(ended, _nearest(numerator, denominator) * _NS_PER_MS)

    def row_at(self, now_ns: int) -> int:
        """The last row that is due at ``now_ns``; negative before row 0 is."""
        lines = (Fraction(now_ns, _NS_PER_MS) - self.t0_ms - self._span_ms) / self._line_ms
        return int(lines // 1) - self.first

    def onward(self, now_ns: int, plan: Plan) -> Timeline:
        """The same lines, from the newest frame on that has ended at ``now_ns`` (nanoseconds since the epoch)."""
        begin = max(0, self.row_at(now_ns) + 1 - plan.rows_per_frame)
        return Timeline(self.t0_ms, plan, begin - begin % plan.rows_per_frame)

    def line(self, row: int) -> int:
        """Which line of the job a row is."""
        return self.first + row

    def line_at(self, start_ms: Fraction) -> int:
        """Which line of the job starts next to this time."""
        return rounded((start_ms - self.t0_ms) / self._line_ms)


def rounded(value: Fraction) -> int:
    """The nearest whole number; a half goes up."""
    return _nearest(value.numerator, value.denominator)


def _nearest(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)

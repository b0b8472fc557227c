"""The rule about the past: every value of every row is the recording's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from support.stream.block import Block
from support.stream.frame import Frame
from support.truth.comparison import Comparison, Marks, Row
from support.truth.convention import EMBEDDED, values_of
from support.truth.explanations import Evidence, explained
from support.truth.finding_out import Nearest
from support.truth.oracle import Oracle
from support.truth.range import Range
from support.validation.expectation import Expectation
from support.validation.finding import Ending, Finding, Rule, Topic, Where
from support.wording import clock, plural

_FIRST_ROWS = 8
"""Rows of a job that tell how they are made."""

_VAIN = 16
"""Rows that no way explains, after which wrong ones are no longer asked which way it could be."""

_SHOWN = 5
"""Rows that are told one by one."""

_KEPT = 16
"""Wrong rows that are kept from the beginning, and as many of later ones."""


class PictureOfRecording(Rule):
    """Every value is what the recording says, within what single precision allows (``spectra``).

    What kind of error it is tells the end: thousands of differences have one cause.

    Args:
        oracle: what is known of the server.
        shown: the range.
    """

    name = "picture of the recording"
    topic = Topic.TRUTH

    def __init__(self, oracle: Oracle, shown: Range) -> None:
        self._oracle = oracle
        self._shown = shown
        self._waiting: list[Row] = []
        self._comparison: Comparison | None = None
        self._nearest: Nearest | None = None
        self._rows = 0
        self._wrong: list[tuple[Row, Marks]] = []
        self._wrong_rows = self._wrong_values = 0
        self._first: Row | None = None
        self._was_right = False
        self._vain = 0

    def see(self, block: Block) -> Iterator[Finding]:
        for position, frame in enumerate(block.frames):
            rows = block.shape.rows
            if self._can_be_compared(frame):
                self._see(self._rows_of(frame, block.index + position))
            self._rows += rows
        return iter(())

    def end(self, ending: Ending) -> Iterator[Finding]:  # noqa: ARG002 - however it ended
        self._settle()
        if self._comparison is not None:
            self._oracle.note(0, self._comparison.closest)
        if self._wrong:
            yield self._summary()
            if self._nearest is None:
                for row, marks in self._wrong[:_SHOWN]:
                    yield self._told(row, marks)

    def _can_be_compared(self, frame: Frame) -> bool:
        """Whether it has the sensors and the bins that it should; if not, that is for others to tell."""
        sensors = all(ids == self._shown.sensors for ids in frame.sensor_ids)
        return bool(frame.sensor_ids) and sensors and bool((frame.bin_counts == len(self._shown.bins)).all())

    def _rows_of(self, frame: Frame, index: int) -> list[Row]:
        numbers = self._shown.numbers(frame.starts)
        return [
            Row(self._rows + number, index, int(start), line, values)
            for number, (start, line, values) in enumerate(zip(frame.starts, numbers, frame.intensities, strict=True))
        ]

    def _see(self, rows: list[Row]) -> None:
        if self._comparison is None:
            self._waiting += [row for row in rows if self._shown.place(row.line)]
            if len(self._waiting) >= _FIRST_ROWS:
                self._settle()
        else:
            self._compare(rows)

    def _settle(self) -> None:
        """Finds out how rows are made, and compares those that waited for that."""
        if not self._waiting or self._comparison:
            return
        way = self._oracle.way(self._shown, self._waiting)
        if isinstance(way, Nearest):
            self._nearest = way
        if way is not None:
            self._comparison = Comparison(self._shown, way.convention if isinstance(way, Nearest) else way)
            self._compare(self._waiting)
        self._waiting = []

    def _compare(self, rows: list[Row]) -> None:
        if self._comparison is None:
            return
        self._oracle.note(sum(row.values.size for row in rows), 0.0)
        for row in rows:
            wrong = self._comparison.wrong(row)
            if self._tells_more(row, wrong) and self._has_learned(row):
                wrong = self._comparison.wrong(row)
            if wrong is not None:
                self._keep(row, wrong)
            self._was_right = wrong is None

    def _tells_more(self, row: Row, wrong: Marks | None) -> bool:
        """Whether a row may tell ways apart that the rows before it left open."""
        place = self._shown.place(row.line)
        alignments = {way.alignment for way in self._oracle.ways}
        if place is None or len(alignments) < 2:
            return False
        if wrong is not None:
            return self._vain < _VAIN and len({place.first(one) for one in alignments}) > 1
        return not set.intersection(*({place.first(one), place.other(one)} for one in alignments))

    def _has_learned(self, row: Row) -> bool:
        """Holds to those ways that explain a row; whether it is another one that is compared with, from now on."""
        assert self._comparison is not None, "something is compared"
        way = self._oracle.way_of(self._shown, row)
        self._vain += way is None
        if way is None or way == self._comparison.convention:
            return False
        self._oracle.note(0, self._comparison.closest)
        self._comparison = Comparison(self._shown, way)
        return True

    def _keep(self, row: Row, wrong: Marks) -> None:
        self._wrong_rows += 1
        self._wrong_values += int(wrong.sum())
        if self._first is None and self._was_right:
            self._first = row
        if len(self._wrong) >= 2 * _KEPT:
            del self._wrong[_KEPT]
        self._wrong.append((row, wrong))

    def _summary(self) -> Finding:
        row, _ = self._wrong[0]
        values = f"{plural(self._wrong_values, 'value')} in {plural(self._wrong_rows, 'row')}"
        return Finding(
            "kind of error",
            self.topic,
            f"{values} differ from the recording: {self._kind}",
            where=Where(frame=row.frame, row=row.index, time=row.time),
            amount=self._wrong_values,
        )

    @property
    def _kind(self) -> str:
        """What kind of error it is, in words."""
        assert self._comparison is not None, "something was compared"
        rows, marks = zip(*self._wrong, strict=True)
        evidence = Evidence(rows, marks, self._first, tuple(self._oracle.begun))
        if self._nearest is None:
            return explained(self._shown, self._comparison.convention, evidence) or "nothing that is usual explains it"
        kind = explained(self._shown, EMBEDDED, evidence)
        if kind:
            return f"{kind}, as rows made in the commonest of the usual ways ({EMBEDDED}) would be; they fit none"
        return f"rows are made in none of the usual ways; {self._nearest}"

    def _told(self, row: Row, wrong: Marks) -> Finding:
        assert self._comparison is not None, "something was compared"
        sensor, k = (int(one) for one in np.argwhere(wrong)[0])
        place = self._shown.place(row.line)
        assert place is not None, "it was compared"
        convention = self._comparison.convention
        expected = float(values_of(convention.form, self._comparison.expected(place))[sensor, k])
        got = float(row.values[sensor, k])
        more = f", and {int(wrong.sum()) - 1} more in this row" if wrong.sum() > 1 else ""
        return self.finding(
            f"{got:.6g} where the recording has {expected:.6g}{_apart(convention.form, got, expected)}, at "
            f"{self._shown.bins[k] * self._shown.prr / self._shown.nfft:.4g} Hz at {clock(row.time)}{more}",
            Where(frame=row.frame, row=row.index, sensor=self._shown.sensors[sensor], bin=k, time=row.time),
            got - expected,
        )


def picture_of(oracle: Oracle, expectation: Expectation) -> PictureOfRecording | None:
    """The rule for a job; None where what it shows is none of the recording's."""
    shown = oracle.shown(expectation)
    return PictureOfRecording(oracle, shown) if shown else None


def _apart(form: str, got: float, expected: float) -> str:
    """By how many decibels, in words; empty where that cannot be told."""
    if form not in ("amplitude", "power"):
        return ""
    if not (got > 0 and expected > 0):
        return ""
    return f" ({(20 if form == 'amplitude' else 10) * np.log10(got / expected):+.3g} dB)"

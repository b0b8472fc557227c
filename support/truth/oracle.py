"""The oracle of a run: one recording, and the one way in which its server makes rows of it, found out once and held."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from support.truth.comparison import Row
from support.truth.convention import EMBEDDED, Convention
from support.truth.finding_out import Nearest, are_shades, fitting, found_out, nearest, some_of
from support.truth.range import Range
from support.truth.recording import Recording
from support.validation.expectation import Expectation


class Oracle:
    """What is known of a server and its recording. Safe to ask from several threads.

    Args:
        recording: what the server plays.
        lowest: the number of the first channel of that.
        known: the ways that its server may make rows in; none: those that are usual.

    Attributes:
        compared: values that have been compared.
        closest: the largest error of what was right, as a share of what is allowed.
        begun: where the ranges of its jobs begin, epoch seconds.
    """

    def __init__(self, recording: Recording, lowest: int, known: Sequence[Convention] = ()) -> None:
        self.recording = recording
        self.lowest = lowest
        self.compared = 0
        self.closest = 0.0
        self.begun: list[float] = []
        self._ways = list(known)
        self._lock = threading.Lock()

    @classmethod
    def of_embedded(cls, recording: Recording, lowest: int) -> Oracle:
        """That of the embedded server, whose way the contract tells; it may tell values in decibels."""
        return cls(recording, lowest, [EMBEDDED, replace(EMBEDDED, form="decibels")])

    def __str__(self) -> str:
        way = str(self._ways[0]) if self._ways else "made in no usual way"
        return (
            f"{self.compared:,} values compared with {self.recording}; {way}; the largest error was "
            f"{self.closest:.1%} of what single precision allows"
        )

    @property
    def ways(self) -> tuple[Convention, ...]:
        """Those in which its server may make rows, as far as that is known by now; none: those that are usual."""
        with self._lock:
            return tuple(self._ways)

    def shown(self, expectation: Expectation) -> Range | None:
        """The range that a job shows; None where it is none of the recording's."""
        if expectation.past is None or not expectation.sensors:
            return None
        shown = Range(self.recording, self.lowest, expectation)
        with self._lock:
            self.begun.append(expectation.past.begin)
        return shown if shown.can_be_judged else None

    def way(self, shown: Range, rows: Sequence[Row]) -> Convention | Nearest | None:
        """How the server makes rows, told by the first ones of a job; the nearest usual way where it is none of these.

        What several ways explain alike is left open until rows tell them apart. None where nothing can be compared.
        """
        if are_shades(rows):
            return None
        fewer, some = some_of(shown, rows)
        with self._lock:
            fit = fitting(fewer, some, self._ways) if self._ways else found_out(fewer, some)
            if fit:
                self._ways = fit
            return self._ways[0] if self._ways else nearest(fewer, some)

    def way_of(self, shown: Range, row: Row) -> Convention | None:
        """The likeliest of the ways left open that explain a row, and are held to from now on; None where none does."""
        fewer, some = some_of(shown, [row])
        with self._lock:
            fit = fitting(fewer, some, self._ways)
            if fit:
                self._ways = fit
            return fit[0] if fit else None

    def note(self, values: int, closest: float) -> None:
        """So many values have been compared."""
        with self._lock:
            self.compared += values
            self.closest = max(self.closest, closest)

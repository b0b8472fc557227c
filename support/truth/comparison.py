"""Whether spectra are what they must be: within what single precision allows, and with nothing taken on trust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from support.truth.convention import Convention, Floats, amplitudes, blur
from support.truth.range import Place, Range
from support.truth.spectra import RELATIVE, Singles, absolute

_REPEATED = 0.9
"""Share of the values of a spectrum that differ from each other, below which a server rounds them."""

_STEPS = 15
"""Steps of such rounding from the lowest to the highest value, at least: fewer are no measurement."""

Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """A row as it came.

    Attributes:
        index: which row of the stream.
        frame: which frame brought it.
        time: when it is said to start, epoch milliseconds.
        line: which line of the range that is.
        values: shape (sensors, bins).
    """

    index: int
    frame: int
    time: int
    line: int
    values: Singles


class Comparison:
    """Compares rows of one job with the recording.

    Args:
        shown: the range that the job shows.
        convention: how its server makes a row; a factor that is NaN is left open.

    Attributes:
        closest: the largest error so far as a share of what is allowed, of what is right.
    """

    def __init__(self, shown: Range, convention: Convention) -> None:
        self.shown = shown
        self.convention = convention
        self.closest = 0.0
        self.factors = convention.factors(shown.nfft, shown.prr, shown.bins)
        self._single = self.factors.astype(np.float32)
        self._left_open = np.isnan(self.factors)
        self._absolute = absolute(shown.nfft) * float(np.nanmax(self.factors, initial=0))

    def wrong(self, row: Row, place: Place | None = None) -> Marks | None:
        """Which values of a row are not what they must be, shape (sensors, bins); None where none is.

        Args:
            row: the row.
            place: where it is to be compared with; None: where it says that it begins.
        """
        place = place or self.shown.place(row.line)
        first = place.first(self.convention.alignment) if place else 0
        if place is None or not self.shown.strip.holds(place.stretch, first):
            return None  # that it came at all is for the rule about the range to tell
        told = amplitudes(self.convention.form, row.values)
        off = self.shown.strip.magnitudes(place.stretch, first, self.convention.window, self.shown.bins)
        off *= self._single
        np.subtract(told, off, out=off)
        np.abs(off, out=off)
        worst = off.max(axis=1)
        allowed = self._absolute * self.shown.strip.norms(place.stretch, first)
        fine = worst <= allowed
        if fine.all():
            self._note(worst, allowed)
            return None
        wrong = self._looked_at(row, told, place, first)
        other = place.other(self.convention.alignment)
        if wrong.any() and other != first and self.shown.strip.holds(place.stretch, other):
            wrong &= self._looked_at(row, told, place, other)
        return wrong if wrong.any() else None

    def expected(self, place: Place, convention: Convention | None = None) -> Floats:
        """The amplitudes of a row that begins there: shape (sensors, bins)."""
        convention = convention or self.convention
        first = self._inside(place, place.first(convention.alignment))
        factors = convention.factors(self.shown.nfft, self.shown.prr, self.shown.bins)
        return self.shown.strip.exact(place.stretch, first, convention.window, self.shown.bins) * factors

    def tolerance(self, row: Row, place: Place, expected: Floats) -> Floats:
        """By how much amplitudes may differ from what is expected where none is rounded, shape (sensors, bins)."""
        first = self._inside(place, place.first(self.convention.alignment))
        norms = self.shown.strip.norms(place.stretch, first)
        sharp = RELATIVE * blur(self.convention.form, row.values) * expected
        tolerance: Floats = sharp + self._absolute * norms[:, None]
        return tolerance

    def _looked_at(self, row: Row, told: Singles, place: Place, first: int) -> Marks:
        """Which values differ from those of the window at a sample, in double precision."""
        at = Place(place.stretch, first - self.convention.alignment.beside)
        expected = self.expected(at)
        off = np.abs(told - expected)
        allowed = self.tolerance(row, at, expected)
        beyond = np.flatnonzero(((off > allowed) & ~self._left_open).any(axis=1))
        if beyond.size:  # only then it matters whether a server rounds
            allowed[beyond] += self._coarse(row.values[beyond], expected[beyond])
        fine = (off <= allowed) | self._left_open
        right = fine.all(axis=1)
        if right.any():
            self._note(np.nanmax(off[right] / allowed[right], axis=1, initial=0), np.ones(1))
        return ~fine

    def _coarse(self, values: Singles, expected: Floats) -> Floats:
        """Half the step of the values of those sensors whose values a server rounds, as amplitudes."""
        step = np.array([_step(one) for one in values])[:, None] / 2
        if self.convention.form == "amplitude":
            return step * np.ones_like(expected)
        told = amplitudes(self.convention.form, values + step.astype(np.float32))
        half: Floats = np.abs(told - amplitudes(self.convention.form, values)) * 2.0
        return half

    def _note(self, worst: NDArray[np.floating], allowed: NDArray[np.floating]) -> None:
        self.closest = max(self.closest, float((worst / np.maximum(allowed, 1e-300)).max()))

    def _inside(self, place: Place, first: int) -> int:
        last: int = self.shown.recording.stretches[place.stretch].count - self.shown.nfft
        return min(max(first, 0), last)


def _step(values: Singles) -> float:
    """From one value to the next where a server rounds them to few; 0 where it does not."""
    different = np.unique(values[np.isfinite(values)].astype(np.float64))
    if len(different) < 2 or len(different) > _REPEATED * len(values):
        return 0.0
    step = float(np.diff(different).min())
    return step if step * _STEPS <= different[-1] - different[0] else 0.0

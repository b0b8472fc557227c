"""Finding out how a server makes a row: the usual ways are tried on the first rows of a job."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from support.truth.comparison import Comparison, Row
from support.truth.convention import (
    ALIGNMENTS,
    DECIBELS,
    ENDS,
    FORMS,
    GAINS,
    UNITS,
    WINDOWS,
    Alignment,
    Convention,
    Floats,
    amplitudes,
)
from support.truth.range import Place, Range

_NEAR = 0.02
"""Share by which a factor that is measured on a few values may differ from the usual one that is then tried."""

_MOST = 0.5
"""Share of the spectra that a way has to explain."""

_NO_SPREAD = 0.001
"""dB that are no difference in shape."""

_AT_ZERO = (0.5, 1.0, math.sqrt(0.5))
"""The likeliest first: one-sided spectra are twice what one side is, but for what has no other side."""

_LIGHTEST, _SHADES = 255, 8
"""The largest number of a byte, and how many different ones there are at least where they are shades."""

_FEW = 2
"""Rows on which every window is tried."""

_MOST_SAMPLES = 2**16
"""Samples of the windows that are looked at."""

_MOST_VALUES = 2**10
"""Values that tell a scale, which is the same for all of them."""


@dataclass(frozen=True)
class Nearest:
    """The usual way that comes nearest to what a server does.

    Attributes:
        convention: that way.
        spread: how far values are apart from it in shape, in the middle, dB.
        decibels: how far off they are besides, all alike, dB.
    """

    convention: Convention
    spread: float
    decibels: float

    def __str__(self) -> str:
        apart = f", and {self.spread:.2g} dB here and there" if self.spread > _NO_SPREAD else ""
        return f"the nearest is {self.convention}, off by {self.decibels:.2g} dB everywhere{apart}"


def are_shades(rows: Sequence[Row]) -> bool:
    """Whether the values are whole numbers of one byte: shades of a picture, which tell no amplitude."""
    values = np.concatenate([row.values.ravel() for row in rows])
    whole = bool(((values == np.rint(values)) & (values >= 0) & (values <= _LIGHTEST)).all())
    return whole and len(np.unique(values)) >= _SHADES


def some_of(shown: Range, rows: Sequence[Row]) -> tuple[Range, list[Row]]:
    """Few enough rows, with few enough sensors, to try much on; and their range."""
    sensors = max(1, min(len(shown.sensors), 16, _MOST_SAMPLES // (shown.nfft * 2)))
    count = max(1, min(8, _MOST_SAMPLES // (shown.nfft * sensors)))
    return shown.of_first(sensors), [replace(row, values=row.values[:sensors]) for row in rows[:count]]


def fitting(shown: Range, rows: Sequence[Row], conventions: Sequence[Convention]) -> list[Convention]:
    """Those that explain more of the rows than all others do, and most of them; none where none does."""
    shares = [_share(shown, rows, one) for one in conventions]
    best = max(shares, default=0.0)
    return [one for one, share in zip(conventions, shares, strict=True) if share == best > _MOST]


def found_out(shown: Range, rows: Sequence[Row]) -> list[Convention]:
    """The usual ways that explain rows alike, the likeliest first; none where none does."""
    tried = dict.fromkeys(_near(shown, rows))
    best = fitting(shown, rows, list(tried))
    both = itertools.product(_AT_ZERO, ENDS if _has_end(shown) else (1.0,))
    ends = [replace(one, at_zero=zero, at_nyquist=end) for zero, end in both for one in best]
    ways = [replace(one, alignment=way) for one in fitting(shown, rows, ends) for way in ALIGNMENTS]
    return fitting(shown, rows, list(dict.fromkeys(ways)))


def nearest(shown: Range, rows: Sequence[Row]) -> Nearest | None:
    """The usual way that comes nearest to rows; None where nothing can be compared."""
    found: list[tuple[float, Convention, float]] = []
    for window, alike, form, ratios in _ratios(shown, rows):
        factor = float(np.median(ratios))
        if not math.isfinite(factor) or factor <= 0:
            continue
        with np.errstate(divide="ignore"):  # in a form that is not the server's, values may tell of nothing
            spread = _decibels(float(np.median(np.abs(np.log(ratios / factor)))))
        found.append((spread, Convention(window, form, alignment=alike[0]), factor))
    least = min((round(spread, 2) for spread, *_ in found), default=0.0)
    named = (
        Nearest(scaled, spread, _decibels(math.log(factor / scaled.factor(shown.nfft, shown.prr))))
        for spread, shape, factor in found
        if round(spread, 2) == least
        for scaled in (replace(shape, gain=gain, unit=unit) for gain, unit in _scales())
    )
    return min(named, key=lambda one: abs(one.decibels), default=None)


def _has_end(shown: Range) -> bool:
    return bool(shown.bins[-1] == shown.nfft // 2)


def _decibels(nepers: float) -> float:
    return DECIBELS * nepers


def _scales() -> Iterator[tuple[str, float]]:
    return itertools.product(GAINS, UNITS)


def _near(shown: Range, rows: Sequence[Row]) -> Iterator[Convention]:
    """Usual ways whose scale is about that of the rows; what they do at both ends of a spectrum is left open."""
    for window, alike, form, ratios in _ratios(shown, rows):
        factor = float(np.median(ratios))
        if not factor > 0 or np.median(np.abs(ratios / factor - 1)) > _NEAR:
            continue
        for gain, unit in _scales():
            one = Convention(window, form, gain, unit, at_zero=math.nan, at_nyquist=math.nan)
            if abs(one.factor(shown.nfft, shown.prr) / factor - 1) < _NEAR:
                yield from (replace(one, alignment=way) for way in alike)


def _ratios(shown: Range, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Alignment], str, Floats]]:
    """For each window and form of values: amplitudes by magnitudes, where these are not small.

    And for each sample that the first rows may begin with: the alignments that begin them there, which later rows may
    tell apart.
    """
    ends = [position for position, k in enumerate(shown.bins) if k in (0, shown.nfft // 2)]
    ways: dict[tuple[int, ...], list[Alignment]] = {}
    rows = rows[:_FEW]
    places = [place for row in rows if (place := shown.place(row.line))]
    if len(places) < len(rows) or not places:
        return
    for way in ALIGNMENTS:
        ways.setdefault(tuple(place.first(way) for place in places), []).append(way)
    came = np.array([np.delete(row.values, ends, axis=1) for row in rows])
    for window, alike in itertools.product(WINDOWS, ways.values()):
        made = np.array([_magnitudes(shown, place, window, alike[0]) for place in places])
        made = np.delete(made, ends, axis=2)
        if not made.size:
            continue
        loud = np.flatnonzero(made >= np.median(made))
        if not loud.size:  # what was not measured is no number in some recordings
            continue
        loud = loud[:: -(-loud.size // _MOST_VALUES)]
        values = came.ravel()[loud]
        for form in FORMS:
            with np.errstate(invalid="ignore"):
                yield window, alike, form, amplitudes(form, values) / np.maximum(made.ravel()[loud], 1e-300)


def _magnitudes(shown: Range, place: Place, window: str, way: Alignment) -> Floats:
    last = shown.recording.stretches[place.stretch].count - shown.nfft
    return shown.strip.exact(place.stretch, min(max(place.first(way), 0), last), window, shown.bins)


def _share(shown: Range, rows: Sequence[Row], convention: Convention) -> float:
    """The share of the spectra that a convention explains."""
    comparison = Comparison(shown, convention)
    right = total = 0
    for row in rows:
        wrong = comparison.wrong(row)
        total += len(row.values)
        right += len(row.values) if wrong is None else int((~wrong.any(axis=1)).sum())
    return right / total if total else 0.0

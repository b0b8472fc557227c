"""Whether pictures of the same moments show the same: live and played again, or two windows beside each other.

Where lines begin at the same sample, their values are the same but for the rounding of float32, whoever transforms
them: most lines are then exactly alike, and all have to be. Where the lines of a server begin between two milliseconds,
the other picture may begin a sample or so beside. The window function then weighs the same samples a little otherwise:
a shift by s of N samples changes magnitudes by at most 1.16 pi s / N of their root mean square (a Hann window, whose
slope is the steepest of the usual ones), and that much is allowed, on top of what coarse values may hide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.validation.finding import Finding, Topic, Where
from support.validation.picture import Floats, Picture
from support.wording import clock, plural, some

_OF_VALUE = 2e-5
_OF_LARGEST = 2e-6
"""Float32: so far may a value be off, as shares of itself and of the largest one of its spectrum."""

_HANN = 1.16 * math.pi
_COARSE = 0.05
_MOST = 0.4
"""Shares of the root mean square; of noise that has nothing in common, the share is 0.65."""

_REPEATED = 0.1
"""Share of the values of a spectrum that are alike, from which on a server rounds them."""

_LIKE = 0.9
"""Correlation from which on an explanation explains."""

_FEWEST = 10
"""Lines that two pictures have to share for a verdict."""

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class _Guess:
    """How a picture may have come about: what it shows at a place is what belongs to another place.

    Attributes:
        words: what is said of it.
        lines, channels, bins: by how many the other place lies later, or higher.
        mirrored: the spectrum has changed its ends.
    """

    words: str
    lines: int = 0
    channels: int = 0
    bins: int = 0
    mirrored: bool = False


def _sides(below: str, above: str, most: int) -> Iterator[tuple[int, str]]:
    for far in range(1, most + 1):
        yield from ((-far, below.format(far)), (far, above.format(far)))


_GUESSES = (
    _Guess("the same at another level"),
    *(
        _Guess(words, channels=far)
        for far, words in _sides("what is {} channels below", "what is {} channels above", 3)
    ),
    _Guess("the mirrored spectrum", mirrored=True),
    *(_Guess(said, bins=by) for by, said in _sides("what is {} bins below", "what is {} bins above", 3)),
    *(_Guess(said, lines=by) for by, said in _sides("what was {} lines before", "what was {} lines later", 12)),
)


def judge_same(one: Picture, other: Picture, *, all_lines: bool = False) -> list[Finding]:
    """What one picture shows otherwise than another, at the lines, channels and frequencies that both have.

    Args:
        one: the picture that is judged.
        other: the one to compare with.
        all_lines: every line of ``other`` has to be in ``one``.
    """
    pair = _Pair(one, other)
    found = list(pair.missing()) if all_lines else []
    if pair.lines.size < _FEWEST or not pair.channels.size or not pair.bins.size:
        return found or [_finding(f"{one.name} and {other.name} have no {_FEWEST} lines in common to be compared")]
    return found + list(pair.differences())


class _Pair:
    """Two pictures, and the places of the one that are in the other, too."""

    def __init__(self, one: Picture, other: Picture) -> None:
        self.one, self.other = one, other
        line = _spacing(other.starts)
        self.lines, self._their_lines = nearest(one.starts, other.starts, line / 2)
        self.channels, self._their_channels = nearest(one.channels, other.channels, 0)
        self.bins, self._their_bins = nearest(one.frequencies, other.frequencies, one.step / 4)
        self._line = line

    def missing(self) -> Iterator[Finding]:
        """Lines of the other picture that this one does not have."""
        there, _ = nearest(self.other.starts, self.one.starts, self._line / 2)
        lacking = np.delete(self.other.starts, there)
        if lacking.size:
            sentence = (
                f"{self.one.name} lacks {plural(lacking.size, 'line')} that {self.other.name} has, the first one "
                f"at {clock(lacking[0])}"
            )
            yield _finding(sentence, int(lacking[0]), amount=lacking.size)

    def differences(self) -> Iterator[Finding]:
        """One finding for each way in which channels differ."""
        if abs(math.log(self.one.unit / self.other.unit)) > math.log(1.5):
            yield _finding(
                f"{self.one.name} is not drawn on the scale of {self.other.name}: noise scatters "
                f"{self.one.unit / self.other.unit:.2g} times as far"
            )
            return
        mine, theirs = self._magnitudes
        wrong = self._wrong(mine, theirs)
        causes: dict[str, list[int]] = {}
        for place in np.flatnonzero(wrong.any(axis=0)).tolist():
            causes.setdefault(self._cause(place, mine, theirs), []).append(place)
        for cause, places in causes.items():
            yield self._told(cause, places, wrong, mine, theirs)

    @cached_property
    def _magnitudes(self) -> tuple[Floats, Floats]:
        """Of both, at the places that they share, in the scale of the first: shape (lines, channels, bins)."""
        mine, theirs = self._whole
        return mine[..., self.bins], theirs[..., self._their_bins]

    @cached_property
    def _whole(self) -> tuple[Floats, Floats]:
        """The same with all bins that each of them has."""
        mine = self.one.magnitudes(self.one.unit)[np.ix_(self.lines, self.channels)]
        return mine, self.other.magnitudes(self.one.unit)[np.ix_(self._their_lines, self._their_channels)]

    @property
    def _hidden(self) -> Floats:
        """By how much values may differ because one picture or the other tells them in steps."""
        mine, theirs = (_steps(values) for values in self._whole)
        return mine[..., self.bins] + theirs[..., self._their_bins]

    def _wrong(self, mine: Floats, theirs: Floats) -> NDArray[np.bool_]:
        """Which lines of which channels differ, shape (lines, channels)."""
        hidden = self._hidden
        sharp = (hidden == 0).all(axis=-1)
        exact = _alike(mine, theirs, hidden)
        if exact[sharp].sum() > 0.5 * sharp.sum():
            return ~exact
        levelled = theirs * _gain(mine, theirs)
        if _alike(mine, levelled, hidden)[sharp].sum() > 0.5 * sharp.sum():
            return np.ones_like(exact)
        off = np.abs(self.one.starts[self.lines] - self.other.starts[self._their_lines]).max() + 1
        shift = off / 1000 / self.one.sample + 1
        allowed = min(_MOST, _COARSE + _HANN * shift * self.one.sample / self.one.span)
        beside, unseen = (np.sqrt((part**2).sum(axis=(0, 2))) for part in (mine - theirs, hidden))
        of_all = np.sqrt(np.maximum((theirs**2).sum(axis=(0, 2)), 1e-300))
        return np.broadcast_to(beside > allowed * of_all + unseen, exact.shape)

    def _cause(self, place: int, mine: Floats, theirs: Floats) -> str:
        """What explains a channel, in words; empty where nothing that is known does."""
        channel = self.channels[place : place + 1]
        shown = self._shown(place)
        likeness = [_likeness(shown, self._guessed(guess, channel)[:, 0]) for guess in _GUESSES]
        best = int(np.argmax(likeness))
        if likeness[best] < _LIKE:
            return ""
        if best:
            return _GUESSES[best].words
        level = 20 * math.log10(_gain(mine[:, place], theirs[:, place]) or 1.0)
        return f"{abs(level):.2g} dB {'more' if level > 0 else 'less'}" if abs(level) > 0.01 else ""

    def _shown(self, place: int) -> Floats:
        """What the first picture shows on one of the channels, as nepers."""
        shown: Floats = self.one.logarithms[np.ix_(self.lines, self.channels[place : place + 1], self.bins)][:, 0]
        return shown / self.one.unit

    def _guessed(self, guess: _Guess, channels: Whole) -> Floats:
        """What the first picture would show on some of its channels, as nepers; NaN where the other cannot tell."""
        starts = self.one.starts[self.lines] + guess.lines * self._line
        bins = self.bins if not guess.mirrored else self.one.frequencies.size - 1 - self.bins
        frequencies = self.one.frequencies[bins] + guess.bins * self.one.step
        wanted = (
            (starts, self.other.starts, self._line / 2),
            (self.one.channels[channels] + guess.channels, self.other.channels, 0),
            (frequencies, self.other.frequencies, self.one.step / 4),
        )
        shape = tuple(places.size for places, _, _ in wanted)
        told = np.full(shape, np.nan)
        mine, theirs = zip(*(nearest(*axis) for axis in wanted), strict=True)
        told[np.ix_(*mine)] = self.other.logarithms[np.ix_(*theirs)] / self.one.unit
        return told

    def _told(self, cause: str, places: list[int], wrong: NDArray[np.bool_], mine: Floats, theirs: Floats) -> Finding:
        place = places[0]
        line = int(wrong[:, place].argmax())
        off = np.abs(mine[line, place] - theirs[line, place])
        worst = int(off.argmax())
        channels = self.one.channels[self.channels[places]]
        who = f"channel {channels[0]}" if len(places) == 1 else f"channels {some(channels)}"
        who = "every channel" if len(places) == self.channels.size > 1 else who
        start = int(self.one.starts[self.lines[line]])
        lines = int(wrong[:, place].sum())
        values = f"{mine[line, place, worst]:.4g} where it is {theirs[line, place, worst]:.4g} there"
        like = f"; it looks like {cause}" if cause else ""
        return _finding(
            f"{self.one.name} shows other values than {self.other.name} on {who}, in {lines} of "
            f"{plural(self.lines.size, 'line')}, at first {values}, at "
            f"{self.one.frequencies[self.bins[worst]]:g} Hz and {clock(start)}{like}",
            start,
            int(channels[0]),
            int(self.bins[worst]),
            amount=float(off[worst]),
        )


def _alike(mine: Floats, theirs: Floats, hidden: Floats) -> NDArray[np.bool_]:
    """Which spectra are the same but for the rounding of float32, and what else is hidden."""
    allowed = _OF_VALUE * np.maximum(mine, theirs) + _OF_LARGEST * theirs.max(axis=-1, keepdims=True)
    alike: NDArray[np.bool_] = (np.abs(mine - theirs) <= allowed + hidden).all(axis=-1)
    return alike


def _steps(values: Floats) -> Floats:
    """From each value to the next one that its spectrum has, where that has many alike: it is rounded to those."""
    steps = np.zeros_like(values)
    alike = (np.diff(np.sort(values, axis=-1), axis=-1) == 0).mean(axis=-1)
    for place in map(tuple, np.argwhere(alike > _REPEATED)):
        different, which = np.unique(values[place], return_inverse=True)
        between = np.diff(different, prepend=-np.inf, append=np.inf)
        steps[place] = np.minimum(between[:-1], between[1:])[which] if different.size > 1 else 0.0
    return steps


def _gain(mine: Floats, theirs: Floats) -> float:
    """By how much one is the other."""
    return float((mine * theirs).sum() / max((theirs**2).sum(), 1e-300))


def _likeness(one: Floats, other: Floats) -> float:
    """The correlation of two spectra over time, where both are there; 0 where half of it is not."""
    there = np.isfinite(one) & np.isfinite(other)
    if there.mean() < 0.5:
        return 0.0
    left, right = one[there] - one[there].mean(), other[there] - other[there].mean()
    return float((left * right).sum() / max(math.sqrt((left**2).sum() * (right**2).sum()), 1e-300))


def _spacing(starts: NDArray[Any]) -> float:
    """Milliseconds from line to line, of begins in whole ones that may lack some: a median is whole, too."""
    steps = np.diff(starts)
    return float(steps[steps <= 1.5 * np.median(steps)].mean()) if steps.size else 1.0


def nearest(mine: NDArray[Any], theirs: NDArray[Any], most: float) -> tuple[Whole, Whole]:
    """Places of the one that lie within ``most`` of one of the other, and where that one stands; both ascend."""
    if not theirs.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    after = np.searchsorted(theirs, mine).clip(1, max(theirs.size - 1, 1))
    before = after - 1
    after = after.clip(0, theirs.size - 1)
    nearest = np.where(np.abs(theirs[before] - mine) <= np.abs(theirs[after] - mine), before, after)
    near = np.abs(theirs[nearest] - mine) <= most
    return np.flatnonzero(near), nearest[near]


def _finding(
    sentence: str,
    start: int | None = None,
    channel: int | None = None,
    bin_: int | None = None,
    amount: float | None = None,
) -> Finding:
    return Finding(
        "same moments", Topic.MEASUREMENTS, sentence, where=Where(sensor=channel, bin=bin_, time=start), amount=amount
    )

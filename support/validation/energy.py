"""Whether two windows of different resolution tell of the same energy at the same time and place.

A long analysis window is fine in frequency and coarse in time, a short one the reverse. So each picture is smoothed by
what blurs the other one: over time by the square of the other's window, over frequency by the square of its spectrum.
What is left has the same resolution, and is the same map, for it does not matter in which order a signal is blurred.
Nothing needs to be known of the fibre: its noise tells channels, times and frequencies apart.

The windows are taken for Hann's. Measured on noise alone, which is the hardest, over 0.4 s: the maps of one channel
correlate by 1.00, of another window function by 0.61 at least (none, or a flat top), those of two channels by 0.35 at
most; levels are 0.5 dB apart at most.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from support.validation.finding import Finding, Topic, Where
from support.validation.picture import Floats, Picture
from support.validation.same import nearest
from support.wording import some

_LIKE = 0.5
"""Correlation from which on two maps are of the same fibre."""

_UNLIKE = 0.35
"""Correlation that two channels have at most. One alone may have it where something loud begins on a quiet channel."""

_THE_SAME = 0.9
"""Correlation from which on one channel shows what is another's: of what passes both, they have half as much."""

_SURELY = 0.99
"""Correlation from which on nothing can be shifted by what is looked for, but for a line."""

_LEVEL = 0.7
"""dB."""

_DYNAMIC = 40.0
"""dB below the loudest of a channel that count."""

_ABOVE = 4.0
"""Times the power of the lowest value beside a floor, from which on that hides little of a map."""

_TOLD = 0.5
"""Share of a map of a channel that has to be told by both."""

_FEWEST = 12
"""Lines that the maps have to have for a verdict."""

_EDGE = 2
"""Bins at the edges of a band that have only one neighbour to be blurred with."""

_NEPER = 20 / math.log(10)
"""In dB."""


@dataclass(frozen=True)
class _Guess:
    """How the first picture may have come about.

    Attributes:
        words: what is said of it.
        lines: by so many its lines are told late.
        bins: by so many its bins stand too high.
        mirrored: its spectrum has changed its ends.
        both: and that of the other picture, too.
    """

    words: str = ""
    lines: int = 0
    bins: int = 0
    mirrored: bool = False
    both: bool = False


_GUESSES = (
    _Guess("its spectrum is mirrored", mirrored=True),
    _Guess("the spectra of both are mirrored", mirrored=True, both=True),
    *(_Guess(f"its bins stand {by} too high", bins=by) for by in range(1, 9)),
    *(_Guess(f"its bins stand {by} too low", bins=-by) for by in range(1, 9)),
    *(_Guess(f"its lines are told {by} too late", lines=by) for by in range(1, 13)),
    *(_Guess(f"its lines are told {by} too early", lines=-by) for by in range(1, 13)),
)


def judge_energy(one: Picture, other: Picture) -> list[Finding]:
    """What one picture tells otherwise than the other, on the channels and in the band that both have."""
    times = one.unit / other.unit
    if abs(math.log(times)) > math.log(1.5):
        return [_finding(f"{one.name} and {other.name} differ in their scale: noise scatters {times:.2g} times as far")]
    maps = _Maps(one, other)
    if maps.lines < _FEWEST or not maps.channels.size or maps.frequencies.size < _FEWEST:
        return [_finding(f"{one.name} and {other.name} have too little in common to be compared")]
    return list(maps.findings())


class _Side:
    """One of the pictures, smoothed over time by the window of the other.

    Attributes:
        picture: as it is.
        line: from line to line, milliseconds.
        middles: of each smoothed line, epoch milliseconds.
        power: shape (lines, channels, bins).
    """

    def __init__(self, picture: Picture, other: Picture, channels: NDArray[np.int64]) -> None:
        self.picture = picture
        run = _longest_run(picture.starts)
        lines = run.stop - run.start
        self.line = float(picture.starts[run.stop - 1] - picture.starts[run.start]) / (lines - 1) if lines > 1 else 1.0
        kernel = _window_squared(max(1, round(other.span * 1000 / self.line)))
        left = max(0, lines - kernel.size + 1)
        chosen = np.isin(picture.channels, channels)
        power = np.exp(2 * picture.nepers[run][:, chosen])
        is_told = picture.is_told[run][:, chosen]
        hidden = np.where(is_told.all(axis=(0, 2), keepdims=True), 0.0, _ABOVE)
        self._least: Floats = hidden * np.where(is_told, power, np.inf).min(axis=(0, 2), keepdims=True, initial=1e300)
        self.power: Floats = power[:left] * 0.0
        for at, weight in enumerate(kernel):
            self.power += weight * power[at : at + left]
        self.middles = picture.starts[run][:left] + picture.span * 500 + (kernel.size - 1) / 2 * self.line
        self._blur = other.step
        self._maps: dict[tuple[int, bool], Floats] = {}

    def map(self, frequencies: Floats, bins: int = 0, *, mirrored: bool = False) -> Floats:
        """Its nepers at these frequencies, where its bins stand so much too high, or have changed their ends.

        NaN where a floor hides them.
        """
        key = bins, mirrored
        if key not in self._maps:
            self._maps[key] = self._map(frequencies, bins, mirrored=mirrored)
        return self._maps[key]

    def _map(self, frequencies: Floats, bins: int, *, mirrored: bool) -> Floats:
        own = self.picture.frequencies
        there = (own[::-1] if mirrored else own) - bins * self.picture.step
        lobes = _lobe((there[:, np.newaxis] - frequencies) / self._blur)
        power = self.power @ (lobes / np.maximum(lobes.sum(axis=0), 1e-12))
        least = power.max(axis=(0, 2), keepdims=True) * 10 ** (-_DYNAMIC / 10)
        nepers: Floats = np.log(np.maximum(power, np.maximum(least, 1e-300))) / 2
        return np.where(power > self._least, nepers, np.nan)


class _Maps:
    """The maps of two pictures.

    Attributes:
        channels: that both have.
        frequencies: of the maps, Hz.
        lines: how many the maps share.
    """

    def __init__(self, one: Picture, other: Picture) -> None:
        self.channels = np.intersect1d(one.channels, other.channels)
        self._one, self._other = _Side(one, other, self.channels), _Side(other, one, self.channels)
        coarse = max(one, other, key=lambda picture: picture.step)
        low = max(one.frequencies[0], other.frequencies[0]) + _EDGE * coarse.step
        high = min(one.frequencies[-1], other.frequencies[-1]) - _EDGE * coarse.step
        self.frequencies = coarse.frequencies[(coarse.frequencies >= low) & (coarse.frequencies <= high)]
        self.lines = self._shared(0)[0].size

    def findings(self) -> Iterator[Finding]:
        """One about all channels, where they have one cause; else those of single ones, or their levels."""
        one, other = self._pair(_Guess())
        own = np.nan_to_num(_likeness(one, other), nan=1.0)
        guess, best = self._best_guess() if np.median(own) < _SURELY else (_Guess(), 0.0)
        among = f"where both tell of the same channels and frequencies, {self._one.picture.name}"
        beside = f"another energy than {self._other.picture.name}"
        if best >= _LIKE and 1 - best < (1 - np.median(own)) / 2 and best - np.median(own) > 0.02:
            yield _finding(f"{among} shows {beside}: {guess.words}", amount=float(best))
            return
        causes: dict[str, list[int]] = {}
        for place in np.flatnonzero(own < _LIKE).tolist():
            cause = self._cause(place, one, other)
            if cause or np.median(own) < _UNLIKE:
                causes.setdefault(cause, []).append(int(self.channels[place]))
        for cause, channels in causes.items():
            who = f"channel {channels[0]}" if len(channels) == 1 else f"channels {some(channels)}"
            who = "every channel" if len(channels) == self.channels.size > 1 else who
            yield _finding(f"{among} shows on {who} {beside}{cause}", channels[0])
        if not causes:
            yield from self._levels(one, other, among)

    def _levels(self, one: Floats, other: Floats, among: str) -> Iterator[Finding]:
        """Levels that no usual scale of a spectrum explains, or that differ from channel to channel."""
        if not (self._one.picture.is_usual and self._other.picture.is_usual):
            return
        there = (one > _lowest(one)) & (other > _lowest(other))
        heard = np.flatnonzero(there.mean(axis=(0, 2)) > 0.5)
        if not heard.size:
            return
        apart = (one - other) * _NEPER
        levels = np.array([np.median(apart[:, place][there[:, place]]) for place in heard.tolist()])
        usual = float(np.median(levels))
        by_window = 10 * math.log10(self._one.picture.span / self._other.picture.span)
        off = min((usual - way * by_window for way in (-1, 0, 1)), key=abs)
        if abs(off) > _LEVEL:
            yield _finding(f"{among} is {_more(off)} than {self._other.picture.name}", amount=off)
        for level, channel in zip((levels - usual).tolist(), self.channels[heard].tolist(), strict=True):
            if abs(level) > _LEVEL:
                yield _finding(f"{among} is {_more(level)} on channel {channel} than on the others", channel, level)

    def _best_guess(self) -> tuple[_Guess, float]:
        scores = [float(np.median(np.nan_to_num(_likeness(*self._pair(guess)), nan=0.0))) for guess in _GUESSES]
        best = int(np.argmax(scores))
        return _GUESSES[best], scores[best]

    def _cause(self, place: int, one: Floats, other: Floats) -> str:
        """Which other channel it looks like, in words; empty where none."""
        likeness = np.nan_to_num(_likeness(np.broadcast_to(one[:, place : place + 1], other.shape), other), nan=0.0)
        best = int(likeness.argmax())
        far = int(self.channels[best] - self.channels[place])
        if likeness[best] < _THE_SAME:
            return ""
        return f": it is that of the channel {abs(far)} {'above' if far > 0 else 'below'}"

    def _pair(self, guess: _Guess) -> tuple[Floats, Floats]:
        """The two maps at the lines that they share, if this guess were so."""
        mine, theirs = self._shared(guess.lines)
        one = self._one.map(self.frequencies, guess.bins, mirrored=guess.mirrored)
        return one[mine], self._other.map(self.frequencies, mirrored=guess.both)[theirs]

    def _shared(self, late: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return nearest(self._one.middles - late * self._one.line, self._other.middles, self._other.line * 0.55)


def _likeness(one: Floats, other: Floats) -> Floats:
    """The correlation of the maps of each channel; NaN where one of them is flat or not told, of which others tell."""
    if len(one) < _FEWEST:
        return np.zeros(one.shape[1])
    there = np.isfinite(one) & np.isfinite(other)
    count = there.sum(axis=(0, 2))
    left, right = (np.where(there, part, 0.0) for part in (one, other))
    left, right = (
        np.where(there, part - (part.sum(axis=(0, 2)) / np.maximum(count, 1))[:, np.newaxis], 0.0)
        for part in (left, right)
    )
    sizes = np.sqrt((left**2).sum(axis=(0, 2)) * (right**2).sum(axis=(0, 2)))
    likeness = (left * right).sum(axis=(0, 2)) / np.maximum(sizes, 1e-300)
    told: Floats = np.where((sizes > 0) & (count > _TOLD * there[:, 0].size), likeness, np.nan)
    return told


def _lowest(map_: Floats) -> Floats:
    """Of each channel."""
    lowest: Floats = np.where(np.isnan(map_), np.inf, map_).min(axis=(0, 2), keepdims=True)
    return lowest


def _longest_run(starts: NDArray[np.int64]) -> slice:
    """The most lines that follow each other without a gap."""
    steps = np.diff(starts)
    gaps = np.flatnonzero(steps > 1.5 * np.median(steps) + 1) if steps.size else steps
    edges = [0, *(gaps + 1).tolist(), starts.size]
    begin, end = max(itertools.pairwise(edges), key=lambda run: run[1] - run[0])
    return slice(begin, end)


def _window_squared(size: int) -> Floats:
    """The square of Hann's window, of sum 1."""
    squared = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 4
    weights: Floats = squared / squared.sum()
    return weights


def _lobe(bins: Floats) -> Floats:
    """The power that Hann's window shows so many bins beside a tone, as a share."""
    beside = 1 - bins**2
    share = np.where(np.abs(beside) < 1e-9, 0.5, np.sinc(bins) / np.where(beside == 0, 1.0, beside))
    lobe: Floats = share**2
    return lobe


def _more(level: float) -> str:
    return f"{abs(level):.2g} dB {'louder' if level > 0 else 'less loud'}"


def _finding(sentence: str, channel: int | None = None, amount: float | None = None) -> Finding:
    return Finding("same energy", Topic.MEASUREMENTS, sentence, where=Where(sensor=channel), amount=amount)

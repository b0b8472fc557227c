"""What is known to sound on a fibre, and whether a picture shows it where it is.

A tone (a shaker, a calibration source) stands in the bin that is nearest to its frequency, on its channels, and on no
others; what moves passes the channels at its speed, in its direction. Levels are compared as logarithms in nepers of
the noise of the picture, so that the scale of its values makes no difference. Short events come and go: a tone is what
is there half of the time, and elsewhere it is not there a quarter of the time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from support.validation.finding import Finding, Topic, Where
from support.validation.picture import Floats, Picture

_OFF = 0.6
"""Bins from its frequency that a tone may stand: half of one, and what noise does where it lies between two."""

_LOBE = 3
"""Bins beside a tone that the window function fills."""

_AROUND = 16
"""Bins beside those, on either side, that tell the noise around."""

_PLAIN = math.log(3)
"""Nepers above the noise around it that a tone has to stand: three times as large."""

_HALF = math.log(2)
"""A channel shows a tone of another one where it is half as large there, and twice as large as the noise around."""

_SPEED = 0.15
"""Share by which the speed of what moves may be off: what is six metres long, seen for two seconds, is known to 5 %."""

_SHOWN = math.log(1 + 3)
"""What moves has to be three times as loud as the noise, along its way."""

_SOURCE = re.compile(r"([0-9]{1,9})(?:\s+to\s+([0-9]{1,9}))?\s+at\s+([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(Hz|m/s)")
FORM = "expected sources like 3 at 125 Hz, or 0 to 599 at 25 m/s, with commas between"


@dataclass(frozen=True)
class Source:
    """What sounds on a fibre.

    Attributes:
        first: the channel, or where it begins.
        last: where it ends; of what moves, where to.
    """

    first: int
    last: int

    @property
    def channels(self) -> range:
        """Ascending."""
        return range(min(self.first, self.last), max(self.first, self.last) + 1)

    @property
    def place(self) -> str:
        """In words."""
        return f"channel {self._where}" if self.first == self.last else f"channels {self._where}"

    @property
    def _where(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Tone(Source):
    """A tone that always sounds; ``frequency`` in Hz. On several channels, it is loudest on one of them."""

    frequency: float

    def __str__(self) -> str:
        return f"{self._where} at {self.frequency:.15g} Hz"


@dataclass(frozen=True)
class Mover(Source):
    """What moves from ``first`` to ``last``, at ``speed`` m/s; there is always one on the way."""

    speed: float

    def __str__(self) -> str:
        return f"{self._where} at {self.speed:.15g} m/s"


def read_source(text: str) -> Source:
    """The source that a text names.

    Raises:
        ValueError: it names none; the sentence says what is expected.
    """
    found = _SOURCE.fullmatch(text.strip())
    if found is not None:
        first, last, number = int(found[1]), int(found[2] or found[1]), float(found[3])
        if found[4] == "Hz" and number > 0:
            return Tone(first, last, number)
        if found[4] == "m/s" and number > 0 and first != last:
            return Mover(first, last, number)
    raise ValueError(FORM)


def judge_tones(picture: Picture, tones: Sequence[Tone]) -> list[Finding]:
    """Findings about the tones of the channels of a picture: not there, elsewhere, or on others, too."""
    ear = _Ear(picture, tones)
    return [finding for tone in tones for finding in ear.judge(tone)]


class _Ear:
    """What a picture tells of tones: the level at each channel and bin, shape (channels, bins), in nepers."""

    def __init__(self, picture: Picture, tones: Sequence[Tone]) -> None:
        self._picture = picture
        self._tones = tones
        self._usual: Floats = np.median(picture.nepers, axis=0)
        self._least: Floats = np.quantile(picture.nepers, 0.25, axis=0)
        self._around = np.stack([self._noise_around(place) for place in range(picture.frequencies.size)], axis=1)

    def judge(self, tone: Tone) -> Iterator[Finding]:
        """What is wrong with a tone."""
        picture = self._picture
        rows = np.flatnonzero(np.isin(picture.channels, tone.channels))
        there = self._bin(tone.frequency)
        row = int(rows[self._usual[rows, there].argmax()])
        near = range(max(there - _LOBE, 0), min(there + _LOBE + 1, picture.frequencies.size))
        peak = near[int(self._usual[row, near.start : near.stop].argmax())]
        is_there = abs(picture.frequencies[peak] - tone.frequency) <= _OFF * picture.step
        if not is_there or self._stands_out(row, peak) < _PLAIN:
            yield _finding(
                f"the tone of {tone.frequency:g} Hz on {tone.place} is not there{self._instead(tone, row, there)}",
                int(picture.channels[row]),
                there,
            )
            return
        for other in np.flatnonzero(self._least[:, there] >= self._usual[row, there] - _HALF).tolist():
            channel = int(picture.channels[other])
            if self._stands_out(other, there) >= _HALF and not self._sounds(channel, tone.frequency):
                yield _finding(
                    f"the tone of {tone.frequency:g} Hz on {tone.place} is on channel {channel}, too", channel, there
                )

    def _instead(self, tone: Tone, row: int, there: int) -> str:
        """Where it may stand, in words; empty where nobody can tell."""
        frequencies, channels = self._picture.frequencies, self._picture.channels
        at_bin = np.array([self._stands_out(other, there) for other in range(channels.size)])
        for other in np.argsort(-at_bin).tolist():
            is_known = other == row or self._sounds(int(channels[other]), tone.frequency)
            if at_bin[other] >= _PLAIN and not is_known:
                return f"; one stands on channel {channels[other]}"
        on_channel = self._usual[row] - self._around[row]
        peak = int(on_channel.argmax())
        if on_channel[peak] < _PLAIN:
            return ""
        is_mirrored = abs(peak - (frequencies.size - 1 - there)) <= 1
        return f"; one stands at {frequencies[peak]:g} Hz" + (", as in a mirrored spectrum" if is_mirrored else "")

    def _sounds(self, channel: int, frequency: float) -> bool:
        """Whether a tone of about this frequency is known on a channel."""
        near = (_LOBE + 1) * self._picture.step
        return any(channel in tone.channels and abs(tone.frequency - frequency) < near for tone in self._tones)

    def _stands_out(self, row: int, place: int) -> float:
        return float(self._usual[row, place] - self._around[row, place])

    def _bin(self, frequency: float) -> int:
        return int(np.abs(self._picture.frequencies - frequency).argmin())

    def _noise_around(self, place: int) -> Floats:
        bins = np.arange(self._picture.frequencies.size)
        far = np.abs(bins - place)
        noise: Floats = np.median(self._usual[:, (far > _LOBE) & (far <= _LOBE + _AROUND)], axis=1)
        return noise


def judge_mover(picture: Picture, mover: Mover, dx: float) -> list[Finding]:
    """Findings about what moves along a picture whose channels are ``dx`` metres long."""
    seconds = (picture.starts - picture.starts[0]) / 1000
    stands_out = _beyond_the_usual(picture)
    speed = math.copysign(mover.speed / dx, mover.last - mover.first)
    tried = np.concatenate([sign * speed * np.geomspace(0.25, 4, 113) for sign in (1, -1)])  # 2.5 % apart
    scores = np.array([_along(stands_out, seconds, channels) for channels in tried])
    best = float(tried[scores.argmax()])
    what = f"what moves on {mover.place} at {mover.speed:g} m/s"
    if scores.max() < _SHOWN:
        return [_finding(f"{what} is not seen")]
    if abs(best / speed - 1) <= _SPEED:
        return []
    way = "in its direction" if best * speed > 0 else "in the other direction"
    return [_finding(f"{what} passes at about {abs(best) * dx:.3g} m/s, {way}")]


def _beyond_the_usual(picture: Picture) -> Floats:
    """By how much each channel is louder than it usually is, shape (lines, channels), in times of the usual noise.

    As logarithms from one on, so that a short event is not more than all that passes.
    """
    power = np.exp(2 * picture.nepers).sum(axis=2)
    usual = np.quantile(power, 0.25, axis=0)
    noise = max(float(np.median(usual)), 1e-300)
    above: Floats = np.log1p(np.sqrt(np.maximum(power - usual, 0.0) / noise))
    return above


def _along(stands_out: Floats, seconds: Floats, channels_a_second: float) -> float:
    """How much stands out along the way of what moves so, wherever it is; it has to be in the picture all the time."""
    lines, channels = stands_out.shape
    moved = np.rint(seconds * channels_a_second).astype(np.int64)
    begins = np.arange(max(0, -int(moved.min())), channels - max(0, int(moved.max())))
    if not begins.size:
        return 0.0
    way = stands_out[np.arange(lines)[:, np.newaxis], begins + moved[:, np.newaxis]]
    return float(way.mean(axis=0).max())


def _finding(sentence: str, channel: int | None = None, place: int | None = None) -> Finding:
    return Finding("known source", Topic.MEASUREMENTS, sentence, where=Where(sensor=channel, bin=place))

"""The synthetic fibre: what every channel measured at every instant, past ones included.

A sample is a pure function of (seed, channel, absolute sample number), so that any stretch of any time can be computed
again with the same values, whoever asks and in whatever order. Sample number n is the instant n / prr seconds after
the epoch.

What can be seen on it, in linear amplitude without a unit:

- a noise floor, white and Gaussian, of another level on each channel; every 16th channel (7, 23, ...) is a quiet one;
- stationary tones, on every 8th channel (3, 11, ...): ``tones`` tells their frequencies and amplitudes;
- vehicles, one every 20 s on any channel, that drive towards higher channels at 25 m/s and hum at prr / 64;
- short events, one in 8,192 samples in each section of 64 channels, that ring and fade.

Samples are made in blocks and kept for a while: overlapping stretches, and jobs on the same channels, share them.
What is random comes from Philox, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2,
3", SC'11): block and channel group are its counter, so no block depends on another. The noise of a channel in a block
is the sum of two stretches, of places that are drawn, of one table of normal numbers: to draw each sample took an
eighth of what the server does for thirty windows along the fibre.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Rate = int | Fraction  # Hz
_Distance = TypeVar("_Distance", float, NDArray[np.float64])

GROUP = 16  # channels of a block
BLOCK = 1024  # samples of a block; a multiple of PERIOD
PERIOD = 128  # samples after which every tone repeats
KEPT_BLOCKS = 2048  # 64 KiB each
KEPT_OF_GROUP = 96  # blocks, while time goes on: more than the longest transform takes, and what a late stream needs

_QUIET_LEVEL = 0.0005
_TONE_CYCLES = (8, 4, 12, 16, 24)  # in PERIOD samples

_VEHICLE_SPEED = 25.0  # m/s
_VEHICLE_EVERY = 20  # s
_VEHICLE_WIDTH = 6.0  # m, standard deviation of the envelope
_VEHICLE_AMPLITUDE = 0.3
_VEHICLE_CYCLES = 2  # in PERIOD samples

_TOLD_CHANNELS = 64  # whose tones are told
_TOLD_SECONDS = 5  # for which there is always a vehicle on the channels that are told

_EVENT_SECTION = 64  # channels
_EVENT_SLOT = 8 * BLOCK  # samples
_EVENT_LENGTH = BLOCK // 2  # samples
_EVENT_REACH = 3  # channels to either side

_NOISE, _LEVEL, _EVENT, _TABLE = range(4)  # what random numbers are drawn for: a word of the counter each
_NUMBERS = 2**20  # normal ones, which the noise is put together of


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine that a channel measures all the time: frequency in Hz, peak amplitude."""

    channel: int
    frequency: float
    amplitude: float


@dataclass(frozen=True, slots=True)
class _Event:
    """A short event in one of the slots of a section: on which channel, and where it begins, in which block.

    The amplitude is linear, ``cycles`` are those in PERIOD samples.
    """

    slot: int
    centre: int
    block: int
    begin: int
    amplitude: float
    cycles: float


def tones(first: int, last: int, prr: Rate) -> tuple[Tone, ...]:
    """The stationary tones on the channels ``first`` to ``last`` (inclusive), at ``prr`` Hz.

    Their frequencies are multiples of prr / 128: the centre of a bin for every nfft the contract allows, so that the
    whole amplitude shows in one bin (and, through the Hann window, half of it in either neighbour).
    """
    return tuple(
        Tone(channel, float(_tone_cycles(channel) * prr / PERIOD), _tone_amplitude(channel))
        for channel in range(first, last + 1)
        if channel % 8 == 3
    )


def _tone_cycles(channel: int) -> int:
    return _TONE_CYCLES[channel // 8 % len(_TONE_CYCLES)]


def _tone_amplitude(channel: int) -> float:
    return 1.0 - 0.25 * (channel // 8 % 3)


class Measured(Protocol):
    """What lines can be made of.

    Attributes:
        prr: samples a second.
        lowest: the number of the first channel.
        highest: the number of the last one.
    """

    @property
    def prr(self) -> Rate: ...
    @property
    def lowest(self) -> int: ...
    @property
    def highest(self) -> int: ...

    def samples(self, first: int, last: int, start: int, count: int) -> Samples:
        """What the channels ``first`` to ``last`` (inclusive) measured from the sample ``start`` on.

        Returns:
            A new array of shape (channels, count).
        """


class Fibre:
    """The fibre and its past. Safe to read from several threads.

    Args:
        seed: the same seed gives the same fibre.
        prr: samples a second.
        lowest: the number of the first channel.
        count: how many channels there are.
        dx: the length of a channel, metres.
    """

    def __init__(self, seed: int, prr: Rate, lowest: int, count: int, dx: float = 1.0) -> None:
        self.seed = seed
        self.prr = prr
        self.lowest = lowest
        self.count = count
        self.dx = dx
        self._lock = threading.Lock()
        self._blocks: OrderedDict[tuple[int, int], Samples] = OrderedDict()
        self._levels: dict[int, Samples] = {}
        self._events: dict[int, _Event] = {}  # by section, the one that was asked for last
        self._stretches = _stretches(seed)

    @property
    def highest(self) -> int:
        """The number of the last channel."""
        return self.lowest + self.count - 1

    @property
    def sources(self) -> str:
        """What sounds all the time on its first channels, in words: tones, and what drives there, if there is room."""
        heard = tones(self.lowest, min(self.highest, self.lowest + _TOLD_CHANNELS - 1), self.prr)
        told = [f"{tone.channel} at {tone.frequency:g} Hz" for tone in heard]
        room = round(_VEHICLE_SPEED * (_VEHICLE_EVERY + _TOLD_SECONDS) / self.dx)
        if room <= self.count:
            told.append(f"{self.lowest} to {self.lowest + room - 1} at {_VEHICLE_SPEED:g} m/s")
        return ", ".join(told)

    def samples(self, first: int, last: int, start: int, count: int) -> Samples:
        """What the channels ``first`` to ``last`` (inclusive) measured from the sample ``start`` on.

        Returns:
            A new array of shape (channels, count).
        """
        result = np.empty((last - first + 1, count), dtype=np.float32)
        for group in range(first // GROUP, last // GROUP + 1):
            top = max(first, group * GROUP)
            end = min(last + 1, (group + 1) * GROUP)
            for block in range(start // BLOCK, (start + count - 1) // BLOCK + 1):
                left = max(start, block * BLOCK)
                right = min(start + count, (block + 1) * BLOCK)
                source = self._block(group, block)
                result[top - first : end - first, left - start : right - start] = source[
                    top - group * GROUP : end - group * GROUP, left - block * BLOCK : right - block * BLOCK
                ]
        return result

    def _block(self, group: int, block: int) -> Samples:
        key = (group, block)
        with self._lock:
            known = self._blocks.get(key)
            if known is not None:
                self._blocks.move_to_end(key)
                return known
        made = self._make(group, block)
        with self._lock:
            self._blocks[key] = made
            self._blocks.pop((group, block - KEPT_OF_GROUP), None)
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return made

    def _make(self, group: int, block: int) -> Samples:
        one, other = _random(self.seed, _NOISE, group, block).integers(len(self._stretches), size=(2, GROUP))
        noise: Samples = self._stretches[one]  # a copy
        noise += self._stretches[other]
        noise *= self._level(group)[:, np.newaxis]
        _add_tones(noise, group)
        self._add_vehicle(noise, group, block)
        self._add_event(noise, group, block)
        return noise

    def _level(self, group: int) -> Samples:
        """What the sum of two normal numbers is taken by, shape (GROUP,): for a standard deviation of 0.003 to 0.1."""
        level = self._levels.get(group)
        if level is None:
            level = (10 ** (_random(self.seed, _LEVEL, group, 0).uniform(-2.5, -1.0, GROUP))).astype(np.float32)
            level[np.arange(group * GROUP, (group + 1) * GROUP) % 16 == 7] = _QUIET_LEVEL
            level /= np.sqrt(np.float32(2))
            self._levels[group] = level
        return level

    def _add_vehicle(self, samples: Samples, group: int, block: int) -> None:
        spacing = _VEHICLE_SPEED * _VEHICLE_EVERY
        begin, prr = float((block * BLOCK) % (_VEHICLE_EVERY * self.prr)), float(self.prr)
        middle = _VEHICLE_SPEED * (begin + BLOCK // 2) / prr - (group * GROUP + GROUP // 2) * self.dx
        if abs(_wrapped(middle, spacing)) > 4 * _VEHICLE_WIDTH + GROUP * self.dx + _VEHICLE_SPEED * BLOCK / prr:
            return  # too far away to be felt anywhere in this block
        elapsed = (begin + np.arange(BLOCK)) / prr
        places = np.arange(group * GROUP, (group + 1) * GROUP) * self.dx
        distance = _wrapped(_VEHICLE_SPEED * elapsed[np.newaxis, :] - places[:, np.newaxis], spacing)
        envelope = np.exp(-0.5 * (distance / _VEHICLE_WIDTH) ** 2)
        samples += (_VEHICLE_AMPLITUDE * envelope * _sine(_VEHICLE_CYCLES)).astype(np.float32)

    def _add_event(self, samples: Samples, group: int, block: int) -> None:
        event = self._event(group * GROUP // _EVENT_SECTION, block * BLOCK // _EVENT_SLOT)
        if block != event.block:
            return
        distance = np.abs(np.arange(group * GROUP, (group + 1) * GROUP) - event.centre)
        reach = np.where(distance <= _EVENT_REACH, 0.5**distance, 0.0)
        time = np.arange(_EVENT_LENGTH)
        rings = event.amplitude * np.sin(2 * np.pi * event.cycles * time / PERIOD) * np.exp(-6 * time / _EVENT_LENGTH)
        samples[:, event.begin : event.begin + _EVENT_LENGTH] += np.outer(reach, rings).astype(np.float32)

    def _event(self, section: int, slot: int) -> _Event:
        """The one of a section in a slot: many blocks, one after the other, ask for the same."""
        event = self._events.get(section)
        if event is None or event.slot != slot:
            random = _random(self.seed, _EVENT, section, slot)
            event = self._events[section] = _Event(
                slot,
                section * _EVENT_SECTION + int(random.integers(_EVENT_REACH, _EVENT_SECTION - _EVENT_REACH)),
                slot * (_EVENT_SLOT // BLOCK) + int(random.integers(_EVENT_SLOT // BLOCK)),
                int(random.integers(BLOCK - _EVENT_LENGTH)),
                random.uniform(0.5, 2.0),
                random.uniform(3.0, 30.0),
            )
        return event


def _random(seed: int, purpose: int, place: int = 0, moment: int = 0) -> np.random.Generator:
    counter = np.array([0, purpose, place, moment % 2**64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=np.array([seed, 0], dtype=np.uint64), counter=counter))


@lru_cache(maxsize=4)
def _stretches(seed: int) -> Samples:
    """All stretches of a block's length of a table of normal numbers: its windows, shape (stretches, BLOCK)."""
    numbers = _random(seed, _TABLE).standard_normal(_NUMBERS, dtype=np.float32)
    return np.lib.stride_tricks.sliding_window_view(numbers, BLOCK)


def _add_tones(samples: Samples, group: int) -> None:
    for channel in range(group * GROUP, (group + 1) * GROUP):
        if channel % 8 == 3:
            samples[channel % GROUP] += _tone(_tone_amplitude(channel), _tone_cycles(channel))


@cache
def _tone(amplitude: float, cycles: int) -> Samples:
    """A block of a tone."""
    return (amplitude * _sine(cycles)).astype(np.float32)


@cache
def _sine(cycles: int) -> NDArray[np.float64]:
    """A block of a sine with ``cycles`` periods in PERIOD samples; the same for every block, as BLOCK is a multiple."""
    one = np.sin(2 * np.pi * cycles * np.arange(PERIOD) / PERIOD)
    return np.tile(one, BLOCK // PERIOD)


def _wrapped(distance: _Distance, spacing: float) -> _Distance:
    """The distance to the nearest of many vehicles that are ``spacing`` metres apart."""
    wrapped: _Distance = distance - spacing * np.rint(distance / spacing)
    return wrapped

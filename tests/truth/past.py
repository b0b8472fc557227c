"""Recordings of noise, and historic streams made from them as servers of many kinds would: correct ones, to be bent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.stream.block import Message
from support.stream.story import STORY
from support.truth.convention import EMBEDDED, Convention, values_of, window_of
from support.truth.oracle import Oracle
from support.truth.picture import picture_of
from support.truth.recording import Recording
from support.validation.expectation import Expectation
from support.validation.finding import Ending, Finding
from support.validation.past import Past

BEGIN = 1_767_225_600
"""Epoch seconds at which the recordings begin."""

Values = NDArray[np.float64]
Bend = Callable[[int, Values], Values]
"""Of the number of a row and its amplitudes, shape (sensors, bins): what is shown in their place."""


def noise(seconds: float, channels: int, prr: int, seed: int = 1) -> NDArray[np.float32]:
    """Samples of a fibre, shape (samples, channels): noise of another level on each channel, and a tone on each."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * prr))[:, None] / prr
    tones = np.sin(2 * np.pi * time * (0.02 + 0.4 * np.arange(channels) / channels) * prr)
    samples = random.standard_normal((len(time), channels)) * np.logspace(-3, 0, channels) + 0.1 * tones
    return samples.astype(np.float32)


def write(path: Path, parts: Sequence[tuple[float, NDArray[np.float32]]], prr: float) -> Path:
    """A PRODML file of stretches: when each begins, epoch seconds, and its samples, shape (samples, channels)."""
    with h5py.File(path, "w") as file:
        for number, (begin, samples) in enumerate(parts):
            raw = file.create_group(f"Acquisition/Raw[{number}]")
            raw["RawData"] = samples
            times = round(begin * 10**9) + (np.arange(len(samples)) * 10**9 // prr).astype(np.int64)
            raw["RawDataTime"] = times // 1000
            raw["RawData"].attrs["Dimensions"] = ("time", "locus")
            for name, time in (("PartStartTime", times[0]), ("PartEndTime", times[-1])):
                raw["RawDataTime"].attrs[name] = f"{np.datetime64(int(time), 'ns')}+00:00"
    return path


@dataclass(frozen=True)
class Played:
    """A historic job, and how its server makes rows of the samples of a recording that has no hole.

    Attributes:
        samples: of the recording, shape (samples, channels).
        begin: of the range, seconds after the recording's.
    """

    samples: NDArray[np.float32] = field(repr=False)
    prr: int = 1000
    nfft: int = 256
    bins: range = range(1, 100)
    channels: range = range(2, 10)
    begin: Fraction = Fraction(1)
    seconds: Fraction = Fraction(2)
    line: Fraction = Fraction(1, 50)
    way: Convention = EMBEDDED
    lowest: int = 0
    late: int = 0

    @property
    def lines(self) -> int:
        """How many the range has."""
        return int((self.seconds - Fraction(self.nfft, self.prr)) // self.line) + 1

    @property
    def expectation(self) -> Expectation:
        """What the configuration predicts."""
        begin = float(BEGIN + self.begin)
        return Expectation(
            sensors=tuple(channel + self.lowest for channel in self.channels),
            frequencies=tuple(k * self.prr / self.nfft for k in self.bins),
            lines_dt=float(self.line),
            row_span=self.nfft / self.prr,
            sample=1 / self.prr,
            past=Past(begin, begin + float(self.seconds), ((BEGIN, BEGIN + len(self.samples) / self.prr),)),
        )

    def amplitudes(self, line: int, channels: range | None = None, late: int = 0) -> Values:
        """Those of a line, of all bins of the transform; ``late`` samples after where it begins."""
        place = np.array([float((self.begin + line * self.line) * self.prr)])
        first = int(self.way.alignment.first(place)[0]) + late + self.late
        window, chosen = window_of(self.way.window, self.nfft), channels or self.channels
        samples = self.samples[first : first + self.nfft, chosen.start : chosen.stop].T
        whole = range(self.nfft // 2 + 1)
        return np.abs(np.fft.rfft(samples * window)) * self.way.factors(self.nfft, self.prr, whole)

    def row(self, line: int, channels: range | None = None, late: int = 0) -> Values:
        """The same of the bins that are shown."""
        return self.amplitudes(line, channels, late)[:, self.bins.start : self.bins.stop]

    def messages(self, bend: Bend | None = None) -> Iterable[DataStream]:
        """The frames, of one row each."""
        for line in range(self.lines):
            amplitude = self.row(line) if bend is None else bend(line, self.row(line))
            values = values_of(self.way.form, amplitude).astype(np.float32)
            start = round((BEGIN + self.begin + line * self.line) * 1000)
            sensors = [
                SensorIntensity(id=sensor, intensity=one.tolist())
                for sensor, one in zip(self.expectation.sensors, values, strict=True)
            ]
            end = start + round(1000 * self.nfft / self.prr)
            yield DataStream(
                rows=[SpectrogramRow(canvasId="c", sensors=sensors, startTimestamp=start, endTimestamp=end)]
            )


def judged(oracle: Oracle, played: Played, bend: Bend | None = None) -> list[Finding]:
    """What the oracle finds in a stream of this."""
    rule = picture_of(oracle, played.expectation)
    assert rule is not None, "the recording has the range"
    found: list[Finding] = []
    for index, message in enumerate(played.messages(bend)):
        data = message.SerializeToString()
        for block in STORY.reader().blocks([Message(data, len(data))]):
            block.index = index
            found += rule.see(block)
    return [*found, *rule.end(Ending(played.lines, by_server=True))]


def oracle_of(path: Path, played: Played, known: Sequence[Convention] = ()) -> Oracle:
    """An oracle that knows the recording that is played."""
    return Oracle(Recording(write(path, [(BEGIN, played.samples)], played.prr)), played.lowest, known)


def like(played: Played, **changes: object) -> Played:
    """The same, with some things changed."""
    return replace(played, **changes)  # type: ignore[arg-type]

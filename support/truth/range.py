"""A range of a recording as one job shows it: which samples each of its lines is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from support.truth.convention import Alignment
from support.truth.recording import SECOND, Recording
from support.truth.spectra import Strip
from support.validation.expectation import Expectation

_BESIDE = 3
"""Samples beside its place that a line may begin at."""


@dataclass(frozen=True)
class Place:
    """Where a line begins.

    Attributes:
        stretch: of the recording.
        sample: counted from the beginning of that, with a fraction.
    """

    stretch: int
    sample: float

    def first(self, alignment: Alignment) -> int:
        """The sample that the line begins with."""
        return int(alignment.first(np.array([self.sample]))[0])

    def other(self, alignment: Alignment) -> int:
        """The same where arithmetic in floating point could come to another one."""
        return int(alignment.other(np.array([self.sample]))[0])


class Range:
    """What a job shows.

    Args:
        recording: what its server plays.
        lowest: the number of the first channel of that.
        expectation: what the configuration predicts; of the past.

    Attributes:
        strip: the samples of its channels.
        bins: those that it shows.
    """

    def __init__(self, recording: Recording, lowest: int, expectation: Expectation) -> None:
        assert expectation.past is not None, "it is about the past"
        self.recording = recording
        self.lowest = lowest
        self.sensors = expectation.sensors
        self._expectation = expectation
        self.prr = recording.prr
        self.nfft = 2 ** max(round(math.log2(expectation.row_span * self.prr)), 0)
        first = round(expectation.frequencies[0] * self.nfft / self.prr) if expectation.frequencies else 0
        self.bins = range(first, first + len(expectation.frequencies))
        self.channels = range(self.sensors[0] - lowest, self.sensors[-1] + 1 - lowest)
        self.strip = Strip(recording, self.channels, self.nfft)
        self.past = expectation.past
        self.begin_ns = Fraction(repr(expectation.past.begin)) * SECOND
        self.line_ns = Fraction(repr(expectation.lines_dt)) * SECOND
        assert expectation.grid is not None
        self.grid = expectation.grid

    @property
    def can_be_judged(self) -> bool:
        """Whether the recording has these channels and bins, and something of the range."""
        begin, end = self.past.begin, self.past.end
        there = any(one.begin < end and one.end > begin for one in self.recording.stretches)
        inside = self.channels.start >= 0 and self.channels.stop <= self.recording.channels
        return there and inside and 0 < len(self.bins) <= self.nfft // 2 + 1 - self.bins.start

    def of_first(self, sensors: int) -> Range:
        """The same range on the first channels alone."""
        return Range(self.recording, self.lowest, replace(self._expectation, sensors=self.sensors[:sensors]))

    def place(self, line: int, late_ns: Fraction | int = 0) -> Place | None:
        """Where a line begins, or one that is so late; None where its window was not recorded."""
        begin = self.begin_ns + line * self.line_ns + late_ns
        for number, stretch in enumerate(self.recording.stretches):
            sample = float((begin - stretch.begin_ns) / stretch.step_ns)
            if sample >= -_BESIDE and sample + self.nfft <= stretch.count + _BESIDE:
                return Place(number, sample)
        return None

    def numbers(self, starts: NDArray[np.int64]) -> Sequence[int]:
        """The numbers of the lines that are said to start then, epoch milliseconds."""
        return [int(number) for number in self.grid.numbers(starts)]

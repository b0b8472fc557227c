"""A picture: what a stream has shown, as one array, so that it can be compared with another one, or with the truth."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from support.stream.frame import Frame
from support.validation.expectation import Expectation

Floats = NDArray[np.float64]

_SCATTER = math.log(3) / 2
"""Median distance of the logarithms of two magnitudes of noise: that of their squares is logistic."""

_APART = 4
"""Bins from one value to another that no window function relates."""

_UNITS = (1.0, 2.0, 20 / math.log(10), 10 / math.log(10))
"""What a neper is in the usual scales: magnitude (or its natural logarithm), power, decibels, half of those."""

_UNSURE = 0.25
"""Share by which the scatter of little noise may mislead."""

_FLOOR = 0.01
_MOSTLY = 0.9
"""Shares of a channel's values: that are its lowest, where it has a floor; that are told, where it hides little."""

_BELOW_ZERO = 0.01
"""Share of values below zero from which on they are logarithms, as the contract has it."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Lines of one stream, oldest first.

    Attributes:
        name: what people call it.
        starts: when each line begins, epoch milliseconds.
        channels: of every line, ascending.
        frequencies: of every channel, Hz.
        span: length of the analysis window, seconds.
        sample: seconds between two samples of the fibre.
        values: shape (lines, channels, bins).
    """

    name: str
    starts: NDArray[np.int64]
    channels: NDArray[np.int64]
    frequencies: Floats
    span: float
    sample: float
    values: NDArray[np.float32]

    @classmethod
    def of(cls, name: str, frames: Iterable[Frame], expectation: Expectation) -> Picture:
        """What these frames show; those that are not built as they should be are left to the rules about that."""
        channels = np.array(expectation.sensors, dtype=np.int64)
        bins = len(expectation.frequencies)
        starts, values = [np.empty(0, np.int64)], [np.empty((0, channels.size, bins), np.float32)]
        for frame in frames:
            sensors = set(frame.sensor_ids)
            if not frame.is_rectangular or len(sensors) != 1 or frame.shape.dimensions[2] != bins:
                continue
            ids = np.array(sensors.pop())
            order = np.argsort(ids)
            if np.array_equal(ids[order], channels):
                starts.append(frame.starts)
                values.append(frame.intensities[:, order])
        begun, first = np.unique(np.concatenate(starts), return_index=True)
        return cls(
            name,
            begun,
            channels,
            np.array(expectation.frequencies),
            expectation.row_span,
            expectation.sample,
            np.concatenate(values)[first],
        )

    def between(self, begin: float, end: float) -> Picture:
        """The lines whose windows surely lie between these moments, epoch milliseconds."""
        room = self.span * 1000 + self.sample * 1000 + 1
        chosen = (self.starts >= begin) & (self.starts + room <= end)
        return replace(self, starts=self.starts[chosen], values=self.values[chosen])

    @property
    def step(self) -> float:
        """Hz from bin to bin."""
        return 1 / self.span

    @cached_property
    def is_logarithmic(self) -> bool:
        """Whether the values are logarithms."""
        return bool((self.values < 0).mean() > _BELOW_ZERO)

    @cached_property
    def logarithms(self) -> Floats:
        """The values as logarithms, of whatever base; half of the smallest one of its channel stands for zero."""
        values = self.values.astype(np.float64)
        if self.is_logarithmic:
            return values
        smallest = np.where(values > 0, values, np.inf).min(axis=(0, 2), keepdims=True, initial=1.0)
        logarithms: Floats = np.log(np.maximum(values, smallest / 2))
        return logarithms

    @cached_property
    def is_told(self) -> NDArray[np.bool_]:
        """Which values are none of those that many of their channel have and none is below: zeros, or a floor."""
        floor = self.values == self.values.min(axis=(0, 2), keepdims=True, initial=np.inf)
        is_told: NDArray[np.bool_] = ~(floor & (floor.mean(axis=(0, 2), keepdims=True) > _FLOOR))
        return is_told

    def magnitudes(self, unit: float) -> Floats:
        """The magnitudes, where a neper is so much."""
        values = self.values.astype(np.float64)
        magnitudes: Floats = np.exp(values / unit) if self.is_logarithmic else np.maximum(values, 0) ** (1 / unit)
        return magnitudes

    @property
    def is_usual(self) -> bool:
        """Whether the scale of the values is one of the usual ones."""
        return self.unit in _UNITS

    @cached_property
    def unit(self) -> float:
        """What a neper is in ``logarithms``, by the scatter of noise: 1 for magnitudes, 2 for power, 8.7 for dB."""
        is_told = self.is_told.copy()
        mostly = is_told.mean(axis=(0, 2)) > _MOSTLY
        if mostly.any():
            is_told[:, ~mostly] = False
        steps = np.abs(self.logarithms[..., _APART:] - self.logarithms[..., :-_APART])
        steps = steps[is_told[..., _APART:] & is_told[..., :-_APART]]
        found = float(np.median(steps)) / _SCATTER if steps.size else 0.0
        usual = min(_UNITS, key=lambda unit: abs(math.log(max(found, 1e-9) / unit)))
        return usual if abs(found / usual - 1) < _UNSURE else found or 1.0

    @cached_property
    def nepers(self) -> Floats:
        """The logarithms of the magnitudes, but for a constant, whatever the scale of the values."""
        return self.logarithms / self.unit

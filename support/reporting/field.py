"""Values as a field of colours: how strong each is, in decibels, and what of them is no magnitude, zero, or not there.

Broken data must show as such and never break the picture: what is no magnitude at all (NaN, infinite, negative) is red,
exact zeros are grey, where nothing came is white, and words beside the field count them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from support.reporting.drawing import BAD, PAPER, STRENGTHS, ZERO, Indices
from support.wording import joined

MAX_ROWS, MAX_COLUMNS = 200, 400
"""What a picture can resolve; more rows or columns are merged, the strongest value of each block stands for it."""

_Value = TypeVar("_Value", bound=np.generic)

_PERCENTILES = (2.0, 99.9)
_SMALLEST_SPAN = 6.0  # dB


class Field:
    """Linear magnitudes by row and column.

    Args:
        values: shape (rows, columns).
        absent: where nothing came, of the same shape; None: nowhere.

    Attributes:
        shape: rows and columns.
        merged: how many rows and columns stand in one cell.
        zeros: values that are zero.
        bad: values that are no magnitude.
        absent: values that did not come.
    """

    def __init__(self, values: NDArray[np.float32], absent: NDArray[np.bool_] | None = None) -> None:
        missing = np.zeros(values.shape, dtype=bool) if absent is None else absent
        bad = ~(np.isfinite(values) & (values >= 0)) & ~missing
        zero = (values == 0) & ~missing
        self.shape = values.shape
        self.merged = -(-values.shape[0] // MAX_ROWS), -(-values.shape[1] // MAX_COLUMNS)
        self.zeros, self.bad, self.absent = int(zero.sum()), int(bad.sum()), int(missing.sum())
        self._strongest = _merge(np.where(bad | missing, 0, values), *self.merged)
        self._special = [(ZERO, _merge(zero, *self.merged)), (BAD, _merge(bad, *self.merged))]
        self._absent = ~_merge(~missing, *self.merged)

    @property
    def decibels(self) -> NDArray[np.float64]:
        """Of the cells that have some, flat."""
        positive: NDArray[np.float64] = 20 * np.log10(self._strongest[self._strongest > 0], dtype=np.float64)
        return positive

    def colours(self, limits: tuple[float, float], width: int, height: int) -> Indices:
        """In so many pixels; the first colour stands for the first of these decibels, and the last for the last."""
        low, high = limits
        decibels = 20 * np.log10(self._strongest, out=np.zeros(self._strongest.shape), where=self._strongest > 0)
        colours = np.clip((decibels - low) / (high - low) * STRENGTHS, 0, STRENGTHS - 1).astype(np.uint8)
        for colour, cells in (*self._special, (PAPER, self._absent)):
            colours[cells] = colour
        rows = np.arange(height) * self.shape[0] // height // self.merged[0]
        columns = np.arange(width) * self.shape[1] // width // self.merged[1]
        pixels: Indices = colours[np.ix_(rows, columns)]
        return pixels

    @property
    def caption(self) -> str:
        """What of the values is not what it should be, in words."""
        return joined(
            f"white: {self.absent:,} values that did not come" if self.absent else "",
            f"grey: {self.zeros:,} zero values" if self.zeros else "",
            f"red: {self.bad:,} values that are no magnitude (NaN, infinite or negative)" if self.bad else "",
        )

    @property
    def merging(self) -> str:
        """How many values stand in one cell, in words; empty where each has its own."""
        rows, columns = self.merged
        return f"each cell is the strongest of {rows} rows x {columns} bins" if max(self.merged) > 1 else ""


def limits_of(fields: Sequence[Field]) -> tuple[float, float]:
    """A colour scale that a few outliers do not stretch and that does not blow noise up to contrast, dB."""
    decibels = np.concatenate([field.decibels for field in fields])
    if not decibels.size:
        return 0.0, _SMALLEST_SPAN
    low, high = np.percentile(decibels, _PERCENTILES)
    missing = max(0.0, _SMALLEST_SPAN - (high - low)) / 2
    return float(low - missing), float(high + missing)


def _merge(values: NDArray[_Value], rows: int, columns: int) -> NDArray[_Value]:
    """The maximum of each block of this many rows and columns."""
    for axis, size in enumerate((rows, columns)):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], size), axis=axis)
    return values

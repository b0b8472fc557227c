"""Whether the values of a frame are measurements: finite, not negative, and within their bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.frame import Frame
from support.validation.finding import Finding, Rule, Topic, Where
from support.wording import are, plural


def _frames(block: Block, wrong: NDArray[np.bool_]) -> Iterator[Frame]:
    """The frames that are marked."""
    return (block.frames[position] for position in np.flatnonzero(wrong).tolist())


def _place(frame: Frame, wrong: NDArray[np.bool_]) -> tuple[Where, float, int]:
    """The first wrong value of a frame: its place, the value, and how many there are."""
    positions = np.flatnonzero(wrong)
    row, sensor, bin_index = frame.locate(int(positions[0]))
    where = Where(frame=frame.index, sensor=sensor, bin=bin_index, time=int(frame.starts[row]))
    return where, float(frame.values[positions[0]]), int(positions.size)


class Finite(Rule):
    """Every intensity is a finite number."""

    name = "intensities finite"
    topic = Topic.MEASUREMENTS

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.shape.value_count:
            return
        finite = np.isfinite(block.floor) & np.isfinite(block.highest)
        if finite.all():
            return
        for frame in _frames(block, ~finite):
            where, value, count = _place(frame, ~np.isfinite(frame.values))
            yield self.finding(
                f"{plural(count, 'intensity value')} of the frame {are(count)} not finite, the first is {value}",
                where,
                count,
            )


class NonNegative(Rule):
    """Intensities are linear magnitudes, so never negative."""

    name = "intensities non-negative"
    topic = Topic.MEASUREMENTS

    def see(self, block: Block) -> Iterator[Finding]:
        positive = block.floor >= 0
        if positive.all():
            return
        for frame in _frames(block, ~positive):  # where one is NaN, another may be negative
            wrong = frame.values < 0
            if wrong.any():
                where, value, count = _place(frame, wrong)
                yield self.finding(
                    f"{plural(count, 'intensity value')} of the frame {are(count)} negative, the first is {value:g}",
                    where,
                    value,
                )


class WithinBounds(Rule):
    """``current_min_amp <= every intensity <= current_max_amp``, both finite; they may be looser, never tighter.

    Intensities are float32 and the bounds float64: a bound that was rounded to float32 on the way is right, so each
    is compared in float32 precision.
    """

    name = "intensities within declared bounds"
    topic = Topic.MEASUREMENTS

    def see(self, block: Block) -> Iterator[Finding]:
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = block.low.astype(np.float32), block.high.astype(np.float32)
        kept = (low <= block.floor) & (block.highest <= high) & np.isfinite(block.low) & np.isfinite(block.high)
        if kept.all():
            return
        for frame in _frames(block, ~kept):
            yield from self._judge(frame)

    def _judge(self, frame: Frame) -> Iterator[Finding]:
        low, high = frame.current_min_amp, frame.current_max_amp
        where = Where(frame=frame.index)
        if not (math.isfinite(low) and math.isfinite(high)):
            yield self.finding(f"the declared bounds {low:g} to {high:g} are not finite", where)
            return
        if low > high:
            yield self.finding(f"the declared bounds are swapped: minimum {low:g}, maximum {high:g}", where, low - high)
            return
        values = frame.values
        with np.errstate(over="ignore", invalid="ignore"):
            wrong = (values < np.float32(low)) | (values > np.float32(high))
        if wrong.any():
            where, value, count = _place(frame, wrong)
            yield self.finding(
                f"{plural(count, 'intensity value')} of the frame {are(count)} outside the declared bounds {low:g} to "
                f"{high:g}, the first is {value:g}",
                where,
                value - high if value > high else value - low,
            )

"""Whether the values of a frame are measurements: finite, within their bounds, and alive."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.frame import Frame
from support.validation.finding import Ending, Finding, Rule, Topic, Where
from support.wording import are, plural, some

_ENOUGH = 16
"""Values that are needed to call data constant: fewer can be equal by chance."""


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
        finite = np.isfinite(block.lowest) & np.isfinite(block.highest)
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
        positive = block.lowest >= 0
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
        kept = (low <= block.lowest) & (block.highest <= high) & np.isfinite(block.low) & np.isfinite(block.high)
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


class NotConstant(Rule):
    """The values of a frame are not all equal, and not all zero.

    Frames of few values are taken together until there are enough to rule out chance.
    """

    name = "data not constant"
    topic = Topic.MEASUREMENTS

    def __init__(self) -> None:
        self._low = math.inf
        self._high = -math.inf
        self._count = 0

    def see(self, block: Block) -> Iterator[Finding]:
        count = block.shape.value_count
        if not self._count and count >= _ENOUGH and (block.lowest != block.highest).all():
            return
        for index, low, high in zip(block.indexes, block.lowest.tolist(), block.highest.tolist(), strict=True):
            self._low, self._high = min(self._low, low), max(self._high, high)
            self._count += count
            if self._count >= _ENOUGH:
                yield from self._judge(Where(frame=index))

    def end(self, ending: Ending) -> Iterator[Finding]:
        if self._count > 1 and ending.frames > 1:
            yield from self._judge(Where(frame=ending.frames - 1))

    def _judge(self, where: Where) -> Iterator[Finding]:
        if self._low == self._high:
            what = "zero" if self._low == 0 else f"equal ({self._low:g})"
            yield self.finding(f"all {self._count} intensity values are {what}", where)
        self._low, self._high, self._count = math.inf, -math.inf, 0


class SensorsAlive(Rule):
    """No sensor's values stay identical from row to row, while time goes on.

    A sensor is dead (all zero) or frozen (any other values) when it repeats itself over ``frozen_rows`` rows; a quiet
    sensor still moves in its last digits. The whole picture is frozen when a row repeats all values of the one before:
    for that one repetition is proof, since noise never repeats in every value at once.
    """

    name = "sensors alive"
    topic = Topic.MEASUREMENTS

    def __init__(self, frozen_rows: int) -> None:
        self._frozen_rows = frozen_rows
        self._ids: tuple[int, ...] = ()
        self._last: Callable[[], NDArray[np.float32]] | None = None
        self._last_bins: NDArray[np.float32] = np.empty(0, dtype=np.float32)
        self._last_shape = (0, 0)
        self._repeats: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._moves = False
        self._rows = 0
        self._picture_stands = False

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.first_bins.size:
            self._last = None
            return
        if self._all_move(block):
            return
        for frame in block.frames:
            intensities = frame.intensities
            for row in range(len(intensities)):
                yield from self._see_row(frame, row, intensities[row])

    def _all_move(self, block: Block) -> bool:
        """Whether no sensor repeats itself, which one bin of each is enough to show; then the block is done with."""
        ids = block.shape.sensor_ids
        if self._last is None or not self._moves or any(row is not self._ids and row != self._ids for row in ids):
            return False
        if self._last_shape != block.shape.dimensions[1:]:
            return False
        firsts = block.first_bins
        if (firsts[0] == self._last_bins).any() or (firsts[1:] == firsts[:-1]).any():
            return False
        self._rows += len(firsts)
        frame = len(block) - 1
        self._last = lambda: block.frames[frame].intensities[-1]
        self._last_bins = firsts[-1]
        self._picture_stands = False
        return True

    def end(self, ending: Ending) -> Iterator[Finding]:
        if self._last is not None and 1 < self._rows < self._frozen_rows:
            frozen = np.flatnonzero(self._repeats == self._rows - 1)
            if frozen.size:
                yield self._stands_still(frozen, Where(frame=ending.frames - 1), self._rows, self._last())

    def _see_row(self, frame: Frame, row: int, values: NDArray[np.float32]) -> Iterator[Finding]:
        ids = frame.sensor_ids[row]
        self._rows += 1
        if self._last is None or self._last_shape != values.shape or self._ids != ids:
            self._repeats = np.zeros(len(ids), dtype=np.int64)
        else:
            same = np.all(values == self._last(), axis=1)
            self._repeats = np.where(same, self._repeats + 1, 0)
            where = Where(frame=frame.index, time=int(frame.starts[row]))
            yield from self._picture(bool(same.all()), values, where)
            frozen = np.flatnonzero(self._repeats == self._frozen_rows - 1)
            if frozen.size:
                yield self._stands_still(frozen, where, self._frozen_rows, values)
        self._last, self._ids = lambda: values, ids
        self._last_bins, self._last_shape = values[:, 0], values.shape
        self._moves = not self._repeats.any()

    def _picture(self, repeated: bool, values: NDArray[np.float32], where: Where) -> Iterator[Finding]:
        if repeated and not self._picture_stands and values.size >= _ENOUGH and np.unique(values).size > 1:
            yield self.finding("the picture is frozen: the row repeats every value of the row before", where)
        self._picture_stands = repeated

    def _stands_still(self, frozen: NDArray[np.intp], where: Where, rows: int, values: NDArray[np.float32]) -> Finding:
        sensors = [self._ids[int(position)] for position in frozen]
        state = "dead (all zero)" if not values[frozen].any() else "frozen"
        return self.finding(
            f"sensor {some(sensors)} {are(len(sensors))} {state}: the same values in {rows} rows in a row",
            Where(frame=where.frame, sensor=sensors[0], time=where.time),
            amount=rows,
        )

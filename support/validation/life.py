"""Whether what a stream shows is alive: noise never stands still, never comes again, and is nowhere twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from support.stream import digest
from support.stream.block import Block
from support.stream.digest import NOTHING
from support.stream.frame import Frame
from support.stream.lines import countable
from support.validation.finding import Ending, Finding, Rule, Topic, Where
from support.wording import are, clock, plural, some

_ENOUGH = 16
"""Values that are needed to call data constant, or to know them again: fewer can be equal by chance."""

_PROOF_BITS = 48.0
"""What values have to hold so that they are never equal by chance: among all rows of a day, of any sensors."""

_LOOKED_AT = 4096
"""Values that are looked at to say how much they hold."""

_REMEMBERED_SECONDS = 60.0
_REMEMBERED_ROWS = 16_384


def tells_apart(values: NDArray[np.float32]) -> bool:
    """Whether so much is in these values that others, measured apart, cannot be equal by chance.

    Values that a server rounds coarsely hold little: as much as they differ from one another (the collision entropy of
    their distribution, times their number).
    """
    looked_at = values.reshape(-1)[:: max(1, values.size // _LOOKED_AT)]
    _, counts = np.unique(looked_at, return_counts=True)
    return bool(-np.log2(np.square(counts / looked_at.size).sum()) * looked_at.size >= _PROOF_BITS)


class NotConstant(Rule):
    """The values of a row, and of a frame, are not all equal, and not all zero.

    Frames of few values are taken together until there are enough to rule out chance.
    """

    name = "data not constant"
    topic = Topic.MEASUREMENTS

    def __init__(self) -> None:
        self._low = math.inf
        self._high = -math.inf
        self._count = 0

    def see(self, block: Block) -> Iterator[Finding]:
        is_enough = not self._count and block.shape.value_count >= _ENOUGH
        if is_enough and _sensors_differ(block):
            return
        differs = block.row_lowest != block.row_highest
        if is_enough and differs.all() and differs.size:
            return
        standing = ~differs & (block.shape.row_counts >= _ENOUGH)
        yield from self._frames(block)
        whole = block.lowest == block.highest
        for position in np.flatnonzero(standing.any(axis=1) & ~whole).tolist():
            yield self._rows(block.frames[position], standing[position], block.row_lowest[position])

    def end(self, ending: Ending) -> Iterator[Finding]:
        if self._count > 1 and ending.frames > 1:
            yield from self._judge(Where(frame=ending.frames - 1))

    def _frames(self, block: Block) -> Iterator[Finding]:
        for index, low, high in zip(block.indexes, block.lowest.tolist(), block.highest.tolist(), strict=True):
            self._low, self._high = min(self._low, low), max(self._high, high)
            self._count += block.shape.value_count
            if self._count >= _ENOUGH:
                yield from self._judge(Where(frame=index))

    def _judge(self, where: Where) -> Iterator[Finding]:
        if self._low == self._high:
            yield self.finding(f"all {self._count} intensity values are {_equal(self._low)}", where)
        self._low, self._high, self._count = math.inf, -math.inf, 0

    def _rows(self, frame: Frame, standing: NDArray[np.bool_], lowest: NDArray[np.float32]) -> Finding:
        rows = np.flatnonzero(standing)
        first = int(rows[0])
        more = f"; so {are(rows.size - 1)} those of {plural(rows.size - 1, 'more row')}" if rows.size > 1 else ""
        count = int(frame.shape.row_counts[first])
        return self.finding(
            f"all {count} intensity values of a row are {_equal(float(lowest[first]))}{more}",
            Where(frame=frame.index, time=int(frame.starts[first])),
        )


def _equal(value: float) -> str:
    return "zero" if value == 0 else f"equal ({value:g})"


def _sensors_differ(block: Block) -> bool:
    """Whether the first two sensors of each row differ, as their digests show: then no row is constant."""
    digests = block.digests
    return digests.shape[1] > 1 and bool((digests[:, 0] != digests[:, 1]).all())


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
        self._last_digests: NDArray[np.uint64] = NOTHING
        self._last_shape = (0, 0)
        self._repeats: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._moves = False
        self._rows = 0
        self._picture_stands = False

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.digests.size:
            self._last = None
            return
        if self._all_move(block):
            return
        for frame in block.frames:
            intensities = frame.intensities
            for row in range(len(intensities)):
                yield from self._see_row(frame, row, intensities[row])
        self._last_digests = block.digests[-1]

    def _all_move(self, block: Block) -> bool:
        """Whether no sensor repeats itself, which their digests are enough to show; then the block is done with."""
        ids = block.shape.sensor_ids
        if self._last is None or not self._moves or any(row is not self._ids and row != self._ids for row in ids):
            return False
        if self._last_shape != block.shape.dimensions[1:]:
            return False
        digests = block.digests
        if (digests[0] == self._last_digests).any() or (digests[1:] == digests[:-1]).any():
            return False
        self._rows += len(digests)
        frame = len(block) - 1
        self._last = lambda: block.frames[frame].intensities[-1]
        self._last_digests = digests[-1]
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
        self._last_shape = values.shape
        self._moves = not self._repeats.any()

    def _picture(self, repeated: bool, values: NDArray[np.float32], where: Where) -> Iterator[Finding]:
        if repeated and not self._picture_stands and tells_apart(values):
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


class NoRowAgain(Rule):
    """No row holds again the values of an earlier row of the stream, under whatever time.

    Digests of the rows of the last minute are remembered (of the last 16,384 rows, where there are more), so a row that
    comes again after a longer time goes unnoticed. Others tell of a row that comes again under its own time, which is a
    line that came twice, and of one that repeats the row before, where the picture stands still.

    Where the values that are digested hold too little to know a row by them, as with a server that rounds coarsely, all
    values of the rows are digested from then on.
    """

    name = "no row again"
    topic = Topic.MEASUREMENTS

    def __init__(self, lines_dt: float) -> None:
        rows = _REMEMBERED_SECONDS / lines_dt if countable(lines_dt * 1000) else _REMEMBERED_ROWS
        self._most = int(min(max(rows, _ENOUGH), _REMEMBERED_ROWS))
        self._digests_all = False
        self._forget()

    def see(self, block: Block) -> Iterator[Finding]:
        _, sensors, bins = block.shape.dimensions if block.digests.size else (0, 0, 0)
        if sensors * bins < _ENOUGH:
            return
        known = list(self._known(block))
        if known and not self._digests_all and _needs_all(_row(block, known[0].number)):
            self._digests_all = True
            self._forget()
            known = list(self._known(block))
        if known:
            yield from self._judge(block, known)

    def _forget(self) -> None:
        """The digests that are remembered, with the starts of their rows, become none."""
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._room = self._most
        self._before: int | None = None

    def _known(self, block: Block) -> Iterator[_Known]:
        """The rows of a block whose values have been seen under another time; all are remembered."""
        rows: list[int] = digest.joint(_all_digests(block) if self._digests_all else block.digests).tolist()
        starts: list[int] = block.starts.reshape(-1).tolist()
        for part in self._parts(len(rows)):
            ours, times = rows[part], starts[part]
            seen = dict(zip(ours, times, strict=True))
            if len(seen) < len(ours) or not self._are_new(ours):
                yield from self._again(ours, times, part.start)
            self._young.update(seen)
            self._before = ours[-1]

    def _parts(self, rows: int) -> Iterator[slice]:
        """The rows in parts that have room; where there is none left, the oldest digests are forgotten."""
        done = 0
        while done < rows:
            if not self._room:
                self._old, self._young, self._room = self._young, {}, self._most
            part = slice(done, min(done + self._room, rows))
            self._room -= part.stop - done
            done = part.stop
            yield part

    def _are_new(self, rows: list[int]) -> bool:
        return self._young.keys().isdisjoint(rows) and self._old.keys().isdisjoint(rows)

    def _again(self, rows: list[int], starts: list[int], first: int) -> Iterator[_Known]:
        here: dict[int, int] = {}
        before = self._before
        for number, (row, start) in enumerate(zip(rows, starts, strict=True), start=first):
            earlier = here.get(row, self._young.get(row, self._old.get(row)))
            if earlier is not None and earlier != start:
                yield _Known(number, start, earlier, is_next=row == before)
            here[row], before = start, row

    def _judge(self, block: Block, known: list[_Known]) -> Iterator[Finding]:
        again = [row for row in known if not row.is_next]
        for position, members in groupby(again, key=lambda row: row.number // block.shape.rows):
            first, *others = members
            if tells_apart(_row(block, first.number)):
                more = f"; so {are(len(others))} those of {plural(len(others), 'more row')}" if others else ""
                yield self.finding(
                    f"the values of a row are those of an earlier row again, {clock(first.earlier)}{more}",
                    Where(frame=block.index + position, time=first.start),
                    (first.start - first.earlier) / 1000,
                )


@dataclass(frozen=True)
class _Known:
    """A row of a block whose values have been seen: its number in the block, its start, and that of the earlier row."""

    number: int
    start: int
    earlier: int
    is_next: bool


def _row(block: Block, number: int) -> NDArray[np.float32]:
    """The values of a row of a block, shape (sensors, bins)."""
    position, row = divmod(number, block.shape.rows)
    values: NDArray[np.float32] = block.frames[position].intensities[row]
    return values


def _all_digests(block: Block) -> NDArray[np.uint64]:
    """Like the digests of the block, of all values and not of a sample."""
    return np.concatenate([digest.digests(frame.intensities) for frame in block.frames])


def _needs_all(row: NDArray[np.float32]) -> bool:
    """Whether a row can be known by all of its values, and not by the sample that is digested of them."""
    return not tells_apart(digest.sample(row, len(row))) and tells_apart(row)


class NoTwins(Rule):
    """No two sensors of a row hold the same values, where they are 16 or more: noise never repeats in each of them.

    Every row is looked at. Sensors that hold too little to be told apart, as dead ones, are left to others.
    """

    name = "no twin sensors"
    topic = Topic.MEASUREMENTS

    def __init__(self, sensors: Collection[int]) -> None:
        self._sensors = frozenset(sensors)

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.digests.size or block.shape.dimensions[2] < _ENOUGH:
            return
        ordered = np.sort(block.digests, axis=1)
        suspect = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        if not suspect.any():
            return
        rows = suspect.reshape(len(block), -1)
        for position in np.flatnonzero(rows.any(axis=1)).tolist():
            yield from self._judge(block.frames[position], np.flatnonzero(rows[position]).tolist())

    def _judge(self, frame: Frame, rows: list[int]) -> Iterator[Finding]:
        """The first twins of a frame; the sensors of a row that were not asked for are left to others."""
        for row in rows:
            for ids in self._twins(frame.sensor_ids[row], frame.intensities[row]):
                yield self.finding(
                    f"sensors {some(ids)} hold the same values as one another",
                    Where(frame=frame.index, sensor=ids[1], time=int(frame.starts[row])),
                    len(ids),
                )
                return

    def _twins(self, ids: tuple[int, ...], values: NDArray[np.float32]) -> Iterator[list[int]]:
        digests = digest.digests(values)
        numbers, counts = np.unique(digests, return_counts=True)
        for number in numbers[counts > 1]:
            places = np.flatnonzero(digests == number)
            twins = sorted({ids[place] for place in places} & self._sensors)
            if len(twins) > 1 and tells_apart(values[places[0]]):
                yield twins

"""The wire format of a ``DataStream`` message: where everything stands in it, worked out once for those that are alike.

Protocol buffers stay the reference: whatever is not laid out as servers usually do it, though legal, is left to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block, Message, joined
from support.stream.regular import Regular
from support.stream.story.shape import StoryShape
from support.stream.wire import (
    LONGEST_NUMBER,
    MOST_ROWS,
    MOST_SENSORS,
    AbsurdError,
    IrregularError,
    Pattern,
    floats,
    varint,
    varints,
)

_ROWS, _HIGH, _LOW = 0x0A, 0x11, 0x19
"""Tags of a message: field number * 8 + wire type."""

_CANVAS, _SENSORS, _START, _END = 0x0A, 0x12, 0x18, 0x20
_ID, _INTENSITY = 0x08, 0x12

_VALUE = 4
_LARGEST_ID = 2**31 - 1

_MOST_RUNS = 64


@dataclass(frozen=True)
class _Run:
    """Neighbouring spectra of a row, equally long and equally far apart: the same in every row."""

    offset: int
    stride: int
    count: int
    bins: int


class Layout(Regular, StoryShape):
    """Where everything stands in messages of one kind."""

    def __init__(self, data: bytes) -> None:
        rows, bounds = _message(data)
        canvas_ids: list[str] = []
        sensor_ids: list[tuple[int, ...]] = []
        bin_counts: list[int] = []
        for row in rows:
            canvas_ids.append(row.canvas_id)
            ids = tuple(spectrum.sensor for spectrum in row.spectra)
            if sensor_ids and sensor_ids[-1] == ids:
                ids = sensor_ids[-1]  # one object is quicker to compare
            sensor_ids.append(ids)
            bin_counts += [spectrum.size // _VALUE for spectrum in row.spectra]
        super().__init__(tuple(canvas_ids), tuple(sensor_ids), np.array(bin_counts, dtype=np.int64))
        self._bounds = bounds
        self._row_stride = _row_stride(rows)
        self._runs = tuple(_runs(rows[0].spectra)) if rows else ()
        if len(self._runs) > _MOST_RUNS:
            raise IrregularError("the spectra of a row differ in length")
        self._starts = self._places(rows[0].start if rows else range(0))
        self._ends = self._places(rows[0].end if rows else range(0))
        spectra = [range(one.offset, one.offset + one.size) for row in rows for one in row.spectra]
        declared = [range(offset, offset + 8) for offset in bounds if offset is not None]
        self.pattern = Pattern(data, [*spectra, *declared], [time for row in rows for time in (row.start, row.end)])

    def views(self, stack: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        for run in self._runs:
            if run.bins:
                yield np.ndarray(
                    (len(stack), self.rows, run.count, run.bins),
                    dtype="<f4",
                    buffer=stack.data,
                    offset=run.offset,
                    strides=(stack.shape[1], self._row_stride, run.stride, _VALUE),
                )

    def block(self, messages: Sequence[Message], stacks: list[NDArray[np.uint8]]) -> Block:
        low, high = self._bounds
        return Block(
            self,
            messages,
            starts=joined([varints(stack, self._starts) for stack in stacks]),
            ends=joined([varints(stack, self._ends) for stack in stacks]),
            low=joined([floats(stack, low, "<f8") for stack in stacks]),
            high=joined([floats(stack, high, "<f8") for stack in stacks]),
            stacks=stacks,
        )

    def _places(self, first: range) -> NDArray[np.intp]:
        """Where the bytes of a time are, shape (rows, bytes), of which ``first`` are those of the first row."""
        return np.arange(self.rows)[:, np.newaxis] * self._row_stride + np.array(first, dtype=np.intp)


@dataclass(frozen=True)
class _Spectrum:
    """The spectrum of a sensor: where its message begins, and where its values stand."""

    begin: int
    sensor: int
    offset: int
    size: int


@dataclass(frozen=True)
class _Row:
    """A row: where it begins, and what it holds; a time that is left out, as 0 may be, is an empty range."""

    offset: int
    canvas_id: str
    spectra: list[_Spectrum]
    start: range
    end: range


def _runs(spectra: list[_Spectrum]) -> Iterator[_Run]:
    """Spectra of equal size behind headers of equal size; the header of a small sensor id is shorter."""
    for (head, size), members in groupby(spectra, key=lambda one: (one.offset - one.begin, one.size)):
        run = list(members)
        yield _Run(run[0].offset, head + size, len(run), size // _VALUE)


def _row_stride(rows: list[_Row]) -> int:
    """Bytes from row to row.

    Raises:
        IrregularError: the rows are not built alike.
    """
    if len(rows) < 2:
        return 0
    stride = rows[1].offset - rows[0].offset
    first = _relative(rows[0])
    for number, row in enumerate(rows):
        if row.offset != rows[0].offset + number * stride or _relative(row) != first:
            raise IrregularError("the rows are not built alike")
    return stride


def _relative(row: _Row) -> tuple[object, ...]:
    return (
        [(spectrum.offset - row.offset, spectrum.size) for spectrum in row.spectra],
        *((time.start - row.offset, len(time)) if time else None for time in (row.start, row.end)),
    )


def check_counts(data: bytes) -> None:
    """Counts the rows and sensors of a message, whatever their encoding, before anything is made of them.

    Raises:
        AbsurdError: there are more than are read. Bytes that are no message are left for the parser to refuse.
    """
    rows = sensors = 0
    try:
        for start, end in _submessages(data, 0, len(data), _ROWS):
            rows += 1
            for _ in _submessages(data, start, end, _SENSORS):
                sensors += 1
                if sensors > MOST_SENSORS:
                    break
            if rows > MOST_ROWS or sensors > MOST_SENSORS:
                most = f"{MOST_ROWS} rows" if rows > MOST_ROWS else f"{MOST_SENSORS} sensors"
                raise AbsurdError(f"more than {most} in {len(data)} bytes")
    except (IndexError, IrregularError):
        return


def _submessages(data: bytes, at: int, end: int, tag: int) -> Iterator[tuple[int, int]]:
    """Where the submessages of this tag begin and end, among fields of any kind."""
    while at < end:
        key, at = varint(data, at)
        if key & 7 == 2:
            size, at = varint(data, at)
            if key == tag:
                yield at, min(at + size, end)
            at += size
        elif key & 7 == 0:
            _, at = varint(data, at)
        elif key & 7 in (1, 5):
            at += 8 if key & 7 == 1 else 4
        elif key & 7 not in (3, 4):  # groups: their beginnings and ends have no size
            raise IrregularError("no wire type")


def _message(data: bytes) -> tuple[list[_Row], tuple[int | None, int | None]]:
    """The rows, and where the bounds stand, lower one first."""
    rows = []
    at, end = 0, len(data)
    try:
        while at < end and data[at] == _ROWS:
            size, begin = varint(data, at + 1)
            rows.append(_row(data, at, begin, begin + size))
            at = begin + size
        places: list[int | None] = []
        for tag in (_HIGH, _LOW):
            present = at < end and data[at] == tag
            places.append(at + 1 if present else None)
            at += 9 * present
    except IndexError:
        raise IrregularError("it ends in the middle") from None
    if at != end:
        raise IrregularError("fields follow that are unknown, or in another order, or it ends in the middle")
    return rows, (places[1], places[0])


def _row(data: bytes, offset: int, at: int, end: int) -> _Row:
    canvas_id = ""
    if at < end and data[at] == _CANVAS:
        size, begin = varint(data, at + 1)
        at = begin + size
        try:
            canvas_id = data[begin:at].decode()
        except UnicodeDecodeError:
            raise IrregularError("the canvas id is not UTF-8") from None
    spectra = []
    while at < end and data[at] == _SENSORS:
        size, inside = varint(data, at + 1)
        spectra.append(_spectrum(data, at, inside, inside + size))
        at = inside + size
    times = []
    for tag in (_START, _END):
        begin = at + 1 if at < end and data[at] == tag else at
        if begin > at:
            _, at = varint(data, begin)
        times.append(range(begin, at))
    if at != end or any(len(time) > LONGEST_NUMBER for time in times):
        raise IrregularError("a row is in another order, or has unknown fields or times before 1970")
    return _Row(offset, canvas_id, spectra, times[0], times[1])


def _spectrum(data: bytes, begin: int, at: int, end: int) -> _Spectrum:
    sensor = size = 0
    if at < end and data[at] == _ID:
        sensor, at = varint(data, at + 1)
    if at < end and data[at] == _INTENSITY:
        size, at = varint(data, at + 1)
    if at + size != end or size % _VALUE or sensor > _LARGEST_ID:
        raise IrregularError("a spectrum is not packed, or has unknown fields or a negative id")
    return _Spectrum(begin, sensor, at, size)

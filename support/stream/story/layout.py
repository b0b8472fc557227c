"""The wire format of a ``DataStream`` message, read without touching its values one by one.

Messages of a stream are alike: but for values, times and bounds, each has the bytes of the one before. So where
everything stands is worked out once, and a later message is only compared with that: then its values are a view into
its bytes. Protocol buffers stay the reference: whatever is not laid out as servers usually do it, though legal, is
left to them (``Layout.of`` says so).

Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from support.stream import digest
from support.stream.story.shape import StoryShape

_ROWS, _HIGH, _LOW = 0x0A, 0x11, 0x19
"""Tags of a message: field number * 8 + wire type."""

_CANVAS, _SENSORS, _START, _END = 0x0A, 0x12, 0x18, 0x20
_ID, _INTENSITY = 0x08, 0x12

_VALUE = 4
_LARGEST_ID = 2**31 - 1
_LONGEST_TIME = 9
"""Bytes of the longest varint that is no negative number."""

_SEVEN_BITS = np.uint8(0x7F)
_WEIGHTS = np.int64(1) << np.arange(0, 7 * _LONGEST_TIME, 7, dtype=np.int64)
"""What each byte of a varint counts for."""

_SENSORS_AND_BINS = (2, 3)

_MOST_RUNS = 64
_CHUNK_BYTES = 2**19
"""Values are gone over in pieces of this size, so that the second look at them finds them in the cache."""

MOST_ROWS, MOST_SENSORS = 10_000, 1_000_000
"""Rows of a message, and sensors of all of its rows, that are read: many times what a whole fibre needs."""


class IrregularError(ValueError):
    """The message is not laid out as usual; it may be legal all the same."""


class AbsurdError(ValueError):
    """The message has more rows or sensors than are read."""


@dataclass(frozen=True)
class _Run:
    """Neighbouring spectra of a row, equally long and equally far apart: the same in every row."""

    offset: int
    stride: int
    count: int
    bins: int


class Layout(StoryShape):
    """Where everything stands in messages of one kind.

    Attributes:
        size: bytes of such a message.
    """

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
        self.size = len(data)
        self._bounds = bounds
        self._row_stride = _row_stride(rows)
        self._runs = tuple(_runs(rows[0].spectra)) if rows else ()
        if len(self._runs) > _MOST_RUNS:
            raise IrregularError("the spectra of a row differ in length")
        self._starts = self._places(rows[0].start if rows else range(0))
        self._ends = self._places(rows[0].end if rows else range(0))
        self._fix(data, rows)

    def _fix(self, data: bytes, rows: list[_Row]) -> None:
        """Notes what has to be the same in every message: all bytes but values and bounds, and the lengths of times."""
        bits = np.full(self.size, 0xFF, dtype=np.uint8)
        for row in rows:
            for spectrum in row.spectra:
                bits[spectrum.offset : spectrum.offset + spectrum.size] = 0
            for time in (row.start, row.end):
                bits[time.start : time.stop] = 0x80
        for offset in self._bounds:
            if offset is not None:
                bits[offset : offset + 8] = 0
        self._fixed = np.flatnonzero(bits)
        self._bits = bits[self._fixed]
        self._due = np.frombuffer(data, dtype=np.uint8)[self._fixed] & self._bits

    def fits(self, stack: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether messages are of this kind: ``stack`` has the shape (messages, size), the answer (messages,)."""
        fits: NDArray[np.bool_] = ((stack.take(self._fixed, axis=1) & self._bits) == self._due).all(axis=1)
        return fits

    def starts(self, stack: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Starts of the rows, epoch milliseconds, shape (messages, rows)."""
        return _times(stack, self._starts)

    def ends(self, stack: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Ends of the rows, epoch milliseconds, shape (messages, rows)."""
        return _times(stack, self._ends)

    def bounds(self, stack: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The declared lower and upper bounds, each of shape (messages,)."""
        low, high = (
            np.zeros(len(stack))
            if offset is None
            else np.ndarray((len(stack),), dtype="<f8", buffer=stack.data, offset=offset, strides=(self.size,))
            for offset in self._bounds
        )
        return low, high

    def extremes(self, stack: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if not self.value_count:
            return super().extremes(stack)
        extremes = [
            (part.min(axis=_SENSORS_AND_BINS), part.max(axis=_SENSORS_AND_BINS))
            for values in self._values(stack)
            for part in _in_pieces(values)
        ]
        lowest, highest = extremes[0]
        for low, high in extremes[1:]:
            lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
        return lowest, highest

    def digests(self, stack: NDArray[np.uint8]) -> NDArray[np.uint64]:
        sampled = [digest.sample(values, self.dimensions[1]) for values in self._values(stack)]
        return np.concatenate([digest.digests(values) for values in sampled], axis=2).reshape(
            len(stack) * self.rows, -1
        )

    def values(self, data: bytes) -> NDArray[np.float32]:
        runs = [run.reshape(self.rows, -1) for run in self._values(stack_of([data]))]
        return np.concatenate(runs, axis=1).reshape(-1) if runs else np.empty(0, dtype=np.float32)

    def _places(self, first: range) -> NDArray[np.intp]:
        """Where the bytes of a time are, shape (rows, bytes), of which ``first`` are those of the first row."""
        return np.arange(self.rows)[:, np.newaxis] * self._row_stride + np.array(first, dtype=np.intp)

    def _values(self, stack: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        """Views of the values, run by run, each of shape (messages, rows, sensors, bins)."""
        for run in self._runs:
            if run.bins:
                yield np.ndarray(
                    (len(stack), self.rows, run.count, run.bins),
                    dtype="<f4",
                    buffer=stack.data,
                    offset=run.offset,
                    strides=(self.size, self._row_stride, run.stride, _VALUE),
                )


def stack_of(messages: Sequence[bytes]) -> NDArray[np.uint8]:
    """Messages of one size as an array of shape (messages, size): a view of a single one, else a copy."""
    joined = messages[0] if len(messages) == 1 else b"".join(messages)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(messages), -1)


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


def _times(stack: NDArray[np.uint8], places: NDArray[np.intp]) -> NDArray[np.int64]:
    times: NDArray[np.int64] = (stack.take(places, axis=1) & _SEVEN_BITS) @ _WEIGHTS[: places.shape[1]]
    return times


def _in_pieces(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    if values.nbytes <= _CHUNK_BYTES:
        yield values
        return
    sensors = max(1, _CHUNK_BYTES * values.shape[2] // values.nbytes)
    for first in range(0, values.shape[2], sensors):
        yield values[:, :, first : first + sensors]


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
        key, at = _varint(data, at)
        if key & 7 == 2:
            size, at = _varint(data, at)
            if key == tag:
                yield at, min(at + size, end)
            at += size
        elif key & 7 == 0:
            _, at = _varint(data, at)
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
            size, begin = _varint(data, at + 1)
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
        size, begin = _varint(data, at + 1)
        at = begin + size
        try:
            canvas_id = data[begin:at].decode()
        except UnicodeDecodeError:
            raise IrregularError("the canvas id is not UTF-8") from None
    spectra = []
    while at < end and data[at] == _SENSORS:
        size, inside = _varint(data, at + 1)
        spectra.append(_spectrum(data, at, inside, inside + size))
        at = inside + size
    times = []
    for tag in (_START, _END):
        begin = at + 1 if at < end and data[at] == tag else at
        if begin > at:
            _, at = _varint(data, begin)
        times.append(range(begin, at))
    if at != end or any(len(time) > _LONGEST_TIME for time in times):
        raise IrregularError("a row is in another order, or has unknown fields or times before 1970")
    return _Row(offset, canvas_id, spectra, times[0], times[1])


def _spectrum(data: bytes, begin: int, at: int, end: int) -> _Spectrum:
    sensor = size = 0
    if at < end and data[at] == _ID:
        sensor, at = _varint(data, at + 1)
    if at < end and data[at] == _INTENSITY:
        size, at = _varint(data, at + 1)
    if at + size != end or size % _VALUE or sensor > _LARGEST_ID:
        raise IrregularError("a spectrum is not packed, or has unknown fields or a negative id")
    return _Spectrum(begin, sensor, at, size)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where it ends."""
    octet = data[at]
    at += 1
    if octet < 0x80:
        return octet, at
    number, shift = octet & 0x7F, 7
    while True:
        octet = data[at]
        at += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise IrregularError("a number is too long")

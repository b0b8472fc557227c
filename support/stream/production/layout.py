"""The wire format of production's ``DataStream``: where everything stands in it, worked out once for those alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from protos.pandadatastream_pb2 import DataStream
from support.stream.block import Block, Message, joined
from support.stream.production.message import ProductionShape, Sizes
from support.stream.regular import Regular
from support.stream.wire import (
    LONGEST_NUMBER,
    AbsurdError,
    IrregularError,
    Pattern,
    floats,
    varint,
    varints,
)

_TIMES, _INDEXES, _HIGH, _LOW, _VALUES = 3, 4, 7, 8, 9
"""Numbers of fields."""

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = _KINDS = (0, 1, 2, 5)
"""Wire types; groups, which have others, are not read here."""

_FIXED = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}

_LONGEST_HEAD = 6
"""Bytes of a field before its value: one or two for its number and wire type, and up to four for a length."""

_MOST_FIELDS = 100_000
_MOST_BYTES_OF_NUMBERS = 2**20
"""Fields of a message, and bytes of its times and row numbers, that are read."""

_LONGEST_INDEX = 4
"""Bytes of a row's number that are read here; a longer one may be more than an int32."""


class _Field(NamedTuple):
    """A field: its number and wire type, where it begins, and where its value stands."""

    number: int
    kind: int
    begin: int
    value: range


class Layout(Regular, ProductionShape):
    """Where everything stands in messages of one kind.

    Args:
        data: one of the messages.
        row_span: milliseconds from the start of a row to its end.

    Raises:
        IrregularError: the message is not laid out as usual.
        AbsurdError: it has more than is read.
        UnreadableError: what it says does not go together.
    """

    def __init__(self, data: bytes, row_span: int) -> None:
        fields = _fields(data)
        values = [field.value for field in fields if _is_values(field)]
        said = DataStream.FromString(
            b"".join(data[field.begin : field.value.stop] for field in fields if not _is_values(field))
        )
        sizes = Sizes.of(said, [len(piece) for piece in values])
        super().__init__(sizes)
        if sizes.contradictions:
            raise IrregularError("the row numbers or the pieces are not those of the rows")
        self._row_span = row_span
        self._job_number = said.job_id if said.HasField("job_id") else None
        self._offset, self._row_stride = _rows(values, sizes.rows)
        self._starts = _places(data, fields, _TIMES, LONGEST_NUMBER)
        self._indexes = _places(data, fields, _INDEXES, _LONGEST_INDEX)
        self._low, self._high = _last(fields, _LOW), _last(fields, _HIGH)
        bounds = [range(offset, offset + 4) for offset in (self._low, self._high) if offset is not None]
        numbers = [range(place[0], place[-1] + 1) for place in (*self._starts, *self._indexes)]
        self.pattern = Pattern(data, [*values, *bounds], numbers)

    def views(self, stack: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
        if self.value_count:
            size = np.dtype(self.kind).itemsize
            yield np.ndarray(
                (len(stack), *self.dimensions),
                dtype=self.kind,
                buffer=stack.data,
                offset=self._offset,
                strides=(stack.shape[1], self._row_stride, self.dimensions[2] * size, size),
            )

    def block(self, messages: Sequence[Message], stacks: list[NDArray[np.uint8]]) -> Block:
        starts = joined([varints(stack, self._starts) for stack in stacks])
        return Block(
            self,
            messages,
            starts=starts,
            ends=starts + self._row_span,
            low=joined([floats(stack, self._low, "<f4") for stack in stacks]),
            high=joined([floats(stack, self._high, "<f4") for stack in stacks]),
            stacks=stacks,
            row_indexes=joined([varints(stack, self._indexes) for stack in stacks]),
            job_numbers=[self._job_number] * len(messages),
        )


def _fields(data: bytes) -> list[_Field]:
    """The fields of a message, whatever their order.

    Raises:
        IrregularError: there are groups among them, or it is no message.
        AbsurdError: there are more than are read.
    """
    fields: list[_Field] = []
    numbers = at = 0
    try:
        while at < len(data):
            field = _field(data, at)
            at = field.value.stop
            fields.append(field)
            numbers += at - field.begin if field.number in (_TIMES, _INDEXES) else 0
            if len(fields) > _MOST_FIELDS:
                raise AbsurdError(f"more than {_MOST_FIELDS} fields in {len(data)} bytes")
            if numbers > _MOST_BYTES_OF_NUMBERS and at <= len(data):
                raise AbsurdError(f"more than {_MOST_BYTES_OF_NUMBERS} bytes of times and row numbers are in it")
    except IndexError:
        raise IrregularError("it ends in the middle") from None
    if at != len(data):
        raise IrregularError("it ends in the middle")
    if any(field.kind not in _KINDS for field in fields):
        raise IrregularError("it has groups, or is no message")
    return fields


def _field(data: bytes, begin: int) -> _Field:
    key, first = varint(data, begin)
    number, kind = key >> 3, key & 7
    at = first
    if kind == _VARINT:
        _, at = varint(data, at)
    elif kind == _BYTES:
        size, first = varint(data, at)
        at = first + size
    else:
        at += _FIXED.get(kind, 0)
    if first - begin > _LONGEST_HEAD:
        raise IrregularError("a number of a field, or a length, is longer than it need be")
    return _Field(number, kind, begin, range(first, at))


def _is_values(field: _Field) -> bool:
    return (field.number, field.kind) == (_VALUES, _BYTES)


def _rows(pieces: list[range], rows: int) -> tuple[int, int]:
    """Where the values of the first row stand, and how many bytes there are from row to row."""
    if not pieces or not rows:
        return 0, 0
    if len(pieces) == 1:
        return pieces[0].start, len(pieces[0]) // rows
    strides = {after.start - before.start for before, after in itertools.pairwise(pieces)}
    if len(strides) > 1:
        raise IrregularError("the rows are not equally far apart")
    return pieces[0].start, strides.pop()


def _places(data: bytes, fields: list[_Field], number: int, longest: int) -> NDArray[np.intp]:
    """Where the numbers of a repeated field stand, shape (count, bytes)."""
    places: list[range] = []
    for field in fields:
        if field.number == number and field.kind in (_VARINT, _BYTES):
            at = field.value.start
            while at < field.value.stop:
                begin = at
                _, at = varint(data, at)
                places.append(range(begin, at))
    lengths = {len(place) for place in places}
    if len(lengths) > 1 or max(lengths, default=0) > longest:
        raise IrregularError("the numbers differ in length, or are negative")
    return np.array(places, dtype=np.intp).reshape(len(places), max(lengths, default=0))


def _last(fields: list[_Field], number: int) -> int | None:
    """Where a bound stands, the last one of several; None where it is left out, as 0 may be."""
    offsets = [field.value.start for field in fields if (field.number, field.kind) == (number, _FOUR_BYTES)]
    return offsets[-1] if offsets else None

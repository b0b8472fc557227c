"""The sensors of a row as bytes, in the wire format of protocol buffers, and their values out of them again.

Written by hand because the values of a row, megabytes of them, would otherwise pass through Python objects one by one.
Everything but the values is the same from row to row, so it is laid out once and the values are copied in. Encoding:
https://protobuf.dev/programming-guides/encoding/ ; the tests read it back with the generated classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

# Tags: field number * 8 + wire type (0 varint, 2 length-delimited), names as in the schema.
SENSORS, INTENSITY = b"\x12", b"\x12"
_ID = b"\x08"


class Sensors:
    """Some sensors of a row with their values; never changed, so that rows of several jobs can share them.

    They are held as values until a dialect asks for octets, and as these from then on: once, either way.

    Args:
        ids: the sensors, a tuple or a range.
        values: shape (sensors, bins); nobody changes them from now on.
        known_bounds: the smallest and the largest value, where they have been looked for already.
    """

    def __init__(self, ids: Sequence[int], values: Values, known_bounds: tuple[float, float] | None = None) -> None:
        values = np.ascontiguousarray(values, dtype="<f4").view()
        values.flags.writeable = False
        self.ids = ids
        self._bounds = known_bounds
        self._bins = values.shape[1]
        self._values: Values | None = values
        self._octets: memoryview | None = None

    @property
    def values(self) -> Values:
        """The values, shape (sensors, bins), read-only."""
        values = self._values
        if values is None:
            assert self._octets is not None, "they are held as the one or the other"
            values = _layout(self.ids, self._bins).read(self._octets)
        return values

    @property
    def octets(self) -> memoryview:
        """Their fields of the message ``SpectrogramRow``."""
        octets = self._octets
        if octets is None:
            self._octets = octets = _layout(self.ids, self._bins).filled(self.values)
            self._values = None
        return octets

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value; there has to be one."""
        if self._bounds is None:
            values = self.values
            self._bounds = float(values.min()), float(values.max())
        return self._bounds

    def part(self, first: int, last: int) -> Sensors:
        """The sensors at the positions ``first`` to ``last - 1``."""
        return self if (first, last) == (0, len(self.ids)) else Sensors(self.ids[first:last], self.values[first:last])


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring sensors whose messages have equal lengths: where they lie in the layout, and in the values."""

    offset: int
    stride: int
    first: int
    last: int

    def lines(self, octets: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Their part of the bytes, shape (sensors, stride)."""
        count = self.last - self.first
        return octets[self.offset : self.offset + count * self.stride].reshape(count, self.stride)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Sensors with nothing in the place of their values."""

    blank: NDArray[np.uint8]
    runs: tuple[_Run, ...]
    width: int  # bytes of the values of a sensor

    def filled(self, values: Values) -> memoryview:
        """The layout with ``values``, shape (sensors, bins), filled in."""
        octets, result = values.view(np.uint8), self.blank.copy()
        for run in self.runs:
            run.lines(result)[:, run.stride - self.width :] = octets[run.first : run.last]
        return result.data.toreadonly()

    def read(self, octets: memoryview) -> Values:
        """The values that were filled in."""
        source = np.frombuffer(octets, dtype=np.uint8)
        result = np.empty((self.runs[-1].last if self.runs else 0, self.width), dtype=np.uint8)
        for run in self.runs:
            result[run.first : run.last] = run.lines(source)[:, run.stride - self.width :]
        result.flags.writeable = False
        return result.view("<f4")


@lru_cache(maxsize=1024)
def _layout(ids: Sequence[int], bins: int) -> _Layout:
    intensity = INTENSITY + varint(4 * bins)
    blank = bytes(4 * bins)
    heads = []
    for number in ids:
        identity = (_ID + varint(number)) if number else b""  # proto3 leaves a zero out
        length = len(identity) + len(intensity) + len(blank)
        heads.append(SENSORS + varint(length) + identity + intensity)
    runs, offset, first = [], 0, 0
    for size, members in groupby(heads, key=len):
        count, stride = len(list(members)), size + len(blank)
        runs.append(_Run(offset, stride, first, first + count))
        offset, first = offset + count * stride, first + count
    octets = np.frombuffer(b"".join(head + blank for head in heads), dtype=np.uint8)
    return _Layout(octets, tuple(runs), len(blank))


def field(tag: bytes, octets: bytes) -> bytes:
    """A field of a message: ``octets``, with their length before them."""
    return tag + varint(len(octets)) + octets


def varint(value: int) -> bytes:
    """A whole number of the wire format."""
    value %= 2**64  # a negative number is written as its two's complement
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)

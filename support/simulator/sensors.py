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


@dataclass(frozen=True, slots=True)
class Sensors:
    """Some sensors of a row with their values; never changed, so that rows of several jobs can share them.

    Attributes:
        ids: the sensors.
        bins: how many values each holds.
        octets: their fields of the message ``SpectrogramRow``.
        known_bounds: the smallest and the largest value, where they have been looked for already.
    """

    ids: Sequence[int]
    bins: int
    octets: memoryview
    known_bounds: tuple[float, float] | None = None

    @classmethod
    def of(cls, ids: Sequence[int], values: Values) -> Sensors:
        """The sensors ``ids``, a tuple or a range, with ``values``, shape (sensors, bins)."""
        return cls(ids, values.shape[1], _layout(ids, values.shape[1]).filled(values))

    @property
    def values(self) -> Values:
        """The values, shape (sensors, bins), in an array of one's own."""
        return _layout(self.ids, self.bins).read(self.octets)

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest value; there has to be one."""
        if self.known_bounds is not None:
            return self.known_bounds
        values = self.values
        return float(values.min()), float(values.max())

    def part(self, first: int, last: int, known_bounds: tuple[float, float] | None = None) -> Sensors:
        """The sensors at the positions ``first`` to ``last - 1``."""
        if (first, last) == (0, len(self.ids)):
            return self if known_bounds is None else Sensors(self.ids, self.bins, self.octets, known_bounds)
        offset = _layout(self.ids, self.bins).offset
        return Sensors(self.ids[first:last], self.bins, self.octets[offset(first) : offset(last)], known_bounds)


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
    sensors: int
    width: int  # bytes of the values of a sensor

    def filled(self, values: Values) -> memoryview:
        """The layout with ``values``, shape (sensors, bins), filled in."""
        octets = np.ascontiguousarray(values, dtype="<f4").view(np.uint8)
        result = self.blank.copy()
        for run in self.runs:
            run.lines(result)[:, run.stride - self.width :] = octets[run.first : run.last]
        return result.data.toreadonly()

    def read(self, octets: memoryview) -> Values:
        """The values that were filled in."""
        source = np.frombuffer(octets, dtype=np.uint8)
        result = np.empty((self.sensors, self.width), dtype=np.uint8)
        for run in self.runs:
            result[run.first : run.last] = run.lines(source)[:, run.stride - self.width :]
        return result.view("<f4")

    def offset(self, sensor: int) -> int:
        """Where the message of a sensor begins; beyond the last one, where they end."""
        for run in self.runs:
            if sensor < run.last:
                return run.offset + (sensor - run.first) * run.stride
        return self.blank.size


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
    return _Layout(octets, tuple(runs), len(heads), len(blank))


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

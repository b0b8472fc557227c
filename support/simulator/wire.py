"""A frame as bytes, in the wire format of protocol buffers.

Written by hand because the values of a frame, megabytes of them, would otherwise pass through Python objects one by
one. Everything but the values of a row is the same from row to row, so it is laid out once and the values are copied
in. Encoding: https://protobuf.dev/programming-guides/encoding/ ; the tests read it back with the generated classes.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from support.simulator.frame import Frame, Row

# Tags: field number * 8 + wire type (0 varint, 1 eight bytes, 2 length-delimited), names as in the schema.
ROWS, _MAX_AMP, _MIN_AMP = b"\x0a", b"\x11", b"\x19"
_CANVAS, SENSORS, _START, _END = b"\x0a", b"\x12", b"\x18", b"\x20"
_ID, INTENSITY = b"\x08", b"\x12"


def encode(frame: Frame) -> bytes:
    """The message `DataStream` of a frame."""
    parts: list[bytes | memoryview] = []
    for row in frame.rows:
        body = _row(row)
        parts += [ROWS, varint(sum(map(len, body))), *body]
    for tag, bound in ((_MAX_AMP, frame.max_amp), (_MIN_AMP, frame.min_amp)):
        parts += [tag, struct.pack("<d", bound)]
    return b"".join(parts)


def field(tag: bytes, octets: bytes) -> bytes:
    """A field of a message: `octets`, with their length before them."""
    return tag + varint(len(octets)) + octets


def _row(row: Row) -> list[bytes | memoryview]:
    canvas = row.canvas_id.encode()
    return [
        _CANVAS + varint(len(canvas)) + canvas,
        _layout(row.sensor_ids, row.values.shape[1]).filled(row.values),
        _START + varint(row.start_ms) + _END + varint(row.end_ms),
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring sensors whose messages have equal lengths: where they lie in the layout, and in the values."""

    offset: int
    stride: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """The sensors of a row with nothing in the place of their values."""

    blank: NDArray[np.uint8]
    runs: tuple[_Run, ...]

    def filled(self, values: NDArray[np.float32]) -> memoryview:
        """The layout with `values`, shape (sensors, bins), filled in."""
        octets = np.ascontiguousarray(values, dtype="<f4").view(np.uint8)
        result = self.blank.copy()
        for run in self.runs:
            count = run.last - run.first
            lines = result[run.offset : run.offset + count * run.stride].reshape(count, run.stride)
            lines[:, run.stride - octets.shape[1] :] = octets[run.first : run.last]
        return result.data


@lru_cache(maxsize=32)
def _layout(sensor_ids: tuple[int, ...], bins: int) -> _Layout:
    intensity = INTENSITY + varint(4 * bins)
    blank = bytes(4 * bins)
    heads = []
    for sensor_id in sensor_ids:
        identity = (_ID + varint(sensor_id)) if sensor_id else b""  # proto3 leaves a zero out
        length = len(identity) + len(intensity) + len(blank)
        heads.append(SENSORS + varint(length) + identity + intensity)
    runs, offset, first = [], 0, 0
    for size, members in groupby(heads, key=len):
        count, stride = len(list(members)), size + len(blank)
        runs.append(_Run(offset, stride, first, first + count))
        offset, first = offset + count * stride, first + count
    octets = np.frombuffer(b"".join(head + blank for head in heads), dtype=np.uint8)
    return _Layout(octets, tuple(runs))


def varint(value: int) -> bytes:
    """A whole number of the wire format."""
    value %= 2**64  # a negative number is written as its two's complement
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)

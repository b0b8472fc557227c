"""A frame as bytes: what ``sensors`` holds ready, with the little that each row and each frame add to it."""

import struct
from collections.abc import Callable, Mapping

from protos.datastream_pb2 import DataStream
from support.simulator.frame import Frame, Row
from support.simulator.replay.moved import Change
from support.simulator.sensors import varint

# Tags: field number * 8 + wire type (0 varint, 1 eight bytes, 2 length-delimited), names as in the schema.
ROWS, _MAX_AMP, _MIN_AMP = b"\x0a", b"\x11", b"\x19"
_CANVAS, _START, _END = b"\x0a", b"\x18", b"\x20"


def encode(frame: Frame, _job_number: int = 0) -> bytes:
    """The message ``DataStream`` of a frame."""
    parts: list[bytes | memoryview] = []
    for row in frame.rows:
        body = _row(row)
        parts += [ROWS, varint(sum(map(len, body))), *body]
    for tag, bound in ((_MAX_AMP, frame.max_amp), (_MIN_AMP, frame.min_amp)):
        parts += [tag, struct.pack("<d", bound)]
    return b"".join(parts)


def changes(later: Callable[[int], int], _renumbered: Callable[[int], int]) -> Mapping[int, Change]:
    """What becomes of the fields of a message whose times are to be others."""
    return {1: {3: later, 4: later}}


def merged(payloads: list[bytes]) -> bytes:
    """One frame of the rows of several, with bounds that are true for all of them."""
    frames = [DataStream.FromString(payload) for payload in payloads]
    return DataStream(
        rows=[row for frame in frames for row in frame.rows],
        current_min_amp=min(frame.current_min_amp for frame in frames),
        current_max_amp=max(frame.current_max_amp for frame in frames),
    ).SerializeToString()


def _row(row: Row) -> list[bytes | memoryview]:
    canvas = row.canvas_id.encode()
    return [
        _CANVAS + varint(len(canvas)) + canvas,
        *(sensors.octets for sensors in row.sensors),
        _START + varint(row.start_ms) + _END + varint(row.end_ms),
    ]

"""A frame as bytes: ``pandadatastream.DataStream``, the values of each row in a piece of their own.

The values, most of a message, are put into it by hand, without a copy for each step on the way.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from protos.pandadatastream_pb2 import DataStream
from support.simulator.frame import Frame
from support.simulator.replay.moved import Change
from support.simulator.sensors import varint

_MAIN_DATA = b"\x4a"  # field number 9 * 8 + wire type 2


def encode(frame: Frame, job_number: int = 0) -> bytes:
    """The message ``DataStream`` of a frame."""
    rows, parts, size = frame.rows, list[bytes | memoryview](), 0
    for row in rows:
        values = [some.values.data for some in row.sensors]
        size = sum(some.nbytes for some in values)
        parts += [_MAIN_DATA, varint(size), *values]
    channels = [_extent(some.ids) for some in rows[0].sensors if some.ids] if rows else []
    before = DataStream(
        start_channel=min((lowest for lowest, _ in channels), default=0),
        end_channel=max((highest for _, highest in channels), default=0),
        timestamp_in_milis=[row.start_ms for row in rows],
        row_index=[row.index for row in rows],
        data_shape_x=size // 4,
        data_shape_y=len(rows),
        global_maximum=frame.max_amp,
        global_minimum=frame.min_amp,
    )
    return b"".join([before.SerializeToString(), *parts, DataStream(job_id=job_number).SerializeToString()])


@lru_cache(maxsize=1024)
def _extent(ids: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest of them."""
    return min(ids), max(ids)


def changes(later: Callable[[int], int], renumbered: Callable[[int], int]) -> Mapping[int, Change]:
    """What becomes of the fields of a message whose times, and whose job's number, are to be others."""
    return {3: later, 10: renumbered}


def merged(payloads: list[bytes]) -> bytes:
    """One frame of the rows of several, with bounds that are true for all of them."""
    frames = [DataStream.FromString(payload) for payload in payloads]
    whole = DataStream.FromString(b"".join(payloads))  # what is repeated is joined, of the rest the last one counts
    whole.data_shape_y = sum(frame.data_shape_y for frame in frames)
    whole.global_maximum = max(frame.global_maximum for frame in frames)
    whole.global_minimum = min(frame.global_minimum for frame in frames)
    return whole.SerializeToString()

"""Correct streams of production's dialect: those of ``streams``, said in the other schema."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from protos.datastream_pb2 import DataStream as StoryMessage
from protos.pandadatastream_pb2 import DataStream
from support.stream.block import Block, Message
from support.stream.frame import Frame
from support.stream.production import PRODUCTION
from tests.validation.streams import START, Plan

FIRST_ROW = 100

KINDS = {"<f4": 4, "<f8": 8, "u1": 1}
"""Types of values as NumPy names them, and their bytes."""


def messages_of(
    plan: Plan, *, kind: str = "<f4", piece_a_row: bool = False, job_id: int | None = None
) -> list[DataStream]:
    """The messages of the stream of a plan, values of this kind (as NumPy names it)."""
    return [
        in_production(message, FIRST_ROW + position * plan.rows, kind, piece_a_row=piece_a_row, job_id=job_id)
        for position, message in enumerate(plan.messages())
    ]


def in_production(
    message: StoryMessage, first_row: int, kind: str = "<f4", *, piece_a_row: bool = False, job_id: int | None = None
) -> DataStream:
    """What a message of the story's schema says, in production's; its rows are counted from ``first_row``."""
    rows = [np.array([sensor.intensity for sensor in row.sensors]).astype(kind).tobytes() for row in message.rows]
    sensors = message.rows[0].sensors
    said = DataStream(
        start_channel=sensors[0].id,
        end_channel=sensors[-1].id,
        timestamp_in_milis=[row.startTimestamp for row in message.rows],
        row_index=range(first_row, first_row + len(rows)),
        data_shape_x=len(sensors) * len(sensors[0].intensity),
        data_shape_y=len(rows),
        global_maximum=float(np.float32(message.current_max_amp)),
        global_minimum=float(np.float32(message.current_min_amp)),
        main_data=rows if piece_a_row else [b"".join(rows)],
    )
    if job_id is not None:
        said.job_id = job_id
    return said


def blocks(*messages: bytes, row_span: float | None = None) -> list[Block]:
    """The messages as they are read, all of them come in one portion."""
    return list(PRODUCTION.reader(row_span).blocks([Message(data, len(data)) for data in messages]))


def blocks_of(messages: Iterable[DataStream], *, together: bool = True) -> Iterator[Block]:
    """The messages as rules see them: in as few blocks as that takes, or one by one."""
    data = [message.SerializeToString() for message in messages]
    arrived = [
        Message(each, len(each), START + number * 0.05, START + number * 0.05) for number, each in enumerate(data)
    ]
    reader = PRODUCTION.reader()
    done = 0
    portions: Sequence[Sequence[Message]] = [arrived] if together else [[message] for message in arrived]
    for portion in portions:
        for block in reader.blocks(portion):
            block.index = done
            done += len(block)
            yield block


def agrees_with_protocol_buffers(frame: Frame) -> None:
    """The arrays hold what the official parser reads."""
    said = DataStream.FromString(frame.data)
    rows, channels = said.data_shape_y, range(said.start_channel, said.end_channel + 1)
    values = b"".join(said.main_data)
    count = rows * said.data_shape_x
    kind = {size: kind for kind, size in KINDS.items()}[len(values) // count if count else 4]
    assert frame.message == said
    assert frame.starts.tolist() == list(said.timestamp_in_milis)
    assert frame.sensor_ids == (tuple(channels),) * rows
    assert frame.bin_counts.tolist() == [said.data_shape_x // len(channels)] * rows * len(channels)
    bounds = frame.current_min_amp, frame.current_max_amp
    assert struct.pack("<2f", *bounds) == struct.pack("<2f", said.global_minimum, said.global_maximum)
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(frame.values, np.frombuffer(values, kind).astype(np.float32))

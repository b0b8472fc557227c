"""Turns the bytes of ``DataStream`` messages into blocks of frames."""

from __future__ import annotations

import numpy as np

from protos.datastream_pb2 import DataStream
from support.stream.alike import AlikeReader
from support.stream.block import Block, Message
from support.stream.story.layout import Layout, check_counts
from support.stream.story.shape import StoryShape
from support.stream.wire import stack_of


class StoryReader(AlikeReader):
    """Reads the messages of one stream."""

    def layout(self, data: bytes) -> Layout:
        check_counts(data)
        return Layout(data)

    def parsed(self, message: Message) -> Block:
        parsed = DataStream.FromString(message.data)
        shape = StoryShape(
            tuple(row.canvasId for row in parsed.rows),
            tuple(tuple(sensor.id for sensor in row.sensors) for row in parsed.rows),
            np.array([len(sensor.intensity) for row in parsed.rows for sensor in row.sensors], dtype=np.int64),
        )
        return Block(
            shape,
            [message],
            starts=np.array([[row.startTimestamp for row in parsed.rows]], dtype=np.int64),
            ends=np.array([[row.endTimestamp for row in parsed.rows]], dtype=np.int64),
            low=np.array([parsed.current_min_amp]),
            high=np.array([parsed.current_max_amp]),
            stacks=[stack_of([message.data])],
        )

"""Turns the bytes of production's ``DataStream`` messages into blocks of frames."""

from __future__ import annotations

import numpy as np

from protos.pandadatastream_pb2 import DataStream
from support.stream.alike import AlikeReader
from support.stream.block import Block, Message
from support.stream.production.layout import Layout
from support.stream.production.message import ProductionShape, Sizes
from support.stream.wire import stack_of


class ProductionReader(AlikeReader):
    """Reads the messages of one stream.

    Args:
        row_span: seconds of a row's analysis window, for messages do not say where a row ends; None: where it starts.
    """

    def __init__(self, row_span: float | None = None) -> None:
        super().__init__()
        self._row_span = round((row_span or 0) * 1000)

    def layout(self, data: bytes) -> Layout:
        return Layout(data, self._row_span)

    def parsed(self, message: Message) -> Block:
        said = DataStream.FromString(message.data)
        sizes = Sizes.of(said, [len(piece) for piece in said.main_data])
        starts = np.array([said.timestamp_in_milis], dtype=np.int64)
        has_indexes = sizes.row_indexes == sizes.rows
        return Block(
            ProductionShape(sizes),
            [message],
            starts=starts,
            ends=starts + self._row_span,
            low=np.array([said.global_minimum], dtype=np.float64),
            high=np.array([said.global_maximum], dtype=np.float64),
            stacks=[stack_of([message.data])],
            row_indexes=np.array([said.row_index], dtype=np.int64) if has_indexes else None,
            job_numbers=[said.job_id if said.HasField("job_id") else None],
        )

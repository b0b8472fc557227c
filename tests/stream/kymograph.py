"""A third dialect, made up, to show what one takes: a schema, and this file.

A picture is some lines of some channels, times in microseconds, values in half precision:
``Picture {uint64 begin = 1; uint64 distance = 2; repeated uint32 channels = 3; bytes lines = 4; float most = 5}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from support.stream.block import Block, Message
from support.stream.dialect import Health, UnreadableError
from support.stream.shape import Shape
from support.stream.unsaid import Unsaid
from support.stream.wire import stack_of

_FIELD = descriptor_pb2.FieldDescriptorProto


def _picture() -> Any:
    """The class of the message; a schema from ``protos/`` comes with its own."""
    file = descriptor_pb2.FileDescriptorProto(name="kymograph.proto", package="kymograph", syntax="proto3")
    message = file.message_type.add(name="Picture")
    kinds = (_FIELD.TYPE_UINT64, _FIELD.TYPE_UINT64, _FIELD.TYPE_UINT32, _FIELD.TYPE_BYTES, _FIELD.TYPE_FLOAT)
    for number, name in enumerate(("begin", "distance", "channels", "lines", "most"), start=1):
        label = _FIELD.LABEL_REPEATED if name == "channels" else _FIELD.LABEL_OPTIONAL
        message.field.add(name=name, number=number, type=kinds[number - 1], label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("kymograph.Picture"))


Picture = _picture()


class _PictureShape(Shape):
    def message(self, data: bytes) -> Any:
        return Picture.FromString(data)

    def values(self, data: bytes) -> NDArray[np.float32]:
        return np.frombuffer(self.message(data).lines, dtype="<f2").astype(np.float32)


class _PictureReader:
    def __init__(self, bins: int, row_span: float) -> None:
        self._bins = bins
        self._row_span = round(row_span * 1000)

    def blocks(self, messages: Sequence[Message]) -> Iterator[Block]:
        for message in messages:
            try:
                picture = Picture.FromString(message.data)
            except DecodeError as error:
                raise UnreadableError(f"is no picture ({error})") from error
            yield self._block(message, picture)

    def _block(self, message: Message, picture: Any) -> Block:
        channels = tuple(picture.channels)
        rows = len(picture.lines) // (2 * self._bins * len(channels))
        starts = (picture.begin + np.arange(rows) * picture.distance)[np.newaxis].astype(np.int64) // 1000
        return Block(
            _PictureShape(("",) * rows, (channels,) * rows, np.full(rows * len(channels), self._bins)),
            [message],
            starts=starts,
            ends=starts + self._row_span,
            low=np.zeros(1),
            high=np.array([picture.most], dtype=np.float64),
            stacks=[stack_of([message.data])],
        )


class Kymograph:
    """Asks for pictures of so many bins, and reads them."""

    name = "kymograph"
    method = "/kymograph.Kymographs/Watch"
    cannot = frozenset({Unsaid.CANVAS, Unsaid.ROW_END, Unsaid.FRAME_LIMIT, Unsaid.HEALTH})

    def __init__(self, bins: int) -> None:
        self._bins = bins

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:  # noqa: ARG002 - it cannot say these
        return job_id.encode()

    def reader(self, row_span: float | None = None) -> _PictureReader:
        return _PictureReader(self._bins, row_span or 0)

    def newer(self, message: Message, than: int) -> Message | None:
        return message if Picture.FromString(message.data).begin > than * 1000 else None

    def health(self, channel: grpc.Channel, timeout: float) -> Health | None:  # noqa: ARG002 - it cannot be asked
        return None

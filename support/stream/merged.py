"""Several streams side by side: blocks, shapes and frames of a picture that more than one stream brings.

A merged frame holds the lines that, in every stream, stand in one frame: so where the frames of all streams hold the
same lines, each merged frame is one of each, and where they do not, a merged frame ends wherever a frame of any stream
ends. Its sensors are those of all streams, in the order of the streams; it came when the last part of it came; its
bounds are the lowest of the lower ones and the highest of the upper ones; its size is that of its parts, of which a
frame that is cut counts by its lines.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from google.protobuf.message import Message as ProtocolMessage
from numpy.typing import NDArray

from support.stream.block import Block, Measured, Message
from support.stream.digest import NOTHING
from support.stream.frame import Frame
from support.stream.once import once
from support.stream.shape import Shape

_KEPT_SHAPES = 256

_Number = TypeVar("_Number", bound=np.generic)


class SomeRows(Shape):
    """The shape of neighbouring rows of a frame."""

    def __init__(self, whole: Shape, rows: range) -> None:
        chosen = slice(rows.start, rows.stop)
        counts = np.concatenate([*_by_row(whole.bin_counts, _sensors(whole))[chosen]])
        super().__init__(whole.canvas_ids[chosen], whole.sensor_ids[chosen], counts)
        self.contradictions, self.habits = whole.contradictions, whole.habits
        self._whole = whole
        self._chosen = chosen

    def message(self, data: bytes) -> ProtocolMessage:
        return self._whole.message(data)

    def values(self, data: bytes) -> NDArray[np.float32]:
        return np.concatenate(_by_row(self._whole.values(data), self._whole.row_counts)[self._chosen])


class SideBySide(Shape):
    """The shapes of several streams, with equally many rows, beside each other; the canvas is the first one's."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        ids: list[tuple[int, ...]] = []
        for row in zip(*(shape.sensor_ids for shape in shapes), strict=True):
            joined = tuple(sensor for part in row for sensor in part)
            ids.append(ids[-1] if ids and ids[-1] == joined else joined)  # one object is quicker to compare
        counts = _side_by_side([_by_row(shape.bin_counts, _sensors(shape)) for shape in shapes])
        super().__init__(shapes[0].canvas_ids, tuple(ids), counts)
        self.contradictions = tuple(dict.fromkeys(itertools.chain.from_iterable(one.contradictions for one in shapes)))
        self.habits = {
            what: " and ".join(dict.fromkeys(shape.habits[what] for shape in shapes if what in shape.habits))
            for what in dict.fromkeys(itertools.chain.from_iterable(shape.habits for shape in shapes))
        }

    def message(self, data: bytes) -> ProtocolMessage:  # noqa: ARG002 - there is none
        raise ValueError("a frame of several streams is no single message")

    def values(self, data: bytes) -> NDArray[np.float32]:  # noqa: ARG002 - there is none
        raise ValueError("the values of a frame of several streams are those of its parts")


@lru_cache(_KEPT_SHAPES)
def some_rows(whole: Shape, rows: range) -> Shape:
    """The shape of these rows: the same object each time, for those who compare."""
    return SomeRows(whole, rows)


@lru_cache(_KEPT_SHAPES)
def side_by_side(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of these beside each other: the same object each time, for those who compare."""
    return SideBySide(shapes)


@dataclass(eq=False, kw_only=True)
class RowsOf(Block):
    """Neighbouring rows of a single frame.

    Attributes:
        whole: the block of that frame, which is measured once, however often it is cut.
        chosen: the rows.
    """

    whole: Block
    chosen: slice

    @classmethod
    def of(cls, whole: Block, rows: range) -> RowsOf:
        """These rows of the single frame of a block."""
        chosen = slice(rows.start, rows.stop)
        (message,) = whole.messages
        return cls(
            some_rows(whole.shape, rows),
            [message._replace(size=round(message.size * len(rows) / whole.shape.rows))],
            starts=whole.starts[:, chosen],
            ends=whole.ends[:, chosen],
            low=whole.low,
            high=whole.high,
            stacks=[],
            row_indexes=None if whole.row_indexes is None else whole.row_indexes[:, chosen],
            job_numbers=whole.job_numbers,
            whole=whole,
            chosen=chosen,
        )

    @once
    def row_lowest(self) -> NDArray[np.float32]:
        return self.whole.row_lowest[:, self.chosen]

    @once
    def _measured(self) -> Measured:
        floor, highest, digests = self.whole.row_floor, self.whole.row_highest, self.whole.digests
        return floor[:, self.chosen], highest[:, self.chosen], digests[self.chosen] if digests.size else NOTHING


@dataclass(eq=False, kw_only=True)
class MergedBlock(Block):
    """Blocks of several streams that hold the same lines, as one.

    Ends and numbers of lines are those of the first stream; ``parts`` has each stream's own.

    Attributes:
        streams: the block of each stream, in their order.
    """

    streams: tuple[Block, ...]

    @classmethod
    def of(cls, streams: Sequence[Block]) -> MergedBlock:
        """These blocks, of equally many frames and rows that start at the same times, beside each other."""
        first = streams[0]
        return cls(
            side_by_side(tuple(stream.shape for stream in streams)),
            [_joint(messages) for messages in zip(*(stream.messages for stream in streams), strict=True)],
            starts=first.starts,
            ends=first.ends,
            low=np.minimum.reduce([stream.low for stream in streams]),
            high=np.maximum.reduce([stream.high for stream in streams]),
            stacks=[],
            row_indexes=first.row_indexes,
            job_numbers=first.job_numbers,
            streams=tuple(streams),
        )

    @property
    def parts(self) -> tuple[Block, ...]:
        for stream in self.streams:
            stream.index, stream.began = self.index, self.began
        return self.streams

    def between(self, first: int, stop: int) -> Block:
        chosen = MergedBlock.of([stream.between(first, stop) for stream in self.streams])
        chosen.index, chosen.began = self.index + first, self.began
        return chosen

    @once
    def frames(self) -> list[Frame]:
        parts = zip(*(stream.frames for stream in self.parts), strict=True)
        return [MergedFrame.of(frame, part) for frame, part in zip(self._frames(), parts, strict=True)]

    @once
    def row_lowest(self) -> NDArray[np.float32]:
        lowest: NDArray[np.float32] = np.minimum.reduce([stream.row_lowest for stream in self.streams])
        return lowest

    @once
    def _measured(self) -> Measured:
        is_whole = self.shape.is_rectangular and all(stream.digests.size for stream in self.streams)
        return (
            np.minimum.reduce([stream.row_floor for stream in self.streams]),
            np.maximum.reduce([stream.row_highest for stream in self.streams]),
            np.concatenate([stream.digests for stream in self.streams], axis=1) if is_whole else NOTHING,
        )


@dataclass(eq=False, kw_only=True)
class MergedFrame(Frame):
    """A frame that several streams brought; it has values, and is no single message.

    Attributes:
        parts: the frame of each stream, in their order.
    """

    parts: tuple[Frame, ...]

    @classmethod
    def of(cls, frame: Frame, parts: tuple[Frame, ...]) -> MergedFrame:
        """A frame, but for its values, and what it is made of."""
        return cls(**vars(frame), parts=parts)

    @once
    def values(self) -> NDArray[np.float32]:
        return _side_by_side([_by_row(part.values, part.shape.row_counts) for part in self.parts])


def _joint(messages: tuple[Message, ...]) -> Message:
    arrived, received_at = max(message.arrived for message in messages), max(one.received_at for one in messages)
    return Message(b"", sum(message.size for message in messages), arrived, received_at)


def _sensors(shape: Shape) -> NDArray[np.int64]:
    """How many sensors each row has."""
    return np.array([len(ids) for ids in shape.sensor_ids], dtype=np.int64)


def _by_row(flat: NDArray[_Number], counts: NDArray[np.int64]) -> list[NDArray[_Number]]:
    """What belongs to each row, of so many numbers each."""
    return np.split(flat, np.cumsum(counts))[: len(counts)]


def _side_by_side(parts: Sequence[list[NDArray[_Number]]]) -> NDArray[_Number]:
    """The rows of all parts beside each other, flat."""
    return np.concatenate([part[row] for row in range(len(parts[0])) for part in parts])

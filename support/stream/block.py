"""A block: frames of one shape that arrived one after the other, as arrays, so that rules judge them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream
from support.stream.frame import Frame
from support.stream.shape import Shape
from support.stream.wire import IrregularError, Layout, check_counts, stack_of

_STACKED_BYTES = 2**16
"""Messages up to this size are copied next to each other, so that work on all of them is one call."""

_KEPT_LAYOUTS = 8

_Number = TypeVar("_Number", bound=np.generic)

_NOTHING = np.empty((0, 0), dtype=np.float32)


class Message(NamedTuple):
    """One message as it came.

    Attributes:
        data: its bytes.
        size: how many they were on the wire.
        arrived: when, seconds of the monotonic clock.
        received_at: when, epoch seconds.
    """

    data: bytes
    size: int
    arrived: float = 0.0
    received_at: float = 0.0


@dataclass(eq=False)
class Block:
    """Frames of one shape, one after the other. Arrays have an entry for each frame, unless they say otherwise.

    Attributes:
        shape: what they have in common.
        messages: the frames as they came.
        starts: start of each row's analysis window, epoch milliseconds, shape (frames, rows).
        ends: end of each row's analysis window, epoch milliseconds, shape (frames, rows).
        low: the declared lower bounds.
        high: the declared upper bounds.
        stacks: the bytes of the messages, in arrays of shape (messages, size); given up once they have been measured.
        index: position of the first frame in the stream, from 0.
        began: when the stream was asked for, seconds of the monotonic clock.
    """

    shape: Shape
    messages: Sequence[Message]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    stacks: list[NDArray[np.uint8]]
    index: int = 0
    began: float = 0.0

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def lowest(self) -> NDArray[np.float32]:
        """The smallest value of each frame, NaN where one is NaN; infinite where there is none."""
        return self._measured[0]

    @property
    def highest(self) -> NDArray[np.float32]:
        """The largest value of each frame, likewise."""
        return self._measured[1]

    @property
    def first_bins(self) -> NDArray[np.float32]:
        """The first value of each spectrum, shape (frames * rows, sensors).

        Empty where the shape is not rectangular, or has no values.
        """
        return self._measured[2]

    @cached_property
    def _measured(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        stacks, self.stacks = self.stacks, []
        extremes = [self.shape.extremes(stack) for stack in stacks]
        has_firsts = self.shape.value_count and self.shape.is_rectangular
        return (
            _joined([lowest for lowest, _ in extremes]),
            _joined([highest for _, highest in extremes]),
            _joined([self.shape.first_bins(stack) for stack in stacks]) if has_firsts else _NOTHING,
        )

    @property
    def size(self) -> int:
        """Bytes on the wire, of all frames."""
        return sum(message.size for message in self.messages)

    @property
    def indexes(self) -> range:
        """Position of each frame in the stream."""
        return range(self.index, self.index + len(self.messages))

    @cached_property
    def elapsed(self) -> NDArray[np.float64]:
        """Seconds from asking for the stream to the arrival of each frame."""
        return np.array([message.arrived for message in self.messages]) - self.began

    @cached_property
    def received_at(self) -> NDArray[np.float64]:
        """Arrival of each frame by this machine's clock, epoch seconds."""
        return np.array([message.received_at for message in self.messages])

    @cached_property
    def ages(self) -> NDArray[np.float64]:
        """Seconds from the end of each frame's newest row to its arrival; NaN without rows."""
        if not self.shape.rows:
            return np.full(len(self), np.nan)
        newest: NDArray[np.int64] = self.ends.max(axis=1)
        return self.received_at - newest / 1000

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames, one by one."""
        return [
            Frame(
                self.shape,
                message.data,
                index=self.index + position,
                size=message.size,
                elapsed=message.arrived - self.began,
                received_at=message.received_at,
                starts=self.starts[position],
                ends=self.ends[position],
                current_min_amp=float(self.low[position]),
                current_max_amp=float(self.high[position]),
            )
            for position, message in enumerate(self.messages)
        ]


@dataclass
class Decoder:
    """Turns the messages of a stream into blocks; it remembers how the ones before were laid out."""

    _layouts: dict[int, Layout] = field(default_factory=dict)

    def blocks(self, messages: Sequence[Message]) -> Iterator[Block]:
        """The messages, in their order, in as few blocks as that takes.

        Raises:
            google.protobuf.message.DecodeError: a message is not a ``DataStream``; those before have been yielded.
            AbsurdError: a message has more rows or sensors than are read; likewise.
        """
        done = 0
        while done < len(messages):
            size = len(messages[done].data)
            alike = done + 1
            while alike < len(messages) and len(messages[alike].data) == size:
                alike += 1
            while done < alike:
                block = self._regular(messages[done:alike]) or _parsed(messages[done])
                done += len(block)
                yield block

    def _regular(self, messages: Sequence[Message]) -> Block | None:
        """The leading messages that are laid out alike, all of one size; None where the first one is irregular."""
        size = len(messages[0].data)
        stacks = _stacks([message.data for message in messages])
        layout = self._layouts.get(size)
        fits = layout.fits(stacks[0]) if layout else None
        if layout is None or fits is None or not fits[0]:
            check_counts(messages[0].data)
            try:
                layout = Layout(messages[0].data)
            except IrregularError:
                return None
            while len(self._layouts) >= _KEPT_LAYOUTS:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[size] = layout
            fits = layout.fits(stacks[0])
        if len(stacks) > 1:
            fits = np.concatenate([fits, *(layout.fits(stack) for stack in stacks[1:])])
        if not fits.all():
            messages = messages[: int(fits.argmin())]
            stacks = _stacks([message.data for message in messages])
        return _block(layout, messages, stacks)


def _stacks(messages: Sequence[bytes]) -> list[NDArray[np.uint8]]:
    if len(messages[0]) <= _STACKED_BYTES:
        return [stack_of(messages)]
    return [stack_of([message]) for message in messages]


def _block(layout: Layout, messages: Sequence[Message], stacks: list[NDArray[np.uint8]]) -> Block:
    bounds = [layout.bounds(stack) for stack in stacks]
    return Block(
        layout,
        messages,
        starts=_joined([layout.starts(stack) for stack in stacks]),
        ends=_joined([layout.ends(stack) for stack in stacks]),
        low=_joined([low for low, _ in bounds]),
        high=_joined([high for _, high in bounds]),
        stacks=stacks,
    )


def _joined(arrays: list[NDArray[_Number]]) -> NDArray[_Number]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _parsed(message: Message) -> Block:
    """The block of one message that protocol buffers have to read."""
    parsed = DataStream.FromString(message.data)
    shape = Shape(
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

"""Turns the bytes of ``DataStream`` messages into blocks of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream
from support.stream.block import Block, Message, joined
from support.stream.dialect import UnreadableError
from support.stream.story.layout import AbsurdError, IrregularError, Layout, check_counts, stack_of
from support.stream.story.shape import StoryShape

_STACKED_BYTES = 2**16
"""Messages up to this size are copied next to each other, so that work on all of them is one call."""

_KEPT_LAYOUTS = 8


class StoryReader:
    """Reads the messages of one stream; it remembers how the ones before were laid out."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}

    def blocks(self, messages: Sequence[Message]) -> Iterator[Block]:
        done = 0
        while done < len(messages):
            size = len(messages[done].data)
            alike = done + 1
            while alike < len(messages) and len(messages[alike].data) == size:
                alike += 1
            while done < alike:
                block = self._block(messages[done:alike])
                done += len(block)
                yield block

    def _block(self, messages: Sequence[Message]) -> Block:
        """The leading messages that are laid out alike, all of one size.

        Raises:
            UnreadableError: the first one cannot be read.
        """
        data = messages[0].data
        try:
            return self._regular(messages) or _parsed(messages[0])
        except AbsurdError as error:
            raise UnreadableError(f"is absurd: {error}, and no more are read") from error
        except DecodeError as error:
            raise UnreadableError(
                f"cannot be read: {len(data)} bytes that begin with {data[:16].hex(' ')} are no DataStream ({error})"
            ) from error

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
        starts=joined([layout.starts(stack) for stack in stacks]),
        ends=joined([layout.ends(stack) for stack in stacks]),
        low=joined([low for low, _ in bounds]),
        high=joined([high for _, high in bounds]),
        stacks=stacks,
    )


def _parsed(message: Message) -> Block:
    """The block of one message that protocol buffers have to read."""
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

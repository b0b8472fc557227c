"""Reads messages that are alike together: the way of a reader that most dialects need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from support.stream.block import Block, Message
from support.stream.dialect import UnreadableError
from support.stream.regular import Regular
from support.stream.wire import AbsurdError, IrregularError, stack_of

_STACKED_BYTES = 2**17
"""Messages up to this size are copied next to each other, so that work on all of them is one call."""

_KEPT_LAYOUTS = 8


class AlikeReader(ABC):
    """Reads the messages of one stream; it remembers how the ones before were laid out.

    Protocol buffers stay the reference: whatever is not laid out as servers usually do it, though legal, is left to
    them.
    """

    def __init__(self) -> None:
        self._layouts: dict[int, Regular] = {}

    @abstractmethod
    def layout(self, data: bytes) -> Regular:
        """Where everything stands in a message.

        Raises:
            IrregularError: it is not laid out as usual, or it is no message.
            AbsurdError: it is not to be read at all.
            UnreadableError: what it says cannot be.
        """

    @abstractmethod
    def parsed(self, message: Message) -> Block:
        """The block of one message that protocol buffers have to read.

        Raises:
            DecodeError: it is no message.
            UnreadableError: what it says cannot be.
        """

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
            return self._regular(messages) or self.parsed(messages[0])
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
        fits = layout.pattern.fits(stacks[0]) if layout else None
        if layout is None or fits is None or not fits[0]:
            try:
                layout = self.layout(messages[0].data)
            except IrregularError:
                return None
            while len(self._layouts) >= _KEPT_LAYOUTS:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[size] = layout
            fits = layout.pattern.fits(stacks[0])
        if len(stacks) > 1:
            fits = np.concatenate([fits, *(layout.pattern.fits(stack) for stack in stacks[1:])])
        if not fits.all():
            messages = messages[: int(fits.argmin())]
            stacks = _stacks([message.data for message in messages])
        return layout.block(messages, stacks)


def _stacks(messages: Sequence[bytes]) -> list[NDArray[np.uint8]]:
    if len(messages[0]) <= _STACKED_BYTES:
        return [stack_of(messages)]
    return [stack_of([message]) for message in messages]

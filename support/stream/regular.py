"""A regular shape: messages of one size whose values stand in the same places, so that they are read as views."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.stream import digest
from support.stream.block import Block, Message
from support.stream.shape import Shape
from support.stream.wire import Pattern, stack_of

_SENSORS_AND_BINS = (2, 3)

_INFINITY = np.float32(np.inf).view(np.uint32)
"""Its bits; those of a NaN, and of what is below zero, are more."""

_CHUNK_BYTES = 2**19
"""Values are gone over in pieces of this size, so that the second look at them finds them in the cache."""


class Regular(Shape):
    """A shape that knows where everything stands in its messages.

    Attributes:
        pattern: what the messages have in common, byte by byte.
    """

    pattern: Pattern
    _was_below: bool = False

    @abstractmethod
    def views(self, stack: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
        """Views of the values, in runs of sensors, each of shape (messages, rows, sensors, bins); none without values.

        ``stack`` has the shape (messages, bytes).
        """

    @abstractmethod
    def block(self, messages: Sequence[Message], stacks: list[NDArray[np.uint8]]) -> Block:
        """The block of messages that fit; ``stacks`` are their bytes, in arrays of shape (messages, bytes)."""

    def extremes(
        self, stack: NDArray[np.uint8], *, exact: bool = True
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if not self.value_count:
            return super().extremes(stack)
        if not (exact or self._was_below) and (highest := self._highest_of_magnitudes(stack)) is not None:
            return np.zeros_like(highest), highest
        extremes = [
            (part.min(axis=_SENSORS_AND_BINS), part.max(axis=_SENSORS_AND_BINS))
            for values in self.views(stack)
            for part in _in_pieces(values)
        ]
        lowest, highest = extremes[0]
        for low, high in extremes[1:]:
            lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
        return single(lowest), single(highest)

    def _highest_of_magnitudes(self, stack: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """The largest value of each row; None where one is below zero or not finite, which is then expected again.

        Finite numbers that are not below zero are ordered like their bits, and all others, taken without a sign, come
        after them: so one look is enough for what two would tell.
        """
        views = list(self.views(stack))
        if any(view.dtype != np.float32 for view in views):
            return None
        highest = reduce(np.maximum, (view.view(np.uint32).max(axis=_SENSORS_AND_BINS) for view in views))
        self._was_below = bool((highest >= _INFINITY).any())
        return None if self._was_below else highest.view(np.float32)

    def digests(self, stack: NDArray[np.uint8]) -> NDArray[np.uint64]:
        sampled = [single(digest.sample(values, self.dimensions[1])) for values in self.views(stack)]
        return np.concatenate([digest.digests(values) for values in sampled], axis=2).reshape(
            len(stack) * self.rows, -1
        )

    def values(self, data: bytes) -> NDArray[np.float32]:
        runs = [run.reshape(self.rows, -1) for run in self.views(stack_of([data]))]
        return single(np.concatenate(runs, axis=1).reshape(-1)) if runs else np.empty(0, dtype=np.float32)


def single(values: NDArray[Any]) -> NDArray[np.float32]:
    """The values in single precision, which is how they are judged; as they are where they have it."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32, copy=False)


def _in_pieces(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    if values.nbytes <= _CHUNK_BYTES:
        yield values
        return
    sensors = max(1, _CHUNK_BYTES * values.shape[2] // values.nbytes)
    for first in range(0, values.shape[2], sensors):
        yield values[:, :, first : first + sensors]

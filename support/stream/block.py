"""A block: frames of one shape that arrived one after the other, as arrays, so that rules judge them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from support.stream.digest import NOTHING
from support.stream.frame import Frame
from support.stream.once import once
from support.stream.shape import Shape
from support.stream.wire import stack_of

_Number = TypeVar("_Number", bound=np.generic)

Measured = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint64]]
"""The floor and the largest value of each row, and the digests of all spectra."""


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
        row_indexes: the server's own count of lines, shape (frames, rows); None where it does not count them.
        job_numbers: number of the job that each frame says it is of, or None; None where frames never say.
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
    row_indexes: NDArray[np.int64] | None = None
    job_numbers: Sequence[int | None] | None = None
    index: int = 0
    began: float = 0.0

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def parts(self) -> tuple[Block, ...]:
        """The block of each stream of the job, in their order: this one, where there is one stream."""
        return (self,)

    def first(self, count: int) -> Block:
        """The first ``count`` frames."""
        return self.between(0, count)

    def between(self, first: int, stop: int) -> Block:
        """The frames of these positions, ``stop`` left out; to be taken before any of them has been measured."""
        chosen = slice(first, stop)
        stacks = self.stacks[chosen] if len(self.stacks) == len(self) else [stack[chosen] for stack in self.stacks]
        return replace(
            self,
            messages=self.messages[chosen],
            starts=self.starts[chosen],
            ends=self.ends[chosen],
            low=self.low[chosen],
            high=self.high[chosen],
            stacks=stacks,
            row_indexes=None if self.row_indexes is None else self.row_indexes[chosen],
            job_numbers=None if self.job_numbers is None else self.job_numbers[chosen],
            index=self.index + first,
        )

    @once
    def lowest(self) -> NDArray[np.float32]:
        """The smallest value of each frame, NaN where one is NaN; infinite where there is none."""
        lowest: NDArray[np.float32] = self.row_lowest.min(axis=1, initial=np.inf)
        return lowest

    @once
    def highest(self) -> NDArray[np.float32]:
        """The largest value of each frame, likewise."""
        highest: NDArray[np.float32] = self.row_highest.max(axis=1, initial=-np.inf)
        return highest

    @once
    def floor(self) -> NDArray[np.float32]:
        """What no value of a frame lies below: ``lowest``, or 0 where that is not below it and need not be known.

        It needs to be known where a declared lower bound is above zero. To know the floor takes half the time.
        """
        floor: NDArray[np.float32] = self.row_floor.min(axis=1, initial=np.inf)
        return floor

    @once
    def row_lowest(self) -> NDArray[np.float32]:
        """The smallest value of each row, likewise, shape (frames, rows)."""
        if self._is_exact:
            return self.row_floor
        stacks = [stack_of([message.data]) for message in self.messages]
        return joined([self.shape.extremes(stack)[0] for stack in stacks])

    @property
    def row_floor(self) -> NDArray[np.float32]:
        """The floor of each row, shape (frames, rows)."""
        return self._measured[0]

    @property
    def row_highest(self) -> NDArray[np.float32]:
        """The largest value of each row, likewise, shape (frames, rows)."""
        return self._measured[1]

    @property
    def digests(self) -> NDArray[np.uint64]:
        """A number that stands for the values of each spectrum, shape (frames * rows, sensors).

        Empty where the shape is not rectangular, or has no values.
        """
        return self._measured[2]

    @once
    def _measured(self) -> Measured:
        stacks, self.stacks = self.stacks, []
        has_spectra = self.shape.value_count and self.shape.is_rectangular
        measured = [  # one stack after the other, while its values are in the cache
            (*self.shape.extremes(stack, exact=self._is_exact), self.shape.digests(stack) if has_spectra else NOTHING)
            for stack in stacks
        ]
        floors, highest, digests = zip(*measured, strict=True)
        return joined(floors), joined(highest), joined(digests)

    @property
    def _is_exact(self) -> bool:
        """Whether the smallest values are measured, and not only that none is below zero."""
        return bool((self.low > 0).any())

    @property
    def size(self) -> int:
        """Bytes on the wire, of all frames."""
        return sum(message.size for message in self.messages)

    @property
    def indexes(self) -> range:
        """Position of each frame in the stream."""
        return range(self.index, self.index + len(self.messages))

    @once
    def elapsed(self) -> NDArray[np.float64]:
        """Seconds from asking for the stream to the arrival of each frame."""
        return np.array([message.arrived for message in self.messages]) - self.began

    @once
    def received_at(self) -> NDArray[np.float64]:
        """Arrival of each frame by this machine's clock, epoch seconds."""
        return np.array([message.received_at for message in self.messages])

    @once
    def ages(self) -> NDArray[np.float64]:
        """Seconds from the end of each frame's newest row to its arrival; NaN without rows."""
        if not self.shape.rows:
            return np.full(len(self), np.nan)
        newest: NDArray[np.int64] = self.ends.max(axis=1)
        return self.received_at - newest / 1000

    @once
    def frames(self) -> list[Frame]:
        """The frames, one by one."""
        return self._frames()

    def _frames(self) -> list[Frame]:
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


def joined(arrays: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """The arrays one after the other; a single one as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

"""The shape of a frame: which sensors its rows hold, with how many bins, for which canvas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from support.stream import digest
from support.stream.once import once
from support.wording import Words


class Shape(ABC):
    """What frames of a kind have in common: everything but their values, times and bounds.

    Attributes:
        canvas_ids: the canvas id of each row.
        sensor_ids: the sensor ids of each row, in the order of the message.
        bin_counts: number of intensities of every sensor of every row, in the order of the message, flat.
        contradictions: what messages say that does not go together, though they can be read; in words.
        habits: what a server does in one way or another, and then always in the same; what, and which way, in words.
    """

    contradictions: tuple[str, ...] = ()
    habits: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        canvas_ids: tuple[str, ...],
        sensor_ids: tuple[tuple[int, ...], ...],
        bin_counts: NDArray[np.int64],
    ) -> None:
        self.canvas_ids = tuple(map(Words, canvas_ids))
        self.sensor_ids = sensor_ids
        self.bin_counts = bin_counts

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.canvas_ids)

    @abstractmethod
    def message(self, data: bytes) -> Message:
        """A message of this shape, as protocol buffers read it."""

    @abstractmethod
    def values(self, data: bytes) -> NDArray[np.float32]:
        """Every intensity of a message of this shape, in its order, flat."""

    def extremes(
        self,
        stack: NDArray[np.uint8],
        *,
        exact: bool = True,  # noqa: ARG002 - here it makes no difference
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The smallest and the largest value of each row of messages, each of shape (messages, rows).

        NaN where a value is NaN, infinite where there is none; ``stack`` has the shape (messages, bytes). Unless
        ``exact``, 0 may stand for the smallest value where that is not below it.
        """
        ends = np.cumsum(self.row_counts)[:-1]
        rows = [np.split(self.values(message.tobytes()), ends)[: self.rows] for message in stack]
        shape = len(stack), self.rows
        lowest = np.array([one.min(initial=np.inf) for message in rows for one in message], dtype=np.float32)
        highest = np.array([one.max(initial=-np.inf) for message in rows for one in message], dtype=np.float32)
        return lowest.reshape(shape), highest.reshape(shape)

    def digests(self, stack: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """The digest of each spectrum of a rectangular kind, shape (messages * rows, sensors)."""
        values = np.concatenate([self.values(message.tobytes()).reshape(self.dimensions) for message in stack])
        return digest.digests(digest.sample(values, self.dimensions[1]))

    @once
    def value_count(self) -> int:
        """Number of intensities of all sensors and rows."""
        return int(self.bin_counts.sum())

    @once
    def row_counts(self) -> NDArray[np.int64]:
        """Number of intensities of each row."""
        sensors = np.cumsum([0, *map(len, self.sensor_ids)])
        so_far = np.concatenate(([0], np.cumsum(self.bin_counts)))
        counts: NDArray[np.int64] = np.diff(so_far[sensors])
        return counts

    @once
    def is_rectangular(self) -> bool:
        """Whether all rows hold the same number of sensors and all sensors the same number of bins."""
        return len({len(ids) for ids in self.sensor_ids}) <= 1 and np.unique(self.bin_counts).size <= 1

    @once
    def dimensions(self) -> tuple[int, int, int]:
        """Rows, sensors and bins of a rectangular shape."""
        sensors = len(self.sensor_ids[0]) if self.rows else 0
        bins = int(self.bin_counts[0]) if self.bin_counts.size else 0
        return self.rows, sensors, bins

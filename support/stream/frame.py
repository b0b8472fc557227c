"""A frame: one message of the stream, offered as arrays, so that nobody needs a Python loop over its values."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from support.stream.once import once
from support.stream.shape import Shape


@dataclass(eq=False)
class Frame:
    """One message of the stream and when it arrived.

    Attributes:
        shape: its sensors, bins and canvas.
        data: its bytes.
        index: position in the stream, from 0.
        size: bytes on the wire.
        elapsed: seconds between asking for the stream and the arrival of this frame (monotonic clock).
        received_at: arrival by this machine's clock, epoch seconds.
        starts: start of each row's analysis window, epoch milliseconds, shape (rows,).
        ends: end of each row's analysis window, epoch milliseconds, shape (rows,).
        current_min_amp: the declared lower bound of the frame's intensities.
        current_max_amp: the declared upper bound.
    """

    shape: Shape
    data: bytes
    index: int
    size: int
    elapsed: float
    received_at: float
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    current_min_amp: float
    current_max_amp: float

    @once
    def message(self) -> Message:
        """The message, as protocol buffers read it: of the schema that the server speaks."""
        return self.shape.message(self.data)

    @property
    def rows(self) -> Sequence[Any]:
        """The spectrum lines of the message, as protocol buffers read them; for the story's schema alone.

        Raises:
            AttributeError: the messages of this server have no rows.
        """
        rows: Sequence[Any] = self.message.rows  # type: ignore[attr-defined]  # a field of that schema
        return rows

    @property
    def sensor_ids(self) -> tuple[tuple[int, ...], ...]:
        """The sensor ids of each row, in the order of the message."""
        return self.shape.sensor_ids

    def sensor_of(self, spectrum: int) -> int:
        """The sensor id of a position of ``bin_counts``."""
        return next(itertools.islice(itertools.chain.from_iterable(self.sensor_ids), spectrum, None))

    @property
    def bin_counts(self) -> NDArray[np.int64]:
        """Number of intensities of every sensor of every row, in the order of the message, flat."""
        return self.shape.bin_counts

    @once
    def values(self) -> NDArray[np.float32]:
        """Every intensity of the frame in the order of the message, flat; defined for ragged frames, too."""
        return self.shape.values(self.data)

    @property
    def is_rectangular(self) -> bool:
        """Whether all rows hold the same number of sensors and all sensors the same number of bins."""
        return self.shape.is_rectangular

    @property
    def intensities(self) -> NDArray[np.float32]:
        """The intensities, shape (rows, sensors, bins), linear magnitude.

        Raises:
            ValueError: the frame is ragged; ``values`` and ``bin_counts`` then still hold all of it.
        """
        if not self.is_rectangular:
            sensors = sorted({len(ids) for ids in self.sensor_ids})
            bins = sorted({int(count) for count in self.bin_counts})
            raise ValueError(
                f"frame {self.index} is ragged: rows of {_listed(sensors)} sensors, sensors of {_listed(bins)} bins"
            )
        return self.values.reshape(self.shape.dimensions)

    def locate(self, position: int) -> tuple[int, int, int]:
        """Where a position of ``values`` stands: (row index, sensor id, bin index)."""
        ends = np.cumsum(self.bin_counts)
        spectrum = int(np.searchsorted(ends, position, side="right"))
        bin_index = position - int(ends[spectrum] - self.bin_counts[spectrum])
        row = 0
        while spectrum >= len(self.sensor_ids[row]):
            spectrum -= len(self.sensor_ids[row])
            row += 1
        return row, self.sensor_ids[row][spectrum], bin_index


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(str(number) for number in numbers[:3]) + (" and more" if len(numbers) > 3 else "")

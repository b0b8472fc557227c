"""A frame: one message of the stream, offered as arrays, so that rules judge values without a Python loop over them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream, SpectrogramRow


@dataclass(frozen=True)
class Frame:
    """One ``DataStream`` message and when it arrived.

    Attributes:
        message: the message as it was received.
        index: position in the stream, from 0.
        size: bytes on the wire.
        elapsed: seconds between asking for the stream and the arrival of this frame (monotonic clock).
        received_at: arrival by this machine's clock, epoch seconds.
    """

    message: DataStream
    index: int = 0
    size: int = 0
    elapsed: float = 0.0
    received_at: float = 0.0

    @property
    def rows(self) -> Sequence[SpectrogramRow]:
        """The spectrum lines of the message."""
        return self.message.rows

    @property
    def current_max_amp(self) -> float:
        """The declared upper bound of the frame's intensities."""
        return self.message.current_max_amp

    @property
    def current_min_amp(self) -> float:
        """The declared lower bound of the frame's intensities."""
        return self.message.current_min_amp

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Start of each row's analysis window, epoch milliseconds, shape (rows,)."""
        return np.array([row.startTimestamp for row in self.rows], dtype=np.int64)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """End of each row's analysis window, epoch milliseconds, shape (rows,)."""
        return np.array([row.endTimestamp for row in self.rows], dtype=np.int64)

    @cached_property
    def sensor_ids(self) -> tuple[tuple[int, ...], ...]:
        """The sensor ids of each row, in the order of the message."""
        return tuple(tuple(sensor.id for sensor in row.sensors) for row in self.rows)

    def sensor_of(self, spectrum: int) -> int:
        """The sensor id of a position of ``bin_counts``."""
        return next(itertools.islice(itertools.chain.from_iterable(self.sensor_ids), spectrum, None))

    @cached_property
    def _spectra(self) -> list[NDArray[np.float32]]:
        return [np.asarray(sensor.intensity, dtype=np.float32) for row in self.rows for sensor in row.sensors]

    @cached_property
    def bin_counts(self) -> NDArray[np.int64]:
        """Number of intensities of every sensor of every row, in the order of the message, flat."""
        return np.array([spectrum.size for spectrum in self._spectra], dtype=np.int64)

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """Every intensity of the frame in the order of the message, flat; defined for ragged frames, too."""
        return np.concatenate(self._spectra) if self._spectra else np.empty(0, dtype=np.float32)

    @cached_property
    def is_rectangular(self) -> bool:
        """Whether all rows hold the same number of sensors and all sensors the same number of bins."""
        return len({len(ids) for ids in self.sensor_ids}) <= 1 and np.unique(self.bin_counts).size <= 1

    @cached_property
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
        rows = len(self.rows)
        sensors_per_row = len(self.sensor_ids[0]) if rows else 0
        bins_per_sensor = int(self.bin_counts[0]) if self.bin_counts.size else 0
        return self.values.reshape(rows, sensors_per_row, bins_per_sensor)

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

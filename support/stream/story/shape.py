"""The shape of a ``DataStream`` message of any legal encoding: its values are read by protocol buffers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream
from support.stream.shape import Shape


class StoryShape(Shape):
    """A shape whose messages protocol buffers read."""

    def message(self, data: bytes) -> DataStream:
        return DataStream.FromString(data)

    def values(self, data: bytes) -> NDArray[np.float32]:
        spectra = [sensor.intensity for row in self.message(data).rows for sensor in row.sensors]
        arrays = [np.asarray(spectrum, dtype=np.float32) for spectrum in spectra]
        return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.float32)

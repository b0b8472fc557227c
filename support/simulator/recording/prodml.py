"""Recordings in PRODML 2.1, the energy industry's exchange format for DAS, as HDF5 files.

Chosen because vendors write it, dascore reads it, it knows several stretches of time in one file, and h5py, a small
wheel, writes and reads it in parts. Source: Energistics, "PRODML Technical Usage Guide", DAS data in HDF5. Layout:
``Acquisition/Raw[k]/RawData`` (time x locus) with ``RawDataTime`` (microseconds) beside it; the exact times, to the
nanosecond, are the attributes ``PartStartTime`` and ``PartEndTime``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from support.simulator.fibre import Fibre, Samples
from support.simulator.frame import rounded
from support.simulator.recording.tape import SECOND, RecordingError, Segment, rate

CHUNK = (2048, 16)  # samples, channels: what is stored, and read, together
AT_ONCE = 4 * CHUNK[0]  # samples that are made together

_DIMENSIONS = ("time", "locus")


def write(path: Path, fibre: Fibre, channels: range, parts: Sequence[range]) -> None:
    """Writes what ``channels`` of the fibre measured at the samples of each of ``parts``, one segment each.

    The file appears when it is whole.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with h5py.File(unfinished, "w") as file:
            _describe(file, fibre, channels, parts)
            for number, samples in enumerate(parts):
                _write_part(file.create_group(f"Acquisition/Raw[{number}]"), fibre, channels, samples)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _describe(file: Any, fibre: Fibre, channels: range, parts: Sequence[range]) -> None:
    known = f"synthetic fibre {fibre.seed} {fibre.prr} {fibre.dx} {channels} {list(parts)}"
    file.create_group("Acquisition").attrs.update(
        {
            "schemaVersion": "2.1",
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, known)),
            "VendorCode": "synthetic fibre",
            "PulseRate": float(fibre.prr),
            "PulseRate.uom": "Hz",
            "PulseWidth": 10.0,
            "PulseWidth.uom": "ns",
            "GaugeLength": fibre.dx,
            "GaugeLength.uom": "m",
            "SpatialSamplingInterval": fibre.dx,
            "SpatialSamplingInterval.uom": "m",
            "NumberOfLoci": len(channels),
            "StartLocusIndex": channels.start,
            "MeasurementStartTime": _text(_instant(parts[0].start, fibre.prr)),
        }
    )


def _write_part(group: Any, fibre: Fibre, channels: range, samples: range) -> None:
    group.attrs.update({"RawDescription": "Strain rate", "RawDataUnit": "1/s", "OutputDataRate": float(fibre.prr)})
    shape = len(samples), len(channels)
    chunk = min(CHUNK[0], shape[0]), min(CHUNK[1], shape[1])
    data = group.create_dataset("RawData", shape, "<f4", chunks=chunk)
    times = group.create_dataset("RawDataTime", shape[:1], "<i8", chunks=chunk[:1])
    begin, step = _instant(samples.start, fibre.prr), rounded(SECOND / Fraction(fibre.prr))
    data.attrs["Dimensions"] = _DIMENSIONS
    for dataset in (data, times):
        dataset.attrs.update(
            {
                "Count": dataset.size,
                "PartStartTime": _text(begin),
                "PartEndTime": _text(begin + (len(samples) - 1) * step),
            }
        )
    for first in range(0, len(samples), AT_ONCE):
        some = samples[first : first + AT_ONCE]
        data[first : first + len(some)] = fibre.samples(channels[0], channels[-1], some.start, len(some)).T
        times[first : first + len(some)] = (begin + step * np.arange(first, first + len(some))) // 1000


def _instant(sample: int, prr: Fraction | int) -> int:
    """When a sample of the fibre is measured, nanoseconds since the epoch."""
    return rounded(sample * SECOND / Fraction(prr))


def _text(instant_ns: int) -> str:
    return f"{np.datetime64(instant_ns, 'ns')}+00:00"


class ProdmlTape:
    """A PRODML file.

    Args:
        path: of an HDF5 file.

    Raises:
        OSError: it cannot be read.
        RecordingError: what it holds cannot be played.
        LookupError: it is no PRODML file, or of a kind that has to be read with more care.
    """

    grain = CHUNK

    def __init__(self, path: Path) -> None:
        self._file = h5py.File(path, "r")
        try:
            self._parts = sorted(_parts(self._file["Acquisition"]), key=lambda part: part.segment.begin_ns)
            self._learn(self._file["Acquisition"].attrs)
        except BaseException:
            self.close()
            raise

    def _learn(self, attributes: Any) -> None:
        if not self._parts:
            raise RecordingError("it holds no samples")
        steps, widths = {part.step_ns for part in self._parts}, {part.channels for part in self._parts}
        if max(steps) - min(steps) > 1 or len(widths) > 1:
            raise RecordingError("its parts differ in their rate, or in their channels")
        self.dx = float(attributes["SpatialSamplingInterval"])
        self.prr = rate(min(steps))
        self.channels = widths.pop()
        self.segments = tuple(part.segment for part in self._parts)

    def read(self, segment: int, samples: range, channels: range) -> Samples:
        return self._parts[segment].read(samples, channels)

    def close(self) -> None:
        self._file.close()


class _Part:
    """One ``Raw[k]`` of a file."""

    def __init__(self, group: Any) -> None:
        self._data, times = group["RawData"], group["RawDataTime"]
        dimensions = _dimensions(self._data.attrs.get("Dimensions", _DIMENSIONS))
        if sorted(dimensions) not in (["distance", "time"], ["locus", "time"]) or self._data.ndim != len(dimensions):
            raise RecordingError(f"its dimensions are {' and '.join(dimensions)}, not time and distance")
        self._is_time_first = dimensions[0] == "time"
        count, self.channels = self._data.shape if self._is_time_first else self._data.shape[::-1]
        if count < 2 or not self.channels or times.shape != (count,):
            raise RecordingError(
                f"it holds {count} samples of {self.channels} channels, and {times.size} times of theirs"
            )
        begin, end = (_instant_of(times.attrs[name]) for name in ("PartStartTime", "PartEndTime"))
        self.step_ns = (end - begin) // (count - 1)
        if self.step_ns <= 0:
            raise RecordingError("it ends before it begins")
        if abs(int(times[-1]) * 1000 - end) >= max(1000, self.step_ns):
            raise LookupError("its times contradict each other")
        self.segment = Segment(begin, count)

    def read(self, samples: range, channels: range) -> Samples:
        across, along = slice(channels.start, channels.stop), slice(samples.start, samples.stop)
        read = self._data[along, across].T if self._is_time_first else self._data[across, along]
        return np.ascontiguousarray(read, dtype=np.float32)


def _parts(acquisition: Any) -> Iterator[_Part]:
    for name, group in acquisition.items():
        if name.lower().startswith("raw") and "RawData" in group:
            yield _Part(group)


def _dimensions(told: Any) -> list[str]:
    words = told.replace(",", " ").split() if isinstance(told, str) else [_decoded(word) for word in told]
    return [word.lower() for word in words]


def _instant_of(text: Any) -> int:
    return int(np.datetime64(_decoded(text).split("+")[0].rstrip("Z"), "ns").astype(np.int64))


def _decoded(text: Any) -> str:
    return text.decode() if isinstance(text, bytes) else str(text)

"""A recording, read from its file alone and a stretch of time at a time: a file of hours is never in memory whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""Shape (channels, samples)."""

SECOND = 1_000_000_000
"""Nanoseconds."""


class RecordingError(ValueError):
    """A recording cannot be judged by; ``str()`` says why, and names the file."""


@dataclass(frozen=True)
class Stretch:
    """Samples without a hole between them.

    Attributes:
        begin_ns: when the first one was measured, nanoseconds since the epoch.
        step_ns: from one to the next, nanoseconds; exact, where the rate of the file is a whole number.
        count: how many there are.
    """

    begin_ns: int
    step_ns: Fraction
    count: int

    @property
    def begin(self) -> float:
        """When it begins, epoch seconds."""
        return self.begin_ns / SECOND

    @property
    def end(self) -> float:
        """One sample after its last one, epoch seconds."""
        return float((self.begin_ns + self.count * self.step_ns) / SECOND)


class Source(Protocol):
    """A file of some format."""

    @property
    def channels(self) -> int: ...
    @property
    def stretches(self) -> Sequence[Stretch]: ...

    def read(self, stretch: int, first: int, stop: int, channels: slice) -> NDArray[Any]:
        """Some samples of a stretch on some channels, both counted from 0: shape (channels, samples)."""

    def close(self) -> None: ...


class Recording:
    """A file with what every channel measured; its channels are counted from 0. A context manager.

    PRODML is read by h5py; any other format by dascore, where that is installed.

    Attributes:
        path: the file.
        channels: how many there are.
        stretches: what it holds, ascending in time.
        prr: samples a second.

    Raises:
        RecordingError: there is none, it is cut off, or none that can be read here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._source = _opened(path)
        except RecordingError as error:
            raise RecordingError(f"the recording {path} cannot be read: {error}") from error
        except OSError as error:
            raise RecordingError(f"the recording {path} cannot be read: {error.strerror or error}") from error
        self.channels = self._source.channels
        self.stretches = tuple(sorted(self._source.stretches, key=lambda stretch: stretch.begin_ns))
        self._order = [list(self._source.stretches).index(stretch) for stretch in self.stretches]
        self.prr = float(SECOND / self.stretches[0].step_ns)

    def __str__(self) -> str:
        return f"{self.path} ({self.channels} channels at {self.prr:g} Hz)"

    @property
    def extent(self) -> tuple[float, float]:
        """When it begins and ends, epoch seconds."""
        return self.stretches[0].begin, self.stretches[-1].end

    def read(self, stretch: int, first: int, stop: int, channels: slice) -> Samples:
        """Some samples of a stretch, in double precision.

        Raises:
            RecordingError: they cannot be read.
        """
        try:
            read = self._source.read(self._order[stretch], first, stop, channels)
        except Exception as error:  # of many kinds, from the libraries of many formats
            raise RecordingError(f"the recording {self.path} cannot be read: {error}") from error
        return np.ascontiguousarray(read, dtype=np.float64)

    def close(self) -> None:
        """Lets the file go."""
        self._source.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: Path) -> Source:
    if not path.exists():
        raise RecordingError("there is no such file")
    if path.is_file() and not path.stat().st_size:
        raise RecordingError("it is empty")
    import h5py  # here, for a run without a recording does without

    if path.is_file() and h5py.is_hdf5(path):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise RecordingError(f"it is cut off, or broken: {error}") from error
        try:
            return Prodml(file)
        except LookupError:  # HDF5 of another kind
            file.close()
        except BaseException:
            file.close()
            raise
    return Foreign(path)


class Prodml:
    """PRODML 2.x in HDF5: ``Acquisition/Raw[k]`` holds ``RawData`` with ``RawDataTime`` beside it.

    Source: Energistics, "PRODML Technical Usage Guide", DAS data in HDF5.

    Raises:
        LookupError: it is HDF5 of another kind.
        RecordingError: it holds nothing that can be judged by.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        groups = [
            group
            for name, group in sorted(file["Acquisition"].items())
            if name.lower().startswith("raw") and "RawData" in group
        ]
        if not groups:
            raise RecordingError("it holds no samples")
        self._data = [group["RawData"] for group in groups]
        self._time_first = [_is_time_first(data.attrs.get("Dimensions", ("time", "locus"))) for data in self._data]
        widths = {
            data.shape[1] if first else data.shape[0] for data, first in zip(self._data, self._time_first, strict=True)
        }
        if len(widths) > 1:
            raise RecordingError("its parts differ in their channels")
        self.channels = widths.pop()
        self.stretches = [
            _stretch(*_ends(group["RawDataTime"]), data.shape[0] if first else data.shape[1])
            for group, data, first in zip(groups, self._data, self._time_first, strict=True)
        ]
        if max(one.step_ns for one in self.stretches) - min(one.step_ns for one in self.stretches) > 1:
            raise RecordingError("its parts differ in their rate")

    def read(self, stretch: int, first: int, stop: int, channels: slice) -> NDArray[Any]:
        data = self._data[stretch]
        read: NDArray[Any] = data[first:stop, channels].T if self._time_first[stretch] else data[channels, first:stop]
        return read

    def close(self) -> None:
        self._file.close()


def _is_time_first(told: Any) -> bool:
    words = told.replace(",", " ").split() if isinstance(told, str) else [_text(word) for word in told]
    names = [word.lower() for word in words]
    if sorted(names) not in (["locus", "time"], ["distance", "time"]):
        raise RecordingError(f"its dimensions are {' and '.join(names)}, not time and distance")
    return names[0] == "time"


def _ends(times: Any) -> tuple[int, int]:
    """When the first and the last sample were measured, nanoseconds: attributes are exact, the array microseconds."""
    if times.size < 2:
        raise RecordingError("a part of it holds less than two samples")
    told = [times.attrs.get(name) for name in ("PartStartTime", "PartEndTime")]
    array = int(times[0]) * 1000, int(times[-1]) * 1000
    if None in told:
        return array
    begin, end = (int(np.datetime64(_text(one).split("+")[0].rstrip("Z"), "ns").astype(np.int64)) for one in told)
    if abs(begin - array[0]) > 1000 or abs(end - array[1]) > 1000:
        return array
    return begin, end


def _text(word: Any) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)


def _stretch(begin_ns: int, last_ns: int, count: int) -> Stretch:
    """The stretch between its first and its last sample.

    A rate that is a whole number of Hz, but for what whole nanoseconds can say, is one; where they could say its
    neighbours just so (above 22 kHz), it is what the times say.
    """
    if count < 2 or last_ns <= begin_ns:
        raise RecordingError("its times do not go on from sample to sample")
    step = Fraction(last_ns - begin_ns, count - 1)
    whole = round(SECOND / step)
    if whole and 2 * whole**2 < SECOND and abs(SECOND - whole * step) < whole:  # less than a nanosecond a sample
        step = Fraction(SECOND, whole)
    return Stretch(begin_ns, step, count)


class Foreign:
    """A file that dascore reads, with the dimensions time and distance.

    Raises:
        RecordingError: dascore is not installed, cannot read it, or finds nothing in it that can be judged by.
    """

    def __init__(self, path: Path) -> None:
        try:
            import dascore
        except ImportError:
            raise RecordingError(
                "it is no PRODML file in HDF5; other formats need dascore: pip install -r requirements-recordings.txt"
            ) from None
        self._path, self._read = path, dascore.read
        try:
            parts = sorted(_parts(dascore.scan(path)), key=lambda part: part.begin_ns)
            first = self._patch(parts[0].begin_ns, parts[0].begin_ns, parts[0].step_ns) if parts else None
        except RecordingError:
            raise
        except Exception as error:  # of many kinds, from the libraries of many formats
            raise RecordingError(f"dascore cannot read it: {error}") from error
        if first is None:
            raise RecordingError("dascore finds no samples in it")
        self.channels = len(first.get_array("distance"))
        self.stretches = parts

    def read(self, stretch: int, first: int, stop: int, channels: slice) -> NDArray[Any]:
        part = self.stretches[stretch]
        begin, last = (round(part.begin_ns + sample * part.step_ns) for sample in (first, stop - 1))
        read: NDArray[Any] = self._patch(begin, last, part.step_ns).transpose("distance", "time").data[channels]
        return read

    def close(self) -> None:
        """Nothing is held between two readings."""

    def _patch(self, first_ns: int, last_ns: int, step_ns: Fraction) -> Any:
        half = int(step_ns / 2)
        asked = np.datetime64(first_ns - half, "ns"), np.datetime64(last_ns + half, "ns")
        patches = [patch for patch in self._read(self._path, time=asked) if patch.data.size]
        if len(patches) != 1:
            raise RecordingError("its parts overlap")
        return patches[0]


def _parts(summaries: Sequence[Any]) -> Iterator[Stretch]:
    for summary in summaries:
        names = str(summary.dims).split(",")
        if sorted(names) != ["distance", "time"]:
            raise RecordingError(f"its dimensions are {' and '.join(names)}, not time and distance")
        time = summary.coords["time"]
        if np.asarray(time.min).dtype.kind != "M" or time.step is None or np.isnat(time.step):
            raise RecordingError("its samples do not follow each other evenly, by the date")
        begin, end = (int(np.datetime64(instant, "ns").astype(np.int64)) for instant in (time.min, time.max))
        step = int(np.timedelta64(time.step, "ns").astype(np.int64))
        yield _stretch(begin, end, round((end - begin) / step) + 1)

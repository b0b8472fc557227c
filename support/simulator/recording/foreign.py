"""Recordings in any other format that dascore reads. It is heavy, so it is asked for only where a file needs it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from support.simulator.fibre import Samples
from support.simulator.recording.tape import RecordingError, Segment, rate

BLOCK_BYTES = 4 * 2**20  # of samples that are read together: opening the file is what takes the time


class ForeignTape:
    """A file that dascore reads, a stretch of time at a time.

    Raises:
        RecordingError: dascore is not there, cannot read it, or what it reads cannot be played.
    """

    def __init__(self, path: Path) -> None:
        try:
            import dascore
        except ImportError:
            raise RecordingError(
                "it is no PRODML file; other formats need dascore: pip install -r requirements-recordings.txt"
            ) from None
        self._path = path
        self._read = dascore.read
        try:
            summaries = dascore.scan(path)
            parts = [_Part(summary, partial(_between, self._read, path)) for summary in summaries]
        except RecordingError:
            raise
        except Exception as error:  # of many kinds, from the libraries of many formats
            raise RecordingError(f"dascore cannot read it: {error}") from error
        if not parts:
            raise RecordingError("dascore finds no samples in it")
        self._learn(sorted(parts, key=lambda part: part.segment.begin_ns))

    def _learn(self, parts: list["_Part"]) -> None:
        first = parts[0]
        if any((part.step_ns, part.channels) != (first.step_ns, first.channels) for part in parts):
            raise RecordingError("its parts differ in their rate, or in their channels")
        self._step_ns = first.step_ns
        self.prr = rate(first.step_ns)
        self.dx, self.channels = first.dx, first.channels
        self.segments = tuple(part.segment for part in parts)
        self.grain = max(1, BLOCK_BYTES // (4 * self.channels)), self.channels

    def read(self, segment: int, samples: range, channels: range) -> Samples:
        begin = self.segments[segment].begin_ns
        first, last = (begin + sample * self._step_ns for sample in (samples[0], samples[-1]))
        patch = _between(self._read, self._path, first, last, self._step_ns)
        read = patch.transpose("distance", "time").data[channels.start : channels.stop]
        return np.ascontiguousarray(read, dtype=np.float32)

    def close(self) -> None:
        """Nothing is held between two readings."""


def _between(read: Callable[..., Any], path: Path, first_ns: int, last_ns: int, step_ns: int) -> Any:
    """What was measured from one instant to another, included; ``step_ns`` lies between two samples."""
    half = step_ns // 2
    asked = np.datetime64(first_ns - half, "ns"), np.datetime64(last_ns + half, "ns")
    patches = [patch for patch in read(path, time=asked) if patch.data.size]
    if len(patches) != 1:
        raise RecordingError("its parts overlap")
    return patches[0]


class _Part:
    """What dascore tells of a part of a file: it reads no more than its first sample."""

    def __init__(self, summary: Any, read: Callable[[int, int, int], Any]) -> None:
        names = str(summary.dims).split(",")
        if sorted(names) != ["distance", "time"]:
            raise RecordingError(f"its dimensions are {' and '.join(names)}, not time and distance")
        time = summary.coords["time"]
        if np.asarray(time.min).dtype.kind != "M":
            raise RecordingError("its times do not tell the date")
        if time.step is None or np.isnat(time.step) or not time.max > time.min:
            raise RecordingError("its samples do not follow each other evenly in time")
        begin, end = (int(np.datetime64(instant, "ns").astype(np.int64)) for instant in (time.min, time.max))
        self.step_ns = int(np.timedelta64(time.step, "ns").astype(np.int64))
        self.segment = Segment(begin, round((end - begin) / self.step_ns) + 1)
        distances = read(begin, begin, self.step_ns).get_array("distance")
        self.channels = len(distances)
        self.dx = abs(float(distances[-1] - distances[0])) / max(1, self.channels - 1) or 1.0

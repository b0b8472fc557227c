"""Jobs of several streams, to try what merges them: a dialect that can ask for one, and the frames of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow, StreamRequest
from support.stream.block import Block, Message
from support.stream.story import STORY, Story

T0 = 1_700_000_000_000
DT = 10
SENSORS = ((0, 1, 2), (3, 4, 5), (6, 7))
"""Of three streams, those of each."""

BINS = 4


class Numbered(Story):
    """The story's dialect, but that a job id says which stream of the job is meant."""

    name = "numbered"

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:
        return StreamRequest(job_id=f"{job_id}#{stream}", max_frames=max_frames).SerializeToString()


NUMBERED = Numbered()


def value(sensor: int, line: int, position: int) -> float:
    """What a sensor shows in a bin of a line."""
    return float(np.float32((sensor * 7919 + line * 104_729 + position * 1299) % 10_007 + 1))


def part(stream: int, *lines: int, sensors: Sequence[int] | None = None, bins: int = BINS) -> DataStream:
    """A frame of these lines, as a stream brings it."""
    rows = [
        SpectrogramRow(
            canvasId="canvas",
            sensors=[
                SensorIntensity(id=sensor, intensity=[value(sensor, line, position) for position in range(bins)])
                for sensor in (SENSORS[stream] if sensors is None else sensors)
            ],
            startTimestamp=T0 + DT * line,
            endTimestamp=T0 + DT * line + 512,
        )
        for line in lines
    ]
    values = [number for row in rows for sensor in row.sensors for number in sensor.intensity]
    return DataStream(rows=rows, current_min_amp=min(values, default=0), current_max_amp=max(values, default=0))


def blocks(frames: Sequence[DataStream], at: Sequence[float] = ()) -> list[Block]:
    """Frames as a reader hands them on; they came ``at`` these times."""
    times = at or [0.0] * len(frames)
    messages = [
        Message(data, len(data), arrived, arrived)
        for data, arrived in zip((frame.SerializeToString() for frame in frames), times, strict=True)
    ]
    return list(STORY.reader().blocks(messages))


def lines_of(starts: Iterable[int]) -> list[int]:
    """Which lines start then."""
    return [(int(start) - T0) // DT for start in starts]

"""Whether streams are strangers to each other: none shows the values, the times or the canvas of another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from support.stream.frame import Frame
from support.validation.finding import Finding, Topic
from support.wording import clock, plural, some

_ENOUGH = 16
"""Different values that a spectrum needs to be one of a kind: fewer may be alike by chance."""

_ROUNDING_MS = 1.0


@dataclass(frozen=True)
class Shown:
    """What one stream showed.

    Attributes:
        job_id: of its job.
        sample: seconds between two samples of the fibre.
        frames: those that were kept.
        canvases: what it was drawn on.
        turn: the jobs of one turn live at the same time; None: it lives at the same time as all others.
    """

    job_id: str
    sample: float
    frames: Sequence[Frame]
    canvases: frozenset[str]
    turn: int | None = None


@dataclass(frozen=True)
class _Place:
    stream: int
    sensor: int
    start: int


def judge_beside(streams: Sequence[Shown], canvases: Collection[str] = ()) -> list[Finding]:
    """What these streams have of one another; empty where each has what is its own.

    Args:
        streams: of any jobs, at any time.
        canvases: those that the server has been seen to have, beside theirs.

    Noise never repeats, so values that are the same in each of 16 bins or more were measured once: by one sensor at one
    time. Two streams may both show that, as two operators may watch the same metres of fibre; but then both have to say
    so. Jobs that live at the same time have a canvas each, but for servers that have one canvas for all jobs.
    """
    return [*_values(streams), *_canvases(streams, canvases)]


def _values(streams: Sequence[Shown]) -> Iterator[Finding]:
    seen: dict[bytes, _Place] = {}
    strange: dict[tuple[int, int], list[tuple[_Place, _Place]]] = {}
    for number, stream in enumerate(streams):
        for values, place in _spectra(number, stream.frames):
            first = seen.setdefault(values, place)
            if first.stream != number and not _same(first, place, stream.sample):
                strange.setdefault((first.stream, number), []).append((first, place))
    for (one, other), places in strange.items():
        first, again = places[0]
        yield Finding(
            "values of its own",
            Topic.MEASUREMENTS,
            f"job {streams[other].job_id} shows in sensor {again.sensor} at {clock(again.start)} the values that "
            f"{_whose(streams, one, other)} shows in sensor {first.sensor} at {clock(first.start)}; "
            f"{plural(len(places), 'time')} in all",
            amount=len(places),
        )


def _same(first: _Place, other: _Place, sample: float) -> bool:
    """Whether it can be one measurement: of one sensor, at one time, but for rounding and alignment to samples."""
    return first.sensor == other.sensor and abs(first.start - other.start) <= _ROUNDING_MS + sample * 1000


def _whose(streams: Sequence[Shown], one: int, other: int) -> str:
    same_job = streams[one].job_id == streams[other].job_id
    return "another stream of it" if same_job else f"job {streams[one].job_id}"


def _spectra(stream: int, frames: Iterable[Frame]) -> Iterator[tuple[bytes, _Place]]:
    """The spectra that are one of a kind, and where each stands."""
    for frame in frames:
        if not frame.is_rectangular or frame.shape.dimensions[2] < _ENOUGH:
            continue
        rows, sensors, bins = frame.shape.dimensions
        spectra = frame.intensities.reshape(rows * sensors, bins)
        different = (np.diff(np.sort(spectra, axis=1)) > 0).sum(axis=1) + 1
        for position in np.flatnonzero(different >= _ENOUGH).tolist():
            row, sensor = divmod(position, sensors)
            place = _Place(stream, frame.sensor_ids[row][sensor], int(frame.starts[row]))
            yield spectra[position].tobytes(), place


def _canvases(streams: Sequence[Shown], others: Collection[str]) -> Iterator[Finding]:
    if len(set(others).union(*(stream.canvases for stream in streams))) < 2:
        return  # one canvas for all jobs, or nothing shown
    shared: dict[str, dict[str, None]] = {}
    for one, other in combinations(streams, 2):
        if one.job_id != other.job_id and (one.turn == other.turn or None in (one.turn, other.turn)):
            for canvas in sorted(one.canvases & other.canvases):
                shared.setdefault(canvas, {}).update({one.job_id: None, other.job_id: None})
    for canvas, jobs in shared.items():
        yield Finding(
            "a canvas of its own",
            Topic.STRUCTURE,
            f"jobs {some(jobs)} are drawn on the same canvas {canvas!r}, though this server has several",
            amount=len(jobs),
        )

"""The place of a finding in its stream: what came there, and what came around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from support.screen.job import Job
from support.screen.streamed import Streamed
from support.stream.frame import Frame
from support.stream.lines import countable, steps
from support.validation.finding import Where

_AROUND = 40
"""Rows before the place, and as many after it."""

_MOST_MISSING = 8
"""White rows that stand for lines that did not come, in one gap."""

_MOST_BINS = 4
"""Times as many values as a spectrum should have are shown, where it has more."""

_Row = tuple[Frame, int]
"""A frame, and the position of a row in it."""


@dataclass(frozen=True, eq=False)
class Place:
    """What came around a place; rows as they came, and one without values for each line that is missing between two.

    Attributes:
        starts: of each row, epoch milliseconds, shape (rows,).
        frequencies: Hz, shape (bins,); where more values came than there are frequencies, it goes on evenly.
        sensors: ids of the sensors that should be there or are, ascending.
        spectrum: of the sensor in question, linear, shape (rows, bins).
        no_spectrum: where nothing came of it, of the same shape.
        channels: of each sensor, at the frequency in question or else the strongest, linear, shape (rows, sensors).
        no_channels: where nothing came of it, of the same shape.
        rows: positions of the row in question, or of those of the frame, and of those that are missing before; None
            where it is none, or not among those that were kept.
        bin: position of the frequency in question; None where it is all of them.
        column: position of the sensor in question; None where it is all of them.
        shown: id of the sensor whose spectrum it is.
        remark: what has to be said of it, in words.
    """

    starts: NDArray[np.int64]
    frequencies: NDArray[np.float64]
    sensors: tuple[int, ...]
    spectrum: NDArray[np.float32]
    no_spectrum: NDArray[np.bool_]
    channels: NDArray[np.float32]
    no_channels: NDArray[np.bool_]
    rows: range | None
    bin: int | None
    column: int | None
    shown: int
    remark: str = ""

    @property
    def of_spectrum(self) -> str:
        """What the spectrum is of, in words."""
        return f"Channel {self.shown}{'' if self.column is not None else ', the one with the strongest signal'}"

    @property
    def of_channels(self) -> str:
        """What is shown of the channels, in words."""
        if self.bin is None:
            return "All channels: the strongest frequency of each"
        return f"All channels at {self.frequencies[self.bin]:.4g} Hz"


def place_of(stream: Streamed, where: Where) -> Place | None:
    """What came around a place; around its end where the place says no time; None where no row was kept."""
    frames = [frame for frame in stream.frames if frame.starts.size]
    if not frames:
        return None
    rows = _Rows(frames)
    found = rows.positions(where, stream.verdict.rows)
    middle = found[len(found) // 2] if found else len(rows) - 1
    spaced = list(rows.spaced(middle, stream.job.answer.lines_dt))
    centre = spaced.index(middle)
    shown = spaced[max(centre - _AROUND, 0) : centre + _AROUND + 1]
    around = [None if one is None else rows[one] for one in shown]
    lost = not found and (where.row, where.frame, where.time) != (None, None, None)
    remark = "the rows of this place are not among those that were kept" if lost else ""
    return _drawn(stream.job, around, where, _marked(shown, found) if found else None, remark)


class _Rows:
    """The rows of frames, one after the other."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        counts = [len(frame.starts) for frame in frames]
        self._frames = frames
        self._ends = np.cumsum(counts, dtype=np.int64)
        self._indexes = np.repeat([frame.index for frame in frames], counts)
        self._starts = np.concatenate([frame.starts for frame in frames])

    def __len__(self) -> int:
        return self._starts.size

    def __getitem__(self, position: int) -> _Row:
        number = int(np.searchsorted(self._ends, position, side="right"))
        frame = self._frames[number]
        return frame, position - int(self._ends[number]) + len(frame.starts)

    def positions(self, where: Where, judged: int) -> range:
        """Of the row in question, or of all rows of its frame; none where it is none, or is not here.

        Args:
            where: the place.
            judged: rows of the whole stream.
        """
        lost = judged - len(self)
        if where.row is not None and 0 <= where.row - lost < len(self):
            return _only(where.row - lost)
        ends = np.concatenate([frame.ends for frame in self._frames])
        for times in (self._starts, ends) if where.time is not None else ():
            at = np.flatnonzero(times == where.time)
            if at.size:
                distances = np.abs(self._indexes[at] - (where.frame or 0))
                return _only(int(at[distances.argmin()]))
        if where.frame is None or not self._indexes[0] <= where.frame <= self._indexes[-1]:
            return range(0)
        first, after = (int(np.searchsorted(self._indexes, where.frame, side)) for side in ("left", "right"))
        return range(first, max(after, first + 1))

    def spaced(self, middle: int, lines_dt: float) -> Iterator[int | None]:
        """Positions of the rows around one, and None for each line that is missing before a row."""
        line, before = lines_dt * 1000, None
        first = max(middle - _AROUND, 0)
        for position, start in enumerate(self._starts[first : middle + _AROUND + 1].tolist(), first):
            if before is not None and countable(line):
                missing = int(steps(float(start - before), line)) - 1
                yield from [None] * min(missing, _MOST_MISSING)
            yield position
            before = start


def _drawn(job: Job, rows: Sequence[_Row | None], where: Where, marked: range | None, remark: str) -> Place | None:
    hertz = np.asarray(job.answer.frequencies_list, dtype=np.float64)
    spectra = [_spectra(one, _MOST_BINS * max(hertz.size, 1)) for one in rows]
    ids = {*job.expectation().sensors, *(sensor for of_row in spectra for sensor in of_row.sensors)}
    sensors = sorted(ids if where.sensor is None else ids | {where.sensor})
    bins = max(hertz.size, *(of_row.values.shape[1] for of_row in spectra))
    if not sensors or not bins:
        return None
    at = where.bin if where.bin is not None and where.bin < bins else None
    channels = _Came((len(rows), len(sensors)))
    for number, of_row in enumerate(spectra):
        channels.put((number, np.searchsorted(sensors, of_row.sensors)), *of_row.strongest(at))
    column = None if where.sensor is None else sensors.index(where.sensor)
    shown = (
        int(np.nanmean(np.where(channels.absent, 0, channels.values), axis=0).argmax()) if column is None else column
    )
    spectrum = _Came((len(rows), bins))
    for number, of_row in enumerate(spectra):
        for position in np.flatnonzero(np.array(of_row.sensors) == sensors[shown])[:1].tolist():
            values, came = of_row.values[position], of_row.came[position]
            spectrum.put((number, np.arange(len(values))), values, came)
    return Place(
        np.array([_start(rows, number) for number in range(len(rows))], dtype=np.int64),
        _further(hertz, bins),
        tuple(sensors),
        spectrum.values,
        spectrum.absent,
        channels.values,
        channels.absent,
        marked,
        at,
        column,
        sensors[shown],
        remark,
    )


class _Came:
    """Values of a shape, of which none has come yet."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.values = np.zeros(shape, dtype=np.float32)
        self.absent = np.ones(shape, dtype=bool)

    def put(self, at: tuple[int, NDArray[np.int64]], values: NDArray[np.float32], came: NDArray[np.bool_]) -> None:
        """Values of places, as far as they came."""
        self.values[at], self.absent[at] = np.where(came, values, 0), ~came


@dataclass(frozen=True, eq=False)
class _Spectra:
    """A row: values, and whether they came, both of shape (sensors, bins)."""

    sensors: tuple[int, ...]
    values: NDArray[np.float32]
    came: NDArray[np.bool_]

    def strongest(self, at: int | None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Of each sensor the value of a bin, or the largest of all, if none is no magnitude; and whether it came."""
        if at is not None and at >= self.values.shape[1]:
            return np.zeros(len(self.sensors), np.float32), np.zeros(len(self.sensors), bool)
        if at is not None:
            return self.values[:, at], self.came[:, at]
        largest: NDArray[np.float32] = self.values.max(axis=1, initial=0)
        largest[self.values.min(axis=1, initial=0) < 0] = -1
        came: NDArray[np.bool_] = self.came.max(axis=1, initial=False)
        return largest, came


def _spectra(one: _Row | None, most: int) -> _Spectra:
    """A row as it came, at ``most`` so many bins of each sensor; nothing, where it did not come."""
    if one is None:
        return _Spectra((), np.zeros((0, 0), np.float32), np.zeros((0, 0), bool))
    frame, row = one
    sensors = frame.sensor_ids[row]
    if frame.is_rectangular:
        values = frame.intensities[row, :, :most]
        return _Spectra(sensors, values, np.ones(values.shape, bool))
    ends = np.cumsum(frame.bin_counts)
    first = sum(map(len, frame.sensor_ids[:row]))
    of_row = slice(first, first + len(sensors))
    counts = np.minimum(frame.bin_counts[of_row], most)
    values = np.zeros((len(counts), counts.max(initial=0)), dtype=np.float32)
    came = np.zeros(values.shape, dtype=bool)
    for position, (end, whole, count) in enumerate(zip(ends[of_row], frame.bin_counts[of_row], counts, strict=True)):
        came[position, :count] = True
        values[position, :count] = frame.values[end - whole : end - whole + count]
    return _Spectra(sensors, values, came)


def _only(position: int) -> range:
    return range(position, position + 1)


def _marked(shown: Sequence[int | None], found: range) -> range:
    """Where these rows are shown, and what is missing before the first of them."""
    own = [number for number, one in enumerate(shown) if one is not None and one in found]
    first = own[0]
    while first and shown[first - 1] is None:
        first -= 1
    return range(first, own[-1] + 1)


def _start(rows: Sequence[_Row | None], number: int) -> int:
    """When a row starts; where it did not come, the one before."""
    frame, row = next(one for one in rows[number::-1] if one is not None)
    return int(frame.starts[row])


def _further(hertz: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """The frequencies of so many bins: beyond those that there are, evenly on."""
    if hertz.size >= bins or not hertz.size:
        return hertz if hertz.size else np.arange(bins, dtype=np.float64)
    step = hertz[-1] - hertz[-2] if hertz.size > 1 else 1.0
    return np.concatenate([hertz, hertz[-1] + step * np.arange(1, bins - hertz.size + 1)])

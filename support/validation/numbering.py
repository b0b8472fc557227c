"""Whether the numbers that a server gives its lines and its jobs are true; where it gives none, nothing is judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.lines import countable
from support.validation.expectation import Expectation
from support.validation.finding import Ending, Finding, Rule, Topic, Where
from support.validation.time import room_ms
from support.wording import are, clock, plural, some

_BEGINNINGS = (0, 1)
"""Numbers of the first line of a call."""

_MOST_DIGITS = 20
"""Digits of a number in the id of a job; there are none as long in a frame."""


class NumberedAsTimed(Rule):
    """The numbers of lines and their times tell the same story: each line later is one number more.

    What is lost by both, or comes again by both, is for the rule about times to tell. After an interruption, a server
    may count anew, and over a hole of a recording it may or may not go on counting.
    """

    name = "lines numbered as they are timed"
    topic = Topic.CONTINUITY

    def __init__(self, expectation: Expectation) -> None:
        self._line = expectation.lines_dt * 1000
        self._grid = expectation.grid
        self._tolerance = max(self._line / 2, room_ms(expectation)[1])
        self._last: dict[int, tuple[int, float]] = {}

    def see(self, block: Block) -> Iterator[Finding]:
        for stream, part in enumerate(block.parts):
            numbers = part.row_indexes
            if numbers is None or not numbers.size or not countable(self._line):
                self._last.pop(stream, None)
            else:
                yield from self._judge(stream, part, numbers)

    def _judge(self, stream: int, part: Block, numbers: NDArray[np.int64]) -> Iterator[Finding]:
        numbered, timed = numbers.reshape(-1), part.starts.reshape(-1)
        number, start = self._last.get(stream, (int(numbered[0]), float(timed[0])))
        self._last[stream] = int(numbered[-1]), float(timed[-1])
        with np.errstate(over="ignore", invalid="ignore"):  # however far apart lines are said to be
            begins = np.concatenate(([start - number * self._line], timed - numbered * self._line))  # of line 0
            wrong = ~(np.abs(begins[1:] - begins[:-1]) <= self._tolerance)
        if not wrong.any():
            return
        counted = np.concatenate(([number], numbered))
        gaps = np.diff(np.concatenate(([start], timed)))
        for position in np.flatnonzero(wrong.reshape(numbers.shape).any(axis=1)).tolist():
            row = position * part.shape.rows + int(wrong.reshape(numbers.shape)[position].argmax())
            if counted[row + 1] in _BEGINNINGS and gaps[row] > self._line + self._tolerance:
                continue
            if self._is_over_a_hole(float(timed[row]), float(gaps[row])):
                continue
            where = Where(frame=part.index + position, time=int(part.starts.flat[row]))
            yield self._told(int(counted[row]), int(counted[row + 1]), float(gaps[row]), where)

    def _is_over_a_hole(self, start: float, gap: float) -> bool:
        """Whether lines between this one and the one before, so many milliseconds ago, were not all recorded."""
        return self._grid is not None and self._grid.between(start - gap, start) < round(gap / self._line) - 1

    def _told(self, before: int, number: int, gap: float, where: Where) -> Finding:
        assert where.time is not None, "each line has one"
        skipped, timed = number - before - 1, round(gap / self._line) - 1
        if skipped < 0:
            what = "stayed at" if number == before else f"went from {before} back to"
            return self.finding(f"the number of a line {what} {number}, and its time did not go with it", where)
        if timed < 0:
            return self.finding("the time of a line did not go on, and its number did", where, timed)
        if skipped > timed:
            by_time = "none is" if timed <= 0 else f"{timed} {are(timed)}"
            return self.finding(
                f"{plural(skipped, 'line')} {are(skipped)} missing by number, after number {before}; by time {by_time}",
                where,
                skipped - timed,
            )
        by_number = "none is" if skipped == 0 else f"{skipped} {are(skipped)}"
        return self.finding(
            f"{plural(timed, 'line')} {are(timed)} missing by time, until {clock(where.time)}; by number {by_number}",
            where,
            timed - skipped,
        )


class OfThisJob(Rule):
    """What comes is of the job that was asked for, and of that one job to the end.

    A port is given to one job after the other, so that a client may meet the stream of the job before: its frames
    have another number, or none of this job's sensors. Which part of an id like ``23-68`` a frame tells is not known;
    so it has to be one of them, and always the same. The end tells of what one stream had and the picture never showed.

    Args:
        job_id: as the configuration answered it; empty: not known.
        sensors: those of the job.
    """

    name = "stream of this job"
    topic = Topic.STRUCTURE

    def __init__(self, job_id: str, sensors: Collection[int]) -> None:
        self._job_id = job_id
        self._ours = {int(part) for part in job_id.split("-") if part.isdecimal() and len(part) < _MOST_DIGITS}
        self._sensors = frozenset(sensors)
        self._number: int | None = None
        self._strangers: set[object] = set()

    def see(self, block: Block) -> Iterator[Finding]:
        for part in block.parts:
            if part.job_numbers is None:
                continue
            yield from self._of_other_sensors(part)
            if not set(part.job_numbers) <= {None, self._number}:
                yield from self._numbers(part)

    def end(self, ending: Ending) -> Iterator[Finding]:
        ours = self._ours if self._number is None else {self._number}
        for part in ending.streams:
            if ours and (others := part.jobs - ours - self._strangers):
                yield self.finding(
                    f"{part} is in part that of another job: it brought frames of job {some(sorted(others))}, and this "
                    f"is {self._job_id!r}"
                )

    def _numbers(self, part: Block) -> Iterator[Finding]:
        for index, number in zip(part.indexes, part.job_numbers or (), strict=True):
            if number is None or number == self._number:
                continue
            if self._ours and number not in self._ours:
                if number not in self._strangers:
                    yield self.finding(
                        f"the stream is that of another job: its frames say job {number}, and this is {self._job_id!r}",
                        Where(frame=index),
                    )
                self._strangers.add(number)
                continue
            if self._number is not None:
                yield self.finding(f"the number of the job changed from {self._number} to {number}", Where(frame=index))
            self._number = number

    def _of_other_sensors(self, part: Block) -> Iterator[Finding]:
        ids = part.shape.sensor_ids[0] if part.shape.rows else ()
        if not ids or not self._sensors or ids in self._strangers or ids[0] in self._sensors:
            return
        if self._sensors.isdisjoint(ids):
            self._strangers.add(ids)
            yield self.finding(
                f"the stream is that of another job: it shows sensor {some(ids)}, and none of this job's",
                Where(frame=part.index),
            )

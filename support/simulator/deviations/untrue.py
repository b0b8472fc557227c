"""Faults that truth alone sees: the stream keeps all other promises, and is not what the fibre measured.

One is not here, for nobody could see it: the samples of a window in reverse. That turns the phase of each frequency and
leaves its magnitude as it is, as the window function is the same from either end.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from support.simulator.deviations.bytes_ready import decibels
from support.simulator.deviations.catalogue import (
    Decibels,
    Milliseconds,
    OneIn,
    Percent,
    PercentASecond,
    Samples,
    Sensor,
)
from support.simulator.deviations.edits import with_sensor, with_values
from support.simulator.deviations.stages import FRAME, READING, At
from support.simulator.fibre import Measured
from support.simulator.frame import Frame, rounded
from support.simulator.plan import Plan
from support.simulator.reading import Reading
from support.simulator.recording.recording import Recording
from support.simulator.sensors import Values
from support.simulator.spectrum import blackman

HOUR = 3600  # seconds
BLOCK = 4096  # samples
FLOOR = 240  # decibels from 1 down to where the quietest value is
TOO_LARGE = 1.5
THIRD = 3
PLANS = "plans"  # of jobs that have been streamed, by their turns


@FRAME.fault("truth")
def spectrum_mirrored(frame: Frame, _at: At) -> Frame:
    """The values of every row stand in the reverse order of their frequencies."""
    return with_values(frame, lambda values: values[:, ::-1])


@READING.fault("truth")
def spectrum_shifted(reading: Reading, at: At) -> Reading:
    """Every frequency shows the value of the next higher one."""
    return _from_bin(reading, at.plan, reading.bins.start + 1)


@FRAME.fault("truth")
def picture_scaled(frame: Frame, _at: At, louder: Decibels = 1.0) -> Frame:
    """All values are too large."""
    return with_values(frame, lambda values: values * 10 ** (louder / 20))


@READING.fault("truth")
def window_changes(reading: Reading, at: At) -> Reading:
    """Every second job has another window function than the others."""
    return replace(reading, window=blackman) if at.turn % 2 else reading


@FRAME.fault("truth")
def magnitudes_squared(frame: Frame, at: At) -> Frame:
    """Every second job shows the squares of magnitudes, while the others show magnitudes."""
    return with_values(frame, np.square) if at.turn % 2 else frame


@FRAME.fault("truth")
def decibels_for_linear(frame: Frame, at: At) -> Frame:
    """Every second job is in decibels above a floor, so that none is negative, while the others are linear."""
    return with_values(frame, lambda values: decibels(values) + FLOOR) if at.turn % 2 else frame


@FRAME.fault("truth")
def channels_swapped(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
    """One channel and the one after it, or before it where it is the last one, have changed places."""

    def swapped(values: Values) -> Values:
        if len(values) > 1:
            index = min(sensor, len(values) - 1) - 1
            values[[index, index + 1]] = values[[index + 1, index]]
        return values

    return with_values(frame, swapped)


@READING.fault("truth")
def channels_shifted(reading: Reading, at: At) -> Reading:
    """Every channel shows the values of the next one; the last one of the fibre those of the first."""
    following = reading.first + 1
    return replace(reading, first=following if following <= at.measured.highest else at.measured.lowest)


@FRAME.fault("truth")
def channel_delayed(frame: Frame, at: At, sensor: Sensor = 3) -> Frame:
    """One of several channels is a line behind the others."""

    def delayed(values: Values) -> Values:
        shown: Values = at.memory.get("delayed", values)
        at.memory["delayed"] = values.copy()
        return shown

    several = any(len(row.sensor_ids) > 1 for row in frame.rows)
    return with_sensor(frame, sensor, delayed) if several else frame


@READING.fault("truth")
def band_of_another_job(reading: Reading, at: At) -> Reading:
    """A job shows the band that a job before it asked for, with as many frequencies as its own has."""
    before = _job_before(at, lambda plan: _hertz(plan) != _hertz(at.plan))
    if before is None:
        return reading
    return _from_bin(reading, at.plan, round(_hertz(before) * at.plan.nfft / at.plan.prr))


@READING.fault("truth")
def range_before(reading: Reading, at: At) -> Reading:
    """A historic job shows what a job before it asked for, where that was another range, under its own times."""
    if at.plan.between is None:
        return reading
    begin, _ = at.plan.between
    before = _job_before(at, lambda plan: plan.between is not None and plan.between[0] != begin)
    if before is None or before.between is None:
        return reading
    away = rounded((before.between[0] - begin) * at.plan.prr)
    return _elsewhere(reading, at, lambda start, _: start + away)


@READING.watch("band-of-another-job", "range-before")
def _watch_jobs(reading: Reading, at: At) -> Reading:
    at.of_jobs.setdefault(PLANS, {}).setdefault(at.turn, at.plan)
    return reading


def _job_before(at: At, fits: Callable[[Plan], bool]) -> Plan | None:
    """What the newest one was about that was asked for before, has been streamed, and fits; None without."""
    plans = dict(at.of_jobs[PLANS])
    return next((plans[turn] for turn in sorted(plans, reverse=True) if turn < at.turn and fits(plans[turn])), None)


@READING.fault("truth")
def range_too_early(reading: Reading, at: At) -> Reading:
    """A historic job shows what was recorded an hour earlier, counted round the end where the recording is shorter."""
    if at.plan.between is None:
        return reading
    hour = rounded(HOUR * Fraction(at.plan.prr))
    beyond = rounded(at.plan.between[1] * at.plan.prr) - at.plan.nfft + 1  # of what is asked for: a recording may go on

    def earlier(start: int, known: range) -> int:
        ring = range(known.start, max(start + 1, min(known.stop, beyond)))
        return ring[(start - ring.start - hour) % len(ring)]

    return _elsewhere(reading, at, earlier)


@READING.fault("truth")
def samples_dropped(reading: Reading, _at: At, lost: Samples = 16) -> Reading:
    """Some samples are missing after every 4,096: a window that reaches over that place has a jump."""
    return replace(reading, block=BLOCK, lost=lost)


@READING.fault("truth")
def prr_off(reading: Reading, at: At, lower: Percent = 0.5) -> Reading:
    """The samples of a time are looked for as if the PRR were lower: the picture stays behind its times."""
    opened = at.timeline.first_sample(0)

    def slower(start: int) -> int:
        known = _windows(at.measured, at.plan, start)
        origin = opened if known is None else known.start
        return start - round((start - origin) * lower / 100)

    return replace(reading, starts=tuple(map(slower, reading.starts)))


@READING.fault("truth")
def labels_late(reading: Reading, at: At, late: Milliseconds = 10) -> Reading:
    """The times of all rows are later than what they show."""
    by = rounded(late * Fraction(at.plan.prr) / 1000)
    return replace(reading, starts=tuple(start - by for start in reading.starts))


@FRAME.fault("truth")
def gain_drifts(frame: Frame, at: At, gain: PercentASecond = 1.0) -> Frame:
    """The third channel becomes louder, by a share a second."""
    seconds = at.row * float(at.plan.lines_dt)
    return with_sensor(frame, THIRD, lambda values: values * (1 + gain / 100) ** seconds)


@FRAME.fault("truth")
def one_wrong_value(frame: Frame, at: At, one_in: OneIn = 1_000_000) -> Frame:
    """One value in a million is half as large again, the first one in the midst of the first million."""

    def spoilt(values: Values) -> Values:
        begin = at.memory.get("values shown", 0)
        at.memory["values shown"] = begin + values.size
        values.reshape(-1)[(one_in // 2 - begin) % one_in :: one_in] *= TOO_LARGE
        return values

    return with_values(frame, spoilt)


def _from_bin(reading: Reading, plan: Plan, first: int) -> Reading:
    """As many bins from another one on, or the last ones that there are."""
    begin = max(0, min(first, plan.nfft // 2 + 1 - len(reading.bins)))
    return replace(reading, bins=range(begin, begin + len(reading.bins)))


def _hertz(plan: Plan) -> Fraction:
    """Where the band begins."""
    return plan.bins.start * Fraction(plan.prr) / plan.nfft


def _windows(measured: Measured, plan: Plan, start: int) -> range | None:
    """Where windows can begin in the part of the recording in which one begins at ``start``; None: there is none."""
    if not isinstance(measured, Recording):
        return None
    numbers = ((measured.number(segment), segment.count) for segment in measured.segments)
    known = (range(number, number + count - plan.nfft + 1) for number, count in numbers)
    return next((one for one in known if start in one), None)


def _elsewhere(reading: Reading, at: At, place: Callable[[int, range], int]) -> Reading:
    """Read where ``place`` says, which is given a start and all of its part of the recording, if there is something."""

    def moved(start: int) -> int:
        known = _windows(at.measured, at.plan, start)
        there = start if known is None else place(start, known)
        return start if _windows(at.measured, at.plan, there) is None else there

    return replace(reading, starts=tuple(map(moved, reading.starts)))

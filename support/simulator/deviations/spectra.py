"""Faults of the values: what is no intensity, bounds that are not true, data without life."""

import itertools
from collections import deque
from dataclasses import replace

import numpy as np

from support.simulator.deviations.catalogue import Lines, Sensor
from support.simulator.deviations.edits import with_sensor, with_values
from support.simulator.deviations.stages import FRAME, At
from support.simulator.frame import Frame
from support.simulator.sensors import Values

CONSTANT = 0.25
EVERY = 8  # lines from one fault to the next: the first shows in ten frames of one line
SMALLEST = 1e-12  # below it, decibels would be infinite


@FRAME.fault("intensity")
def nan_value(frame: Frame, _at: At) -> Frame:
    """One value of every row is not a number."""
    return with_values(frame, lambda values: _spoilt(values, np.nan))


@FRAME.fault("intensity")
def infinite_value(frame: Frame, _at: At) -> Frame:
    """One value of every row is infinite."""
    return with_values(frame, lambda values: _spoilt(values, np.inf))


@FRAME.fault("intensity")
def negative_value(frame: Frame, _at: At) -> Frame:
    """One value of every row is negative."""
    return with_values(frame, lambda values: _spoilt(values, -0.01))


@FRAME.fault("intensity", "story")
def decibels(frame: Frame, _at: At) -> Frame:
    """All values are decibels, most of them negative, in place of linear magnitudes."""
    return with_values(frame, lambda values: 20 * np.log10(np.maximum(values, SMALLEST)))


@FRAME.fault("bounds")
def bounds_nan(frame: Frame, _at: At) -> Frame:
    """The bounds of every frame are not numbers."""
    return replace(frame, min_amp=np.nan, max_amp=np.nan)


@FRAME.fault("bounds")
def bounds_infinite(frame: Frame, _at: At) -> Frame:
    """The bounds of every frame are infinite."""
    return replace(frame, min_amp=-np.inf, max_amp=np.inf)


@FRAME.fault("bounds")
def bounds_swapped(frame: Frame, _at: At) -> Frame:
    """The lower bound of every frame is the upper one, and the upper the lower."""
    return replace(frame, min_amp=frame.max_amp, max_amp=frame.min_amp)


@FRAME.fault("bounds")
def bounds_too_tight(frame: Frame, _at: At) -> Frame:
    """The upper bound of every frame is a tenth below its largest value."""
    return replace(frame, max_amp=0.9 * frame.max_amp)


@FRAME.fault("life")
def all_zero(frame: Frame, _at: At) -> Frame:
    """All values are zero."""
    return with_values(frame, np.zeros_like)


@FRAME.fault("life")
def constant(frame: Frame, _at: At) -> Frame:
    """All values are equal, and not zero."""
    return with_values(frame, lambda values: np.full_like(values, CONSTANT))


@FRAME.fault("life")
def dead_sensor(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
    """One sensor holds nothing but zeros."""
    return with_sensor(frame, sensor, np.zeros_like)


@FRAME.fault("life")
def frozen_sensor(frame: Frame, at: At, sensor: Sensor = 3) -> Frame:
    """One sensor repeats its first values for ever."""
    return with_sensor(frame, sensor, lambda values: _remembered(at, "frozen sensor", values))


@FRAME.fault("life")
def frozen_picture(frame: Frame, at: At) -> Frame:
    """From the third frame on every row repeats the values of one row, while time goes on."""
    if at.number < 2:
        return frame
    return with_values(frame, lambda values: _remembered(at, "frozen picture", values))


@FRAME.fault("life")
def row_again(frame: Frame, at: At, before: Lines = 10) -> Frame:
    """Every eighth row holds the values of an earlier one, under its own time."""
    past: deque[Values] = at.memory.setdefault("rows", deque(maxlen=before))
    numbers = itertools.count(at.row)

    def edited(values: Values) -> Values:
        is_again = next(numbers) % EVERY == 0 and len(past) == before
        shown = past[0] if is_again else values
        past.append(shown)
        return shown

    return with_values(frame, edited)


@FRAME.fault("life")
def twin_sensors(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
    """One sensor holds the values of the one before it in the row, where it has one."""

    def doubled(values: Values) -> Values:
        index = min(sensor, len(values)) - 1
        values[index] = values[max(index - 1, 0)]
        return values

    return with_values(frame, doubled)


@FRAME.fault("life")
def zero_row(frame: Frame, at: At) -> Frame:
    """All values of every eighth row are zero."""
    numbers = itertools.count(at.row)
    return with_values(frame, lambda values: values if next(numbers) % EVERY else np.zeros_like(values))


def _remembered(at: At, name: str, values: Values) -> Values:
    """The first values of that name in this stream."""
    first: Values = at.memory.setdefault(name, values)
    return first


def _spoilt(values: Values, value: float) -> Values:
    values[len(values) // 2, values.shape[1] // 2] = value
    return values

"""Faults of production's frames themselves: their sizes, the numbers of their lines, the scale of their values."""

import itertools
from collections.abc import Callable, MutableSequence
from typing import Any

import numpy as np

from protos.pandadatastream_pb2 import DataStream
from support.simulator.deviations.bent import Bent
from support.simulator.deviations.edits import with_values
from support.simulator.deviations.stages import ANSWER, FRAME, MESSAGE, TIMELINE, At
from support.simulator.frame import Frame, Timeline
from support.simulator.plan import Plan
from support.simulator.sensors import Values

EVERY = 8  # lines from one fault to the next
SMALLEST = 1e-12  # below it, decibels would be infinite


def decibels(values: Values) -> Values:
    """The values as a logarithmic server shows them."""
    shown: Values = 20 * np.log10(np.maximum(values, SMALLEST))
    return shown


def edited(payload: bytes, edit: Callable[[DataStream], Any]) -> bytes:
    """The message after an edit of its fields."""
    message = DataStream.FromString(payload)
    edit(message)
    return message.SerializeToString()


@MESSAGE.fault("shape", "production")
def shape_x_too_large(payload: bytes, _at: At) -> bytes:
    """Every frame counts a value a row more than it holds."""
    return edited(payload, lambda it: setattr(it, "data_shape_x", it.data_shape_x + 1))


@MESSAGE.fault("shape", "production")
def shape_x_too_small(payload: bytes, _at: At) -> bytes:
    """Every frame counts half of the values that a row holds."""
    return edited(payload, lambda it: setattr(it, "data_shape_x", it.data_shape_x // 2))


@MESSAGE.fault("shape", "production")
def shape_y_too_large(payload: bytes, _at: At) -> bytes:
    """Every frame counts a row more than it holds."""
    return edited(payload, lambda it: setattr(it, "data_shape_y", it.data_shape_y + 1))


@MESSAGE.fault("shape", "production")
def shape_z_two(payload: bytes, _at: At) -> bytes:
    """Every frame says that its values are twice as many as they are, in a third dimension."""
    return edited(payload, lambda it: setattr(it, "data_shape_z", 2))


@MESSAGE.fault("shape", "production")
def shape_negative(payload: bytes, _at: At) -> bytes:
    """Both sizes of every frame are below zero."""

    def edit(message: DataStream) -> None:
        message.data_shape_x, message.data_shape_y = -message.data_shape_x, -message.data_shape_y

    return edited(payload, edit)


@MESSAGE.fault("shape", "production")
def shape_swapped(payload: bytes, _at: At) -> bytes:
    """Values a row and rows have changed places in the sizes of every frame."""

    def edit(message: DataStream) -> None:
        message.data_shape_x, message.data_shape_y = message.data_shape_y, message.data_shape_x

    return edited(payload, edit)


@MESSAGE.fault("shape", "production")
def values_cut(payload: bytes, _at: At) -> bytes:
    """The values of every frame lack their last two bytes."""
    return edited(payload, lambda it: _last_piece(it, lambda octets: octets[:-2]))


@MESSAGE.fault("shape", "production")
def values_too_many(payload: bytes, _at: At) -> bytes:
    """Every frame holds values of a row more than it counts."""
    return edited(payload, lambda it: it.main_data.extend(it.main_data[-1:]))


@MESSAGE.fault("shape", "production")
def values_missing(payload: bytes, _at: At) -> bytes:
    """No frame holds a value."""
    return edited(payload, lambda it: it.main_data.clear())


@MESSAGE.fault("shape", "production")
def time_missing(payload: bytes, _at: At) -> bytes:
    """Every frame holds a time fewer than rows."""
    return edited(payload, lambda it: _without_last(it.timestamp_in_milis))


@MESSAGE.fault("shape", "production")
def index_missing(payload: bytes, _at: At) -> bytes:
    """Every frame numbers a row fewer than it holds."""
    return edited(payload, lambda it: _without_last(it.row_index))


@MESSAGE.fault("index", "production")
def index_stuck(payload: bytes, _at: At) -> bytes:
    """All lines have the same number."""
    return _numbered(payload, lambda _: 7)


@MESSAGE.fault("index", "production")
def index_gap(payload: bytes, _at: At) -> bytes:
    """Every eighth number of a line is left out, and no line with it."""
    return _numbered(payload, lambda index: index + index // EVERY)


@MESSAGE.fault("index", "production")
def index_repeated(payload: bytes, _at: At) -> bytes:
    """Every eighth number of a line comes twice, for two lines."""
    return _numbered(payload, lambda index: index - index // EVERY)


@MESSAGE.fault("index", "production")
def index_of_frame(payload: bytes, _at: At) -> bytes:
    """The rows of each frame are numbered anew, from 0."""
    numbers = itertools.count()
    return _numbered(payload, lambda _: next(numbers))


@MESSAGE.fault("index", "production")
def index_backwards(payload: bytes, _at: At) -> bytes:
    """The numbers of the lines fall."""
    return _numbered(payload, lambda index: 1_000_000 - index)


@TIMELINE.fault("index", "production")
def index_hides_loss(timeline: Timeline, plan: Plan) -> Timeline:
    """Lines are missing after every eighth, and the numbers go on as if there were none."""
    return _Unnoticed(timeline, plan, lambda row: timeline.start(row + row // EVERY))


@FRAME.fault("scale", "production")
def black_picture(frame: Frame, at: At) -> Frame:
    """Every second job is logarithmic, while the others are linear."""
    return frame if at.job_number % 2 else with_values(frame, decibels)


@FRAME.fault("scale", "production")
def stream_logarithmic(frame: Frame, at: At) -> Frame:
    """The last stream of a job is logarithmic, while the others are linear."""
    return with_values(frame, decibels) if at.is_last_stream else frame


@ANSWER.fault("frequencies", "production")
def frequencies_uneven(answer: dict[str, Any]) -> dict[str, Any]:
    """The frequencies of the answer are not all equally far apart."""
    listed = list(answer["frequencies_list"])
    if len(listed) > 2:
        listed[1] += 0.4 * (listed[2] - listed[1])
    return answer | {"frequencies_list": listed}


class _Unnoticed(Bent):
    """A timeline whose lines are numbered as if they were not elsewhere."""

    def line(self, row: int) -> int:
        return self._straight.line(row)


def _last_piece(message: DataStream, edit: Callable[[bytes], bytes]) -> None:
    message.main_data[-1:] = [edit(piece) for piece in message.main_data[-1:]]


def _without_last(numbers: MutableSequence[int]) -> None:
    del numbers[-1:]


def _numbered(payload: bytes, number: Callable[[int], int]) -> bytes:
    def edit(message: DataStream) -> None:
        message.row_index[:] = [number(index) for index in message.row_index]

    return edited(payload, edit)

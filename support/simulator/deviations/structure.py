"""Faults of structure: frames, their rows, the sensors of a row, the bins of a sensor, the canvas."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from protos.datastream_pb2 import DataStream
from support.simulator.deviations.catalogue import Sensor
from support.simulator.deviations.edits import numbered, place, with_rows
from support.simulator.deviations.stages import FEED, FRAME, MESSAGE, At, Payloads
from support.simulator.frame import Frame, Row
from support.simulator.job import Job
from support.simulator.sensors import Values


@FEED.fault("frame")
async def empty_frame(payloads: Payloads, job: Job) -> Payloads:
    """Every third frame holds no row."""
    async for number, payload in numbered(payloads):
        yield payload
        if number % 2 == 1:
            yield job.dialect.wire.encode(Frame((), 0.0, 0.0), job.number)


@FRAME.fault("frame", "story")
def row_without_sensors(frame: Frame, _at: At) -> Frame:
    """The last row of every frame holds no sensor."""
    *others, last = frame.rows
    return replace(frame, rows=(*others, last.holding((), last.values[:0])))


@MESSAGE.fault("frame", "story")
def sensor_without_values(payload: bytes, _at: At, sensor: Sensor = 3) -> bytes:
    """One sensor of every row holds no values."""
    return _with_intensity(payload, sensor, lambda values: values[:0])


@FRAME.fault("sensors")
def sensor_missing(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
    """One sensor is left out of every row."""
    return with_rows(frame, lambda row: _with_order(row, np.delete(np.arange(len(row.sensor_ids)), place(sensor, row))))


@FRAME.fault("sensors")
def sensor_extra(frame: Frame, _at: At) -> Frame:
    """Every row holds one more sensor than was asked for, the next one on the fibre."""

    def longer(row: Row) -> Row:
        ids = (*row.sensor_ids, row.sensor_ids[-1] + 1)
        values = row.values
        return row.holding(ids, np.concatenate([values, values[-1:]]))

    return with_rows(frame, longer)


@FRAME.fault("sensors")
def sensor_twice(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
    """One sensor comes twice in every row."""

    def doubled(row: Row) -> Row:
        return _with_order(row, np.insert(np.arange(len(row.sensor_ids)), place(sensor, row), place(sensor, row)))

    return with_rows(frame, doubled)


@FRAME.fault("sensors", "story")
def sensors_out_of_order(frame: Frame, _at: At) -> Frame:
    """The first two sensors of every row, where it has two, have changed places."""

    def swapped(row: Row) -> Row:
        order = np.arange(len(row.sensor_ids))
        order[:2] = order[:2][::-1]
        return _with_order(row, order)

    return with_rows(frame, swapped)


@FRAME.fault("sensors")
def sensors_shifted(frame: Frame, _at: At) -> Frame:
    """Every row holds the sensors of another job: all ids are one too high."""
    return with_rows(frame, lambda row: row.holding([number + 1 for number in row.sensor_ids], row.values))


@MESSAGE.fault("bins", "story")
def bin_missing(payload: bytes, _at: At, sensor: Sensor = 3) -> bytes:
    """One sensor of every row has a value too few."""
    return _with_intensity(payload, sensor, lambda values: values[:-1])


@MESSAGE.fault("bins", "story")
def bin_extra(payload: bytes, _at: At, sensor: Sensor = 3) -> bytes:
    """One sensor of every row has a value too many."""
    return _with_intensity(payload, sensor, lambda values: np.append(values, values[-1:]))


@FRAME.fault("canvas", "story")
def canvas_empty(frame: Frame, _at: At) -> Frame:
    """No row names its canvas."""
    return with_rows(frame, lambda row: replace(row, canvas_id=""))


@FRAME.fault("canvas", "story")
def canvas_changes(frame: Frame, at: At) -> Frame:
    """Every third frame is drawn on another canvas than the others."""
    return (
        with_rows(frame, lambda row: replace(row, canvas_id=row.canvas_id + "-other")) if at.number % 3 == 2 else frame
    )


def _with_order(row: Row, order: np.ndarray[tuple[int], np.dtype[np.int_]]) -> Row:
    ids = row.sensor_ids
    return row.holding([ids[index] for index in order], row.values[order])


def _with_intensity(payload: bytes, sensor: int, edit: Callable[[Values], Values]) -> bytes:
    """The message with the values of one sensor edited; in a ``Frame`` all sensors of a row have equally many."""
    message = DataStream.FromString(payload)
    for row in message.rows:
        if row.sensors:
            one = row.sensors[min(sensor, len(row.sensors)) - 1]
            values = edit(np.array(one.intensity, dtype=np.float32))
            del one.intensity[:]
            one.intensity.extend(values.tolist())
    return message.SerializeToString()

"""What several deviations need: edits of a frame's rows and values, with true bounds afterwards; streams, numbered."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import numpy as np

from support.simulator.deviations.stages import Payloads
from support.simulator.frame import Frame, Row
from support.simulator.plan import Plan
from support.simulator.sensors import Values


def place(sensor: int, row: Row) -> int:
    """The index of the sensor that is number ``sensor`` of the row, from 1; of the last where there are fewer."""
    return min(sensor, len(row.sensor_ids)) - 1


def with_rows(frame: Frame, edit: Callable[[Row], Row]) -> Frame:
    """The frame with every row edited; rows that hold no sensor stay as they are."""
    return replace(frame, rows=tuple(edit(row) if row.sensor_ids else row for row in frame.rows))


def with_values(frame: Frame, edit: Callable[[Values], Values]) -> Frame:
    """The frame with the values of every row, shape (sensors, bins), edited, and with bounds that are true for them."""
    return bounded(with_rows(frame, lambda row: row.holding(row.sensor_ids, edit(row.values).astype(np.float32))))


def with_sensor(frame: Frame, sensor: int, edit: Callable[[Values], Values]) -> Frame:
    """The frame with the values of one sensor, shape (bins,), edited in every row."""

    def edited(values: Values) -> Values:
        index = min(sensor, len(values)) - 1
        values[index] = edit(values[index])
        return values

    return with_values(frame, edited)


def with_channel(frame: Frame, channel: int, edit: Callable[[Values], Values]) -> Frame:
    """The frame with the values of one channel of the fibre, shape (bins,), edited in every row that has it."""

    def edited(row: Row) -> Row:
        if channel not in row.sensor_ids:
            return row
        values, index = row.values, row.sensor_ids.index(channel)
        values[index] = edit(values[index])
        return row.holding(row.sensor_ids, values)

    return bounded(with_rows(frame, edited))


def bounded(frame: Frame) -> Frame:
    """The frame with the tightest bounds that are true; of values that are not finite they know nothing."""
    values = np.concatenate([np.zeros(0, np.float32), *(row.values.ravel() for row in frame.rows)])
    finite = values[np.isfinite(values)]
    if not finite.size:
        return frame
    return replace(frame, min_amp=float(finite.min()), max_amp=float(finite.max()))


async def numbered(payloads: Payloads) -> AsyncGenerator[tuple[int, bytes], None]:
    """The messages of a stream with their numbers, from 0."""
    number = 0
    async for payload in payloads:
        yield number, payload
        number += 1


def frames_per_second(plan: Plan) -> float:
    """How many frames a second a stream of this plan has."""
    return float(1 / (plan.lines_dt * plan.rows_per_frame))

"""Over the space of configurations: a correct stream never gives a finding, a spoiled one always does.

300 examples of each in every run; 10,000 with ``pytest tests/validation --hypothesis-profile=thorough``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.stream.frame import Frame
from tests.validation.streams import Plan, frames_of, judge

enough = settings(max_examples=max(300, settings().max_examples))


@st.composite
def plans(draw: st.DrawFn, *, spoilable: bool = False) -> Plan:
    """A correct stream of any configuration; ``spoilable``: with enough sensors, bins and rows to spoil one of them."""
    least = 4 if spoilable else 1
    prr = draw(st.one_of(st.integers(100, 20_000).map(float), st.floats(100, 20_000, allow_nan=False)))
    # lines between a millisecond (or a sample) and a tenth of a second apart: ten frames a second must be possible
    fastest = max(1.0, 1000 / prr)
    line_ms = draw(st.one_of(st.integers(math.ceil(fastest), 100).map(float), st.floats(fastest, 100)))
    lines_dt = float(Fraction(line_ms / 1000).limit_denominator(10**6))
    assume(lines_dt * 1000 >= fastest)
    rows = draw(st.integers(1, max(1, min(12, int(0.1 / lines_dt)))))
    frames = draw(st.integers(max(4, math.ceil(12 / rows)) if spoilable else 1, 16))
    first = draw(st.integers(0, 3000))
    bins = draw(st.integers(least, 12) | st.integers(16, 40))
    plan = Plan(
        sensors=tuple(range(first, first + draw(st.integers(least, 6)))),
        bins=bins,
        lines_dt=lines_dt,
        prr=prr,
        nfft=2 ** draw(st.integers(7, 11)),
        frames=frames,
        rows=rows,
        seed=draw(st.integers(0, 2**32)),
        latency=draw(st.floats(0, 0.9)),
        jitter=draw(st.floats(0, 0.3)),
        level=10 ** draw(st.floats(-9, 6)),
        levels=draw(st.sampled_from([0, 0, 16, 255])) if bins >= 4 and not spoilable else 0,
        bounds_slack=draw(st.sampled_from([0.0, 1e-3, 1e6])),
        offset=Fraction(draw(st.integers(0, 999_999)), 10**6),
        rounding=draw(st.sampled_from([Fraction(0), Fraction(1, 2)])),
        aligned=draw(st.booleans()) and lines_dt >= max(0.002, 4 / prr),
        max_frames=draw(st.sampled_from([None, frames])),
    )
    assume(plan.has_increasing_starts)
    return plan


@enough
@given(plans())
def test_a_correct_stream_has_no_finding(plan: Plan) -> None:
    assert judge(frames_of(plan.messages(), plan), plan) == []


@dataclass(frozen=True)
class Place:
    """One thing of a stream, somewhere in its middle."""

    messages: list[DataStream]
    plan: Plan
    frame: int
    row: int
    sensor: int
    bin: int
    by: int

    @property
    def message(self) -> DataStream:
        return self.messages[self.frame]

    @property
    def line(self) -> SpectrogramRow:
        return self.message.rows[self.row]

    @property
    def next_line(self) -> SpectrogramRow:
        after = self.frame * self.plan.rows + self.row + 1
        return self.messages[after // self.plan.rows].rows[after % self.plan.rows]


def drop_row(p: Place) -> None:
    del p.message.rows[p.row]


def drop_frame(p: Place) -> None:
    del p.messages[p.frame]


def repeat_row(p: Place) -> None:
    p.message.rows.insert(p.row, p.line)


def repeat_frame(p: Place) -> None:
    p.messages.insert(p.frame, p.message)


def swap_rows(p: Place) -> None:
    kept = SpectrogramRow()
    kept.CopyFrom(p.line)
    p.line.CopyFrom(p.next_line)
    p.next_line.CopyFrom(kept)


def swap_frames(p: Place) -> None:
    p.messages[p.frame], p.messages[p.frame + 1] = p.messages[p.frame + 1], p.messages[p.frame]


def shift_row(p: Place) -> None:
    # by more than rounding to a millisecond, and alignment to a sample, can explain
    shift = (p.by + 2) * (2 + math.ceil(1000 / p.plan.prr))
    p.line.startTimestamp += shift
    p.line.endTimestamp += shift


def scale_times(p: Place) -> None:
    p.line.startTimestamp *= 1000
    p.line.endTimestamp *= 1000


def shift_end(p: Place) -> None:
    p.line.endTimestamp += (p.by + 2) * (1 + math.ceil(1000 / p.plan.prr))


def drop_sensor(p: Place) -> None:
    del p.line.sensors[p.sensor]


def repeat_sensor(p: Place) -> None:
    p.line.sensors.insert(p.sensor, p.line.sensors[p.sensor])


def swap_sensors(p: Place) -> None:
    first, second = p.line.sensors[0], p.line.sensors[1]
    first.id, second.id = second.id, first.id


def change_sensor(p: Place) -> None:
    p.line.sensors[p.sensor].id += 10_000


def drop_bin(p: Place) -> None:
    del p.line.sensors[p.sensor].intensity[p.bin]


def repeat_bin(p: Place) -> None:
    values = p.line.sensors[p.sensor].intensity
    values.insert(p.bin, values[p.bin])


def value(to: float) -> Callable[[Place], None]:
    def set_value(p: Place) -> None:
        p.line.sensors[p.sensor].intensity[p.bin] = to

    set_value.__name__ = f"value_{to}"
    return set_value


def value_above_bounds(p: Place) -> None:
    p.line.sensors[p.sensor].intensity[p.bin] = p.message.current_max_amp * 1.01


def negate_value(p: Place) -> None:
    values = p.line.sensors[p.sensor].intensity
    values[p.bin] = -values[p.bin]
    p.message.current_min_amp = -p.message.current_max_amp


def tighten_bounds(p: Place) -> None:
    largest = max(v for row in p.message.rows for sensor in row.sensors for v in sensor.intensity)
    p.message.current_max_amp = largest * 0.99


def swap_bounds(p: Place) -> None:
    low, high = p.message.current_min_amp, p.message.current_max_amp
    p.message.current_min_amp, p.message.current_max_amp = high, low


def unbind(p: Place) -> None:
    p.message.current_max_amp = math.nan


def empty_canvas(p: Place) -> None:
    p.line.canvasId = ""


def change_canvas(p: Place) -> None:
    p.line.canvasId += "'"


def empty_frame(p: Place) -> None:
    del p.message.rows[:]


def zero_frame(p: Place) -> None:
    p.message.current_min_amp = 0.0
    for row in p.message.rows:
        for sensor in row.sensors:
            sensor.intensity[:] = [0.0] * p.plan.bins


def freeze_sensor(p: Place) -> None:
    rows = [row for message in p.messages for row in message.rows]
    for message in p.messages:
        message.current_min_amp, message.current_max_amp = 0.0, 1e30
    for row in rows:
        row.sensors[p.sensor].intensity[:] = list(rows[0].sensors[p.sensor].intensity)


def freeze_picture(p: Place) -> None:
    p.message.current_min_amp, p.message.current_max_amp = 0.0, 1e30
    following = p.messages[p.frame + 1]
    following.current_min_amp, following.current_max_amp = 0.0, 1e30
    for sensor, other in zip(p.next_line.sensors, p.line.sensors, strict=True):
        sensor.intensity[:] = list(other.intensity)


def values_again(p: Place) -> None:
    first = p.messages[0].rows[0]
    p.message.current_min_amp, p.message.current_max_amp = 0.0, 1e30
    for sensor, other in zip(p.line.sensors, first.sensors, strict=True):
        sensor.intensity[:] = list(other.intensity)


def zero_row(p: Place) -> None:
    p.message.current_min_amp = 0.0
    for sensor in p.line.sensors:
        sensor.intensity[:] = [0.0] * p.plan.bins


MUTATIONS = [
    *(drop_row, drop_frame, repeat_row, repeat_frame, swap_rows, swap_frames),
    *(shift_row, scale_times, shift_end),
    *(drop_sensor, repeat_sensor, swap_sensors, change_sensor),
    *(drop_bin, repeat_bin, value(math.nan), value(math.inf), value(-1.0), value_above_bounds, negate_value),
    *(tighten_bounds, swap_bounds, unbind, empty_canvas, change_canvas),
    *(empty_frame, zero_frame, freeze_sensor, freeze_picture, values_again, zero_row),
]


@enough
@given(st.data(), plans(spoilable=True))
def test_twins_always_have_a_finding(data: st.DataObject, plan: Plan) -> None:
    plan = replace(plan, bins=plan.bins + 16)
    messages = plan.messages()
    sensors = data.draw(st.sampled_from(data.draw(st.sampled_from(messages)).rows)).sensors
    one, two = data.draw(st.permutations(range(len(sensors))))[:2]
    sensors[one].intensity[:] = list(sensors[two].intensity)
    assert "no twin sensors" in {finding.rule for finding in judge(frames_of(messages, plan), plan)}


@enough
@given(st.data(), plans(spoilable=True), st.sampled_from(MUTATIONS))
def test_a_spoiled_stream_always_has_a_finding(
    data: st.DataObject, plan: Plan, mutation: Callable[[Place], None]
) -> None:
    messages = plan.messages()
    place = Place(
        messages,
        plan,
        frame=data.draw(st.integers(1, plan.frames - 3)),
        row=data.draw(st.integers(0, plan.rows - 1)),
        sensor=data.draw(st.integers(0, len(plan.sensors) - 1)),
        bin=data.draw(st.integers(0, plan.bins - 1)),
        by=data.draw(st.integers(0, 50)),
    )
    mutation(place)
    note(f"{mutation.__name__} at {place.frame}, {place.row}, {place.sensor}, {place.bin} by {place.by}")
    assert judge(frames_of(messages, plan), plan) != []


@enough
@given(plans(spoilable=True), st.integers(1, 100), st.floats(0.55, 5))
def test_a_pause_always_has_a_finding(plan: Plan, at: int, pause: float) -> None:
    frames = frames_of(plan.messages(), plan)
    where = 1 + at % (len(frames) - 1)
    pause += plan.jitter

    def late(frame: Frame) -> Frame:
        return replace(frame, elapsed=frame.elapsed + pause, received_at=frame.received_at + pause)

    assert judge(frames[:where] + [late(frame) for frame in frames[where:]], plan) != []


@enough
@given(plans(spoilable=True), st.integers(1, 3))
def test_a_cut_stream_always_has_a_finding(plan: Plan, cut: int) -> None:
    bounded = replace(plan, max_frames=plan.frames)
    frames = frames_of(plan.messages(), plan)[:-cut]
    assert judge(frames, bounded) != []

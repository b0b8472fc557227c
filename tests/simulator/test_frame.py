"""Rows, frames and their bytes: exact times, true bounds, and a message that protobuf reads back."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from protos.datastream_pb2 import DataStream
from support.simulator.fibre import Fibre
from support.simulator.frame import Frame, Row, Timeline
from support.simulator.lines import Lines
from support.simulator.pace import LOST_NS, Pace
from support.simulator.plan import Plan
from support.simulator.sensors import Sensors
from support.simulator.story import wire

MS = 1_000_000
NOW = 1_790_000_000_123 * MS + 456_789


def plan(lines_dt: Fraction = Fraction(1, 100), rows: int = 5, nfft: int = 1024, prr: int = 2000) -> Plan:
    return Plan(0, 10, prr, nfft, range(256), lines_dt, rows, "0")


@pytest.mark.parametrize(
    ("chosen", "span_ms"),
    [
        (plan(), Fraction(512)),
        (plan(Fraction(1, 30), rows=2), Fraction(512)),
        (plan(Fraction(1, 997), rows=50, nfft=128), Fraction(64)),
        (plan(Fraction(7, 3), rows=1, nfft=2048, prr=1500), Fraction(2048_000, 1500)),
    ],
)
def test_times_are_each_rounded_from_their_exact_values(chosen: Plan, span_ms: Fraction) -> None:
    timeline = Timeline.until(NOW, chosen)
    for row in (-1, 0, 1, 2, 3, 999, 1_000_000, 123_456_789):
        exact = timeline.t0_ms + row * chosen.lines_dt * 1000
        assert abs(timeline.start_ms(row) - exact) <= Fraction(1, 2)
        assert abs(timeline.end_ms(row) - exact - span_ms) <= Fraction(1, 2)
        assert abs(Fraction(timeline.first_sample(row), chosen.prr) - exact / 1000) <= Fraction(1, 2 * chosen.prr)
        assert 0 <= timeline.due_ns(row) - (exact + span_ms) * MS < MS
        assert timeline.due_ns(row) >= timeline.end_ms(row) * MS
        assert timeline.row_at(timeline.due_ns(row)) == row
    starts = [timeline.start_ms(row) for row in range(3000)]
    assert all(later - earlier > 0 for earlier, later in itertools.pairwise(starts))


@pytest.mark.parametrize("chosen", [plan(), plan(Fraction(1, 30), rows=2), plan(Fraction(60), rows=1)])
def test_the_first_frame_has_just_ended(chosen: Plan) -> None:
    age = NOW - Timeline.until(NOW, chosen).due_ns(chosen.rows_per_frame - 1)
    assert 0 <= age <= 52 * MS


def test_a_frame_is_what_the_fibre_was_then_and_its_bounds_are_its_own() -> None:
    fibre, chosen = Fibre(1, 2000, 0, 2222), plan()
    timeline = Timeline.until(NOW, chosen)
    frame = Lines(fibre).frame(chosen, timeline, "canvas", 10)
    again = Lines(Fibre(1, 2000, 0, 2222)).frame(chosen, timeline, "canvas", 8)
    assert [row.start_ms - timeline.t0_ms for row in frame.rows] == [100, 110, 120, 130, 140]
    np.testing.assert_array_equal(frame.rows[0].values, again.rows[2].values)
    values = np.stack([row.values for row in frame.rows])
    assert values.shape == (5, 11, 256)
    assert (frame.min_amp, frame.max_amp) == (values.min(), values.max())
    assert values.min() >= 0
    assert np.isfinite(values).all()


@pytest.mark.parametrize("sensors", [range(11), range(1, 2), range(120, 300), range(16_300, 16_500), range(1)])
def test_protobuf_reads_back_what_was_written(sensors: range) -> None:
    random = np.random.default_rng(3)
    lines = random.standard_normal((3, len(sensors), 37)).astype(np.float32)
    rows = tuple(Row("canvas-ü", (Sensors(sensors, lines[k]),), 1_790_000_000_000 + k, 5 * k) for k in range(3))
    payload = wire.encode(Frame(rows, min_amp=-1.5, max_amp=1e30))
    message = DataStream.FromString(payload)
    assert (message.current_min_amp, message.current_max_amp) == (-1.5, 1e30)
    assert [(row.canvasId, row.startTimestamp, row.endTimestamp) for row in message.rows] == [
        ("canvas-ü", 1_790_000_000_000 + k, 5 * k) for k in range(3)
    ]
    for row, line in zip(message.rows, lines, strict=True):
        assert [sensor.id for sensor in row.sensors] == list(sensors)
        np.testing.assert_array_equal([list(sensor.intensity) for sensor in row.sensors], line)


def test_a_negative_time_survives_the_wire() -> None:
    row = Row("c", (Sensors((0,), np.zeros((1, 1), dtype=np.float32)),), -5, -1)
    message = DataStream.FromString(wire.encode(Frame((row,), 0, 0)))
    assert (message.rows[0].startTimestamp, message.rows[0].endTimestamp) == (-5, -1)


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self, now: int) -> None:
        self.now = now

    def now_ns(self) -> int:
        return self.now


def paced() -> tuple[Pace, SetClock, Timeline]:
    clock = SetClock(NOW)
    timeline = Timeline.until(NOW, plan())
    return Pace("0-1", timeline, 5, clock), clock, timeline


def test_frames_are_due_when_their_last_row_ended() -> None:
    pace, clock, timeline = paced()
    assert [pace.next_row() for _ in range(3)] == [0, 5, 10]
    assert pace.wait(0) <= 0
    clock.now = timeline.due_ns(9) - 30 * MS
    assert pace.wait(5) == pytest.approx(0.03)


def test_a_stream_that_is_late_loses_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    pace, clock, timeline = paced()
    pace.next_row()
    clock.now = timeline.due_ns(9) + LOST_NS
    assert [pace.next_row(), pace.next_row()] == [5, 10]
    assert "job 0-1 does not keep its line rate: 2.00 s behind, 0 lines left out" in caplog.text
    assert len(caplog.records) == 1  # not one a frame


def test_a_stream_that_is_far_behind_leaves_lines_out_and_says_how_many(caplog: pytest.LogCaptureFixture) -> None:
    pace, clock, timeline = paced()
    pace.next_row()
    clock.now = timeline.due_ns(9 + 300)
    assert pace.next_row() == 305
    assert pace.wait(305) <= 0
    assert "3.00 s behind, 300 lines left out" in caplog.text
    assert pace.next_row() == 310
    assert pace.left_out == 300

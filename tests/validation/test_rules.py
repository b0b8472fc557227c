"""Every rule: silent on a correct stream, and one plain sentence on a stream that breaks its promise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.validation.finding import Finding
from tests.validation.streams import Plan, frames_of, judge, spoiled

PLAN = Plan()
Change = Callable[[list[DataStream]], object]


def rules_of(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


@pytest.mark.parametrize(
    "plan",
    [
        PLAN,
        Plan(rows=1, lines_dt=0.05, frames=40),
        Plan(rows=50, lines_dt=0.002, frames=12),
        Plan(lines_dt=0.0123, frames=60),
        Plan(lines_dt=1 / 75, prr=1000, nfft=256, frames=60),
        Plan(lines_dt=0.0027, rows=10, frames=60),
        Plan(sensors=(1,), bins=1, rows=1, lines_dt=0.04),
        Plan(bounds_slack=3.0),
        Plan(latency=0.9),
        Plan(max_frames=10),
    ],
    ids=str,
)
def test_a_correct_stream_has_no_finding(plan: Plan) -> None:
    assert judge(frames_of(plan.messages(), plan), plan) == []


def no_rows(messages: list[DataStream]) -> None:
    del messages[4].rows[:]


def no_sensors(messages: list[DataStream]) -> None:
    del messages[4].rows[2].sensors[:]


def no_intensities(messages: list[DataStream]) -> None:
    del messages[4].rows[2].sensors[1].intensity[:]


def empty_canvas(messages: list[DataStream]) -> None:
    messages[4].rows[2].canvasId = ""


def other_canvas(messages: list[DataStream]) -> None:
    messages[4].rows[2].canvasId = "other"


def sensor_missing(messages: list[DataStream]) -> None:
    del messages[4].rows[2].sensors[1]


def sensor_extra(messages: list[DataStream]) -> None:
    messages[4].rows[2].sensors.add(id=99, intensity=[1.0] * PLAN.bins)


def sensor_twice(messages: list[DataStream]) -> None:
    messages[4].rows[2].sensors[1].id = PLAN.sensors[0]


def sensors_swapped(messages: list[DataStream]) -> None:
    sensors = messages[4].rows[2].sensors
    sensors[0].id, sensors[1].id = sensors[1].id, sensors[0].id


def bin_missing(messages: list[DataStream]) -> None:
    del messages[4].rows[2].sensors[1].intensity[-1]


def bin_extra(messages: list[DataStream]) -> None:
    messages[4].rows[2].sensors[1].intensity.append(1.0)


def set_value(value: float) -> Change:
    def change(messages: list[DataStream]) -> None:
        messages[4].rows[2].sensors[1].intensity[3] = value

    return change


def negative_within_bounds(messages: list[DataStream]) -> None:
    messages[4].rows[2].sensors[1].intensity[3] = -0.5
    messages[4].current_min_amp = -0.5


def bounds(low: float, high: float) -> Change:
    def change(messages: list[DataStream]) -> None:
        messages[4].current_min_amp, messages[4].current_max_amp = low, high

    return change


def bounds_too_tight(messages: list[DataStream]) -> None:
    messages[4].current_max_amp *= 0.9


def fill(value: float, *positions: int) -> Change:
    """The sensors at ``positions`` (all where none is given) hold ``value`` in every row of the stream."""

    def change(messages: list[DataStream]) -> None:
        for message in messages:
            message.current_min_amp, message.current_max_amp = 0.0, 100.0
            for line in message.rows:
                for position in positions or range(len(line.sensors)):
                    line.sensors[position].intensity[:] = [value] * len(line.sensors[position].intensity)

    return change


def sensor_frozen(messages: list[DataStream]) -> None:
    first = list(messages[0].rows[0].sensors[2].intensity)
    for message in messages:
        message.current_min_amp, message.current_max_amp = 0.0, 100.0
        for line in message.rows:
            line.sensors[2].intensity[:] = first


def picture_repeated_once(messages: list[DataStream]) -> None:
    values_of(messages[4].rows[2], messages[4].rows[1])


def values_of(line: SpectrogramRow, other: SpectrogramRow) -> None:
    """The row holds the values of the other one."""
    for sensor, source in zip(line.sensors, other.sensors, strict=True):
        sensor.intensity[:] = list(source.intensity)


def loosen_bounds(messages: list[DataStream]) -> None:
    for message in messages:
        message.current_min_amp, message.current_max_amp = 0.0, 100.0


def row_again(messages: list[DataStream]) -> None:
    loosen_bounds(messages)
    values_of(messages[6].rows[2], messages[2].rows[1])


def frame_again(messages: list[DataStream]) -> None:
    loosen_bounds(messages)
    for line, other in zip(messages[6].rows, messages[2].rows, strict=True):
        values_of(line, other)


def row_of_zeros(messages: list[DataStream]) -> None:
    loosen_bounds(messages)
    for sensor in messages[4].rows[2].sensors:
        sensor.intensity[:] = [0.0] * PLAN.bins


def count_from_the_first_row(messages: list[DataStream]) -> None:
    first = messages[0].rows[0].startTimestamp
    for message in messages:
        for line in message.rows:
            line.startTimestamp -= first
            line.endTimestamp -= first


def shift_ends(milliseconds: int) -> Change:
    def change(messages: list[DataStream]) -> None:
        for message in messages:
            for line in message.rows:
                line.endTimestamp += milliseconds

    return change


def scale_times(factor: float) -> Change:
    def change(messages: list[DataStream]) -> None:
        for message in messages:
            for line in message.rows:
                line.startTimestamp = int(line.startTimestamp * factor)
                line.endTimestamp = int(line.endTimestamp * factor)

    return change


def drop_lines(count: int) -> Change:
    def change(messages: list[DataStream]) -> None:
        del messages[4].rows[1 : 1 + count]

    return change


def repeat_line(messages: list[DataStream]) -> None:
    messages[4].rows[2].startTimestamp = messages[4].rows[1].startTimestamp
    messages[4].rows[2].endTimestamp = messages[4].rows[1].endTimestamp


def swap_lines(messages: list[DataStream]) -> None:
    one, two = messages[4].rows[1], messages[4].rows[2]
    one.startTimestamp, two.startTimestamp = two.startTimestamp, one.startTimestamp
    one.endTimestamp, two.endTimestamp = two.endTimestamp, one.endTimestamp


def drift(factor: float) -> Change:
    def change(messages: list[DataStream]) -> None:
        first = messages[0].rows[0].startTimestamp
        for message in messages:
            for line in message.rows:
                late = round((line.startTimestamp - first) * (factor - 1))
                line.startTimestamp += late
                line.endTimestamp += late

    return change


def uneven(messages: list[DataStream]) -> None:
    messages[4].rows[2].startTimestamp += 4
    messages[4].rows[2].endTimestamp += 4


def later(seconds: float) -> Change:
    def change(messages: list[DataStream]) -> None:
        for message in messages:
            for line in message.rows:
                line.startTimestamp += round(seconds * 1000)
                line.endTimestamp += round(seconds * 1000)

    return change


BREAKAGES: list[tuple[Change, str, str]] = [
    (no_rows, "rows present", "no rows"),
    (no_sensors, "sensors present", "row 2 of the frame has no sensors"),
    (no_intensities, "sensors present", "sensor 4 has no intensities"),
    (empty_canvas, "canvas constant", "canvas id is empty"),
    (other_canvas, "canvas constant", "changed from 'canvas' to 'other'"),
    (sensor_missing, "sensors as configured", "sensor 4 is missing"),
    (sensor_extra, "sensors as configured", "sensor 99 is not configured"),
    (sensor_twice, "sensors as configured", "sensor 3 is there more than once"),
    (sensors_swapped, "sensors as configured", "out of order: 4 where 3 is due"),
    (bin_missing, "bins as configured", "sensor 4 has 7 bins where 8 were configured"),
    (bin_extra, "bins as configured", "sensor 4 has 9 bins where 8 were configured"),
    (set_value(math.nan), "intensities finite", "not finite, the first is nan (frame 4, sensor 4, bin 3"),
    (set_value(math.inf), "intensities finite", "not finite, the first is inf"),
    (set_value(-0.5), "intensities non-negative", "1 intensity value of the frame is negative, the first is -0.5"),
    (negative_within_bounds, "intensities non-negative", "is negative, the first is -0.5"),
    (bounds_too_tight, "intensities within declared bounds", "outside the declared bounds"),
    (bounds(5.0, 1.0), "intensities within declared bounds", "swapped: minimum 5, maximum 1"),
    (bounds(0.0, math.nan), "intensities within declared bounds", "not finite"),
    (bounds(0.0, math.inf), "intensities within declared bounds", "not finite"),
    (fill(0.0), "data not constant", "all 160 intensity values are zero"),
    (fill(2.5), "data not constant", "all 160 intensity values are equal (2.5)"),
    (fill(0.0, 2), "sensors alive", "sensor 5 is dead (all zero): the same values in 5 rows in a row"),
    (sensor_frozen, "sensors alive", "sensor 5 is frozen: the same values in 5 rows in a row"),
    (picture_repeated_once, "sensors alive", "the picture is frozen"),
    (row_again, "no row again", "of an earlier row again, 11:06:40.110 (frame 6, at 11:06:40.320)"),
    (frame_again, "no row again", "again, 11:06:40.100; so are those of 4 more rows (frame 6, at 11:06:40.300)"),
    (row_of_zeros, "data not constant", "all 32 intensity values of a row are zero (frame 4, at 11:06:40.220)"),
    (shift_ends(-512), "row spans the analysis window", "a row ends when it starts"),
    (shift_ends(-600), "row spans the analysis window", "a row ends 88 ms before it starts"),
    (shift_ends(100), "row spans the analysis window", "a row spans 612 ms where the analysis window is 512 ms"),
    (scale_times(1e-3), "timestamps are epoch milliseconds", "the times seem to be seconds"),
    (scale_times(1e3), "timestamps are epoch milliseconds", "the times seem to be microseconds"),
    (scale_times(1e6), "timestamps are epoch milliseconds", "the times seem to be nanoseconds"),
    (scale_times(0), "timestamps are epoch milliseconds", "the timestamp 0 is no time in epoch milliseconds"),
    (count_from_the_first_row, "timestamps are epoch milliseconds", "the timestamp 0 is no time"),
    (drop_lines(1), "lines continuous", "1 line is missing after 11:06:40.200, until 11:06:40.220"),
    (drop_lines(3), "lines continuous", "3 lines are missing after 11:06:40.200, until 11:06:40.240"),
    (repeat_line, "lines continuous", "a line came twice: 11:06:40.210"),
    (swap_lines, "lines continuous", "a line came out of order: 11:06:40.210 after 11:06:40.220"),
    (drift(1.02), "lines continuous", "the line rate drifts: lines are 10.2 ms apart"),
    (uneven, "lines continuous", "unevenly spaced: 14 ms"),
    (later(-5), "live data fresh", "stale: the newest row ended 5.02 s before it arrived"),
    (later(3), "live data fresh", "from the future: the newest row ends 2.98 s after it arrived (frame"),
    (
        later(18),
        "live data fresh",
        "ends 17.98 s after it arrived; GPS time is 18 s ahead of UTC, which the times have",
    ),
    (
        later(37),
        "live data fresh",
        "ends 36.98 s after it arrived; TAI is 37 s ahead of UTC, which the times have to be",
    ),
    (later(25), "live data fresh", "ends 24.98 s after it arrived (frame"),
]
"""A change that breaks a promise, the rule that has to notice, and words of its finding."""


@pytest.mark.parametrize(("change", "rule", "words"), BREAKAGES)
def test_a_broken_promise_is_a_finding_of_its_rule(change: Change, rule: str, words: str) -> None:
    findings = judge(spoiled(PLAN, change), PLAN)
    assert rule in rules_of(findings)
    assert words in "\n".join(str(finding) for finding in findings if finding.rule == rule)


def test_swapped_lines_are_not_also_missing() -> None:
    assert [finding.rule for finding in judge(spoiled(PLAN, swap_lines), PLAN)] == ["lines continuous"]


def test_a_missing_line_is_the_only_finding() -> None:
    findings = judge(spoiled(PLAN, drop_lines(2)), PLAN)
    assert [(finding.rule, finding.amount, finding.where.row) for finding in findings] == [("lines continuous", 2, 21)]


def test_a_quiet_sensor_is_not_a_dead_one() -> None:
    def quiet(messages: list[DataStream]) -> None:
        for message in messages:
            message.current_min_amp = 0.0
            for line in message.rows:
                line.sensors[2].intensity[:] = [value * 1e-12 for value in line.sensors[2].intensity]

    assert judge(spoiled(PLAN, quiet), PLAN) == []


def test_a_sensor_whose_rounded_values_repeat_now_and_then_is_alive() -> None:
    def rounded(messages: list[DataStream]) -> None:
        for number, line in enumerate(line for message in messages for line in message.rows):
            line.sensors[2].intensity[:] = [float(number // 3 % 2)] + [0.0] * (PLAN.bins - 1)
        for message in messages:
            message.current_min_amp = 0.0

    assert judge(spoiled(PLAN, rounded), PLAN) == []


SPECTRA = Plan(bins=32)
"""Spectra of so many values that no two of them are alike."""


def twins(messages: list[DataStream]) -> None:
    sensors = messages[4].rows[2].sensors
    sensors[3].intensity[:] = list(sensors[1].intensity)


def test_sensors_that_hold_the_same_values_are_found_in_a_single_row() -> None:
    (finding,) = judge(spoiled(SPECTRA, twins), SPECTRA)
    assert (finding.rule, finding.sentence) == ("no twin sensors", "sensors 4, 6 hold the same values as one another")
    assert (finding.where.frame, finding.where.sensor, finding.where.time) == (4, 6, 1_795_000_000_220)


@pytest.mark.parametrize(
    "plan",
    [Plan(bins=12), Plan(bins=32, levels=2, sensors=(3, 4), frames=40), Plan(bins=16, levels=3)],
    ids=["few bins", "coarse", "few bins, coarse"],
)
def test_sensors_that_may_be_alike_by_chance_are_no_twins(plan: Plan) -> None:
    def alike(messages: list[DataStream]) -> None:
        for message in messages:
            twin = message.rows[0].sensors
            twin[1].intensity[:] = list(twin[0].intensity)

    assert judge(spoiled(plan, alike), plan) == []


def test_dead_sensors_are_dead_and_no_twins() -> None:
    assert rules_of(judge(spoiled(SPECTRA, fill(0.0, 1, 2)), SPECTRA)) == {"sensors alive"}


def test_a_sensor_that_nobody_asked_for_is_no_twin() -> None:
    def one_more(messages: list[DataStream]) -> None:
        for message in messages:
            for line in message.rows:
                line.sensors.add(id=99, intensity=list(line.sensors[3].intensity))

    assert rules_of(judge(spoiled(SPECTRA, one_more), SPECTRA)) == {"sensors as configured"}


def test_rows_of_few_values_may_come_again() -> None:
    plan = Plan(sensors=(3,), bins=4, rows=5, frames=60, levels=4)
    frames = frames_of(plan.messages(), plan)
    rows = [frame.intensities[row].tobytes() for frame in frames for row in range(plan.rows)]
    assert len(set(rows)) < len(rows)
    assert judge(frames, plan) == []


@pytest.mark.parametrize("bins", [64, 2000], ids=["all values", "a part of the values"])
def test_a_row_that_a_server_rounds_coarsely_is_known_by_all_of_its_values(bins: int) -> None:
    """In the middle, where the digests look, there is nothing to know it by."""
    plan = Plan(sensors=(3,), bins=bins, frames=60)

    def quiet(messages: list[DataStream]) -> None:
        loosen_bounds(messages)
        for line in (line for message in messages for line in message.rows):
            line.sensors[0].intensity[bins // 8 : -bins // 8] = [0.0] * (bins * 3 // 4)

    def again(messages: list[DataStream]) -> None:
        quiet(messages)
        values_of(messages[40].rows[0], messages[9].rows[4])

    assert judge(spoiled(plan, quiet), plan) == []
    (finding,) = judge(spoiled(plan, again), plan)
    assert finding.sentence == "the values of a row are those of an earlier row again, 11:06:40.490"


def test_a_row_is_known_again_after_a_minute_and_not_after_two() -> None:
    plan = Plan(sensors=(3,), bins=16, rows=1, lines_dt=0.1, frames=1300)

    def found(later: int) -> list[str]:
        messages = plan.messages()
        loosen_bounds(messages)
        values_of(messages[later].rows[0], messages[20].rows[0])
        return [finding.rule for finding in judge(frames_of(messages, plan), plan)]

    assert found(620) == ["no row again"]
    assert found(1240) == []


def test_a_line_that_came_twice_is_not_also_a_row_again() -> None:
    def twice(messages: list[DataStream]) -> None:
        messages.insert(6, messages[5])

    assert rules_of(judge(spoiled(PLAN, twice), PLAN)) == {"lines continuous"}


def test_a_row_of_little_may_repeat_the_row_before() -> None:
    plan = Plan(sensors=(3,), bins=16)

    def rounded(messages: list[DataStream]) -> None:
        loosen_bounds(messages)
        for number, line in enumerate(line for message in messages for line in message.rows):
            line.sensors[0].intensity[:] = [1.0 + number // 2 % 2] + [0.0] * (plan.bins - 1)

    assert judge(spoiled(plan, rounded), plan) == []


def test_bounds_that_lost_float64_precision_are_right() -> None:
    def rounded(messages: list[DataStream]) -> None:
        for message in messages:
            message.current_max_amp *= 1 - 1e-9
            message.current_min_amp *= 1 + 1e-9

    assert judge(spoiled(PLAN, rounded), PLAN) == []


def test_bounds_beyond_float32_are_looser_not_wrong() -> None:
    assert judge(spoiled(PLAN, bounds(-1e300, 1e300)), PLAN) == []


def test_starts_aligned_to_samples_are_right() -> None:
    plan = Plan(lines_dt=0.0123, prr=400, nfft=128, frames=40, aligned=True)
    assert judge(frames_of(plan.messages(), plan), plan) == []


def test_a_lost_line_shows_also_where_lines_are_a_millisecond_apart() -> None:
    plan = Plan(lines_dt=0.001, rows=50, frames=10)

    def lose(messages: list[DataStream]) -> None:
        del messages[4].rows[10]

    assert [finding.amount for finding in judge(spoiled(plan, lose), plan)] == [1]


def test_a_pause_is_a_finding() -> None:
    frames = frames_of(PLAN.messages(), PLAN)
    late = [replace(f, elapsed=f.elapsed + 0.6, received_at=f.received_at + 0.6) for f in frames[5:]]
    (finding,) = judge(frames[:5] + late, PLAN)
    assert (finding.rule, finding.sentence) == (
        "no pause between frames",
        "the stream paused for 0.65 s, 0.5 s are allowed",
    )


def test_a_stream_that_slows_down_on_the_way_is_a_finding() -> None:
    plan = Plan(frames=80)
    frames = frames_of(plan.messages(), plan)
    slow = [replace(f, elapsed=frames[40].elapsed + 0.15 * n) for n, f in enumerate(frames[40:])]
    findings = judge(frames[:40] + slow, plan)
    assert [finding.rule for finding in findings] == ["frame rate kept"]
    assert "a second where 10 are due" in findings[0].sentence


def test_a_short_stream_that_is_slow_from_its_first_frame_to_its_last_is_a_finding() -> None:
    frames = [replace(frame, elapsed=0.2 * frame.index) for frame in frames_of(PLAN.messages(), PLAN)]
    (finding,) = judge(frames, PLAN)
    assert finding.sentence == "the stream is slow: its 10 frames took 1.80 s, 5.0 a second where 10 are due"


def test_a_short_stream_may_pause_once() -> None:
    frames = [
        replace(frame, elapsed=0.1 * frame.index + (0.39 if frame.index > 4 else 0.0))
        for frame in frames_of(PLAN.messages(), PLAN)
    ]
    assert judge(frames, PLAN) == []


def test_too_few_frames_is_a_finding() -> None:
    plan = Plan(max_frames=12)
    (finding,) = judge(frames_of(plan.messages(), plan), plan)
    assert finding.sentence == "the stream ended after 10 frames of the 12 asked for"


def test_too_many_frames_is_a_finding() -> None:
    plan = Plan(max_frames=9)
    (finding,) = judge(frames_of(plan.messages(), plan), plan, by_server=False)
    assert finding.sentence == "the stream went on after the 9 frames asked for"


def test_a_stream_without_limit_that_ends_by_itself_is_a_finding() -> None:
    (finding,) = judge(frames_of(PLAN.messages(), PLAN), PLAN, by_server=True)
    assert finding.sentence == "the stream ended after 10 frames, though the job goes on"


def test_a_cancelled_jobs_stream_may_end() -> None:
    assert judge(frames_of(PLAN.messages(), PLAN), PLAN, by_server=True, job_over=True) == []


def test_a_stream_that_goes_on_after_its_job_was_cancelled_is_a_finding() -> None:
    (finding,) = judge(frames_of(PLAN.messages(), PLAN), PLAN, by_server=False, job_over=True)
    assert finding.sentence == "the stream goes on, though its job was cancelled"


def test_a_slow_end_is_a_finding() -> None:
    plan = Plan(max_frames=10)
    (finding,) = judge(frames_of(plan.messages(), plan), plan, closing_latency=2.5)
    assert finding.sentence == "the stream took 2.50 s to end after its last frame, 2 s are allowed"


def test_an_error_at_the_end_is_a_finding_in_its_own_words() -> None:
    (finding,) = judge(frames_of(PLAN.messages(), PLAN), PLAN, error="UNAVAILABLE: gone")
    assert finding.sentence == "UNAVAILABLE: gone"

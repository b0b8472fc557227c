"""A range of the past: silent where it is shown from its first line to its last, one sentence where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from protos.datastream_pb2 import DataStream
from support.stream.frame import Frame
from support.validation.past import Grid, Past
from tests.validation.streams import START, Plan, frames_of, judge, spoiled

WINDOW = 0.512
LAST = 49 * 0.01
RANGE = Past(START, START + LAST + WINDOW + 0.005, ((START - 100, START + 100),))
PLAN = Plan(past=RANGE)


def found(frames: list[Frame], plan: Plan = PLAN, **ending: object) -> list[str]:
    return [one.sentence for one in judge(frames, plan, None, **{"by_server": True, **ending})]


def test_a_whole_range_has_no_finding_however_fast_or_old_it_is() -> None:
    frames = [replace(one, received_at=one.received_at + 1e6) for one in frames_of(PLAN.messages(), PLAN)]
    assert found(frames) == []
    assert found([replace(one, elapsed=one.index * 0.7) for one in frames]) == []


@pytest.mark.parametrize("rounding", [Fraction(0), Fraction(1, 2), Fraction(999, 1000)], ids=["down", "nearest", "up"])
@pytest.mark.parametrize("rate", [101, 450, 600, 777, 900, 990])
def test_lines_that_are_hardly_further_apart_than_times_are_exact_are_all_there(rate: int, rounding: Fraction) -> None:
    line = 1 / rate
    for lines in range(50, 60):
        past = Past(START, START + (lines - 0.5) * line + WINDOW, ((START - 100, START + 100),))
        plan = Plan(past=past, lines_dt=line, frames=lines, rows=1, rounding=rounding)
        assert found(frames_of(plan.messages(), plan), plan) == []


def test_of_lines_a_millisecond_apart_those_beyond_a_range_are_still_told() -> None:
    plan = Plan(past=RANGE, lines_dt=1 / 900, frames=460, rows=1)
    assert any("lies beyond the range" in one for one in found(frames_of(plan.messages(), plan), plan))


@pytest.mark.parametrize("frames", [10, 12])
def test_a_range_may_be_over_before_so_many_frames_have_come(frames: int) -> None:
    plan = replace(PLAN, max_frames=frames)
    assert found(frames_of(plan.messages(), plan), plan) == []


def test_a_range_that_is_not_shown_to_its_end_may_be_limited_or_left() -> None:
    frames = frames_of(PLAN.messages(), PLAN)[:4]
    assert found(frames, replace(PLAN, max_frames=4)) == []
    assert found(frames, by_server=False) == []
    assert found(frames) == ["the range is not shown to its end: its last 30 lines are missing, from 11:06:40.200 on"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda m: m[-1].rows.pop(),
            "the range is not shown to its end: its last 1 line is missing",
        ),
        (lambda m: m[0].rows.pop(0), "the range is not shown from its beginning: its first 1 line is missing"),
        (lambda m: m[-1].rows.append(later(m[-1].rows[-1], 10)), "lies beyond the range, whose last line is at"),
        (lambda m: m[3].rows.pop(), "1 line is missing after"),
        (lambda m: shift_all(m, 4), "is 4 ms after its place"),
        (lambda m: shift_all(m, -3_600_000), "lies before the range"),
    ],
)
def test_what_is_not_the_range_is_told(change: Callable[[list[DataStream]], object], sentence: str) -> None:
    assert any(sentence in one for one in found(spoiled(PLAN, change)))


def shift(row: Any, milliseconds: int) -> None:
    row.startTimestamp += milliseconds
    row.endTimestamp += milliseconds


def shift_all(messages: list[DataStream], milliseconds: int) -> None:
    for message in messages:
        for row in message.rows:
            shift(row, milliseconds)


def later(row: Any, milliseconds: int) -> Any:
    copied = type(row)()
    copied.CopyFrom(row)
    shift(copied, milliseconds)
    for sensor in copied.sensors:
        sensor.intensity[0] += 0.5
    return copied


HOLE = (START + 0.6, START + 0.7)
WITH_HOLE = replace(PLAN, frames=30, past=Past(START, START + 2, ((START, HOLE[0]), (HOLE[1], START + 2))))


def without_hole(messages: list[DataStream]) -> None:
    for message in messages:
        kept = [
            row
            for row in message.rows
            if row.endTimestamp <= HOLE[0] * 1000 or HOLE[1] * 1000 <= row.startTimestamp <= (START + 2) * 1000 - 512
        ]
        del message.rows[:]
        message.rows.extend(kept)
    messages[:] = [message for message in messages if message.rows]


def test_what_was_not_recorded_is_not_missing() -> None:
    assert found(spoiled(WITH_HOLE, without_hole), WITH_HOLE) == []


def test_what_is_missing_beside_a_hole_is_told_and_what_reaches_into_it_too() -> None:
    def one_less(messages: list[DataStream]) -> None:
        without_hole(messages)
        messages[3].rows.pop(0)

    assert any("missing after" in one for one in found(spoiled(WITH_HOLE, one_less), WITH_HOLE))
    plan = replace(WITH_HOLE, frames=20)
    assert any("reaches into a hole" in one for one in found(frames_of(plan.messages(), plan), plan))


def test_lines_at_an_edge_may_be_there_or_not() -> None:
    grid = Grid(Past(100.0, 101.0, ((0.0, 200.0),)), 0.1, 0.5, 0.001)
    assert (grid.due, grid.possible) == ([range(5)], [range(6)])
    begun = Grid(Past(100.0, 101.0, ((100.0, 200.0),)), 0.1, 0.45, 0.001)
    assert (begun.due, begun.possible) == ([range(6)], [range(6)])
    numbers = np.array([-1.0, 0.0, 5.0, 6.0])
    assert begun.allows(numbers, numbers).tolist() == [False, True, True, False]
    first, last = begun.about(np.array([99_900, 100_000, 100_500, 100_600]))
    assert first.tolist() == last.tolist() == numbers.tolist()
    assert Grid(Past(100.0, 100.3, ((0.0, 200.0),)), 0.1, 0.5, 0.001).possible == []

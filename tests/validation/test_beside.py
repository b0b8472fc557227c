"""Streams beside each other: what may be the same in two of them, and what may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from protos.datastream_pb2 import DataStream
from support.validation.beside import Shown, judge_beside
from tests.validation.streams import Plan, frames_of

ONE = Plan(sensors=(3, 4, 5, 6), bins=32, seed=1)
OTHER = replace(ONE, sensors=(5, 6, 7, 8), seed=2)


def messages(plan: Plan, canvas: str) -> list[DataStream]:
    made = plan.messages()
    for message in made:
        for row in message.rows:
            row.canvasId = canvas
    return made


def shown(plan: Plan, job_id: str, made: Sequence[DataStream]) -> Shown:
    canvases = frozenset(row.canvasId for message in made for row in message.rows)
    return Shown(job_id, 1 / plan.prr, frames_of(made, plan), canvases)


def two(change: Callable[[list[DataStream], list[DataStream]], object] | None = None) -> list[Shown]:
    first, second = messages(ONE, "canvas-0"), messages(OTHER, "canvas-1")
    if change:
        change(first, second)
    return [shown(ONE, "0-1", first), shown(OTHER, "1-2", second)]


def test_two_jobs_that_show_their_own_are_strangers() -> None:
    assert judge_beside(two()) == []


def test_the_same_sensor_at_the_same_time_may_show_in_both() -> None:
    def same_measurement(first: list[DataStream], second: list[DataStream]) -> None:
        for one, other in zip(first, second, strict=True):
            for row, beside in zip(one.rows, other.rows, strict=True):
                assert row.sensors[2].id == beside.sensors[0].id == 5
                beside.sensors[0].intensity[:] = row.sensors[2].intensity
                beside.startTimestamp += 1  # rounded in another way

    assert judge_beside(two(same_measurement)) == []


def test_one_canvas_for_all_jobs_is_a_servers_own_affair() -> None:
    def one_canvas(first: list[DataStream], second: list[DataStream]) -> None:
        for message in (*first, *second):
            for row in message.rows:
                row.canvasId = "the canvas"

    assert judge_beside(two(one_canvas)) == []


def test_a_canvas_for_two_jobs_of_a_server_that_has_more_of_them_is_told() -> None:
    streams = [shown(plan, job_id, messages(plan, "canvas-0")) for plan, job_id in ((ONE, "0-1"), (OTHER, "1-2"))]
    assert judge_beside(streams) == []
    (finding,) = judge_beside(streams, ["canvas-7"])
    assert "jobs 0-1, 1-2 are drawn on the same canvas" in str(finding)


def test_a_canvas_goes_on_to_the_next_job_when_its_own_is_over() -> None:
    streams = [replace(stream, canvases=frozenset({"canvas-0"}), turn=turn) for turn, stream in enumerate(two())]
    assert judge_beside(streams, ["canvas-7"]) == []


def test_a_job_has_the_same_canvas_in_each_of_its_streams_or_another() -> None:
    later = replace(ONE, seed=3)
    for canvas in ("canvas-0", "canvas-2"):
        again = shown(later, "0-1", messages(later, canvas))
        assert judge_beside([*two(), again]) == []


def test_few_or_coarse_values_are_alike_by_chance() -> None:
    few, coarse = replace(ONE, bins=8), ONE
    for plan in (few, coarse):
        made = plan.messages()
        for message in made:
            for row in message.rows:
                for sensor in row.sensors:
                    sensor.intensity[:] = [float(position % 8) for position in range(plan.bins)]
        assert judge_beside([shown(plan, "0-1", made), shown(plan, "1-2", made)]) == []


def values_in_another_sensor(first: list[DataStream], second: list[DataStream]) -> None:
    second[4].rows[2].sensors[3].intensity[:] = first[4].rows[2].sensors[0].intensity


def values_at_another_time(first: list[DataStream], second: list[DataStream]) -> None:
    second[4].rows[3].sensors[0].intensity[:] = first[4].rows[2].sensors[2].intensity


def canvas_of_the_other(first: list[DataStream], second: list[DataStream]) -> None:
    for row in second[5].rows:
        row.canvasId = first[0].rows[0].canvasId


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            values_in_another_sensor,
            "job 1-2 shows in sensor 8 at 11:06:40.220 the values that job 0-1 shows in sensor 3",
        ),
        (values_at_another_time, "the values that job 0-1 shows in sensor 5 at 11:06:40.220; 1 time in all"),
        (canvas_of_the_other, "jobs 0-1, 1-2 are drawn on the same canvas 'canvas-0'"),
    ],
)
def test_what_is_anothers_is_told(change: Callable[[list[DataStream], list[DataStream]], object], words: str) -> None:
    (finding,) = judge_beside(two(change))
    assert words in str(finding)


def test_a_stream_that_repeats_an_earlier_one_of_its_job_is_told() -> None:
    later = replace(ONE, offset=ONE.offset + 2)
    first, again = (shown(plan, "0-1", messages(plan, "canvas-0")) for plan in (ONE, later))
    (finding,) = judge_beside([first, again])
    assert "the values that another stream of it shows in sensor 3" in str(finding)
    assert finding.amount == 10 * 5 * 4

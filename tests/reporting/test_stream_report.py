"""What the report shows of a stream: numbers that are right, and the channel where there is something to see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import allure_commons
import pytest

from protos.datastream_pb2 import DataStream
from support.reporting.stream_report import metrics_table, report_stream
from support.stream.metrics import StreamMetrics
from tests.validation.streams import Plan, spoiled

PLAN = Plan(latency=0.25)
FREQUENCIES = PLAN.expectation.frequencies


class Report:
    """Takes what is attached, as Allure's own listener does."""

    def __init__(self) -> None:
        self.attached: dict[str, Any] = {}

    @allure_commons.hookimpl
    def attach_data(self, body: Any, name: str, attachment_type: Any, extension: Any) -> None:  # noqa: ARG002
        self.attached[name] = body


@pytest.fixture
def report() -> Iterator[Report]:
    listener = Report()
    allure_commons.plugin_manager.register(listener)
    yield listener
    allure_commons.plugin_manager.unregister(listener)


def metrics() -> StreamMetrics:
    measured = StreamMetrics(configure_seconds=0.01, connect_seconds=0.02, pause_limit=0.15)
    measured.begin(at=0.0)
    measured.count(3_999_999, (0.1, 0.2, 0.4), [0.25] * 3)
    measured.finish(at=2.0)
    return measured


def test_the_table_has_the_numbers_in_words_and_units() -> None:
    table = metrics_table(metrics())
    assert table["frames received"] == "3"
    assert table["first frame after"] == "100.0 ms"
    assert table["frames a second"] == "6.7"
    assert table["interval between frames, p50 / p95 / p99 / longest"] == "100.0 ms / 200.0 ms / 200.0 ms / 200.0 ms"
    assert table["data age on arrival, p50 / p95 / p99 / oldest"] == "250.0 ms / 250.0 ms / 250.0 ms / 250.0 ms"
    assert table["on the way there: configure / connect / health check"] == "10.0 ms / 20.0 ms / none"
    assert table["pauses of more than 0.15 s"] == "1 in all\n0.20 s before frame 2, from 0.20 s on"
    assert table["who set the pace"] == "the server: the client had time to wait"
    assert table["throughput"] == "2.00 MB/s"
    assert table["end after the last frame"] == "1600.0 ms"


def test_a_stream_without_frames_has_no_numbers_that_look_like_some() -> None:
    empty = StreamMetrics(start_time=1000.0, end_time=1002.0).calculate_metrics()
    assert metrics_table(empty)["first frame after"] == "none"
    assert metrics_table(empty)["interval between frames, p50 / p95 / p99 / longest"] == "none"


def test_nothing_is_attached_where_nothing_was_streamed(report: Report) -> None:
    report_stream(StreamMetrics(), [], ())
    assert report.attached == {}


def test_the_channel_with_the_clearest_signal_is_shown(report: Report) -> None:
    def tone(messages: list[DataStream]) -> None:
        for message in messages:
            for row in message.rows:
                row.sensors[2].intensity[4] = 50.0

    report_stream(metrics(), spoiled(PLAN, tone), FREQUENCIES)
    assert [name for name in report.attached if name.startswith("Waterfall")] == ["Waterfall of channel 5"]
    assert report.attached["Waterfall of channel 5"].startswith(b"\x89PNG")


def test_frames_of_another_shape_are_left_out_of_the_picture(report: Report) -> None:
    def shapes(messages: list[DataStream]) -> None:
        del messages[3].rows[:]
        del messages[4].rows[0].sensors[0]
        for row in messages[5].rows:
            for sensor in row.sensors:
                del sensor.intensity[0]

    report_stream(metrics(), spoiled(PLAN, shapes), FREQUENCIES)
    assert any(name.startswith("Waterfall") for name in report.attached)


def test_a_stream_of_broken_frames_alone_still_has_its_numbers(report: Report) -> None:
    def ragged(messages: list[DataStream]) -> None:
        for message in messages:
            del message.rows[0].sensors[0]

    report_stream(metrics(), spoiled(PLAN, ragged), FREQUENCIES)
    assert list(report.attached) == ["Stream metrics", "Stream metrics as JSON"]

"""What the report shows of a stream: numbers that are right, and the channel where there is something to see."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from protos.datastream_pb2 import DataStream
from support.contract import JobRequest
from support.reporting.stream_report import metrics_table, report_stream, report_streams
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.part import Part
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.verdict import Verdict, stream_rules
from tests.reporting.conftest import Attached
from tests.validation.streams import Plan, blocks_of, frames_of, spoiled

PLAN = Plan(latency=0.25)
REQUEST = JobRequest(channels_min=3, channels_max=6, frequency_max=14)


def stream(frames: Sequence[Frame] = (), failure: str = "") -> Streamed:
    """These frames as a scenario streamed and judged them."""
    verdict = Verdict(stream_rules(PLAN.expectation, Limits()))
    for block in blocks_of(frames, together=True):
        verdict.see(block)
    verdict.end(Ending(len(frames), by_server=False, error=failure))
    return Streamed(Job(REQUEST, PLAN.answer(), PLAN.prr), verdict, metrics(), frames, failure)


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


def test_the_channel_with_the_clearest_signal_is_shown(attached: Attached) -> None:
    def tone(messages: list[DataStream]) -> None:
        for message in messages:
            for row in message.rows:
                row.sensors[2].intensity[4] = 50.0

    report_stream(stream(spoiled(PLAN, tone)))
    assert [name for name in attached if name.startswith("Waterfall")] == ["Waterfall of channel 5"]
    assert attached["Waterfall of channel 5"].startswith(b"\x89PNG")


def test_frames_of_another_shape_are_left_out_of_the_picture(attached: Attached) -> None:
    def shapes(messages: list[DataStream]) -> None:
        del messages[3].rows[:]
        del messages[4].rows[0].sensors[0]
        for row in messages[5].rows:
            for sensor in row.sensors:
                del sensor.intensity[0]

    report_stream(stream(spoiled(PLAN, shapes)))
    assert any(name.startswith("Waterfall") for name in attached)


def test_a_stream_of_broken_frames_alone_still_has_its_numbers(attached: Attached) -> None:
    def ragged(messages: list[DataStream]) -> None:
        for message in messages:
            del message.rows[0].sensors[0]

    report_stream(stream(spoiled(PLAN, ragged)))
    assert list(attached) == ["Stream metrics", "Stream metrics as JSON", "Findings"]


def correct() -> Streamed:
    return stream(frames_of(PLAN.messages(), PLAN))


def lined(table: str) -> list[list[str]]:
    return list(csv.reader(table.splitlines()))


def test_a_correct_stream_is_told_as_one(attached: Attached) -> None:
    report_stream(correct())
    assert ["findings", "none"] in lined(attached["Stream metrics"])
    assert ["stream", "job 0-7, channels 3 to 6"] in lined(attached["Stream metrics"])
    assert "Findings" not in attached


def test_the_verdict_is_told_with_how_many_findings_are_left_out(attached: Attached) -> None:
    def silent(messages: list[DataStream]) -> None:
        for message in messages:
            for row in message.rows:
                row.sensors[1].intensity[3] = float("nan")

    broken = stream(spoiled(Plan(latency=0.25, frames=30), silent), failure="the stream broke")
    report_stream(broken)
    findings = lined(attached["Findings"])
    assert ["findings", str(broken.found)] in lined(attached["Stream metrics"])
    assert broken.found > len(broken.findings)
    assert ["measurements", "critical"] in [line[:2] for line in findings]
    assert any("the stream broke" in line[2] for line in findings)
    assert findings[-1] == ["", "", f"and {broken.found - len(broken.findings)} more like these"]


def test_nothing_is_attached_where_nothing_was_streamed(attached: Attached) -> None:
    report_streams([])
    assert attached == {}


def test_of_several_streams_the_newest_that_is_wrong_is_shown_and_all_are_listed(attached: Attached) -> None:
    report_streams([correct(), stream(failure="the stream broke"), correct()])
    assert any("the stream broke" in line[2] for line in lined(attached["Findings"]))
    assert [line[-1] for line in lined(attached["All streams"])] == ["Failed with", "", "the stream broke", ""]


def test_one_stream_needs_no_list(attached: Attached) -> None:
    report_streams([correct()])
    assert "All streams" not in attached


def test_the_streams_of_a_job_are_told_where_there_are_several(attached: Attached) -> None:
    told = correct()
    first, second = Part(0, 2, frames=10, bytes=100, first=0.1), Part(1, 2)
    second.lacking.add(1_700_000_000_000)
    told.metrics.streams = [first, second]
    report_stream(told)
    assert lined(attached["Streams of the job"])[1:] == [
        ["stream 1 of 2", "10", "100", "100.0 ms", "0", "0", "0", "0"],
        ["stream 2 of 2", "0", "0", "none", "0", "0", "1", "0"],
    ]


def test_the_only_stream_of_a_job_is_no_table(attached: Attached) -> None:
    report_stream(correct())
    assert "Streams of the job" not in attached

"""Failure texts, read as a person reads them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import grpc
import pytest
from hamcrest import assert_that
from hamcrest.core.matcher import Matcher

from support import matchers
from support.baseline.comparison import compare
from support.baseline.sample import Sample
from support.errors import APIError, MachineStoodStillError
from support.screen.job import Job
from support.settings import Settings
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.validation.expectation import Limits
from support.validation.finding import Ending, Finding, Topic
from support.validation.verdict import Verdict, stream_rules
from tests.validation.streams import Plan, blocks_of, frames_of
from tests.validation.test_configuration import PRR, REQUEST, answer

PLAN = Plan()

STREAM_MATCHERS = [
    matchers.is_well_formed(),
    matchers.follows_dimensions(),
    matchers.holds_measurements(),
    matchers.holds_valid_data(),
    matchers.is_continuous(),
    matchers.is_fresh(),
    matchers.is_steady(),
    matchers.ends_as_it_should(),
]


def verdict_on(frames: list[Frame], error: str = "") -> Verdict:
    verdict = Verdict(stream_rules(PLAN.expectation, Limits()))
    for block in blocks_of(frames, together=True):
        verdict.see(block)
    verdict.end(Ending(len(frames), by_server=False, error=error))
    return verdict


def failure(item: object, matcher: Matcher[Any]) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_that(item, matcher)
    return str(caught.value)


@pytest.mark.parametrize("matcher", STREAM_MATCHERS, ids=str)
def test_a_correct_stream_matches(matcher: Matcher[Verdict]) -> None:
    assert_that(verdict_on(frames_of(PLAN.messages(), PLAN)), matcher)


@pytest.mark.parametrize("matcher", STREAM_MATCHERS, ids=str)
def test_a_stream_without_frames_never_matches(matcher: Matcher[Verdict]) -> None:
    assert "no rows were received, so there is nothing to judge" in failure(verdict_on([]), matcher)


def test_a_gap_is_told_with_its_size_and_time() -> None:
    messages = PLAN.messages()
    del messages[4].rows[1:4]
    assert failure(verdict_on(frames_of(messages, PLAN)), matchers.is_continuous()) == (
        "\nExpected: a stream without a line missing, repeated or out of order\n"
        "     but: 1 finding in 10 frames with 47 rows:\n"
        "  - 3 lines are missing after 11:06:40.200, until 11:06:40.240 (frame 4, row 21, at 11:06:40.240)\n"
    )


def test_a_long_list_of_findings_is_cut_and_counted() -> None:
    messages = [*PLAN.messages(), *PLAN.messages(), *PLAN.messages()]
    for message in messages:
        message.rows[0].sensors[0].intensity[0] = -1
        message.current_min_amp = -1
    text = failure(verdict_on(frames_of(messages, PLAN)), matchers.holds_measurements())
    assert "30 findings in 30 frames" in text
    assert "- and 27 more" in text


def test_a_limit_that_was_passed_is_told_by_the_name_of_its_setting() -> None:
    frames = frames_of(PLAN.messages(), PLAN)
    later = [replace(frame, elapsed=frame.elapsed + 5, received_at=frame.received_at + 5) for frame in frames[5:]]
    earlier = [replace(frame, received_at=frame.received_at - 5) for frame in frames]
    told = [
        failure(verdict_on(frames[:5] + later), matchers.is_steady()),
        failure(verdict_on(later), matchers.is_fresh()),
        failure(verdict_on(earlier), matchers.is_fresh()),
        failure(metrics_of([5.1]), matchers.has_first_frame_within(5)),
        failure(metrics_of([0.0, 0.2]), matchers.has_frame_rate_above(10)),
        failure(metrics_of([0.0, 1.0, 5.0]), matchers.has_frames_in_time(95, 2)),
    ]
    named = [set(re.findall(r"setting (\w+)", words)) for words in told]
    assert named[0] >= {"max_pause"}
    assert named[1:] == [
        {"data_age_within"},
        {"clock_skew"},
        {"first_frame_within"},
        {"frame_rate_above"},
        {"frames_in_time"},
    ]
    assert set().union(*named) <= set(Settings.model_fields)


def test_what_this_machine_explains_is_broken_and_not_failed() -> None:
    frames = frames_of(PLAN.messages(), PLAN)
    verdict = verdict_on(frames)
    verdict.doubts = [Finding("no pause", Topic.PACE, "the stream paused for 3.05 s")]
    verdict.standstill = "this machine stood still for 3.0 s"
    with pytest.raises(
        MachineStoodStillError, match=r"for this machine stood still for 3\.0 s: .*\n.* paused for 3\.05"
    ):
        assert_that(verdict, matchers.is_steady())
    assert_that(verdict, matchers.is_continuous())


def test_an_answer_is_told_what_is_wrong_with_it() -> None:
    job = Job(REQUEST, answer(channel_amount=5), PRR)
    assert "counts 5 channels" in failure(job, matchers.agrees_on_dimensions())
    assert_that(job, matchers.agrees_on_frequencies())
    assert "counts 5 channels" in failure(job, matchers.agrees_with_request())


def metrics_of(arrivals: list[float]) -> StreamMetrics:
    metrics = StreamMetrics()
    metrics.begin(at=0.0)
    metrics.count(100 * len(arrivals), arrivals)
    metrics.finish(at=arrivals[-1] + 0.1 if arrivals else 1.0)
    return metrics


def test_first_frame() -> None:
    assert_that(metrics_of([4.9]), matchers.has_first_frame_within(5))
    assert "it came after 5.10 s, more than the 5 s of setting first_frame_within" in failure(
        metrics_of([5.1]), matchers.has_first_frame_within(5)
    )
    assert "no frame came in 1.00 s" in failure(metrics_of([]), matchers.has_first_frame_within(5))


def test_frame_rate() -> None:
    assert_that(metrics_of([0.0, 0.09, 0.18]), matchers.has_frame_rate_above(10))
    assert_that(metrics_of([n / 9.99 for n in range(50)]), matchers.has_frame_rate_above(10))
    assert "9.70 a second" in failure(metrics_of([n / 9.7 for n in range(50)]), matchers.has_frame_rate_above(10))
    slow = failure(metrics_of([0.0, 0.2, 0.4]), matchers.has_frame_rate_above(10))
    assert "5.00 a second, 3 frames received" in slow
    assert "0.00 a second, 1 frame received" in failure(metrics_of([0.0]), matchers.has_frame_rate_above(10))


def test_frames_in_time() -> None:
    steady = [float(n) for n in range(20)]
    assert_that(metrics_of([*steady, 21.5]), matchers.has_frames_in_time(95, 1))
    text = failure(metrics_of([*steady, 21.5, 23.0]), matchers.has_frames_in_time(95, 1))
    assert "90.5 % were, the longest interval was 2.50 s" in text
    assert "there is no interval to measure" in failure(metrics_of([0.1]), matchers.has_frames_in_time(95, 1))


def test_a_slow_client_is_named_where_a_pace_is_missed() -> None:
    metrics = metrics_of([0.0, 0.2, 0.4])
    assert "the client" not in failure(metrics, matchers.has_frame_rate_above(10))
    metrics.waiting_seconds, metrics.judging_seconds = 0.01, 0.39
    text = failure(metrics, matchers.has_frame_rate_above(10))
    assert "the client itself was busy 98 % of the time" in text
    assert "the pace is the client's, not the server's" in text


def test_a_server_that_has_become_slower() -> None:
    then = [Sample(0.01, 0.05, 0.050 + n / 10_000, 0.004) for n in range(5)]
    now = [Sample(0.01, 0.05, 0.065 + n / 10_000, 0.004) for n in range(5)]
    assert_that(compare(then, then, 20), matchers.is_no_slower_by(20))
    text = failure(compare(then, now, 20), matchers.is_no_slower_by(20))
    assert "no slower than its baseline by more than 20 %" in text
    assert text.endswith("but: interval between frames: 65.2 ms where it was 50.2 ms, 1.30 times\n")
    assert "nothing was compared" in failure([], matchers.is_no_slower_by(20))


def test_covering_metrics() -> None:
    assert_that(metrics_of([0.1, 0.2]), matchers.covers_stream_of(2))
    assert "1 frame counted" in failure(metrics_of([0.1]), matchers.covers_stream_of(2))
    unfinished = metrics_of([0.1])
    unfinished.end_time = None
    assert "no start or end" in failure(unfinished, matchers.covers_stream_of(1))
    failed = metrics_of([0.1])
    failed.errors_count = 1
    assert "1 error counted" in failure(failed, matchers.covers_stream_of(1))


def test_a_refusal_has_to_name_the_job() -> None:
    matcher = matchers.names_unknown_job("0-unknown")
    assert_that(APIError("x", status=grpc.StatusCode.NOT_FOUND, details="no job 0-unknown"), matcher)
    silent = APIError("x", status=grpc.StatusCode.NOT_FOUND, details="not found")
    assert "NOT_FOUND with the words 'not found'" in failure(silent, matcher)
    other = APIError("x", status=grpc.StatusCode.INTERNAL, details="0-unknown")
    assert "INTERNAL with the words '0-unknown'" in failure(other, matcher)

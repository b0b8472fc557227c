"""Messages that are damaged in every way give a verdict or a refusal; what fuzzing has found stays found."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from dataclasses import replace

import pytest

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.contract import JobAnswer, JobRequest
from support.stream.dialect import UnreadableError
from support.stream.interruption import Interruption
from support.validation.configuration import judge_configuration
from support.validation.expectation import band
from support.validation.loss import Loss
from tests.hostile.fuzz_frames import EXTREME_DISTANCES, SCHEMAS, blocks_of, fuzz, judge_stream
from tests.test_focus_server_api import JOB
from tests.validation.streams import Plan, frame_of, frames_of, judge

PLAN = Plan(frames=2, rows=2)
LOWEST, HIGHEST = -(2**63), 2**63 - 1


@pytest.mark.parametrize("dialect", SCHEMAS)
def test_nothing_but_a_refusal_comes_out(dialect: str) -> None:
    counts = fuzz(2000, 2, dialect)

    assert counts["inputs"] == 2000
    assert min(counts["judged"], counts["refused"], counts["findings"]) > 500


def test_a_short_stream_that_ends_ragged_is_judged() -> None:
    messages = PLAN.messages()
    del messages[-1].rows[0].sensors[0]

    assert judge(frames_of(messages, PLAN), PLAN)


def test_a_span_that_no_integer_of_the_wire_holds_is_told_as_it_is() -> None:
    messages = PLAN.messages()
    messages[0].rows[0].startTimestamp, messages[0].rows[0].endTimestamp = HIGHEST, LOWEST
    messages[1].rows[0].startTimestamp, messages[1].rows[0].endTimestamp = LOWEST, HIGHEST

    with warnings.catch_warnings(action="error"):
        sentences = " ".join(finding.sentence for finding in judge(frames_of(messages, PLAN), PLAN))

    assert f"a row ends {2**64 - 1} ms before it starts" in sentences
    assert f"a row spans {2**64 - 1} ms" in sentences


@pytest.mark.parametrize("lines_dt", EXTREME_DISTANCES)
def test_a_distance_of_lines_that_is_none_stops_no_verdict(lines_dt: float) -> None:
    judge_stream(
        [message.SerializeToString() for message in PLAN.messages()], replace(PLAN, lines_dt=lines_dt), Counter()
    )


@pytest.mark.parametrize("lines_dt", [5e-324, math.inf, math.nan])
def test_lines_lost_are_unknown_where_their_distance_is_none(lines_dt: float) -> None:
    broken = Interruption(0.0, "cut", after=0, duration=1.0, before=HIGHEST, lines_dt=lines_dt)

    assert broken.lines_lost in (None, 0)
    assert str(broken)


def test_a_loss_over_all_of_time_is_counted() -> None:
    rows = [SpectrogramRow(startTimestamp=start) for start in (LOWEST, HIGHEST)]

    with warnings.catch_warnings(action="error"):
        assert Loss.of([frame_of(DataStream(rows=rows))], [], 1.0).missing > 2**53


@pytest.mark.parametrize("prr", [5e-324, 1e-9, 1e308])
def test_a_band_has_no_more_bins_than_a_spectrum(prr: float) -> None:
    assert len(band(prr, 1024, 0, 500)) <= 1025


def test_a_window_of_thousands_of_digits_is_a_wrong_job_id() -> None:
    answer = JobAnswer.model_validate(JOB | {"job_id": "9" * 5000 + "-1"})

    findings = judge_configuration(JobRequest(channels_min=0, channels_max=1), answer, 2000.0)

    assert "job id" in [finding.rule for finding in findings]


@pytest.mark.parametrize(
    "message",
    [
        DataStream(rows=[SpectrogramRow()] * 10_001),
        DataStream(rows=[SpectrogramRow(sensors=[SensorIntensity()] * 100_000)] * 11),
    ],
    ids=["rows", "sensors"],
)
def test_absurd_counts_are_refused_before_they_are_judged(message: DataStream) -> None:
    with pytest.raises(UnreadableError, match=r"is absurd: more than \d+ (rows|sensors) in \d+ bytes"):
        next(blocks_of([message.SerializeToString()]))

"""The numbers of lines and jobs, and what frames say of their own sizes: each broken in its own way, and told once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.pandadatastream_pb2 import DataStream
from support.stream.unsaid import Unsaid
from support.validation.expectation import Limits
from support.validation.finding import Ending, Finding, Topic
from support.validation.verdict import Verdict, stream_rules
from tests.validation.production import blocks_of, messages_of
from tests.validation.streams import Plan
from tests.validation.test_properties import plans

PLAN = Plan(sensors=(3, 4, 5, 6), rows=2, frames=20, cannot=frozenset(Unsaid), job_id="23-68")

Messages = list[DataStream]


def judge(messages: Messages, plan: Plan = PLAN) -> list[Finding]:
    """What all rules but those about pace and age find: the same, whether the frames come one by one or together."""
    found = []
    for together in (False, True):
        verdict = Verdict(stream_rules(plan.expectation, Limits()))
        for block in blocks_of(messages, together=together):
            verdict.see(block)
        verdict.end(Ending(frames=len(messages), by_server=False))
        found.append(verdict.findings(set(Topic) - {Topic.PACE, Topic.FRESHNESS, Topic.ENDING}))
    assert sorted(map(str, found[0])) == sorted(map(str, found[1]))
    return found[0]


def spoiled(change: Callable[[Messages], object], job_id: int | None = 23) -> Messages:
    messages = messages_of(PLAN, job_id=job_id)
    change(messages)
    return messages


@given(plans(), st.sampled_from([None, 23, 68]), st.booleans())
def test_a_correct_stream_has_no_finding(plan: Plan, job_id: int | None, piece_a_row: bool) -> None:
    plan = replace(plan, cannot=PLAN.cannot, job_id=PLAN.job_id)
    assert judge(messages_of(plan, job_id=job_id, piece_a_row=piece_a_row), plan) == []


def numbers_after(frame: int, by: int) -> Callable[[Messages], None]:
    def change(messages: Messages) -> None:
        for message in messages[frame:]:
            message.row_index[:] = [number + by for number in message.row_index]

    return change


def times_after(frame: int, by: int) -> Callable[[Messages], None]:
    def change(messages: Messages) -> None:
        for message in messages[frame:]:
            message.timestamp_in_milis[:] = [time + by for time in message.timestamp_in_milis]

    return change


def lost(messages: Messages) -> None:
    del messages[5]


def swapped_numbers(messages: Messages) -> None:
    messages[5].row_index[:] = reversed(messages[5].row_index)


def same_number(messages: Messages) -> None:
    messages[5].row_index[1] = messages[5].row_index[0]


def number_too_few(messages: Messages) -> None:
    del messages[5].row_index[1]


def other_type(messages: Messages) -> None:
    messages[5:] = messages_of(PLAN, kind="<f8", job_id=23)[5:]


def other_cut(messages: Messages) -> None:
    messages[5:] = messages_of(PLAN, piece_a_row=True, job_id=23)[5:]


def odd_pieces(messages: Messages) -> None:
    whole = messages[5].main_data[0]
    messages[5].main_data[:] = [whole[:5], whole[5:9], whole[9:]]


def job(number: int, frame: int = 0) -> Callable[[Messages], None]:
    def change(messages: Messages) -> None:
        for message in messages[frame:]:
            message.job_id = number

    return change


def other_channels(messages: Messages) -> None:
    for message in messages:
        message.start_channel, message.end_channel = 40, 43


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            numbers_after(5, 3),
            [("lines numbered as they are timed", "3 lines are missing by number, after number 109; by time none is")],
        ),
        (
            times_after(5, 20),
            [
                ("lines numbered as they are timed", "2 lines are missing by time, until 11:06:40.120; by number none"),
                ("lines continuous", "2 lines are missing after"),
            ],
        ),
        (lost, [("lines continuous", "2 lines are missing after 11:06:40.090")]),
        (
            swapped_numbers,
            [
                ("lines numbered as they are timed", "1 line is missing by number, after number 109; by time none is"),
                ("lines numbered as they are timed", "1 line is missing by number, after number 110; by time none is"),
            ],
        ),
        (
            same_number,
            [
                ("lines numbered as they are timed", "the number of a line stayed at 110"),
                ("lines numbered as they are timed", "1 line is missing by number, after number 110"),
            ],
        ),
        (
            numbers_after(5, -3),
            [("lines numbered as they are timed", "the number of a line went from 109 back to 107")],
        ),
        (
            times_after(5, -30),
            [
                ("lines numbered as they are timed", "the time of a line did not go on, and its number did"),
                *[("lines continuous", "a line was repeated, or time went back")] * 2,
                ("lines continuous", "a line came twice"),
            ],
        ),
        (number_too_few, [("frame goes together", "2 rows of the frame have 1 row number")]),
        (other_type, [("frames encoded alike", "the type of a value changed from float32 to float64")]),
        (other_cut, [("frames encoded alike", "the cut of the values changed from one piece to one piece a row")]),
        (odd_pieces, [("frame goes together", "the values of the frame come in 3 pieces")]),
        (
            job(22),
            [("stream of this job", "the stream is that of another job: its frames say job 22, and this is '23")],
        ),
        (job(22, 5), [("stream of this job", "the stream is that of another job: its frames say job 22, and this is")]),
        (job(68, 5), [("stream of this job", "the number of the job changed from 23 to 68")]),
        (
            other_channels,
            [
                ("stream of this job", "it shows sensor 40, 41, 42, 43, and none of this job's"),
                *[("sensors as configured", "sensor 3, 4, 5, 6 are missing")] * 20,
            ],
        ),
    ],
)
def test_each_has_its_sentence(change: Callable[[Messages], object], told: list[tuple[str, str]]) -> None:
    found = judge(spoiled(change))
    assert sorted(finding.rule for finding in found) == sorted(rule for rule, _ in told)
    for rule, words in told:
        assert any(finding.rule == rule and words in str(finding) for finding in found), (words, list(map(str, found)))


def test_a_line_that_comes_again_with_its_number_is_told_by_its_time_alone() -> None:
    found = judge(spoiled(lambda messages: messages.insert(5, messages[4])))
    assert {finding.rule for finding in found} <= {"lines continuous", "sensors alive"}
    assert found


def test_a_server_may_count_anew_after_an_interruption() -> None:
    def interrupted(messages: Messages) -> None:
        for position, message in enumerate(messages[10:]):
            message.row_index[:] = [2 * position, 2 * position + 1]
        del messages[5:10]

    assert {finding.rule for finding in judge(spoiled(interrupted))} == {"lines continuous"}


@pytest.mark.parametrize(("job_id", "number"), [("23-68", 68), ("23-68", 23), ("", 5), ("abc", 5), ("9" * 5000, 5)])
def test_a_job_is_ours_where_it_may_be(job_id: str, number: int) -> None:
    assert judge(spoiled(job(number)), replace(PLAN, job_id=job_id)) == []


def test_frames_that_say_no_job_are_no_other_jobs() -> None:
    assert judge(spoiled(lambda messages: messages[5].ClearField("job_id"))) == []
    assert judge(messages_of(PLAN)) == []

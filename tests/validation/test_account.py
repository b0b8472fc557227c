"""What a server says of its fibre and of its jobs: silent where it is so, one sentence where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from support.contract import ChannelRange, JobMetadata, JobRequest, LiveMetadata
from support.validation.account import judge_fibre, judge_metadata

REQUEST = JobRequest(channels_min=1, channels_max=4, nfft=256)
BODY: dict[str, Any] = REQUEST.body()
JOB_ID = "12-70788"
OTHER = "the server tells of another request: "


@pytest.mark.parametrize(
    ("told", "lowest", "highest"), [(11, 0, 10), (11, 1, 11), (None, 0, 10), (11.0, 5, 15), (2222, 0, 2221)]
)
def test_a_fibre_that_is_counted_right_or_not_at_all_has_no_finding(told: Any, lowest: int, highest: int) -> None:
    channels = ChannelRange(lowest_channel=lowest, highest_channel=highest)
    assert judge_fibre(LiveMetadata(prr=2000, number_of_channels=told), channels) == []


@pytest.mark.parametrize(("told", "words"), [(10, "10"), (12, "12"), (2447.75, "2447.75"), (0, "0")])
def test_a_fibre_that_is_miscounted_is_one_finding(told: float, words: str) -> None:
    channels = ChannelRange(lowest_channel=1, highest_channel=11)
    (finding,) = judge_fibre(LiveMetadata(prr=2000, number_of_channels=told), channels)
    assert finding.sentence == f"the fibre is said to have {words} channels where 1 to 11 are 11"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"number_of_channels": "many"},
            "number_of_channels of the fibre cannot be read: expected a number, not 'many'",
        ),
        ({"dx": {}}, "dx of the fibre cannot be read: Input should be a valid number, not {}"),
        ({"dx": None, "fiber_start_meters": None, "fiber_length_meters": None, "fiber_description": None}, None),
    ],
)
def test_a_fibre_is_described_as_far_as_it_can_be_read(changes: dict[str, Any], told: str | None) -> None:
    metadata = LiveMetadata.read({"prr": 2000, "dx": 1.02, "sw_version": "1"} | changes)
    channels = ChannelRange(lowest_channel=1, highest_channel=11)
    assert [finding.sentence for finding in judge_fibre(metadata, channels)] == ([told] if told else [])


def sentences(**changes: Any) -> list[str]:
    told = {"job_id": JOB_ID, "status": "running", "config": BODY} | changes
    return [finding.sentence for finding in judge_metadata(REQUEST, JOB_ID, JobMetadata.model_validate(told))]


@pytest.mark.parametrize(
    "config",
    [
        {},
        BODY,
        BODY | {"user": "operator", "channels": {"min": 1, "max": 4, "step": 1}},
        {name: value for name, value in BODY.items() if value is not None},
        BODY | {"view_type": 0, "nfftSelection": 256.0, "displayTimeAxisDuration": "10"},
        BODY | {"start_time": 1_795_000_000.5},
    ],
)
def test_metadata_that_tell_what_was_asked_for_have_no_finding(config: dict[str, Any]) -> None:
    assert sentences(config=config) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"job_id": "12-70789"}, "asked for job '12-70788', the server tells of '12-70789'"),
        ({"status": "done"}, "the status 'done' is none of pending, running, completed, failed, cancelled"),
        ({"config": BODY | {"nfftSelection": 512}}, f"{OTHER}nfftSelection is 512 where 256 was asked for"),
        ({"config": BODY | {"view_type": "1"}}, f"{OTHER}view_type is '1' where '0' was asked for"),
        ({"config": BODY | {"channels": {"min": 1, "max": 5}}}, f"{OTHER}channels.max is 5 where 4 was asked for"),
        ({"config": BODY | {"channels": None}}, f"{OTHER}channels.min is not told, channels.max is not told"),
    ],
)
def test_metadata_that_do_not_are_a_finding(changes: dict[str, Any], sentence: str) -> None:
    assert sentences(**changes) == [sentence]

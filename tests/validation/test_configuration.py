"""The answer of the configuration, judged against the request: silent where it is right, one sentence where not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from support.contract import JobAnswer, JobRequest
from support.screen.job import described
from support.stream.unsaid import Unsaid
from support.validation.configuration import judge_configuration, remark
from support.validation.expectation import band
from support.validation.finding import Topic

PRR = 2000.0
REQUEST = JobRequest(channels_min=1, channels_max=4, nfft=256, frequency_min=10, frequency_max=60)


def answer(**changes: Any) -> JobAnswer:
    right: dict[str, Any] = {
        "status": "Config received successfully",
        "job_id": "12-70788",
        "stream_url": "focus.example",
        "stream_port": 30123,
        "stream_amount": 1,
        "channel_amount": 4,
        "channel_to_stream_index": {"1": 0, "2": 0, "3": 0, "4": 0},
        "frequencies_amount": 6,
        "frequencies_list": [15.625, 23.4375, 31.25, 39.0625, 46.875, 54.6875],
        "lines_dt": 0.01,
        "view_type": "0",
    }
    return JobAnswer.model_validate(right | changes)


def sentences(changed: JobAnswer) -> list[str]:
    return [finding.sentence for finding in judge_configuration(REQUEST, changed, PRR)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stream_port": "30123"},
        {"status": ""},
        {"stream_url": "https://focus.example/"},
        {"view_type": 0},
        {"stream_amount": 2, "channel_to_stream_index": {"1": 0, "2": 1, "3": 0, "4": 1}},
        {"frequencies_list": [15.62, 23.44, 31.25, 39.06, 46.88, 54.69]},
    ],
)
def test_a_right_answer_has_no_finding(changes: dict[str, Any]) -> None:
    assert sentences(answer(**changes)) == []


def test_fine_bins_may_be_rounded_to_hundredths_and_are_still_told_from_others() -> None:
    request = JobRequest(
        channels_min=1, channels_max=1, nfft=65_536, view_type="1", frequency_min=100, frequency_max=110
    )
    step = PRR / request.nfft

    def judged(shift: float = 0.0) -> list[str]:
        listed = [round((number + shift) * step, 2) for number in range(3277, 3605)]
        changed = answer(
            channel_amount=1,
            channel_to_stream_index={"1": 0},
            frequencies_list=listed,
            frequencies_amount=len(listed),
            view_type="1",
        )
        return [finding.sentence for finding in judge_configuration(request, changed, PRR)]

    assert judged() == []
    assert "bin 0 is " in " ".join(judged(shift=0.5))


WRONG_ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"channel_amount": 5}, "channel_amount is wrong: it counts 5 channels where 4 were asked for"),
    ({"channel_to_stream_index": {"1": 0, "2": 0, "4": 0}}, "channel_to_stream_index lacks channel 3"),
    (
        {"channel_to_stream_index": {"0": 0, "1": 0, "2": 0, "3": 0, "4": 0}},
        "channel_to_stream_index has channel 0, which was not asked for",
    ),
    ({"channel_to_stream_index": {"1": 0, "2": 0, "3": 1, "4": 0}}, "names stream 1 where there is 1 stream"),
    ({"stream_amount": 5}, "stream_amount is wrong: 5 streams for 4 channels"),
    ({"stream_amount": 0}, "stream_amount is wrong: 0 streams for 4 channels"),
    ({"stream_amount": 2}, "channel_to_stream_index has no channel in stream 1 of 2, counted from 0"),
    ({"frequencies_amount": 7}, "frequencies_amount is 7 but frequencies_list has 6 entries"),
    (
        {"frequencies_list": [7.8125, 15.625, 23.4375, 31.25, 39.0625, 46.875]},
        "1 frequency value is outside the band of 10 to 60 Hz, the first is 7.8125 Hz",
    ),
    (
        {"frequencies_list": [15.625, 23.4375], "frequencies_amount": 2},
        "frequencies_list has 2 bins where PRR 2000 Hz and NFFT 256 give 6",
    ),
    (
        {"frequencies_list": [15.625, 23.4375, 30.0, 39.0625, 46.875, 54.6875]},
        "bin 2 is 30 Hz, not 31.25 Hz (k * PRR / NFFT, in steps of 7.8125 Hz)",
    ),
    (
        {"frequencies_list": [15.625, float("nan"), 31.25, 39.0625, 46.875, 54.6875]},
        "bin 1 is nan Hz, not 23.4375 Hz",
    ),
    ({"lines_dt": 0.02}, "lines are said to be 0.02 s apart, but 10 s over 1000 lines give 0.01 s"),
    ({"lines_dt": float("nan")}, "lines are said to be nan s apart"),
    ({"view_type": "1"}, "view_type '0' was asked for, '1' answered"),
    ({"job_id": "70788"}, "job_id '70788' is not window-unique"),
    ({"job_id": "30-70788"}, "job_id '30-70788' is not window-unique with a window from 0 to 29"),
    ({"stream_port": 0}, "stream_port 0 is not a port"),
    ({"stream_port": "http"}, "stream_port 'http' is not a port"),
    ({"stream_url": "https://"}, "names no host"),
]
"""What is wrong in an answer, and words of the finding about it."""


@pytest.mark.parametrize(("changes", "words"), WRONG_ANSWERS)
def test_a_wrong_answer_is_a_finding(changes: dict[str, Any], words: str) -> None:
    assert any(words in sentence for sentence in sentences(answer(**changes))), sentences(answer(**changes))


@pytest.mark.parametrize("changes", [{"display_height": 0}, {"display_duration": 0}])
def test_what_should_have_been_refused_can_be_judged(changes: dict[str, Any]) -> None:
    request = REQUEST.model_copy(update=changes)
    assert isinstance(judge_configuration(request, answer(), PRR), list)
    assert described(request).startswith("channels 1 to 4, NFFT 256, 10 to 60 Hz, ")


NOMINAL = frozenset({Unsaid.PRR, Unsaid.WINDOWS})
WHOLE_BAND = JobRequest(channels_min=1, channels_max=4, nfft=256, frequency_min=0, frequency_max=500)


def multiples(step: float, first: int, last: int) -> dict[str, Any]:
    """The fields of an answer that lists these multiples of a step."""
    return {"frequencies_list": [k * step for k in range(first, last)], "frequencies_amount": last - first}


def nominal(step: float, count: int, request: JobRequest = WHOLE_BAND, **changes: Any) -> list[str]:
    """The sentences about bins at multiples of a step, on a server whose PRR is nominal."""
    changed = answer(**(multiples(step, 0, count) | changes))
    return [one.sentence for one in judge_configuration(request, changed, PRR, NOMINAL)]


@pytest.mark.parametrize("real", [2000.0, 1996.032, 2003.9, 1900.0, 2100.0])
def test_where_the_prr_is_nominal_the_list_says_which_bins_there_are(real: float) -> None:
    step = real / 256
    assert nominal(step, int(500 / step)) == []
    assert nominal(step, int(500 / step), frequencies_list=[round(k * step, 2) for k in range(int(500 / step))]) == []
    narrow = multiples(step, math.ceil(10 / step), int(60 / step))
    assert nominal(step, 0, REQUEST, **narrow) == []


@pytest.mark.parametrize("count", [1, 2, 3, 64])
@pytest.mark.parametrize("real", [2000.0, 2004.0, 1996.032])
@pytest.mark.parametrize("nfft", [256, 2048])
def test_the_fewer_bins_there_are_the_less_they_say_of_their_step(count: int, real: float, nfft: int) -> None:
    step, first = real / nfft, 40
    request = replace_band(REQUEST, nfft, (first - 0.5) * step, (first + count - 0.5) * step)
    assert nominal(step, 0, request, **multiples(step, first, first + count)) == []
    rounded = [round(k * step, 2) for k in range(first, first + count)]
    assert nominal(step, 0, request, frequencies_list=rounded, frequencies_amount=count) == []


def test_a_single_bin_beside_every_step_that_may_be_is_found() -> None:
    request = replace_band(REQUEST, 256, 8.0, 14.0)
    [sentence] = nominal(7.8125, 0, request, frequencies_list=[11.0], frequencies_amount=1)
    assert sentence.startswith("bin 0 is 11 Hz")


def replace_band(request: JobRequest, nfft: int, low: float, high: float) -> JobRequest:
    return request.model_copy(update={"nfft": nfft, "frequency_min": low, "frequency_max": high})


def test_where_the_prr_is_nominal_any_window_will_do() -> None:
    assert nominal(7.8125, 64, job_id="53-7") == []
    [sentence] = nominal(7.8125, 64, job_id="x-7")
    assert sentence == "job_id 'x-7' is not window-unique with a window in digits"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            multiples(7.8, 0, 62),
            "goes on above the listed 0 to 475.8",
        ),
        (
            multiples(7.8, 8, 64),
            "goes on below the listed 62.4",
        ),
        (
            {"frequencies_list": [k * 7.8 + 3 for k in range(63)], "frequencies_amount": 63},
            "bin 0 is 3 Hz, where multiples",
        ),
        ({"frequencies_list": [k * 7.8 + (k == 9) for k in range(64)]}, "bin 9 is 71.2 Hz, where multiples of 7.8 Hz"),
        (
            multiples(15.6, 0, 32),
            "are 15.6 Hz apart where PRR 2000",
        ),
        (
            multiples(7.8, 0, 67),
            "outside the band of 0 to 500 Hz",
        ),
        ({"frequencies_list": [], "frequencies_amount": 0}, "frequencies_list is empty"),
        ({"frequencies_list": [float("nan")] * 64}, "bin 0 is nan Hz"),
        ({"frequencies_amount": 63}, "frequencies_amount is 63 but frequencies_list has 64 entries"),
    ],
)
def test_where_the_prr_is_nominal_wrong_bins_are_findings(changes: dict[str, Any], words: str) -> None:
    found = nominal(7.8, 64, **changes)
    assert any(words in sentence for sentence in found), found


def test_a_prr_that_differs_from_what_is_told_is_worth_a_remark() -> None:
    step = 1996.032 / 256
    listed = answer(frequencies_list=[k * step for k in range(64)], frequencies_amount=64)
    assert remark(WHOLE_BAND, listed, PRR, NOMINAL) == (
        "the frequencies say that the fibre is sampled 1996 times a second (bins 7.797 Hz apart with NFFT 256), "
        "where its PRR is told to be 2000 Hz"
    )
    assert remark(WHOLE_BAND, listed, 1996.032, NOMINAL) == ""
    assert remark(REQUEST, answer(), PRR, frozenset()) == ""


@pytest.mark.parametrize(
    ("field", "value", "topic"),
    [
        ("frequencies_list", {}, Topic.FREQUENCIES),
        ("frequencies_amount", "many", Topic.FREQUENCIES),
        ("channel_amount", 4.5, Topic.DIMENSIONS),
        ("channel_to_stream_index", [], Topic.DIMENSIONS),
        ("lines_dt", None, Topic.CONFIGURATION),
        ("status", 0, Topic.CONFIGURATION),
    ],
)
def test_a_field_that_cannot_be_read_is_one_finding(field: str, value: object, topic: Topic) -> None:
    read = JobAnswer.to(REQUEST, answer().model_dump() | {field: value})
    [finding] = judge_configuration(REQUEST, read, PRR)
    assert finding.sentence.startswith(f"{field} cannot be read: ")
    assert finding.topic is topic


@pytest.mark.parametrize(
    ("prr", "nfft", "lowest", "highest", "count", "first", "last"),
    [
        (2000, 1024, 0, 500, 256, 0.0, 255 * 2000 / 1024),
        (2000, 1024, 0, 1000, 512, 0.0, 511 * 2000 / 1024),
        (2000, 128, 15.625, 46.875, 2, 15.625, 31.25),
        (1000, 2048, 100, 101, 2, 205 * 1000 / 2048, 206 * 1000 / 2048),
    ],
)
def test_the_band_holds_its_lower_end_but_not_its_upper(
    prr: float, nfft: int, lowest: float, highest: float, count: int, first: float, last: float
) -> None:
    bins = band(prr, nfft, lowest, highest)
    assert (len(bins), bins[0], bins[-1]) == (count, first, last)

"""The numbers of a configuration: those expected, and each that is not."""

from __future__ import annotations

import pytest

from support.contract import JobAnswer, JobRequest
from support.stream.unsaid import Unsaid
from support.validation.numbers import Numbers, judge_numbers

REQUEST = JobRequest(channels_min=5, channels_max=7, nfft=256, frequency_min=0, frequency_max=500)
DUE = Numbers(channels=3, frequencies=64, lines_dt=0.01)
NOMINAL = frozenset({Unsaid.PRR})


def problems(
    channels: int = 3,
    frequencies: int = 64,
    step: float = 7.8125,
    lines_dt: float = 0.01,
    cannot: frozenset[Unsaid] = frozenset(),
) -> list[str]:
    answer = JobAnswer(
        job_id="1-1",
        stream_url="host",
        stream_port=1,
        channel_amount=channels,
        channel_to_stream_index={},
        frequencies_amount=frequencies,
        frequencies_list=[number * step for number in range(frequencies)],
        lines_dt=lines_dt,
    )
    return [str(finding) for finding in judge_numbers(REQUEST, answer, 2000.0, DUE, cannot)]


def test_numbers_that_are_right() -> None:
    assert problems() == []
    assert problems(frequencies=63, step=7.828, cannot=NOMINAL) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (problems(channels=4), "4 channels, where there have to be 3"),
        (problems(frequencies=63), "63 frequencies, where there have to be 64"),
        (problems(frequencies=65, cannot=NOMINAL), "65 frequencies, where there have to be 64"),
        (problems(frequencies=61, cannot=NOMINAL), "61 frequencies, where there have to be 64"),
        (problems(step=8), "frequencies 8 Hz apart, where they have to be 7.8125 Hz"),
        (problems(step=9, cannot=NOMINAL), "frequencies 9 Hz apart, where they have to be 7.8125 Hz"),
        (problems(lines_dt=0.005), "lines 5 ms apart, where they have to be 10 ms"),
    ],
)
def test_numbers_that_are_not(found: list[str], words: str) -> None:
    assert found == [f"job 1-1: {words}"]

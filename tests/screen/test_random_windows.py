"""Windows opened and closed at random, a tenth of their connections cut: no job left, no wrong verdict."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.contract import JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI
from support.machine.leftovers import Process
from support.server.embedded import EmbeddedServer
from support.server.under_test import jobs_left
from tests.screen.random_windows import FRAMES_A_SECOND, Outcome, plan, run

WINDOWS = 30
"""As many as a server has."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """An embedded Focus Server that nobody else uses: all of its windows are free."""
    server = EmbeddedServer(["--frame-rate", str(FRAMES_A_SECOND)], log_file=tmp_path / "simulator.log")
    try:
        yield server
    finally:
        server.stop()


def show(server: EmbeddedServer, *, seed: int, windows: int, seconds: float) -> Outcome:
    """Windows of few channels and bins, so that this machine keeps up with all of them."""
    with FocusServerAPI(server.rest_url) as api:
        first, prr = api.channels().lowest_channel, api.live_metadata().prr
    request = JobRequest(channels_min=first, channels_max=first + 10, nfft=256, frequency_max=200, display_height=400)
    visits = plan(seed, windows, seconds)
    outcome = run(server.rest_url, request, prr, visits)
    assert len(outcome.job_ids) == sum(map(len, visits))
    return outcome


def left(server: EmbeddedServer, outcome: Outcome) -> list[str]:
    with FocusServerAPI(server.rest_url) as api:
        return jobs_left(api, outcome.job_ids)


def free_windows(server: EmbeddedServer) -> int:
    """How many jobs it starts before it refuses one."""
    with FocusServerAPI(server.rest_url) as api, ExitStack() as cleanup:
        first = api.channels().lowest_channel
        for count in range(2 * WINDOWS):
            try:
                job = api.configure(JobRequest(channels_min=first, channels_max=first))
            except APIError:
                return count
            cleanup.callback(api.cancel, job.job_id)
    raise AssertionError("it never refuses a job")


@pytest.mark.parametrize(
    ("windows", "seconds"),
    [(8, 5), pytest.param(WINDOWS, 60, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def test_no_job_is_left_and_no_verdict_is_wrong(server: EmbeddedServer, windows: int, seconds: float) -> None:
    seed = random.randrange(2**32)
    before, threads = Process(), threading.active_count()

    outcome = show(server, seed=seed, windows=windows, seconds=seconds)

    print(f"seed {seed}: {outcome}")  # noqa: T201 - shown where the test fails
    assert outcome.wrong == []
    assert outcome.interruptions >= len(outcome.seen) // 10 > 0
    assert outcome.most_open == windows
    assert left(server, outcome) == []
    assert free_windows(server) == WINDOWS
    assert before.left() == []
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("line-lost", "lines continuous: 1 line is missing after"),
        ("abort-in-mid-stream", "0 interruptions due, the client tells of interrupted after the line of"),
        ("one-frame-too-few", "as many frames as asked for: the stream ended after"),
    ],
)
def test_what_the_server_does_wrong_is_no_trouble_of_the_network(
    server: EmbeddedServer, fault: str, words: str
) -> None:
    server.deviate(faults=[fault])

    wrong = show(server, seed=1, windows=2, seconds=1).wrong

    assert any(words in sentence for sentence in wrong), wrong


def test_a_job_that_stays_is_noticed(server: EmbeddedServer) -> None:
    server.deviate(faults=["cancel-ignored"])

    outcome = show(server, seed=1, windows=1, seconds=1)

    assert left(server, outcome)[0].endswith(f"on the server: {', '.join(outcome.job_ids)}")
    assert free_windows(server) == WINDOWS - len(outcome.job_ids)


def test_the_same_seed_gives_the_same_visits_and_a_tenth_of_them_are_disturbed() -> None:
    visits = plan(3, 30, 60)

    assert visits == plan(3, 30, 60) != plan(4, 30, 60)
    every = [visit for window in visits for visit in window]
    assert len([visit for visit in every if visit.cut_after is not None]) == len(every) // 10 > 20

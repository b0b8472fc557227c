"""What no step has asked about: kept with scenario, job and configuration, and grouped by promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hamcrest import assert_that

from support import matchers, world
from support.contract import JobAnswer, JobRequest
from support.screen.job import Job, Mistake, Place
from support.screen.overlooked import Overlooked
from support.screen.streamed import Streamed
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.stream.metrics import StreamMetrics
from support.stream.unsaid import Unsaid
from support.validation.expectation import Limits
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict, stream_rules
from support.world import World
from tests.test_focus_server_api import JOB
from tests.validation import test_scale
from tests.validation.production import blocks_of

Scenario = Callable[[], World]

SETTINGS = Settings(max_pause=5, frame_rate_above=1, data_age_within=5)


@pytest.fixture
def overlooked() -> Overlooked:
    return Overlooked()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    """A server of these tests' own; the pace of this machine is not under test."""
    under_test = ServerUnderTest(SETTINGS)
    yield under_test
    under_test.close()


@pytest.fixture
def scenario(server: ServerUnderTest, overlooked: Overlooked) -> Iterator[Scenario]:
    """Begins scenarios of one run."""
    with ExitStack() as cleanup:
        cleanup.callback(server.simulator.deviate)

        def begin() -> World:
            world = World(SETTINGS, server, SecuredServers("story"), overlooked)
            cleanup.callback(world.close)
            return world

        yield begin


def test_of_a_correct_server_nothing_is_left(scenario: Scenario, overlooked: Overlooked) -> None:
    world = scenario()
    world.configure_live_job()
    world.streaming.stream(max_frames=5)
    world.leave_unasked("right")
    assert list(overlooked) == []
    assert_that(overlooked, matchers.has_overlooked_nothing())


def test_what_a_step_asks_about_is_its_own(server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked) -> None:
    server.simulator.deviate(faults=["nan-value"])
    for ask in (matchers.is_continuous(), matchers.holds_measurements()):
        world = scenario()
        world.configure_live_job(channels=3)
        world.streaming.stream(max_frames=5)
        ask.matches(world.verdict)
        world.leave_unasked(str(ask))
    (one,) = overlooked
    assert one.scenario == str(matchers.is_continuous())
    assert one.first.topic is Topic.MEASUREMENTS
    assert one.count == 5
    assert str(one.job).endswith(": channels 0 to 2, NFFT 1024, 0 to 500 Hz, 100 lines a second")


def test_a_promise_is_told_once_with_the_first_place_and_their_number(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    server.simulator.deviate(faults=["nan-value", "canvas-empty"])
    for name in ("first", "second"):
        world = scenario()
        world.configure_live_job()
        world.streaming.stream(max_frames=5)
        world.leave_unasked(name)
    told = overlooked.sentences()
    assert len(told) == 2
    assert all("in 'first', job " in sentence for sentence in told)
    assert all(sentence.endswith("; in 2 streams of 2 scenarios in all") for sentence in told)
    with pytest.raises(AssertionError, match="not finite, the first is nan"):
        assert_that(overlooked, matchers.has_overlooked_nothing())


def test_an_answer_counts_also_where_its_job_is_never_streamed(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    server.simulator.deviate(faults=["channel-amount-wrong"])
    world = scenario()
    world.configure_live_job()
    matchers.agrees_on_frequencies().matches(world.job)
    world.leave_unasked("only the frequencies")
    (one,) = overlooked
    assert "it counts 12 channels where 11 were asked for" in str(one.first)


def test_windows_that_are_open_together_count(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    server.simulator.deviate(faults=["nan-value"])
    world = scenario()
    world.together.open(2, Place.ALONG, channels=2, frequencies=64, lines=50)
    world.together.stream(0.5)
    matchers.every_window_received_every_line().matches(world.together.newest.watches)
    world.leave_unasked("two windows")
    assert [one.first.topic for one in overlooked] == [Topic.MEASUREMENTS] * 2
    assert len({str(one.job) for one in overlooked}) == 2


def test_a_fault_of_the_scenarios_own_is_there_to_be_found(scenario: Scenario, overlooked: Overlooked) -> None:
    world = scenario()
    world.deviate(fault="nan-value")
    world.configure_live_job()
    world.streaming.stream(max_frames=5)
    world.leave_unasked("a server with a fault")
    assert world.verdict.counts
    assert list(overlooked) == []


def test_trouble_of_the_network_explains_when_and_whether_but_never_what(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    server.simulator.deviate(faults=["nan-value"])
    world = scenario()
    world.configure_live_job()
    world.streaming.stream_through(lambda network: network.drop(0.5))
    world.leave_unasked("the network drops")
    assert [one.first.topic for one in overlooked] == [Topic.MEASUREMENTS]


def test_an_id_that_was_given_in_another_scenario_is_not_given_again(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    for name, faults in (
        ("first", []),
        ("second", []),
        ("third", ["job-id-repeated"]),
        ("fourth", ["job-id-repeated"]),
    ):
        server.simulator.deviate(faults=faults)
        world = scenario()
        world.configure_live_job()
        world.leave_unasked(name)
        world.close()
    (told,) = overlooked.sentences()
    assert "was given to another job before, in 'fourth', job " in told


@pytest.mark.parametrize(
    ("deviation", "sentence"),
    [
        ({}, ""),
        ({"faults": ["cancelled-still-running@channels=3"]}, "was cancelled, and the server still tells that it is "),
        ({"faults": ["cancel-ignored@nfft=512"]}, "was cancelled, and the server still tells that it is "),
        ({"variants": ["no-cancel"]}, ""),
    ],
)
def test_a_job_that_was_cancelled_is_over_whichever_scenario_had_it(
    server: ServerUnderTest,
    scenario: Scenario,
    overlooked: Overlooked,
    deviation: dict[str, list[str]],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world, "WINDOW_FREE_WITHIN", 0.5)
    server.simulator.deviate(**deviation)
    for channels, nfft in ((3, 1024), (11, 512)):
        one = scenario()
        one.configure_live_job(channels=channels, nfft=nfft)
        one.leave_unasked(f"{channels} channels")
        one.close()
    scenario().look_back()
    told = overlooked.sentences()
    assert len(told) == bool(sentence)
    assert all(sentence in one for one in told)


def test_a_job_that_goes_on_for_a_while_is_noticed_before_it_ends(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "WINDOW_FREE_WITHIN", 0)
    server.simulator.deviate(faults=["cancel-ignored"])
    one = scenario()
    one.configure_live_job()
    one.leave_unasked("first")
    one.close()
    scenario().leave_unasked("second")
    assert [unasked.first.rule for unasked in overlooked] == ["cancelled job over"]


@pytest.mark.parametrize("fault", ["clock-ahead", "stale-data"])
def test_a_single_frame_is_not_late_by_a_client_that_had_nothing_to_wait_for(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked, fault: str
) -> None:
    server.simulator.deviate(faults=[f"{fault}=12"])
    world = scenario()
    world.configure_live_job()
    world.streaming.stream(max_frames=1)
    world.leave_unasked("one frame")
    assert [(one.first.rule, one.doubt) for one in overlooked] == [("live data fresh", "")]


def test_what_is_late_on_a_machine_that_was_full_says_so() -> None:
    late = Finding(
        "no pause", Topic.PACE, "the stream paused for 0.85 s", meanwhile="all processors were busy for 0.7 s"
    )
    overlooked = Overlooked()
    overlooked.add_of_server([late])
    (sentence,) = overlooked.sentences()
    assert sentence.endswith("whatever the job (all processors were busy for 0.7 s)")


def test_a_refusal_without_words_is_found_where_nobody_asks(
    server: ServerUnderTest, scenario: Scenario, overlooked: Overlooked
) -> None:
    server.simulator.deviate(faults=["refusal-without-words"])
    for asks in (True, False):
        one = scenario()
        one.ask_for_invalid_job(Mistake.NO_HEIGHT, times=2 - asks)
        assert not asks or not matchers.says_what_is_wrong().matches(one.ask_refusal().error)
        one.leave_unasked(f"asks: {asks}")
    assert [(unasked.scenario, unasked.first.rule) for unasked in overlooked] == [
        ("asks: False", "refusal in words")
    ] * 2
    assert str(overlooked.sentences()[0]).startswith("refusal in words: ")


def streamed(job_id: str, below: int) -> Streamed:
    """A stream of production's dialect that was judged, with so many values below zero in each frame."""
    expectation = replace(test_scale.PLAN.expectation, cannot=frozenset(Unsaid))
    verdict = Verdict(stream_rules(expectation, Limits()))
    for block in blocks_of(test_scale.with_below(dict.fromkeys(range(15), below))):
        verdict.see(block)
    request = JobRequest(channels_min=0, channels_max=1)
    job = Job(request, JobAnswer.model_validate(JOB | {"job_id": job_id}), 2000.0)
    return Streamed(job, verdict, StreamMetrics())


def test_a_job_of_another_scale_than_the_first_is_found(overlooked: Overlooked) -> None:
    for job_id, below in (("0-1", 0), ("1-2", 100), ("2-3", 0)):
        overlooked.add(f"scenario of {job_id}", "http://focus.example", [], [streamed(job_id, below)])
    (found,) = [one for one in overlooked if one.first.rule == "one scale"]
    assert found.scenario == "scenario of 1-2"
    assert "job '1-2' is logarithmic where '0-1' before it is linear" in found.first.sentence

"""A job that a scenario has left can be another's, where it takes any: as long as it lives, and nothing was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.screen.overlooked import Overlooked
from support.server.embedded import EmbeddedServer
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest, job_status
from support.settings import Settings
from support.world import World
from tests.patience import eventually

SETTINGS = Settings(dialect="production", connection_timeout=5, max_pause=5, frame_rate_above=1, data_age_within=5)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    folder: Path = tmp_path_factory.mktemp("any_job")
    started = EmbeddedServer(["--dialect=production"], log_file=folder / "simulator.log")
    yield started
    started.stop()


@pytest.fixture
def server(process: EmbeddedServer) -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(SETTINGS.model_copy(update={"focus_server_url": process.rest_url}))
    yield under_test
    under_test.close()
    process.deviate()


def scenario(server: ServerUnderTest, run: Overlooked, *, any_job: bool = True, channels: int = 11) -> World:
    """One that streams a few frames and is over."""
    world = World(SETTINGS, server, SecuredServers("production"), run, any_job=any_job)
    world.configure_live_job(channels=channels)
    with suppress(AssertionError):
        world.streaming.stream(8)
    world.leave_unasked("a scenario")
    world.close()
    return world


def test_it_is_used_again_and_the_report_says_so(server: ServerUnderTest) -> None:
    run = Overlooked()
    first, second = scenario(server, run), scenario(server, run)
    assert second.job is first.job
    assert server.job_ids == [first.job.answer.job_id], "it was given once"
    assert (
        str(second.stream) == f"job {first.job.answer.job_id}, which a scenario before has used, too, channels 1 to 11"
    )
    assert "scenario before" not in str(first.stream)
    assert second.metrics.configure_seconds is None
    assert len(run) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {"any_job": False}), ({"any_job": False}, {}), ({}, {"channels": 10})],
    ids=["wants a new one", "was left by one that did", "asks for another"],
)
def test_another_scenario_has_one_of_its_own(
    server: ServerUnderTest, first: dict[str, int], second: dict[str, int]
) -> None:
    run = Overlooked()
    jobs = [scenario(server, run, **which).job.answer.job_id for which in (first, second)]  # type: ignore[arg-type]
    assert len(set(jobs)) == 2
    assert server.job_ids == jobs


@pytest.mark.parametrize("fault", ["nan-value", "error-in-mid-stream", "lines-dt-wrong", "wrong-port"])
def test_a_job_that_something_was_wrong_with_is_nobody_elses(
    server: ServerUnderTest, process: EmbeddedServer, fault: str
) -> None:
    process.deviate(faults=[fault])
    run = Overlooked()
    assert scenario(server, run).job is not scenario(server, run).job
    process.deviate()


def test_after_one_was_not_as_good_as_new_all_are_new(server: ServerUnderTest, process: EmbeddedServer) -> None:
    process.deviate(faults=["all-zero@after-leaving"])
    run = Overlooked()
    worlds = [scenario(server, run) for _ in range(2)]
    process.deviate()
    worlds += [scenario(server, run) for _ in range(2)]
    assert [world.stream.again for world in worlds] == [False, True, False, False]
    assert [bool(world.stream.found) for world in worlds] == [False, True, False, False]


def test_one_that_the_server_has_removed_is_asked_for_anew(tmp_path: Path) -> None:
    short = EmbeddedServer(["--dialect=production", "--idle-removal=0.1"], log_file=tmp_path / "simulator.log")
    under_test = ServerUnderTest(SETTINGS.model_copy(update={"focus_server_url": short.rest_url}))
    run = Overlooked()
    first = scenario(under_test, run).job
    eventually(lambda: job_status(under_test.api, first.answer.job_id) is None, "the job is over")
    assert scenario(under_test, run).job is not first
    under_test.close()
    short.stop()

"""The life of a job: how the server tells of it, that it makes room where nobody opens it, and one window too many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hamcrest import assert_that

from support.matchers import every_window_is_right, follows_the_job, is_right, says_that_all_are_in_use
from support.screen.job import Place, Relation
from support.screen.lifetime import Moment, Told
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.world import World
from tests.patience import PATIENCE

SETTINGS = Settings(max_pause=5, frame_rate_above=1, data_age_within=5)
"""The pace of a machine that runs other tests, too, is not what is tested here."""


@pytest.fixture(scope="module", params=["story", "production"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(SETTINGS.speaking(request.param))
    yield under_test
    under_test.close()


@pytest.fixture(scope="module")
def story() -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(SETTINGS)
    yield under_test
    under_test.close()


def world_of(server: ServerUnderTest, cleanup: ExitStack) -> World:
    """A scenario's, against a server that is correct again afterwards."""
    cleanup.callback(server.simulator.deviate)
    dialect = server.simulator.told["dialect"]
    scenario = World(SETTINGS.speaking(dialect), server, SecuredServers(dialect))
    cleanup.callback(scenario.close)
    return scenario


def watch_beside_idle(server: ServerUnderTest, cleanup: ExitStack, removed_after: float = 0.3) -> World:
    world = world_of(server, cleanup)
    world.configure_two_live_jobs(Relation.OVERLAP)
    world.watch_beside_idle(removed_after)
    return world


def test_a_job_that_nobody_opens_is_removed(server: ServerUnderTest, cleanup: ExitStack) -> None:
    world = watch_beside_idle(server, cleanup)

    assert_that(world.life, follows_the_job())
    assert_that(world.verdict, is_right())


def test_one_that_stays_is_told(story: ServerUnderTest, cleanup: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.world._LATE_REMOVAL", 0.5)
    story.simulator.deviate(faults=["removed-job-waits"])
    world = watch_beside_idle(story, cleanup)

    with pytest.raises(AssertionError, match="once nobody had opened it for too long, the job is said to be"):
        assert_that(world.life, follows_the_job())


def test_one_that_is_watched_may_not_go(server: ServerUnderTest, cleanup: ExitStack) -> None:
    server.simulator.deviate(faults=["watched-job-removed"])
    world = watch_beside_idle(server, cleanup, removed_after=PATIENCE)

    with pytest.raises(AssertionError, match="the stream ended after"):
        assert_that(world.verdict, is_right())


def followed(server: ServerUnderTest, cleanup: ExitStack, fault: str = "", variant: str = "") -> World:
    world = world_of(server, cleanup)
    if fault or variant:
        world.deviate(fault=fault, variant=variant)
    world.configure_live_job()
    world.follow_job()
    return world


def test_a_job_is_followed_from_its_configuration_to_its_end(story: ServerUnderTest, cleanup: ExitStack) -> None:
    world = followed(story, cleanup)
    assert [told.moment for told in world.life] == [Moment.CONFIGURED, Moment.STREAMING, Moment.CANCELLED]
    assert_that(world.life, follows_the_job())

    world = followed(story, cleanup, variant="no-cancel")
    assert [told.moment for told in world.life] == [Moment.CONFIGURED, Moment.STREAMING]
    assert_that(world.life, follows_the_job())
    story.simulator.deviate()
    assert story.api.cancel(world.job.answer.job_id)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("status-stands-still", "while it streamed, the job is said to be pending, not running"),
        ("cancelled-still-running", "once it was cancelled, the job is said to be running, not cancelled"),
    ],
)
def test_what_is_not_so_is_told(
    story: ServerUnderTest, cleanup: ExitStack, monkeypatch: pytest.MonkeyPatch, fault: str, sentence: str
) -> None:
    monkeypatch.setattr("support.screen.lifetime._PATIENCE", 0.5)
    world = followed(story, cleanup, fault=fault)

    with pytest.raises(AssertionError, match=sentence):
        assert_that(world.life, follows_the_job())


def test_a_job_that_is_over_may_be_forgotten() -> None:
    assert_that([Told(Moment.CANCELLED, "unknown"), Told(Moment.OVER, "unknown")], follows_the_job())


def one_more(server: ServerUnderTest, cleanup: ExitStack, fault: str = "") -> World:
    world = world_of(server, cleanup)
    world.change_server(windows=2)
    if fault:
        world.deviate(fault=fault)
    world.together.open(2, Place.ALONG, channels=4, frequencies=64, lines=50)
    world.ask_for_one_more(1)
    return world


def test_one_window_too_many_is_refused_and_the_others_go_on(story: ServerUnderTest, cleanup: ExitStack) -> None:
    world = one_more(story, cleanup)

    assert_that(world.ask_refusal().error, says_that_all_are_in_use(frozenset()))
    assert_that(world.together.watches, every_window_is_right())


def test_one_that_is_accepted_is_told(story: ServerUnderTest, cleanup: ExitStack) -> None:
    with pytest.raises(AssertionError, match="a window beyond the last was accepted, not refused"):
        one_more(story, cleanup, "full-gives-away")


def test_a_refusal_that_is_none_of_a_full_server_is_told(story: ServerUnderTest, cleanup: ExitStack) -> None:
    world = one_more(story, cleanup, "full-as-404")

    with pytest.raises(AssertionError, match="was refused with 404"):
        assert_that(world.ask_refusal().error, says_that_all_are_in_use(frozenset()))


def test_one_that_is_ended_for_it_is_told(story: ServerUnderTest, cleanup: ExitStack) -> None:
    world = one_more(story, cleanup, "full-ends-another")

    assert_that(world.ask_refusal().error, says_that_all_are_in_use(frozenset()))
    with pytest.raises(AssertionError, match="the stream ended after"):
        assert_that(world.together.watches, every_window_is_right())

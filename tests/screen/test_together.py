"""What is watched at the same time, or again: each stream is judged, and all of them are held against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hamcrest import assert_that

from support.matchers import every_window_is_right, show_what_is_their_own
from support.screen.job import Relation
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.world import World

SETTINGS = Settings(max_pause=5, frame_rate_above=1, data_age_within=5)
"""The pace of a machine that runs other tests, too, is not what is tested here."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(SETTINGS)
    yield under_test
    under_test.close()


@pytest.fixture
def world(server: ServerUnderTest) -> Iterator[World]:
    """A scenario's, against a server that is correct again afterwards."""
    with ExitStack() as cleanup:
        cleanup.callback(server.simulator.deviate)
        scenario = World(SETTINGS, server, SecuredServers("story"))
        cleanup.callback(scenario.close)
        yield scenario


def again(world: World) -> None:
    world.configure_live_job()
    for _ in range(2):
        world.together.watch([world.job], 0.5)


def by_two_clients(world: World) -> None:
    world.configure_live_job()
    world.together.watch([world.job] * 2, 1.0)


def after_a_client_left(world: World) -> None:
    world.configure_live_job()
    world.together.leave_in_the_middle(world.job)
    world.together.watch([world.job], 0.5)


def beside(relation: Relation) -> Callable[[World], None]:
    def watch(world: World) -> None:
        world.configure_two_live_jobs(relation)
        world.together.watch_alone_and_together(world.jobs, 1.0)

    return watch


@pytest.mark.parametrize("watch", [again, by_two_clients, after_a_client_left, beside(Relation.OVERLAP)])
def test_a_correct_server_is_accepted(world: World, watch: Callable[[World], None]) -> None:
    watch(world)
    assert_that(world.together.watches, every_window_is_right())
    assert_that(world.together.watches, show_what_is_their_own(world.server.canvases))
    assert all(watched.lines_received for watched in world.together.watches)


@pytest.mark.parametrize(
    ("watch", "fault", "words"),
    [
        (again, "nan-value@stream=2", "not so in 1 of 2 windows"),
        (by_two_clients, "streams-share-frames", "lines continuous: "),
        (by_two_clients, "second-stream-breaks-first", "though the job goes on|no line came"),
        (after_a_client_left, "line-lost@after-leaving", "not so in 1 of 2 windows"),
        (beside(Relation.OVERLAP), "sensors-of-another-job", "sensors as configured: "),
        (beside(Relation.APART), "times-of-another-job", "lines continuous: "),
    ],
)
def test_what_goes_wrong_between_streams_is_told_of_them(
    world: World, watch: Callable[[World], None], fault: str, words: str
) -> None:
    world.server.simulator.deviate(faults=[fault])
    watch(world)
    with pytest.raises(AssertionError, match=words):
        assert_that(world.together.watches, every_window_is_right())


@pytest.mark.parametrize(
    ("fault", "words"),
    [("values-of-another-job", "the values that"), ("canvas-of-another-job", "drawn on the same canvas")],
)
@pytest.mark.parametrize("relation", Relation)
def test_what_no_stream_alone_can_show_is_told_of_both(
    world: World, relation: Relation, fault: str, words: str
) -> None:
    world.server.canvases.update(("canvas-0", "canvas-1"))
    world.server.simulator.deviate(faults=[fault])
    beside(relation)(world)
    with pytest.raises(AssertionError, match=words):
        assert_that(world.together.watches, show_what_is_their_own(world.server.canvases))


def test_nothing_shown_is_nothing_compared(world: World) -> None:
    with pytest.raises(AssertionError, match="nothing to compare"):
        assert_that(world.together.watches, show_what_is_their_own([]))
    with pytest.raises(LookupError, match="no windows are open"):
        _ = world.together.newest

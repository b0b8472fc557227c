"""The streams of a scenario: each is told, with its verdict, whatever it ended with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.server.embedded import EmbeddedServer
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.world import World


@pytest.fixture
def world(embedded: EmbeddedServer) -> Iterator[World]:
    """A scenario without a job yet; its server is correct again afterwards."""
    settings = Settings(focus_server_url=embedded.rest_url, max_pause=5, frame_rate_above=1, data_age_within=5)
    server = ServerUnderTest(settings)
    scenario = World(settings, server, SecuredServers("story"))
    try:
        yield scenario
    finally:
        scenario.close()
        server.close()
        embedded.deviate()


def test_every_stream_is_told_with_its_job_its_verdict_and_its_metrics(world: World) -> None:
    for frames in (3, 5):
        world.configure_live_job()
        world.streaming.client.disconnect()
        world.streaming.stream(max_frames=frames)
    first, second = world.happened.streams
    assert [stream.verdict.frames for stream in (first, second)] == [3, 5]
    assert [stream.metrics.frames_received for stream in (first, second)] == [3, 5]
    assert [len(stream.frames) for stream in (first, second)] == [3, 5]
    assert [stream.job for stream in (first, second)] == [window.job for window in world.streaming.windows]
    assert first.found == second.found == 0


def test_two_streams_of_one_job_are_two(world: World) -> None:
    world.configure_live_job()
    for frames in (3, 5):
        world.streaming.stream(max_frames=frames)
    assert [stream.verdict.frames for stream in world.happened.streams] == [3, 5]


def test_a_stream_that_fails_is_told_with_what_came_and_why_it_ended(embedded: EmbeddedServer, world: World) -> None:
    embedded.deviate(faults=["error-in-mid-stream"])
    world.configure_live_job()
    with pytest.raises(AssertionError, match="INTERNAL"):
        world.streaming.stream(max_frames=20)
    (stream,) = world.happened.streams
    assert "INTERNAL" in stream.failure
    assert stream.verdict.frames == stream.metrics.frames_received == 5
    assert any(stream.failure in finding.sentence for finding in stream.findings)
    assert stream.metrics.end_time is not None


def test_nothing_is_told_where_nothing_was_streamed(world: World) -> None:
    world.configure_live_job()
    world.streaming.connect()
    assert world.happened.streams == []


def test_where_jobs_can_be_ended_a_window_that_stays_in_use_is_not_waited_for(world: World) -> None:
    for _ in range(30):
        world.configure_live_job()
    with pytest.raises(AssertionError, match="all 30 windows are in use"):
        world.configure_live_job()

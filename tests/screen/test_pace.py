"""Whose pace a stream had: a promise that a busy client misses is no failure of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hamcrest import assert_that

from support.errors import ClientTooSlowError, MachineStoodStillError
from support.matchers import has_frame_rate_above
from support.screen.pace import pace_of_server
from support.screen.streamed import Streamed
from support.server.embedded import EmbeddedServer
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.validation.finding import Finding, Topic
from support.world import World


@pytest.fixture
def world(embedded: EmbeddedServer) -> Iterator[World]:
    """A scenario with a connected job."""
    settings = Settings(focus_server_url=embedded.rest_url)
    server = ServerUnderTest(settings)
    scenario = World(settings, server, SecuredServers("story"))
    try:
        scenario.configure_live_job()
        scenario.streaming.connect()
        yield scenario
    finally:
        scenario.close()
        server.close()


def judge_rate(world: World, rate: float) -> None:
    stream = Streamed.of(world.streaming.window)
    with pace_of_server(stream):
        assert_that(stream.metrics, has_frame_rate_above(rate))


def test_a_slow_client_breaks_and_does_not_fail(world: World) -> None:
    with closing(world.streaming.window.stream(max_frames=8)) as blocks:
        for _ in blocks:
            time.sleep(0.15)
    with pytest.raises(ClientTooSlowError, match=r"the server cannot be judged, for the client itself was busy \d+ %"):
        judge_rate(world, 1000)


def test_a_slow_server_fails(world: World) -> None:
    world.streaming.window.receive(max_frames=8)
    with pytest.raises(AssertionError, match="frames a second"):
        judge_rate(world, 1000)


def test_a_standstill_of_this_machine_breaks_and_does_not_fail(world: World) -> None:
    verdict = world.streaming.window.receive(max_frames=8)
    verdict.standstill = "this machine stood still for 3.0 s"
    with pytest.raises(
        MachineStoodStillError, match=r"the server cannot be judged, for this machine stood still for 3"
    ):
        judge_rate(world, 1000)


@pytest.mark.parametrize("topic", [Topic.PACE, Topic.MEASUREMENTS])
def test_a_server_that_a_rule_blames_fails_whatever_this_machine_did(world: World, topic: Topic) -> None:
    verdict = world.streaming.window.receive(max_frames=8)
    verdict.standstill = "this machine stood still for 3.0 s"
    verdict._keep([Finding("frame rate kept", topic, "the stream is not right")])
    with pytest.raises(AssertionError, match="frames a second"):
        judge_rate(world, 1000)


def test_what_is_past_has_no_pace_that_this_machine_could_explain(world: World) -> None:
    world.streaming.window.receive(max_frames=2).standstill = "this machine stood still for 3.0 s"
    live = Streamed.of(world.streaming.window)
    request = live.job.request.model_copy(update={"start_time": 1.0, "end_time": 2.0})
    with (
        pytest.raises(AssertionError, match="its last line"),
        pace_of_server(replace(live, job=replace(live.job, request=request))),
    ):
        raise AssertionError("its last line is missing")


def test_the_way_to_the_first_frame_is_measured_in_parts(world: World) -> None:
    world.streaming.stream(max_frames=3)
    metrics = world.metrics
    assert metrics.first_frame_latency is not None
    assert metrics.first_valid_latency is not None
    assert metrics.first_valid_latency > metrics.first_frame_latency
    for part in (metrics.configure_seconds, metrics.connect_seconds, metrics.health_seconds):
        assert part is not None
        assert part > 0
    assert metrics.ages.count == 3

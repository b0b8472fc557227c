"""What a run measures of its windows: new jobs alone, and what was in vain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.screen.waits import Waits
from support.server.embedded import EmbeddedServer
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.world import World


@pytest.fixture
def server(embedded: EmbeddedServer) -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(Settings(focus_server_url=embedded.rest_url))
    yield under_test
    under_test.close()
    embedded.deviate()


def scenario(server: ServerUnderTest) -> World:
    return World(Settings(connection_timeout=0.5, retry_attempts=1), server, SecuredServers("story"))


def counts(waits: Waits) -> list[int]:
    return [waited.times.count for waited in waits.told(Settings())]


def test_each_new_job_counts_and_each_connection_to_it(server: ServerUnderTest) -> None:
    world = scenario(server)
    world.configure_live_job()
    world.streaming.connect()
    world.together.watch([world.job] * 2, 0.2)
    world.configure_live_job()
    world.leave_unasked("a scenario")
    world.close()
    assert counts(server.waits) == [2, 1, 1]
    configuring, connecting, both = (waited.times for waited in server.waits.told(Settings()))
    assert both.longest <= configuring.longest + connecting.longest


def test_a_connection_in_vain_took_for_ever(server: ServerUnderTest, embedded: EmbeddedServer) -> None:
    embedded.deviate(faults=["wrong-port"])
    world = scenario(server)
    world.configure_live_job()
    world.streaming.try_to_connect()
    world.leave_unasked("a scenario")
    world.close()
    assert [waited.times.longest for waited in server.waits.told(Settings())][1:] == [float("inf")] * 2


def test_a_network_in_trouble_says_nothing_of_the_server(server: ServerUnderTest) -> None:
    world = scenario(server)
    world.configure_live_job()
    world.streaming.network.drop()
    world.streaming.try_to_connect()
    world.leave_unasked("a scenario")
    world.close()
    assert counts(server.waits) == [0, 0, 0]

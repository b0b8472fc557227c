"""What windows show of the fibre: held against known sources, other windows and the recording, on real streams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.contract import ChannelRange, LiveMetadata
from support.errors import SettingsError
from support.focus_server_api import FocusServerAPI
from support.screen.past import NothingRecordedError
from support.screen.sights import Sights, check_sources
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.validation.sources import Tone, read_source
from support.world import World
from tests.conftest import Http
from tests.http_server import Answer

SETTINGS = Settings(max_pause=5, frame_rate_above=1, data_age_within=5)
"""The pace of a machine that runs other tests, too, is not what is tested here."""


@pytest.fixture(scope="module", params=["story", "production"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return SETTINGS.speaking(request.param)


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(settings)
    yield under_test
    under_test.close()


@pytest.fixture
def world(settings: Settings, server: ServerUnderTest) -> Iterator[World]:
    """A scenario's, against a server that is correct again afterwards."""
    with ExitStack() as cleanup:
        cleanup.callback(server.simulator.deviate)
        scenario = World(settings, server, SecuredServers(settings.dialect))
        cleanup.callback(scenario.close)
        yield scenario


def seen(world: World, what: str) -> list[str]:
    if what == "sources":
        assert world.watch_sources(2.0)
    elif what == "views":
        world.watch_views(1.0)
    else:
        world.play_again(1.5)
    return [str(finding) for finding in world.seen]


@pytest.mark.parametrize("what", ["sources", "views", "again"])
def test_a_correct_server_is_accepted(world: World, what: str) -> None:
    assert seen(world, what) == []


@pytest.mark.parametrize(
    ("what", "fault", "words"),
    [
        ("sources", "spectrum-shifted", "is not there; one stands at"),
        ("views", "channels-swapped", "it looks like what is 1 channels"),
        ("again", "window-changes", "the recording shows other values than window 1"),
    ],
)
def test_a_server_that_is_not_true_is_found(world: World, what: str, fault: str, words: str) -> None:
    world.server.simulator.deviate(faults=[fault])
    assert any(words in sentence for sentence in seen(world, what))


def test_a_server_that_tells_of_no_recordings_is_not_judged_by_them(http: Http, server: ServerUnderTest) -> None:
    sights = Sights(SETTINGS, World(SETTINGS, server, SecuredServers("story")).together, server)
    with FocusServerAPI(http(Answer(404, '{"error": "not found"}')).url) as api:
        sights._api = api
        with pytest.raises(NothingRecordedError, match=r"does not say what it has recorded: .* 404: not found"):
            sights._await_recorded(1, 2)
    with FocusServerAPI(http(Answer(body="[]")).url) as api:
        sights._api = api
        with pytest.raises(NothingRecordedError, match="has recorded nothing in the last 30 days"):
            sights._await_recorded(1, 2)


def test_without_known_sources_there_is_nothing_to_be_seen(world: World) -> None:
    world.server.__dict__["sources"] = []
    assert not world.watch_sources(2.0)
    del world.server.__dict__["sources"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("20 at 125 Hz", "20 at 125 Hz: the fibre of this server has channels 1 to 11"),
        ("0 at 125 Hz", "the fibre of this server has channels 1 to 11"),
        ("3 at 1000 Hz", "3 at 1000 Hz: the Nyquist frequency is 1000 Hz"),
        ("1 to 11 at 25 m/s", "this server does not say how long its channels are"),
    ],
)
def test_sources_that_are_not_on_the_fibre_are_refused(source: str, words: str) -> None:
    fibre = ChannelRange(lowest_channel=1, highest_channel=11)
    with pytest.raises(SettingsError, match=words):
        check_sources([read_source(source)], LiveMetadata(prr=2000), fibre)
    check_sources([Tone(3, 3, 125)], LiveMetadata(prr=2000), fibre)


def test_sources_are_a_setting() -> None:
    assert Settings(known_sources="3 at 125.0 Hz,0 to 9 at 5 m/s").known_sources == ("3 at 125 Hz", "0 to 9 at 5 m/s")
    with pytest.raises(ValueError, match="expected sources like"):
        Settings(known_sources="3")

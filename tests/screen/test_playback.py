"""Playing back: a recording as it is passes, and a server that shows it otherwise is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hamcrest import assert_that

from support.matchers import every_range_is_shown, has_its_numbers, is_played_back_the_same
from support.reporting.windows_report import load_figures, windows_table
from support.screen.job import Kind, Part
from support.screen.past import NothingRecordedError, Piece
from support.server.embedded import EmbeddedServer
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.simulator import record
from support.validation.numbers import Numbers
from support.world import World

Play = Callable[[World], object]


@pytest.fixture(scope="module", params=["story", "production"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    under_test = ServerUnderTest(Settings().speaking(request.param))
    under_test.simulator.change(idle_removal=10)  # where jobs cannot be cancelled, they make room soon
    yield under_test
    under_test.close()


@pytest.fixture
def world(server: ServerUnderTest) -> Iterator[World]:
    """A scenario's, against a server that is correct again afterwards."""
    dialect = server.simulator.told["dialect"]
    with ExitStack() as cleanup:
        cleanup.callback(server.simulator.deviate)
        scenario = World(Settings(idle_removal=10).speaking(dialect), server, SecuredServers(dialect))
        cleanup.callback(scenario.close)
        yield scenario


def ranges(world: World) -> None:
    world.playback.play([Piece.BEGINNING, Piece.END])
    assert_that(world.together.watches, every_range_is_shown())


def hole(world: World) -> None:
    world.playback.play_over_hole()
    assert_that(world.together.watches, every_range_is_shown())


def again(world: World) -> None:
    world.playback.play_again()
    assert_that(world.playback.findings, is_played_back_the_same())


def neighbours(world: World) -> None:
    world.playback.play_neighbours()
    assert_that(world.playback.findings, is_played_back_the_same())


def as_task(world: World) -> None:
    world.playback.play_as_task()
    assert_that(world.playback.findings, is_played_back_the_same())


def kinds(world: World) -> None:
    kind = Kind(channels=3, part=Part.MIDDLE, nfft=256, band=(0.25, 0.5), lines=50)
    world.playback.play_kinds([(kind, Numbers(channels=3, frequencies=32, lines_dt=0.02))])
    assert_that(world.playback.findings, has_its_numbers())


def largest(world: World) -> None:
    world.playback.play_largest()
    assert_that(world.together.watches, every_range_is_shown())


@pytest.mark.parametrize(
    ("play", "fault", "words"),
    [
        (ranges, "last-row-missing", "its last 1 line is missing"),
        (ranges, "first-row-missing", "its first 1 line is missing"),
        (ranges, "row-beyond", "lies beyond the range"),
        (hole, "hole-closed", "reaches into a hole of the recording"),
        (again, "answer-differs", r"(\d+) values of .* differ"),
        (neighbours, "seam-repeated", "values of .* differ"),
        (kinds, "lines-dt-wrong", "lines 10 ms apart, where they have to be 20 ms"),
        (largest, "long-window-refused", "was refused with 400: nfftSelection"),
    ],
)
def test_the_past_is_played_back_as_it_is_and_otherwise_it_is_told(
    world: World, play: Play, fault: str, words: str
) -> None:
    world.server.simulator.deviate(faults=[fault])
    with pytest.raises(AssertionError, match=words):
        play(world)


@pytest.mark.parametrize("play", [ranges, hole, again, neighbours, kinds, largest])
def test_a_correct_server_is_accepted(world: World, play: Play) -> None:
    play(world)
    assert [finding for watch in world.together.watches for finding in watch.findings] == []


@pytest.mark.parametrize("fault", ["", "task-times-late"])
def test_a_task_shows_the_same(server: ServerUnderTest, world: World, fault: str) -> None:
    wrong = "has them at other times"
    if server.simulator.told["dialect"] == "production":
        wrong = "was refused with 404"  # it has no tasks
    elif fault:
        server.simulator.deviate(faults=[fault])
    else:
        as_task(world)
        return
    with pytest.raises(AssertionError, match=wrong):
        as_task(world)


def test_what_was_not_compared_is_not_the_same(world: World) -> None:
    with pytest.raises(LookupError, match="nothing was compared"):
        assert_that(world.playback.findings, is_played_back_the_same())


@pytest.fixture
def slow_fibre(tmp_path: Path) -> Iterator[World]:
    """A scenario's, against a server that plays eight seconds of a fibre with a PRR of 250 Hz: a line looks at four."""
    path = tmp_path / "slow.h5"
    assert record.main(["--out", str(path), "--seconds", "8", "--channels", "64", "--prr", "250"]) == 0
    with ExitStack() as cleanup:
        server = EmbeddedServer(["--recording", str(path)], log_file=tmp_path / "simulator.log")
        cleanup.callback(server.stop)
        settings = Settings(focus_server_url=server.rest_url, recording=str(path)).speaking("story")
        under_test = ServerUnderTest(settings)
        cleanup.callback(under_test.close)
        scenario = World(settings, under_test, SecuredServers("story"))
        cleanup.callback(scenario.close)
        yield scenario


@pytest.mark.parametrize("play", [ranges, again, neighbours, as_task, kinds])
def test_ranges_of_a_slow_fibre_have_room_for_their_windows(slow_fibre: World, play: Play) -> None:
    play(slow_fibre)
    watches = slow_fibre.together.watches
    assert all(watch.lines_received for watch in watches)
    assert [finding for watch in watches for finding in watch.findings] == []


@pytest.mark.parametrize(("nfft", "lines"), [(None, 391), (128, 249)])
def test_a_range_is_as_much_longer_as_a_window_needs(slow_fibre: World, nfft: int | None, lines: int) -> None:
    slow_fibre.configure_historic_job(slow_fibre.end_of_recording(3.0, nfft), nfft=nfft)
    slow_fibre.streaming.stream()
    assert slow_fibre.verdict.rows == lines
    assert slow_fibre.verdict.findings() == []


@pytest.mark.parametrize("play", [hole, largest, lambda world: world.end_of_recording(3.0, nfft=2048)])
def test_what_was_not_recorded_is_told_and_not_played(slow_fibre: World, play: Play) -> None:
    with pytest.raises(NothingRecordedError, match=r"^(this server has recorded nothing of|what .* has no hole)"):
        play(slow_fibre)


def test_the_age_of_what_is_played_is_no_figure(slow_fibre: World) -> None:
    slow_fibre.playback.play([Piece.END])
    (windows,) = slow_fibre.together.opened
    assert "data age p99, worst window" not in load_figures(windows)
    assert ",none,none,none," in windows_table(windows.watches)

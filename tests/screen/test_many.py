"""Many windows at once, against the embedded Focus Server: what goes wrong in one of them is told of that one."""

from __future__ import annotations

import csv
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil
import pytest
from hamcrest import assert_that
from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.string_description import StringDescription

from support.contract import ChannelRange, JobRequest, LiveMetadata
from support.errors import MachineStoodStillError, RemoteError
from support.focus_server_api import FocusServerAPI
from support.machine.leftovers import Process
from support.machine.usage import Usage
from support.matchers import every_window_is_fresh, every_window_is_right, every_window_received_every_line
from support.reporting.windows_report import load_figures, windows_table
from support.screen.job import Place, live_job_requests
from support.screen.many import Watch, Windows
from support.server.embedded import EmbeddedServer
from support.server.under_test import jobs_left
from support.settings import Settings
from support.validation.finding import Finding, Topic
from tests.patience import PATIENCE

PRR = 2000.0
OLDEST = 20.0
"""Seconds: data that a busy machine delivers late are younger."""

LINES = 40
"""As many has each window to see: in two seconds, or as long as they take."""

SETTINGS = Settings(max_pause=PATIENCE, frame_rate_above=0.1, data_age_within=OLDEST, retry_attempts=1)
"""The pace of a machine that runs other tests, too, is not what is tested here."""


def requests(count: int, *, channels: int = 20, place: Place = Place.ALONG, last: int = 2221) -> list[JobRequest]:
    fibre = LiveMetadata(prr=PRR), ChannelRange(lowest_channel=0, highest_channel=last)
    return live_job_requests(SETTINGS, *fibre, place, count, channels=channels, frequencies=64, lines=20)


class Enough(threading.Event):
    """Set when every window has its lines or its stream is over, however long that takes here and now."""

    def __init__(self, watches: Sequence[PatientWatch], lines: int) -> None:
        super().__init__()
        self._watches = watches
        self._lines = lines

    def is_set(self) -> bool:
        return super().is_set() or all(watch.over or watch.lines_received >= self._lines for watch in self._watches)


class PatientWatch(Watch):
    """A window that is left when there is enough for all of them."""

    enough: Enough
    over = False

    def stream(self, end: float, _stopped: threading.Event) -> None:
        try:
            super().stream(end, self.enough)
        finally:
            self.over = True


def patient(server: EmbeddedServer, asked: list[JobRequest], lines: int = LINES) -> Windows:
    """Windows that stream until each of them has so many lines, or its stream is over."""
    windows = Windows(SETTINGS, server.rest_url, asked, PRR)
    watches = [PatientWatch(number, request) for number, request in enumerate(asked, 1)]
    for watch in watches:
        watch.enough = Enough(watches, lines)
    windows.watches[:] = watches
    return windows


@contextmanager
def opened(server: EmbeddedServer, asked: list[JobRequest], lines: int = LINES) -> Iterator[Windows]:
    with patient(server, asked, lines) as windows:
        windows.open()
        assert windows.failures == []
        yield windows


def mismatch(matcher: BaseMatcher[Sequence[Watch]], windows: Windows) -> str:
    words = StringDescription()
    assert not matcher.matches(windows.watches, words)
    return str(words)


@pytest.fixture
def with_fault(embedded: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The embedded server, correct again afterwards."""
    yield embedded
    embedded.deviate()


def test_windows_along_the_fibre_reach_from_its_first_channel_to_its_last() -> None:
    asked = requests(30, channels=200)
    assert [(one.channels_min, one.channels_max) for one in (asked[0], asked[-1])] == [(0, 199), (2022, 2221)]
    assert {one.channels_max - one.channels_min + 1 for one in asked} == {200}
    assert len({one.channels_min for one in asked}) == 30
    assert {(one.nfft, one.frequency_max, one.display_duration / one.display_height) for one in asked} == {
        (128, PRR / 2, 1 / 20)
    }


def test_windows_at_one_place_ask_for_the_same() -> None:
    assert len(set(map(str, requests(30, place=Place.TOGETHER)))) == 1


def test_a_shorter_fibre_is_watched_whole_by_every_window() -> None:
    assert {(one.channels_min, one.channels_max) for one in requests(5, channels=200, last=23)} == {(0, 23)}


def test_thirty_windows_lose_nothing(embedded: EmbeddedServer, api: FocusServerAPI) -> None:
    before = Process()
    with opened(embedded, requests(30)) as windows:
        windows.stream(PATIENCE, embedded.pid)
        assert_that(windows.watches, every_window_received_every_line())
        assert_that(windows.watches, every_window_is_fresh(99, OLDEST))
        assert_that(windows.watches, every_window_is_right())
        received = [watch.lines_received for watch in windows.watches]
        assert min(received) >= LINES
        assert sum(watch.ages.count for watch in windows.watches) == sum(received), "a line a frame"
        assert windows.client is not None
        assert windows.server is not None
        assert min(windows.client.cpu_share, windows.server.cpu_share, windows.server.memory) > 0
        head, *rows = csv.reader(windows_table(windows.watches).splitlines())
        assert head[:3] == ["Window", "Lines expected", "Lines received"]
        assert [row[0] for row in rows] == list(map(str, windows.watches))
        assert [row[1:3] for row in rows] == [[str(count), str(count)] for count in received]
        assert f"/ {sum(received):,}" in load_figures(windows)["lines expected / received"]
        assert re.fullmatch(r"\d+ ms", load_figures(windows)["data age p99, worst window"])
    assert len(set(windows.job_ids)) == 30
    assert before.left() == []
    assert jobs_left(api, windows.job_ids) == []


@pytest.mark.parametrize(
    ("fault", "matcher", "words"),
    [
        ("line-lost", every_window_received_every_line(), "1 line is missing after"),
        ("line-repeated", every_window_received_every_line(), "came twice"),
        ("frame-lost", every_window_received_every_line(), "lines received where there were"),
        ("stale-data=40", every_window_is_fresh(99, OLDEST), "99 % were up to 4"),
        ("stale-data=40", every_window_is_right(), "live data are stale"),
        ("dead-sensor=3", every_window_is_right(), "is dead"),
        ("early-end", every_window_is_right(), "though the job goes on"),
        ("abort-in-mid-stream", every_window_is_right(), "UNAVAILABLE"),
        ("not-protobuf", every_window_received_every_line(), "cannot be read: 64 bytes"),
        ("channel-amount-wrong", every_window_is_right(), "channels where 20 were asked for"),
    ],
)
def test_the_window_where_something_is_wrong_is_named_and_no_other(
    with_fault: EmbeddedServer, fault: str, matcher: BaseMatcher[Sequence[Watch]], words: str
) -> None:
    with patient(with_fault, requests(3)) as windows:
        for watch in windows.watches:
            with_fault.deviate(faults=[fault] if watch.number == 2 else [])
            watch.open(SETTINGS, with_fault.rest_url, PRR)
        windows.stream(PATIENCE)
        told = mismatch(matcher, windows)
        job_id = windows.job_ids[1]
    assert told.startswith(f"not so in 1 of 3 windows:\n  - window 2 (job {job_id}, channels 1101 to 1120, ")
    assert words in told


@pytest.mark.parametrize(
    "matcher", [every_window_received_every_line(), every_window_is_fresh(99, OLDEST), every_window_is_right()], ids=str
)
def test_what_this_machine_explains_is_not_blamed_on_the_server_and_not_passed(
    embedded: EmbeddedServer, matcher: BaseMatcher[Sequence[Watch]]
) -> None:
    with opened(embedded, requests(2), lines=50) as windows:
        windows.stream(PATIENCE)
        window = windows.watches[1].window
        assert window is not None
        assert window.verdict is not None
        window.verdict.doubts = [Finding("no pause", Topic.PACE, "the stream paused for 3.05 s")]
        window.verdict.standstill = "this machine stood still for 3.0 s"
        with pytest.raises(MachineStoodStillError, match=r"came in window 2 .*stood still for 3\.0 s; .* paused"):
            assert_that(windows.watches, matcher)


def test_a_server_that_lags_is_noticed_by_the_age_of_its_data(with_fault: EmbeddedServer) -> None:
    with_fault.deviate(faults=["growing-lag"])
    with opened(with_fault, requests(2), lines=50) as windows:
        windows.stream(PATIENCE)
        assert "not so in 2 of 2 windows" in mismatch(every_window_is_fresh(99, 0.5), windows)


def test_nothing_streamed_is_nothing_judged(embedded: EmbeddedServer) -> None:
    with opened(embedded, requests(2)) as windows:
        assert "0 lines received" in mismatch(every_window_received_every_line(), windows)
        assert "no data came" in mismatch(every_window_is_fresh(99, 1), windows)
        assert "no line came" in mismatch(every_window_is_right(), windows)
    for matcher in (every_window_received_every_line(), every_window_is_fresh(99, 1), every_window_is_right()):
        assert not matcher.matches([])


def test_a_window_that_the_server_refuses_is_named(embedded: EmbeddedServer, api: FocusServerAPI) -> None:
    with Windows(SETTINGS, embedded.rest_url, requests(31), PRR) as windows:
        windows.open()
        (refused,) = windows.failures
        assert "all 30 windows are in use" in refused
        assert refused.startswith("window ")
    assert jobs_left(api, windows.job_ids) == []


def test_a_client_at_its_limit_does_not_blame_the_server() -> None:
    with Windows(SETTINGS, "http://127.0.0.1:9", [], PRR) as windows:
        assert windows.doubt == ""
        windows.client = Usage(0.5, 2**20)
        assert load_figures(windows)["client"] == "50 % of a core, 1 MiB"
        windows.client = Usage(0.97, 2**20)
        assert "this client used 97 % of a core" in load_figures(windows)["client"]
        windows.client, windows.seconds = Usage(0.5, 2**20), 60.0
        windows._full = 5.0
        assert windows.doubt == ""
        windows._full = 48.0
        assert windows.doubt == "all processors of this machine were busy for 48 s of 60 s: a lag may be its own"


class Mistaken(JobRequest):
    """A request that our own code cannot make."""

    def body(self) -> dict[str, object]:
        raise RuntimeError("a mistake of ours")


def test_an_error_of_ours_is_no_failure_of_the_server(embedded: EmbeddedServer, api: FocusServerAPI) -> None:
    right, other, *_ = requests(2)
    with (
        Windows(SETTINGS, embedded.rest_url, [right, Mistaken(**other.model_dump())], PRR) as windows,
        pytest.raises(RuntimeError, match="a mistake of ours"),
    ):
        windows.open()
    assert jobs_left(api, windows.job_ids) == []


class MistakenWatch(Watch):
    """A window whose frames our own code cannot handle."""

    def stream(self, *_: object, **__: object) -> None:
        assert self.window is not None, "it has been opened"
        for block in self.window.client.stream_blocks(self.window.job.answer.job_id):
            raise RuntimeError(f"a mistake of ours in frame {block.index}")


def test_an_error_of_ours_in_one_window_ends_all_of_them_at_once(embedded: EmbeddedServer) -> None:
    asked = requests(3)
    with Windows(SETTINGS, embedded.rest_url, asked, PRR) as windows:
        windows.watches[1] = MistakenWatch(2, asked[1])
        windows.open()
        began = time.monotonic()
        with pytest.raises(RuntimeError, match="a mistake of ours in frame 0"):
            windows.stream(10 * PATIENCE)
        assert time.monotonic() - began < PATIENCE


def test_a_server_that_ends_meanwhile_is_a_failure_of_every_window(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedServer(log_file=tmp_path_factory.mktemp("ends") / "simulator.log")
    windows = Windows(SETTINGS, server.rest_url, requests(2), PRR)
    try:
        windows.open()
        psutil.Process(server.pid).kill()
        windows.stream(10 * PATIENCE, server.pid)
        assert [watch.failure != "" for watch in windows.watches] == [True, True]
        assert windows.server is None
        assert "not so in 2 of 2 windows" in mismatch(every_window_is_right(), windows)
    finally:
        server.stop()
        with pytest.raises(RemoteError):  # no job can be cancelled any more
            windows.close()

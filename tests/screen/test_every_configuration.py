"""The windows of every kind: any two values that can stand together do so in some row, counted here on its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hamcrest import assert_that
from hamcrest.core.string_description import StringDescription

from support.contract import ChannelRange, LiveMetadata
from support.focus_server_api import FocusServerAPI
from support.gherkin import kind
from support.matchers import every_window_began_within, every_window_is_right
from support.screen.job import Kind, Part, described
from support.screen.many import Look, Watch, Windows
from support.server.embedded import EmbeddedServer
from support.server.under_test import job_status
from support.server.vacancies import Vacancies
from support.settings import Settings
from tests.feature_files import features, titled
from tests.patience import PATIENCE

COLUMNS = {
    "channels": {"1", "11", "40", "200"},
    "part": {"beginning", "middle", "end"},
    "NFFT": {"128", "256", "512", "1024", "2048"},
    "band": {"0 % to 25 %", "40 % to 60 %", "75 % to 100 %"},
    "lines a second": {"15", "120"},
    "frames": {"60", "no limit"},
}


def rows() -> list[dict[str, str]]:
    """The table of the feature, as behave reads it."""
    (feature,) = [feature for feature in features() if feature.name == "Every configuration"]
    (scenario,) = titled(feature)
    (table,) = [step.table for step in scenario.steps if step.table]
    return [dict(row.items()) for row in table]


def pairs(row: dict[str, str]) -> set[frozenset[tuple[str, str]]]:
    return {frozenset(two) for two in combinations(row.items(), 2)}


def all_pairs() -> set[frozenset[tuple[str, str]]]:
    return {
        frozenset({(one, value), (other, another)})
        for one, other in combinations(COLUMNS, 2)
        for value in COLUMNS[one]
        for another in COLUMNS[other]
    }


def test_any_two_values_stand_together_in_some_row() -> None:
    assert set().union(*map(pairs, rows())) == all_pairs()


def test_no_row_is_there_for_show() -> None:
    table = rows()
    for row in table:
        others = [pairs(other) for other in table if other is not row]
        assert set().union(*others) < all_pairs(), row


def test_a_row_is_a_job_that_the_fibre_can_serve() -> None:
    fibre = LiveMetadata(prr=2000.0), ChannelRange(lowest_channel=1, highest_channel=2222)
    asked = kind(
        {
            "channels": "40",
            "part": "middle",
            "NFFT": "512",
            "band": "75 % to 100 %",
            "lines a second": "120",
            "frames": "60",
        }
    )
    assert asked == Kind(40, Part.MIDDLE, 512, (0.75, 1.0), 120.0, 60)
    request = asked.request(Settings(), *fibre)
    assert (request.channels_min, request.channels_max, request.nfft) == (1092, 1131, 512)
    assert (request.frequency_min, request.frequency_max) == (750.0, 1000.0)
    assert request.display_duration / request.display_height == 1 / 120
    slow = asked.request(Settings(), LiveMetadata(prr=100.0), ChannelRange(lowest_channel=1, highest_channel=2222))
    assert slow.display_duration / slow.display_height == 1 / 100


SETTINGS = Settings(max_pause=PATIENCE, frame_rate_above=0.1, data_age_within=20, retry_attempts=1)
"""The pace of a machine that runs other tests, too, is not what is tested here."""

FIBRE = LiveMetadata(prr=2000.0), ChannelRange(lowest_channel=0, highest_channel=2221)
TABLE = [kind(row) for row in rows()]


@pytest.fixture
def with_fault(embedded: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The embedded server, correct again afterwards."""
    yield embedded
    embedded.deviate()


def windows(server: EmbeddedServer, kinds: Sequence[Kind]) -> Windows:
    looks = [Look(one.request(SETTINGS, *FIBRE), one.frames) for one in kinds]
    return Windows(SETTINGS, server.rest_url, looks, 2000.0)


class Deviating(Watch):
    """A window whose job alone has a fault; the others wait until the server is told and has made it."""

    server: EmbeddedServer
    fault = ""
    one_by_one = threading.Lock()

    def open(self, settings: Settings, url: str, prr: float, vacancies: Vacancies | None = None) -> None:
        with self.one_by_one:
            self.server.deviate(faults=[self.fault] if self.fault else [])
            super().open(settings, url, prr, vacancies)


def test_windows_take_turns_where_a_server_has_few_of_them(embedded: EmbeddedServer) -> None:
    open_at_once: set[int] = set()

    class Counted(Watch):
        def stream(self, end: float, stopped: threading.Event) -> None:
            open_at_once.add(len(those_alive(embedded, those.job_ids)))
            super().stream(end, stopped)

    with windows(embedded, TABLE[:5]) as those:
        those.watches = [Counted(watch.number, watch.look) for watch in those.watches]
        those.take_turns(1.0, at_once=2)
        assert_that(those.watches, every_window_is_right())
        assert those_alive(embedded, those.job_ids) == []
    assert len(set(those.job_ids)) == 5
    assert max(open_at_once) <= 2
    assert [watch.lines_received > 0 for watch in those.watches] == [True] * 5


def those_alive(server: EmbeddedServer, job_ids: Sequence[str]) -> list[str]:
    with FocusServerAPI(server.rest_url) as api:
        return [job_id for job_id in job_ids if job_status(api, job_id) in ("pending", "running")]


@pytest.mark.parametrize(
    ("number", "fault", "rule"),
    [
        (1, "one-frame-too-few", "as many frames as asked for"),
        (8, "negative-value", "intensities non-negative"),
        (10, "dead-sensor=3", "sensors alive"),
        (15, "line-lost", "lines continuous"),
        (20, "bin-missing", "bins as configured"),
    ],
)
def test_what_is_wrong_in_one_kind_alone_is_told_of_that_one(
    with_fault: EmbeddedServer, number: int, fault: str, rule: str
) -> None:
    chosen = [TABLE[2], TABLE[number - 1], TABLE[6]]
    with windows(with_fault, chosen) as those:
        watches = [Deviating(watch.number, watch.look) for watch in those.watches]
        for watch in watches:
            watch.server, watch.fault = with_fault, fault if watch.number == 2 else ""
        those.watches = list(watches)
        those.take_turns(2.0, at_once=3)
        told = StringDescription()
        every_window_is_right().describe_mismatch(those.watches, told)
    asked = those.watches[1].look.request
    assert f"not so in 1 of 3 windows:\n  - window 2 (job {those.job_ids[1]}, {described(asked)}" in str(told)
    assert f"{rule}: " in str(told)


def test_a_window_that_is_refused_is_told_and_the_others_are_judged(embedded: EmbeddedServer) -> None:
    wrong = replace(TABLE[1], band=(0.75, 1.5))
    with windows(embedded, [TABLE[0], wrong]) as those:
        those.take_turns(1.0, at_once=2)
        told = StringDescription()
        every_window_is_right().describe_mismatch(those.watches, told)
        asked = those.watches[1].look.request
        assert f"not so in 1 of 2 windows:\n  - window 2 ({described(asked)}" in str(told)
        assert "no line came" in str(told)
        assert "refused with 400" in str(told)
        late = StringDescription()
        every_window_began_within(5).describe_mismatch(those.watches, late)
        assert "window 2" in str(late)
        assert "window 1" not in str(late)


def test_a_server_that_keeps_the_windows_of_its_jobs_for_some_time_is_waited_for(with_fault: EmbeddedServer) -> None:
    with_fault.deviate(variants=["no-cancel"])
    with windows(with_fault, [replace(TABLE[1], frames=5)] * 30) as those:
        those.take_turns(0.1, at_once=30)
        with windows(with_fault, [TABLE[1]]) as refused:
            refused.open()
        assert "all 30 windows are in use" in refused.failures[0]
        others_may_have_them = Vacancies(30, 1)
        others_may_have_them.patience = PATIENCE
        again = Windows(SETTINGS, with_fault.rest_url, [those.watches[0].look], 2000.0, others_may_have_them)
        with again:
            again.take_turns(0.1, at_once=1)
            assert again.failures == []
            assert_that(again.watches, every_window_is_right())

"""A run that counts its windows: it waits for one that is dying, and for no other."""

from __future__ import annotations

import threading
import time

import pytest

from support.contract import JobRequest
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.screen.window import open_window
from support.server import vacancies as module
from support.server.vacancies import Place, Vacancies
from support.settings import Settings
from tests.conftest import Http
from tests.http_server import Answer
from tests.patience import PATIENCE

KEPT = 0.3


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOKS_AFTER", 0.0)


def waited(windows: Vacancies) -> float:
    began = time.monotonic()
    with windows.place() as place:
        place.free = True
        return time.monotonic() - began


def leave(windows: Vacancies, *, is_over: bool) -> None:
    with windows.place() as place:
        windows.ended(place, is_over)


def test_one_that_is_dying_is_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    windows = Vacancies(2, KEPT)
    for _ in range(2):
        leave(windows, is_over=False)
    assert waited(windows) > KEPT / 2
    told = "waiting for a window of the server, for up to 0 s: of its 2, this run has 0 open and has just left 2\n"
    assert capfd.readouterr().err == told


def test_they_are_ample_as_long_as_the_run_has_half_of_them() -> None:
    windows = Vacancies(4, 60)
    for ample in (True, True, True, False):
        assert windows.are_ample() == ample
        leave(windows, is_over=False)


def test_several_are_waited_for_together(capfd: pytest.CaptureFixture[str]) -> None:
    windows = Vacancies(3, KEPT)
    leave(windows, is_over=False)
    windows.wait_for(2)
    assert capfd.readouterr().err == ""
    began = time.monotonic()
    windows.wait_for(3)
    assert time.monotonic() - began > KEPT / 2
    leave(windows, is_over=False)
    windows.wait_for(4)
    assert "waiting" in capfd.readouterr().err, "for the three that there can be"


def test_one_that_the_server_has_ended_is_free(capfd: pytest.CaptureFixture[str]) -> None:
    windows = Vacancies(1, 60)
    for _ in range(3):
        leave(windows, is_over=True)
    assert waited(windows) < PATIENCE
    assert (capfd.readouterr().err, windows.patience) == ("", 0.0)


def test_where_all_are_open_the_server_is_to_refuse() -> None:
    windows = Vacancies(2, 60)
    leave(windows, is_over=False)
    with windows.place() as first, windows.place() as second, windows.place() as third:
        assert (first, second, third) == (Place(), Place(), Place())


def test_what_was_not_ended_makes_patient() -> None:
    windows = Vacancies(30, 50)
    leave(windows, is_over=False)
    assert windows.patience == 60
    leave(windows, is_over=True)
    assert windows.patience == 0


def test_many_at_once_never_use_more_than_there_are() -> None:
    windows, lock, most, in_use = Vacancies(3, KEPT), threading.Lock(), [0], [0]

    def use() -> None:
        with windows.place() as place:
            windows.ended(place, is_over=False)
            with lock:
                in_use[0] += 1
                most[0] = max(most[0], in_use[0])
        time.sleep(KEPT / 2)  # the server has it for longer
        with lock:
            in_use[0] -= 1

    leave(windows, is_over=False)
    users = [threading.Thread(target=use) for _ in range(9)]
    for user in users:
        user.start()
    for user in users:
        user.join(PATIENCE)
    assert most[0] <= 3


def test_a_refused_job_has_no_window_and_one_without_an_answer_may(http: Http) -> None:
    windows = Vacancies(1, KEPT)
    for answer, waits in ((Answer(400, {"error": "no"}), False), (Answer(200, "?"), True)):
        with FocusServerAPI(http(answer).url) as api:
            request = JobRequest(channels_min=0, channels_max=0)
            window = open_window(Settings(), api, request, 2000.0, vacancies=windows)
            with pytest.raises(RemoteError):
                window.__enter__()
        assert (waited(windows) > KEPT / 2) == waits

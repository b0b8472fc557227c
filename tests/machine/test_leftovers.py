"""What a run leaves behind is said, and nothing is said where nothing is left."""

from __future__ import annotations

import socket
import threading

import pytest

from support.contract import JobRequest
from support.focus_server_api import FocusServerAPI
from support.machine.leftovers import OUR_THREADS, Process, jobs_left


def configured(api: FocusServerAPI) -> str:
    return api.configure(JobRequest(channels_min=0, channels_max=1)).job_id


def test_a_job_that_was_not_cancelled_is_named(api: FocusServerAPI) -> None:
    left, cancelled = configured(api), configured(api)
    api.cancel(cancelled)

    assert jobs_left(api, [left, cancelled, "0-never-there"]) == [f"1 job on the server: {left}"]

    api.cancel(left)
    assert jobs_left(api, [left, cancelled]) == []


def test_a_server_that_is_gone_cannot_be_asked(closed_port: int) -> None:
    with FocusServerAPI(f"http://127.0.0.1:{closed_port}", retries=0) as api:
        (sentence,) = jobs_left(api, ["0-1"])

    assert sentence.startswith("whether jobs are left on the server cannot be said: nothing answers at")


def test_a_server_that_was_asked_for_nothing_is_not_asked(closed_port: int) -> None:
    with FocusServerAPI(f"http://127.0.0.1:{closed_port}") as api:
        assert jobs_left(api, []) == []


def test_a_connection_that_stays_is_named() -> None:
    process = Process()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        assert process.left(patience=0) == [f"1 connection of this process: {address}"]
    assert process.left() == []


@pytest.mark.parametrize("name", OUR_THREADS)
def test_a_thread_of_ours_that_stays_is_named(name: str) -> None:
    process, enough = Process(), threading.Event()
    thread = threading.Thread(target=enough.wait, name=f"{name} 1-1")
    thread.start()

    assert process.left(patience=0) == [f"1 thread of this process: {name} 1-1"]
    enough.set()
    assert process.left() == []
    thread.join()


def test_other_peoples_threads_do_not_count() -> None:
    enough = threading.Event()
    thread = threading.Thread(target=enough.wait, name="somebody else's")
    thread.start()

    assert Process().left(patience=0) == []
    enough.set()
    thread.join()

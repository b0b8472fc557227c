"""Jobs that a run leaves on the server are named; a server that cannot be asked any more is told."""

from __future__ import annotations

from support.contract import JobRequest
from support.focus_server_api import FocusServerAPI
from support.server.under_test import jobs_left


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

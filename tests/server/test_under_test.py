"""Jobs that a run leaves on the server are named; a server that cannot be asked any more is told."""

from __future__ import annotations

import gc

import pytest

from support.contract import JobRequest
from support.errors import APIError, NotReadyError
from support.focus_server_api import FocusServerAPI
from support.machine.leftovers import Process
from support.server.embedded import EmbeddedServer
from support.server.under_test import ServerUnderTest, jobs_left
from support.settings_sources import load
from tests.conftest import Http
from tests.http_server import Answer


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


def test_a_server_that_sends_its_clients_elsewhere_is_not_ready(http: Http, embedded: EmbeddedServer) -> None:
    there = f"{embedded.rest_url}/live_metadata"
    here = http(Answer(301, headers={"Location": there}))

    with pytest.raises(NotReadyError, match=rf"/live_metadata was redirected to {there}, where no POST would follow"):
        ServerUnderTest(load({"focus_server_url": here.url}, {}))


def test_another_path_is_elsewhere_too(http: Http) -> None:
    here = http(Answer(308, headers={"Location": "/live_metadata/"}), Answer(body={"prr": 2000, "dx": 1}))

    with pytest.raises(NotReadyError, match=f"was redirected to {here.url}/live_metadata/, where"):
        ServerUnderTest(load({"focus_server_url": here.url}, {}))


def test_a_detour_that_leads_back_is_none(http: Http) -> None:
    fibre = {"prr": 2000, "dx": 1, "sw_version": "1"}
    detour = Answer(302, headers={"Location": "/live_metadata?seen=1", "Set-Cookie": "seen=1"})
    channels = {"lowest_channel": 1, "highest_channel": 10}

    ServerUnderTest(load({"focus_server_url": http(detour, Answer(body=fibre), Answer(body=channels)).url}, {})).close()


def test_a_refusal_that_is_kept_keeps_no_connection(embedded: EmbeddedServer) -> None:
    process = Process()
    gc.disable()
    try:
        with FocusServerAPI(embedded.rest_url) as api, pytest.raises(APIError) as kept:
            api.configure(JobRequest.anyhow(channels_min=5, channels_max=1))
        with pytest.raises(Exception, match="no-such-fault") as kept_too:
            embedded.deviate(faults=["no-such-fault"])

        assert process.left() == []
    finally:
        gc.enable()
    del kept, kept_too

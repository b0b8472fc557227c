"""The REST client against the embedded Focus Server, and against a server that gives every kind of answer."""

import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from support.contract import ConfigTaskRequest, JobRequest
from support.errors import (
    APIError,
    APITimeoutError,
    ConnectionError,
    NotReadyError,
    ProtocolError,
    RemoteError,
    RequestError,
)
from support.focus_server_api import FocusServerAPI
from support.server.embedded import EmbeddedServer
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from tests.conftest import Http
from tests.http_server import Answer, HttpServer
from tests.patience import PATIENCE

REQUEST = JobRequest(channels_min=0, channels_max=10)
CHANNELS = {"lowest_channel": 1, "highest_channel": 2222}
METADATA = {"prr": 2000, "dx": 1.02}
JOB: dict[str, Any] = {
    "status": "Config received successfully",
    "job_id": "12-70788",
    "stream_url": "focus.example",
    "stream_port": 30123,
    "stream_amount": 1,
    "channel_amount": 2,
    "channel_to_stream_index": {"0": 0, "1": 0},
    "frequencies_amount": 2,
    "frequencies_list": [0.0, 1.953125],
    "lines_dt": 0.01,
    "view_type": "0",
}
CALLS: dict[str, Callable[[FocusServerAPI], object]] = {
    "live_metadata": lambda api: api.live_metadata(),
    "channels": lambda api: api.channels(),
    "metadata": lambda api: api.metadata("1-1"),
    "configure": lambda api: api.configure(REQUEST),
    "config_task": lambda api: api.config_task("task-7", ConfigTaskRequest(channels_min=0, channels_max=10)),
    "is_alive": lambda api: api.is_alive(),
    "recordings": lambda api: api.recordings(0, 1),
    "cancel": lambda api: api.cancel("1-1"),
}
ANY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture
def client_of(cleanup: ExitStack) -> Callable[..., FocusServerAPI]:
    def create(server: HttpServer | str, timeout: float = PATIENCE) -> FocusServerAPI:
        url = server if isinstance(server, str) else server.url
        return cleanup.enter_context(FocusServerAPI(url, timeout=timeout))

    return create


ClientOf = Callable[..., FocusServerAPI]


class TestEmbeddedServer:
    def test_the_fibre(self, api: FocusServerAPI) -> None:
        fibre = api.live_metadata()

        assert (fibre.prr, fibre.nyquist, fibre.number_of_channels) == (2000, 1000, 2222)
        assert not fibre.waits_for_fibre

    def test_the_channels(self, api: FocusServerAPI) -> None:
        channels = api.channels()

        assert channels.highest_channel - channels.lowest_channel + 1 == 2222

    def test_a_job_from_its_configuration_to_its_end(self, api: FocusServerAPI) -> None:
        job = api.configure(REQUEST)
        assert (job.channel_amount, job.frequencies_amount) == (11, len(job.frequencies_list))
        assert api.metadata(job.job_id).job_id == job.job_id

        assert api.cancel(job.job_id) is True

        assert api.metadata(job.job_id).status == "cancelled"

    def test_a_wrong_configuration_is_refused_in_the_servers_words(self, api: FocusServerAPI) -> None:
        with pytest.raises(APIError, match="channels") as caught:
            api.configure(JobRequest.anyhow(channels_min=10, channels_max=0))

        assert caught.value.status in (400, 422)
        assert "channels" in caught.value.details

    def test_an_unknown_job_has_no_metadata(self, api: FocusServerAPI) -> None:
        with pytest.raises(APIError) as caught:
            api.metadata("0-none")

        assert caught.value.status == 404

    def test_nothing_was_recorded_before_1970(self, api: FocusServerAPI) -> None:
        assert api.recordings(-10, -1) == []

    def test_a_range_of_the_past_as_a_task(self, api: FocusServerAPI) -> None:
        (begin, _), *_ = api.recordings(0, 4e9)
        request = ConfigTaskRequest(channels_min=0, channels_max=2, start_time=begin, end_time=begin + 1)

        job = api.config_task("task-7", request)

        assert (job.task_id, job.channel_amount) == ("task-7", 3)
        assert api.metadata(job.job_id).config["sensors"] == {"min": 0, "max": 2}
        assert api.cancel(job.job_id) is True

    def test_an_unknown_job_cannot_be_cancelled(self, api: FocusServerAPI) -> None:
        assert api.cancel("0-none") is False


class TestRequests:
    def test_the_base_address_may_have_a_path(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body=CHANNELS))

        client_of(server.url + "/focus-server/").channels()

        assert [(sent.method, sent.path) for sent in server.requests] == [("GET", "/focus-server/channels")]

    def test_the_configuration_is_sent_in_the_contracts_fields(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body=JOB))

        client_of(server).configure(REQUEST)

        assert server.requests[0].body == {
            "displayTimeAxisDuration": 10,
            "nfftSelection": 1024,
            "displayInfo": {"height": 1000},
            "channels": {"min": 0, "max": 10},
            "frequencyRange": {"min": 0, "max": 500},
            "start_time": None,
            "end_time": None,
            "view_type": "0",
        }

    def test_a_task_is_asked_for_in_the_words_of_the_other_dialect(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body=JOB | {"task_id": "a/b"}))
        request = ConfigTaskRequest(channels_min=0, channels_max=10, start_time=1_772_323_201, end_time=1_772_323_262)

        answer = client_of(server).config_task("a/b", request)

        assert (answer.job_id, answer.task_id) == ("12-70788", "a/b")
        assert (server.requests[0].method, server.requests[0].path) == ("POST", "/config/a%2Fb")
        assert server.requests[0].body == {
            "displayTimeAxisDuration": 10,
            "nfftSelection": 1024,
            "canvasInfo": {"height": 1000},
            "sensors": {"min": 0, "max": 10},
            "frequencyRange": {"min": 0, "max": 500},
            "start_time": "260301000001",
            "end_time": "260301000102",
        }

    def test_of_a_waterfall_nothing_is_sent_that_it_has_not(self) -> None:
        body = JobRequest(channels_min=0, channels_max=3, view_type="2", nfft=1).body()

        assert (body["frequencyRange"], body["displayTimeAxisDuration"], body["nfftSelection"]) == (None, None, 1)

    def test_a_job_id_cannot_leave_its_place_in_the_path(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body={"job_id": "x", "status": "running"}))

        client_of(server).metadata("../job/1?a#b")

        assert server.requests[0].path == "/metadata/..%2Fjob%2F1%3Fa%23b"

    def test_connections_are_used_again(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body=CHANNELS))
        api = client_of(server)

        for _ in range(5):
            api.channels()

        assert (len(server.requests), server.connections) == (5, 1)

    def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
        self, http: Http, client_of: ClientOf, closed_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        assert client_of(http(Answer(body=CHANNELS))).channels().lowest_channel == 1

    def test_a_password_is_sent_and_never_said(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(500, {"error": "no"}))

        with pytest.raises(APIError) as caught:
            client_of(server.url.replace("://", "://user:s%23cret@")).channels()

        assert server.requests[0].headers["Authorization"] == "Basic dXNlcjpzI2NyZXQ="
        for said in (str(caught.value), caught.value.target, caught.value.details):
            assert "cret" not in said


HISTORIC: dict[str, Any] = {"start_time": 10, "end_time": 20.5}


class TestImpossibleRequests:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"channels_min": 11}, "channels 11 to 10 are none"),
            ({"channels_min": -1}, "channels -1 to 10 are none"),
            ({"nfft": 1000}, "an NFFT of 1000 is no power of two from 128 to 2048"),
            ({"nfft": 64}, "an NFFT of 64"),
            ({"nfft": 4096}, "an NFFT of 4096"),
            ({"nfft": 0}, "an NFFT of 0"),
            ({"nfft": 131_072, "view_type": "1", "channels_min": 10}, "an NFFT of 131072 .* from 128 to 65536"),
            ({"view_type": "1"}, "channels 0 to 10 are several"),
            ({"view_type": "2"}, "an NFFT of 1024 is no power of two from 1 to 1"),
            ({"view_type": "3"}, "view_type '3' is none of 0, 1, 2"),
            ({"frequency_min": 500}, "500 to 500 Hz are no band"),
            ({"frequency_min": -1}, "-1 to 500 Hz are no band"),
            ({"frequency_max": math.nan}, "0 to nan Hz are no band"),
            ({"display_duration": 0}, "a time axis of 0 s"),
            ({"display_height": 0}, "a screen of 0 lines"),
            ({"start_time": 1_700_000_000}, "end_time is missing"),
            ({"end_time": 1_700_000_000}, "start_time is missing"),
            ({"start_time": 20, "end_time": 20}, "20 to 20 is no range of time"),
            ({"start_time": 20, "end_time": math.inf}, "20 to inf is no range of time"),
            ({"nfft": 1, "display_height": 0}, "an NFFT of 1 is no .*; a screen of 0 lines"),
        ],
    )
    def test_what_no_server_can_serve_is_refused_in_a_sentence(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(RequestError, match=f"^no server can serve that: {words}") as caught:
            JobRequest(**{"channels_min": 0, "channels_max": 10} | changes)

        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"view_type": "1", "channels_max": 0}, "view_type '1' cannot be told of a task"),
            (HISTORIC, "the time 20.5 is no whole second"),
            ({"start_time": -5, "end_time": 20}, "the time -5 is no"),
            ({"start_time": 20, "end_time": 4e9}, "the time 4000000000 is no"),
            ({"channels_min": 11}, "channels 11 to 10 are none"),
        ],
    )
    def test_a_task_says_less(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(RequestError, match=words):
            ConfigTaskRequest(**{"channels_min": 0, "channels_max": 10} | changes)

    @pytest.mark.parametrize(
        "possible",
        [
            {"nfft": 128},
            {"nfft": 2048, **HISTORIC},
            {"nfft": 65_536, "view_type": "1", "channels_min": 10},
            {"nfft": 1, "view_type": "2"},
        ],
    )
    def test_what_a_server_may_serve_can_be_asked_for(self, possible: dict[str, Any]) -> None:
        assert JobRequest(**{"channels_min": 0, "channels_max": 10} | possible).body()["nfftSelection"]

    @pytest.mark.parametrize("kind", [JobRequest, ConfigTaskRequest])
    def test_one_that_is_impossible_can_be_sent_all_the_same(
        self, http: Http, client_of: ClientOf, kind: type[JobRequest]
    ) -> None:
        server = http(Answer(400, {"error": "no"}))
        request = kind.anyhow(channels_min=3, channels_max=1, nfft=7, start_time=5, end_time=None)
        api = client_of(server)

        with pytest.raises(APIError, match="refused with 400: no"):
            api.config_task("t", request) if isinstance(request, ConfigTaskRequest) else api.configure(request)

        assert server.requests[0].body["nfftSelection"] == 7


class TestAnswers:
    def test_numbers_that_are_whole_are_asked_for_as_whole_ones(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(body=JOB))
        request = REQUEST.model_copy(update={"frequency_min": 0.0, "frequency_max": 62.5, "display_duration": 10.0})

        client_of(server).configure(request)

        asked = server.requests[0].body
        assert str(asked["displayTimeAxisDuration"]) == "10"
        assert str(asked["frequencyRange"]) == "{'min': 0, 'max': 62.5}"

    def test_what_servers_do_differently_is_accepted(self, http: Http, client_of: ClientOf) -> None:
        answer = JOB | {"status": "", "stream_port": "30123", "view_type": 0, "lines_dt": 1, "extra": [1]}

        job = client_of(http(Answer(body=answer))).configure(REQUEST)

        assert (job.status, job.stream_port, job.view_type) == ("", "30123", "0")
        assert job.channel_to_stream_index == {0: 0, 1: 0}

    @pytest.mark.parametrize("field", ["status", "stream_amount", "view_type"])
    def test_an_optional_field_may_be_missing(self, http: Http, client_of: ClientOf, field: str) -> None:
        answer = {key: value for key, value in JOB.items() if key != field}

        assert client_of(http(Answer(body=answer))).configure(REQUEST).job_id == "12-70788"

    @pytest.mark.parametrize(
        ("field", "value"), [("job_id", ""), ("job_id", None), ("stream_url", 5), ("stream_port", [30123])]
    )
    def test_a_wrong_field_that_the_stream_needs_is_named(
        self, http: Http, client_of: ClientOf, field: str, value: object
    ) -> None:
        with pytest.raises(ProtocolError, match=f"POST .*/configure answered with fields .*: {field}"):
            client_of(http(Answer(body=JOB | {field: value}))).configure(REQUEST)

    @pytest.mark.parametrize("field", ["job_id", "stream_url", "stream_port"])
    def test_a_missing_field_that_the_stream_needs_is_named(self, http: Http, client_of: ClientOf, field: str) -> None:
        answer = {key: value for key, value in JOB.items() if key != field}

        with pytest.raises(ProtocolError, match=f"{field}: Field required"):
            client_of(http(Answer(body=answer))).configure(REQUEST)

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("status", 3, "not 3"),
            ("stream_amount", [], r"not \[\]"),
            ("channel_amount", "11", "expected a number, not '11'"),
            ("channel_amount", True, "expected a number, not True"),
            ("channel_amount", 2447.75, "not 2447.75"),
            ("channel_to_stream_index", {"first": 0}, "not 'first'"),
            ("frequencies_amount", 1.5, "not 1.5"),
            ("frequencies_list", [0.0, "1.953125"], "expected a number, not '1.953125'"),
            ("frequencies_list", {}, r"not \{\}"),
            ("lines_dt", "0.01", "expected a number, not '0.01'"),
        ],
    )
    def test_another_wrong_field_is_told_and_replaced_by_what_was_asked_for(
        self, http: Http, client_of: ClientOf, field: str, value: object, words: str
    ) -> None:
        job = client_of(http(Answer(body=JOB | {field: value}))).configure(REQUEST)

        assert list(job.unreadable) == [field]
        assert re.search(words, job.unreadable[field])
        due = REQUEST.channels_max - REQUEST.channels_min + 1
        replaced = JOB | {"channel_amount": due, "channel_to_stream_index": dict.fromkeys(range(due), 0), "status": ""}
        told = job.model_dump()
        if field == "frequencies_list":
            assert [math.isnan(frequency) for frequency in told[field]] == [True] * JOB["frequencies_amount"]
        else:
            assert told[field] == replaced[field]

    @pytest.mark.parametrize("field", ["channel_amount", "lines_dt", "frequencies_list", "frequencies_amount"])
    def test_another_missing_field_is_told(self, http: Http, client_of: ClientOf, field: str) -> None:
        answer = {key: value for key, value in JOB.items() if key != field}

        job = client_of(http(Answer(body=answer))).configure(REQUEST)

        assert job.unreadable == {field: "it is missing"}

    def test_a_server_cannot_say_itself_what_is_unreadable(self, http: Http, client_of: ClientOf) -> None:
        assert not client_of(http(Answer(body=JOB | {"unreadable": {"job_id": "x"}}))).configure(REQUEST).unreadable

    @pytest.mark.parametrize(
        "body",
        ["", "OK", "<html>hello</html>", b"\xff\xfe\x00", "[" * 100_000, '{"lowest_channel": ' + "1" * 5000 + "}"],
    )
    def test_what_is_no_json_is_quoted(self, http: Http, client_of: ClientOf, body: str | bytes) -> None:
        with pytest.raises(ProtocolError, match=r"answered 200 with text/html instead of JSON: ") as caught:
            client_of(http(Answer(body=body, headers={"Content-Type": "text/html"}))).channels()

        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize("body", ["[]", '"text"', "5", "null"])
    def test_json_that_is_no_object_is_refused(self, http: Http, client_of: ClientOf, body: str) -> None:
        with pytest.raises(ProtocolError, match="the answer: "):
            client_of(http(Answer(body=body))).channels()

    def test_a_refusal_that_is_kept_keeps_no_connection(self, embedded: EmbeddedServer) -> None:
        port = urlsplit(embedded.rest_url).port
        with FocusServerAPI(embedded.rest_url) as api, pytest.raises(APIError) as kept:
            api.metadata("0-never-configured")
        assert kept.value.status == 404
        there = [c.raddr.port for c in psutil.Process().net_connections("inet") if c.raddr]
        assert port not in there

    @pytest.mark.parametrize("prr", ["0", "0.0", "-0"])
    def test_a_server_without_fibre_waits_for_it(self, http: Http, client_of: ClientOf, prr: str) -> None:
        answer = Answer(body=f'{{"prr": {prr}, "dx": 0, "sw_version": "waiting for fiber"}}')

        assert client_of(http(answer)).live_metadata().waits_for_fibre

    @pytest.mark.parametrize("prr", ["NaN", "Infinity", "-Infinity", "1e400", "-2000", '"2000"', "true", "null"])
    def test_a_prr_that_is_none_is_no_missing_fibre(self, http: Http, client_of: ClientOf, prr: str) -> None:
        answer = Answer(body=f'{{"prr": {prr}, "dx": 0, "sw_version": "waiting for fiber"}}')

        with pytest.raises(ProtocolError, match="answered with fields that are not the contract's: prr: "):
            client_of(http(answer)).live_metadata()

    @pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e400", '"1"'])
    @pytest.mark.parametrize("field", ["dx", "number_of_channels", "fiber_start_meters", "fiber_length_meters"])
    def test_another_number_of_the_fibre_that_is_none_is_told(
        self, http: Http, client_of: ClientOf, field: str, value: str
    ) -> None:
        fibre = client_of(http(Answer(body=f'{{"prr": 2000, "{field}": {value}}}'))).live_metadata()

        assert list(fibre.unreadable) == [field]
        assert getattr(fibre, field) is None

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"error": "all windows are in use"}, "all windows are in use"),
            ("<html>\n<h1>Bad\nGateway</h1></html>", "'<html> <h1>Bad Gateway</h1></html>'"),
            ("", "nothing"),
            ({"detail": "other"}, '\'{"detail": "other"}\''),
            ({"error": 5}, "'{\"error\": 5}'"),
            ("x" * 10_000, repr("x" * 200)),
        ],
    )
    @ANY_CALL
    def test_a_refusal_is_told_in_the_servers_words(
        self, http: Http, client_of: ClientOf, call: Callable[[FocusServerAPI], object], body: object, words: str
    ) -> None:
        with pytest.raises(APIError) as caught:
            call(client_of(http(Answer(503, body))))

        assert str(caught.value).endswith(f"was refused with 503: {words}")
        assert (caught.value.status, caught.value.details) == (503, words)

    def test_a_server_that_cannot_cancel_is_no_error(self, http: Http, client_of: ClientOf) -> None:
        assert client_of(http(Answer(404, {"error": "no such path"}))).cancel("1-1") is False

    def test_a_server_that_is_alive_may_say_so(self, http: Http, client_of: ClientOf) -> None:
        api = client_of(http(Answer(body={}), Answer(404, {"error": "no such path"}), Answer(body=[])))
        assert [api.is_alive(), api.is_alive()] == [True, False]
        with pytest.raises(ProtocolError, match="/ack answered with fields that are not the contract's"):
            api.is_alive()

    @pytest.mark.parametrize("shape", [lambda told: told, lambda told: {"recordings": told}], ids=["list", "object"])
    def test_recordings_come_in_two_shapes(self, http: Http, client_of: ClientOf, shape: Callable[[Any], Any]) -> None:
        server = http(Answer(body=shape([[1000, 1010.5], [2000, -1], [3000, 3000]])), Answer(body=shape([])))
        api = client_of(server)
        assert api.recordings(900, 4000) == [(1000, 1010.5), (2000, None), (3000, 3000)]
        assert api.recordings(0, 1) == []
        assert [sent.body for sent in server.requests] == [
            {"start_time": 900, "end_time": 4000},
            {"start_time": 0, "end_time": 1},
        ]

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ([[1010, 1000]], "a recording from 1010 to 1000 ends before it begins"),
            ([[-1, -2]], "ends before it begins"),
            ([[1000]], "recordings.0.1: Field required"),
            ([[1000, 1001, 1002]], "recordings.0: NamedTuple should have at most 2"),
            ([["1000", 1010]], "recordings.0.0: Value error, expected a number, not '1000'"),
            ([[1000, True]], "recordings.0.1: Value error, expected a number, not True"),
            ([[float("nan"), 1010]], "recordings.0.0: Input should be a finite number"),
            ([1000, 1010], "recordings.0"),
            ({"recordings": {}}, "recordings: Input should be a valid list"),
            ({}, "recordings: Field required"),
            (5, "the answer: Input should be a valid dictionary"),
        ],
    )
    def test_recordings_that_cannot_be_are_told(
        self, http: Http, client_of: ClientOf, told: object, words: str
    ) -> None:
        with pytest.raises(ProtocolError) as caught:
            client_of(http(Answer(body=told))).recordings(0, 5000)
        assert words in str(caught.value)

    def test_any_other_answer_to_cancelling_is_one(self, http: Http, client_of: ClientOf) -> None:
        with pytest.raises(APIError, match="was refused with 500"):
            client_of(http(Answer(500))).cancel("1-1")


class TestRetries:
    @pytest.mark.parametrize("status", [502, 504])
    def test_a_gateways_failure_is_asked_again(self, http: Http, client_of: ClientOf, status: int) -> None:
        server = http(Answer(status), Answer(status), Answer(body=CHANNELS))

        assert client_of(server).channels().highest_channel == 2222
        assert len(server.requests) == 3

    def test_a_gateways_failure_that_stays_is_told(self, http: Http, client_of: ClientOf) -> None:
        with pytest.raises(APIError, match="refused with 502: 'Bad gateway'"):
            client_of(http(Answer(502, "Bad gateway"))).channels()

    @pytest.mark.parametrize(
        "answer",
        [Answer(502), Answer(503), Answer(504), Answer(301, headers={"Location": "/configure"}), Answer(resets=True)],
        ids=["502", "503", "504", "redirect", "reset"],
    )
    def test_a_configuration_is_never_sent_twice(self, http: Http, client_of: ClientOf, answer: Answer) -> None:
        server = http(answer, Answer(body=JOB))

        with pytest.raises((APIError, ConnectionError)):
            client_of(server).configure(REQUEST)

        assert len(server.requests) == 1

    def test_a_redirected_configuration_says_where_to(self, http: Http, client_of: ClientOf) -> None:
        with pytest.raises(APIError, match=r"was redirected to 'https://focus\.example/configure'"):
            client_of(http(Answer(308, headers={"Location": "https://focus.example/configure"}))).configure(REQUEST)

    @pytest.mark.parametrize("before", [(100,), (102,), (103,), (100, 102, 103, 103, 199)])
    def test_what_is_said_before_an_answer_is_not_taken_for_it(
        self, http: Http, client_of: ClientOf, before: tuple[int, ...]
    ) -> None:
        server = http(Answer(body=CHANNELS, before=before), Answer(404, {"error": "no such job"}, before=before))
        api = client_of(server)

        assert api.channels().lowest_channel == 1
        with pytest.raises(APIError, match="no such job"):
            api.metadata("1-1")
        assert server.connections == 1

    def test_another_protocol_that_nobody_asked_for_is_no_answer(self, http: Http, client_of: ClientOf) -> None:
        with pytest.raises(ProtocolError, match="answered 101 with"):
            client_of(http(Answer(101))).channels()

    def test_a_server_that_only_ever_begins_to_answer_is_left(self, http: Http) -> None:
        server = http(Answer(before=(102,), stalls=True, body=b"{}"))
        with pytest.raises(APITimeoutError), FocusServerAPI(server.url, timeout=0.5) as api:
            api.channels()

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(404, {"error": "no"}), "GET {url}/there was refused with 404: no"),
            (Answer(body=b"<html>"), "GET {url}/there answered 200 with application/json instead of JSON"),
            (Answer(body={"lowest_channel": "x"}), "GET {url}/there answered with fields that are not the contract's"),
            (Answer(resets=True), "the connection broke before GET {url}/there was answered"),
            (Answer(silent=True), "GET {url}/there was not answered within 1 s"),
            (Answer(body=b"x" * 2**16, endless=True), "GET {url}/there answered with more than 16 MiB"),
            (Answer(body=b"x" * 99, stalls=True), "GET {url}/there was not answered within 1 s: only"),
        ],
        ids=["refused", "no JSON", "other fields", "reset", "silent", "endless", "stalls"],
    )
    def test_after_a_redirect_an_error_names_the_address_that_failed(
        self, http: Http, answer: Answer, words: str
    ) -> None:
        there = http(answer)
        here = http(Answer(302, headers={"Location": there.url.replace("://", "://user:secret@") + "/there"}))

        with pytest.raises(RemoteError) as caught, FocusServerAPI(here.url, timeout=1, retries=0) as api:
            api.channels()

        assert words.format(url=there.url) in str(caught.value).replace("***@", "")
        assert "secret" not in str(caught.value) + caught.value.target

    def test_after_a_redirect_to_nobody_that_address_is_named(self, http: Http, closed_port: int) -> None:
        here = http(Answer(307, headers={"Location": f"http://127.0.0.1:{closed_port}/there"}))

        with pytest.raises(ConnectionError, match=f"nothing answers at http://127.0.0.1:{closed_port}/there: "):
            FocusServerAPI(here.url, retries=0).channels()

    def test_a_server_cannot_make_the_client_sleep(self, http: Http, client_of: ClientOf) -> None:
        server = http(Answer(503, {"error": "waiting for fiber"}, {"Retry-After": "3600"}))

        with pytest.raises(APIError, match="waiting for fiber"):
            client_of(server).channels()

        assert len(server.requests) == 1


class TestNoAnswer:
    @ANY_CALL
    def test_a_closed_port_is_told_quickly(
        self, client_of: ClientOf, closed_port: int, call: Callable[[FocusServerAPI], object]
    ) -> None:
        began = time.monotonic()

        with pytest.raises(ConnectionError, match=rf"nothing answers at http://127.0.0.1:{closed_port}/.*refused"):
            call(client_of(f"http://127.0.0.1:{closed_port}"))

        assert time.monotonic() - began < PATIENCE

    @ANY_CALL
    def test_silence_is_a_timeout_and_waited_for_once(
        self, http: Http, client_of: ClientOf, call: Callable[[FocusServerAPI], object]
    ) -> None:
        server = http(Answer(silent=True))

        with pytest.raises(APITimeoutError, match=r"was not answered within 0\.2 s"):
            call(client_of(server, timeout=0.2))

        assert len(server.requests) == 1

    def test_half_an_answer_is_a_timeout(self, http: Http, client_of: ClientOf) -> None:
        with pytest.raises(APITimeoutError, match=r"was not answered within 0\.2 s"):
            client_of(http(Answer(body=CHANNELS, stalls=True)), timeout=0.2).channels()

    def test_a_port_that_lets_nobody_in_is_a_timeout(self, client_of: ClientOf, crowded_port: int) -> None:
        with pytest.raises(APITimeoutError, match=r"was not answered within 0\.2 s"):
            client_of(f"http://127.0.0.1:{crowded_port}", timeout=0.2).channels()

    @ANY_CALL
    def test_a_connection_that_breaks_is_told(
        self, http: Http, client_of: ClientOf, call: Callable[[FocusServerAPI], object]
    ) -> None:
        with pytest.raises(ConnectionError, match=r"the connection broke before .* was answered: "):
            call(client_of(http(Answer(resets=True))))

    @pytest.mark.parametrize("closing", [Answer(closes=True), Answer(resets=True)], ids=["in good order", "by a reset"])
    def test_a_kept_connection_that_is_closed_meanwhile_is_opened_again(
        self, http: Http, client_of: ClientOf, closing: Answer
    ) -> None:
        server = http(closing, Answer(body={}))
        assert client_of(server).cancel("1-1")
        assert [request.method for request in server.requests] == ["DELETE", "DELETE"]

    @pytest.mark.parametrize("closing", [Answer(closes=True), Answer(resets=True)], ids=["in good order", "by a reset"])
    def test_a_configuration_is_not_asked_for_twice(self, http: Http, client_of: ClientOf, closing: Answer) -> None:
        server = http(closing, Answer(body=JOB))
        with pytest.raises(ConnectionError, match="the connection broke"):
            client_of(server).configure(JobRequest(channels_min=0, channels_max=1))
        assert len(server.requests) == 1

    @pytest.mark.parametrize("url", ["http://a..b", "http://127.0.0.1:99999", "nonsense"])
    def test_an_address_that_is_none_is_told(self, client_of: ClientOf, url: str) -> None:
        with pytest.raises(ProtocolError, match="could not be carried out"):
            client_of(url).channels()


class TestServerUnderTest:
    @pytest.fixture
    def under_test(self, cleanup: ExitStack) -> Callable[[str], ServerUnderTest]:
        def check(url: str) -> ServerUnderTest:
            server = ServerUnderTest(Settings(focus_server_url=url))
            cleanup.callback(server.close)
            return server

        return check

    def test_a_server_that_answers_is_ready(self, http: Http, under_test: Callable[[str], ServerUnderTest]) -> None:
        server = under_test(http(Answer(body=METADATA), Answer(body=CHANNELS)).url)

        assert (server.metadata.prr, server.channels.lowest_channel) == (2000, 1)
        assert server.embedded is None

    def test_its_name_hides_the_password(self, http: Http, under_test: Callable[[str], ServerUnderTest]) -> None:
        url = http(Answer(body=METADATA), Answer(body=CHANNELS)).url

        assert (
            under_test(url.replace("://", "://user:secret@")).name == f"Focus Server at {url.replace('://', '://***@')}"
        )

    def test_a_server_that_is_starting_is_told_from_another(
        self, http: Http, under_test: Callable[[str], ServerUnderTest]
    ) -> None:
        starting = http(Answer(503, {"error": "no fibre yet"}), Answer(body={}))
        with pytest.raises(
            NotReadyError, match=r"no fibre yet; it is alive \(/ack says so\): it may still be starting$"
        ):
            under_test(starting.url)
        assert [sent.path for sent in starting.requests] == ["/live_metadata", "/ack"]
        with pytest.raises(NotReadyError, match=r"refused with 404: no such path$"):
            under_test(http(*[Answer(404, {"error": "no such path"})] * 2).url)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(body={"prr": 0, "sw_version": "waiting for fiber"}), "is not ready: it says 'waiting for fiber'"),
            (Answer(body={"prr": 0}), "is not ready: it says 'PRR 0'"),
            (Answer(body='{"prr": NaN}'), "cannot be tested: .* prr: Input should be a finite number"),
            (Answer(500, {"error": "no database"}), "cannot be tested: .* refused with 500: no database"),
            (Answer(body="<html>"), "cannot be tested: .* instead of JSON"),
            (Answer(resets=True), "cannot be tested: the connection broke"),
        ],
    )
    def test_a_server_that_is_not_ready_says_why(
        self, http: Http, under_test: Callable[[str], ServerUnderTest], answer: Answer, words: str
    ) -> None:
        with pytest.raises(NotReadyError, match=words) as caught:
            under_test(http(answer).url.replace("://", "://user:secret@"))

        assert "secret" not in str(caught.value)


@pytest.fixture
def crowded_port() -> Iterator[int]:
    """A port whose queue of connections is full: further ones get no answer at all."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]

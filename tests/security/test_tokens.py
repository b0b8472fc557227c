"""Tokens and passwords: shown where they are wanted, never where others can read them, and in no sentence."""

from __future__ import annotations

import logging
from pathlib import Path

import grpc
import pytest
from pydantic import SecretStr

from support.errors import APIError, ConnectionError, SecurityError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security, Trust
from support.stream.channel import open_channel
from tests.conftest import Http, Serve
from tests.grpc_server import Abort, Step, frame
from tests.http_server import Answer, HttpServer
from tests.patience import PATIENCE
from tests.security.conftest import ServerWith
from tests.security.servers import Told, configure

TOKEN = "s3cret-t0ken"
CHANNELS = {"lowest_channel": 1, "highest_channel": 2222}


@pytest.fixture(scope="session")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(TOKEN)
    return file


@pytest.fixture(params=["off", "ca"])
def told(request: pytest.FixtureRequest, server_with: ServerWith, token_file: Path) -> Told:
    """A server that wants the token, in plain text on this machine and over TLS."""
    return server_with("--tls", request.param, "--require-token", str(token_file))


def security(told: Told, token: str | None) -> Security:
    secret = None if token is None else SecretStr(token)
    if "ca_file" not in told:
        return Security(token=secret)
    return Security(Trust.CA, ca_file=Path(told["ca_file"]), token=secret)


def test_the_token_lets_both_clients_in(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    shown = security(told, TOKEN)
    client = GrpcStreamClient(connection_timeout=PATIENCE, security=shown)

    with caplog.at_level(logging.DEBUG), FocusServerAPI(told["rest_url"], security=shown) as api:
        assert api.channels().highest_channel > 0
        job = configure(told, f"Bearer {TOKEN}")
        with client.connect_context(job["stream_url"], job["stream_port"]):
            assert len(list(client.stream_spectrograms(job["job_id"], max_frames=1))) == 1

    assert TOKEN not in f"{shown!r}{caplog.text}"


@pytest.mark.parametrize("token", [None, "other"])
def test_without_it_both_are_refused_once_and_told_what_to_do(told: Told, token: str | None) -> None:
    shown = security(told, token)
    job = configure(told, f"Bearer {TOKEN}")

    with FocusServerAPI(told["rest_url"], security=shown) as api, pytest.raises(APIError) as rest:
        api.channels()
    with pytest.raises(ConnectionError) as stream:
        GrpcStreamClient(connection_timeout=PATIENCE, security=shown).connect("127.0.0.1", job["stream_port"])

    assert (rest.value.status, stream.value.status) == (401, grpc.StatusCode.UNAUTHENTICATED)
    for refusal in (rest, stream):
        assert "this server wants its token" in str(refusal.value)
        assert str(refusal.value).endswith("set the token that this server wants as FOCUS_TOKEN")


@pytest.mark.parametrize("before", [[], [frame()]], ids=["at once", "in mid-stream"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_refused_stream_is_not_asked_for_again_and_names_the_token(
    serve: Serve, client: GrpcStreamClient, before: list[Step], resume: bool
) -> None:
    server = serve([*before, Abort(grpc.StatusCode.UNAUTHENTICATED, "the token is over")])
    client.connect("127.0.0.1", server.port)

    with pytest.raises(APIError) as caught:
        list(client.stream_spectrograms("1-1", resume=resume))

    assert caught.value.status is grpc.StatusCode.UNAUTHENTICATED
    assert "UNAUTHENTICATED: the token is over" in str(caught.value)
    assert str(caught.value).endswith("set the token that this server wants as FOCUS_TOKEN")
    assert (len(server.calls), client.get_metrics().attempts) == (1, 1)


def test_a_user_and_a_password_let_rest_in(told: Told) -> None:
    url = told["rest_url"].replace("://", f"://anybody:{TOKEN}@")

    with FocusServerAPI(url, security=security(told, None)) as api:
        assert api.channels().highest_channel > 0


def test_a_refusal_is_never_repeated(http: Http) -> None:
    server = http(Answer(401, {"error": "no"}))

    with FocusServerAPI(server.url, security=Security(token=SecretStr(TOKEN))) as api, pytest.raises(APIError):
        api.channels()

    assert len(server.requests) == 1
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


class TestNobodyElse:
    """Nothing but the token, or the user in the address, is ever sent; and to that address alone."""

    @pytest.fixture(params=["NETRC", ".netrc", "_netrc"])
    def netrc(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NETRC", raising=False)
        for home in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(home, str(tmp_path))
        file = tmp_path / request.param
        file.write_text("machine focus.example login one password netrc\ndefault login any password netrc\n")
        file.chmod(0o600)
        if request.param == "NETRC":
            monkeypatch.setenv("NETRC", str(file))

    @pytest.fixture
    def other_machine(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> HttpServer:
        """Whatever is asked of another machine comes here."""
        server = http(
            Answer(302, headers={"Location": "http://elsewhere.example/channels"}),
            Answer(302, headers={"Location": "http://focus.example/channels"}),
            Answer(body=CHANNELS),
        )
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", server.url)
        return server

    @pytest.mark.usefixtures("netrc")
    def test_a_netrc_is_not_asked(self, other_machine: HttpServer) -> None:
        with FocusServerAPI("http://focus.example", security=Security()) as api:
            api.channels()

        assert len(other_machine.requests) == 3
        assert not any("Authorization" in request.headers for request in other_machine.requests)

    @pytest.mark.parametrize("user", ["", f"user:{TOKEN}@"])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_another_host_or_port_gets_neither_secrets_nor_cookies(self, http: Http, user: str, host: str) -> None:
        other = http(Answer(body=CHANNELS))
        away = {"Location": f"http://{host}:{other.port}/channels", "Set-Cookie": "secret=1"}
        server = http(Answer(302, headers=away), Answer(body=CHANNELS))
        shown = Security(token=None if user else SecretStr(TOKEN))

        with FocusServerAPI(server.url.replace("://", f"://{user}"), security=shown) as api:
            api.channels()
            api.channels()

        assert not {"Authorization", "Cookie"} & other.requests[0].headers.keys()
        assert [("Authorization" in one.headers, "Cookie" in one.headers) for one in server.requests] == [
            (True, False),
            (True, True),
        ]


class TestPlainText:
    """A host that is not this machine: nothing is sent, so nothing needs to be there."""

    OTHER = "focus.invalid"

    @pytest.mark.parametrize("user", ["", f"user:{TOKEN}@"])
    def test_rest_sends_no_secret_to_another_machine(self, user: str) -> None:
        shown = Security(token=None if user else SecretStr(TOKEN))

        with (
            FocusServerAPI(f"http://{user}{self.OTHER}:5000", security=shown) as api,
            pytest.raises(SecurityError, match=r"would go to focus\.invalid:5000 in plain text: set tls") as caught,
        ):
            api.channels()

        assert TOKEN not in str(caught.value)

    def test_grpc_sends_no_secret_to_another_machine(self) -> None:
        client = GrpcStreamClient(security=Security(token=SecretStr(TOKEN)))

        with pytest.raises(SecurityError, match=r"the token would go to focus\.invalid:30123 in plain text"):
            client.connect(self.OTHER, 30123)

    def test_both_do_where_they_are_told_to(self) -> None:
        shown = Security(token=SecretStr(TOKEN), plain_text_secrets=True)

        open_channel(f"{self.OTHER}:30123", 1024, shown).close()
        with (
            FocusServerAPI(f"http://{self.OTHER}:5000", timeout=5, retries=0, security=shown) as api,
            pytest.raises(ConnectionError) as caught,
        ):
            api.channels()

        assert not isinstance(caught.value, SecurityError)

    def test_a_redirect_takes_no_secret_to_another_machine(self, http: Http) -> None:
        server = http(Answer(302, headers={"Location": f"http://{self.OTHER}:5000/channels"}))

        with (
            FocusServerAPI(server.url, timeout=5, retries=0, security=Security(token=SecretStr(TOKEN))) as api,
            pytest.raises(ConnectionError) as caught,
        ):
            api.channels()

        assert TOKEN not in str(caught.value)

"""REST and gRPC go the same way, this machine is never reached through a proxy, and a proxy's failure is its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from support.address import is_loopback
from support.errors import ConnectionError, ProxyError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.network.proxy import proxy_to
from support.server.under_test import ServerUnderTest
from support.settings_sources import load
from tests.conftest import Http, Serve
from tests.grpc_server import frame
from tests.http_server import Answer
from tests.network.proxy_server import ProxyServer

CHANNELS = {"lowest_channel": 1, "highest_channel": 10}
HOST = "focus.example"
"""A name that only the proxy knows."""

P = "http://proxy:3128"


@pytest.fixture(autouse=True)
def no_proxy_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environ", "rest", "tls", "grpc"),
    [
        ({}, "", "", ""),
        ({"http_proxy": P}, "http_proxy", "", "http_proxy"),
        ({"HTTP_PROXY": P}, "HTTP_PROXY", "", "HTTP_PROXY"),
        ({"https_proxy": P}, "", "https_proxy", ""),
        ({"all_proxy": P}, "all_proxy", "all_proxy", "all_proxy"),
        ({"ALL_PROXY": "proxy:3128"}, "ALL_PROXY", "ALL_PROXY", "ALL_PROXY"),
        ({"grpc_proxy": P}, "", "", "grpc_proxy"),
        ({"http_proxy": P, "HTTP_PROXY": "http://other"}, "http_proxy", "", "http_proxy"),
        ({"http_proxy": "", "HTTP_PROXY": P}, "", "", ""),
        ({"http_proxy": P, "all_proxy": "http://other", "https_proxy": P}, "http_proxy", "https_proxy", "http_proxy"),
    ],
)
def test_the_variable_that_counts(environ: dict[str, str], rest: str, tls: str, grpc: str) -> None:
    ways = [
        proxy_to(HOST, 5000, encrypted=encrypted, grpc=grpc, environ=environ)
        for encrypted, grpc in ((False, False), (True, False), (False, True))
    ]

    assert [way.variable if way else "" for way in ways] == [rest, tls, grpc]
    assert {way.address for way in ways if way} <= {("proxy", 3128)}


@pytest.mark.parametrize(
    ("host", "listed", "is_direct"),
    [
        (HOST, "*", True),
        (HOST, "focus.example", True),
        (HOST, "FOCUS.EXAMPLE.", True),
        (HOST, "other, .example", True),
        (HOST, "other *.example", True),
        (HOST, "example", True),
        (HOST, "ample", False),
        (HOST, "focus.example:5000", True),
        (HOST, "focus.example:5001", False),
        (HOST, "10.0.0.0/8", False),
        (HOST, "", False),
        ("focus.example.org", "focus.example", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:5000", True),
        ("10.1.2.3", "10.1.2.3:1", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "11.0.0.0/8,2.3", False),
        ("10.1.2.3", "10.66051", True),
        ("fd00::2", "[fd00::2]", True),
        ("fd00::2", "[fd00:0::2]:5000", True),
        ("fd00::2", "[fd00::2]:5001", False),
        ("fd00::2", "fd00::/16", True),
        ("fd00::2", "fd00::2", True),
    ],
)
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_what_is_listed_is_reached_without(host: str, listed: str, is_direct: bool, variable: str) -> None:
    for grpc in (False, True):
        assert (
            proxy_to(host, 5000, encrypted=False, grpc=grpc, environ={"all_proxy": P, variable: listed}) is None
        ) is (is_direct)


LOOPBACK = [
    "localhost",
    "LocalHost.",
    "a.localhost",
    "127.0.0.1",
    "127.1",
    "127.0.0.53",
    "0.0.0.0",
    "0x7f.1",
    "017700000001",
]
LOOPBACK += ["2130706433", "::1", "[::1]", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1", "::", "[::1%lo]"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_is_never_reached_through_a_proxy(host: str) -> None:
    assert is_loopback(host)
    assert proxy_to(host, 5000, encrypted=True, environ={"all_proxy": P}) is None


@pytest.mark.parametrize(
    "host", ["localhost.example", "128.1", "10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1.example", "dead.beef"]
)
def test_what_only_looks_like_it_is_another(host: str) -> None:
    assert proxy_to(host, 5000, encrypted=True, environ={"all_proxy": P}) is not None


@pytest.mark.parametrize("host", ["127.1", "0.0.0.0", "0x7f.1", "localhost", "[::ffff:127.0.0.1]"])
def test_both_clients_reach_this_machine_however_it_is_spelled(
    http: Http, serve: Serve, client: GrpcStreamClient, monkeypatch: pytest.MonkeyPatch, closed_port: int, host: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    with FocusServerAPI(f"http://{host}:{http(Answer(body=CHANNELS)).port}") as api:
        assert api.channels().lowest_channel == 1
    assert client.connect(host, serve().port)


def test_both_clients_go_through_the_proxy_with_its_password(
    http: Http, serve: Serve, client: GrpcStreamClient, monkeypatch: pytest.MonkeyPatch, cleanup: ExitStack
) -> None:
    proxy = cleanup.enter_context(ProxyServer())
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://me:p%40ss@"))
    monkeypatch.setenv("no_proxy", "ample")  # gRPC itself would take that for the end of a name

    with FocusServerAPI(f"http://{HOST}:{http(Answer(body=CHANNELS)).port}") as api:
        assert api.channels().lowest_channel == 1
    client.connect(HOST, serve([frame()]).port)
    assert len(list(client.stream_spectrograms("1-1"))) == 1

    assert [asked.split(" ")[0] for asked in proxy.asked] == ["GET", "CONNECT"]
    assert all("Basic bWU6cEBzcw==" in asked for asked in proxy.asked)


REFUSALS = {
    "403": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403"),
    "407": (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "407"),
    "nonsense": (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0-OpenSSH"),
}


def rest(port: int) -> None:
    with FocusServerAPI(f"http://{HOST}:{port}", retries=0) as api:
        api.channels()


def grpc(port: int) -> None:
    GrpcStreamClient(connection_timeout=1.5).connect(HOST, port)


@pytest.mark.parametrize(("kind", "ask"), list(itertools.product(REFUSALS, (rest, grpc))))
def test_a_proxy_that_refuses_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, cleanup: ExitStack, kind: str, ask: Callable[[int], None]
) -> None:
    says, words = REFUSALS[kind]
    proxy = cleanup.enter_context(ProxyServer(says))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://me:secret@"))

    with pytest.raises(
        ProxyError, match=rf"the proxy http://\*\*\*@127.0.0.1:{proxy.port} \(from HTTP_PROXY\)"
    ) as caught:
        ask(30123)

    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("ask", [rest, grpc])
def test_a_dead_proxy_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, closed_port: int, ask: Callable[[int], None]
) -> None:
    monkeypatch.setenv("all_proxy", f"127.0.0.1:{closed_port}")

    with pytest.raises(ProxyError, match=r"\(from all_proxy\) .*Connection refused: correct that variable"):
        ask(30123)


@pytest.mark.parametrize("ask", [rest, grpc])
@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "nonsense://x", "http://", "http://x:port"])
def test_a_proxy_of_another_kind_is_named(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[int], None], url: str
) -> None:
    monkeypatch.setenv("all_proxy", url)

    with pytest.raises(ProxyError, match=r"\(from all_proxy\) is none that leads there"):
        ask(30123)


def test_a_job_that_the_proxy_does_not_reach_is_the_servers(
    monkeypatch: pytest.MonkeyPatch, cleanup: ExitStack
) -> None:
    proxy = cleanup.enter_context(ProxyServer(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.setenv("http_proxy", proxy.url)

    with pytest.raises(ConnectionError, match=r"answered gRPC within .*through the proxy .* \(from http_proxy\)"):
        grpc(30123)


def test_the_way_is_told(http: Http, monkeypatch: pytest.MonkeyPatch, cleanup: ExitStack) -> None:
    proxy = cleanup.enter_context(ProxyServer())
    monkeypatch.setenv("all_proxy", proxy.url.replace("://", "://me:secret@"))
    fibre = http(Answer(body={"prr": 2000, "dx": 1}), Answer(body=CHANNELS))

    server = ServerUnderTest(load({"focus_server_url": f"http://{HOST}:{fibre.port}"}, {}))
    cleanup.callback(server.close)

    told = f"through the proxy http://***@127.0.0.1:{proxy.port} (from all_proxy)"
    assert server.ways == {"way": told, "way to jobs there": told}

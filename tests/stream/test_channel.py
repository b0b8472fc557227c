import threading

import grpc
import pytest

from support.address import is_loopback, target_of
from support.stream.channel import open_channel, watch
from tests.grpc_server import GrpcServer
from tests.patience import PATIENCE


@pytest.mark.parametrize(
    ("url", "port", "target"),
    [
        ("focus.example", 30123, "focus.example:30123"),
        ("focus.example", "30123", "focus.example:30123"),
        ("focus.example", " 30123 ", "focus.example:30123"),
        ("http://focus.example", 30123, "focus.example:30123"),
        ("https://focus.example/", 30123, "focus.example:30123"),
        ("HTTPS://focus.example//", 30123, "focus.example:30123"),
        ("grpc://focus.example/focus-server/", 30123, "focus.example:30123"),
        ("//focus.example/", 30123, "focus.example:30123"),
        ("http://focus.example:5000/", 30123, "focus.example:30123"),
        (" 10.0.0.1 ", 1, "10.0.0.1:1"),
        ("::1", 65535, "[::1]:65535"),
        ("[::1]", 30123, "[::1]:30123"),
        ("http://[::1]:5000/", 30123, "[::1]:30123"),
    ],
)
def test_an_address_is_cleaned_up(url: str, port: int | str, target: str) -> None:
    assert target_of(url, port) == target


@pytest.mark.parametrize(
    "port", [0, -1, 65536, "", "abc", "1e4", "3_0", "30123.0", "٣٠", True, None, 30123.7, "9" * 5000]
)
def test_nonsense_is_no_port(port: int | str) -> None:
    with pytest.raises(ValueError, match=r"stream_port .* is not a port: a number from 1 to 65535 is"):
        target_of("focus.example", port)


@pytest.mark.parametrize("url", ["", " ", "http://", "/", "two words", "tab\there", "nul\0host"])
def test_nonsense_is_no_host(url: str) -> None:
    with pytest.raises(ValueError, match=r"stream_url .* names no host"):
        target_of(url, 30123)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("focus.example", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_channel_that_is_closed_while_its_state_is_told_ends_the_watch_without_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", errors.append)
    told: list[grpc.ChannelConnectivity] = []
    watchers: list[threading.Thread] = []
    ready, closed = threading.Event(), threading.Event()

    def tell(state: grpc.ChannelConnectivity) -> None:
        told.append(state)
        watchers[:] = [threading.current_thread()]
        if state is grpc.ChannelConnectivity.READY:
            ready.set()
            closed.wait(PATIENCE)

    with GrpcServer() as server:
        channel = open_channel(server.target, 1024)
        watch(channel, tell)
        assert ready.wait(PATIENCE), told
        channel.close()
        closed.set()
    watchers[0].join(PATIENCE)
    assert not watchers[0].is_alive()
    assert not errors
    assert told[-1] is grpc.ChannelConnectivity.READY

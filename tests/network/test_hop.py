"""The hop between two real sockets: what it carries, what it does to it, and what it leaves behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from support.machine import threads
from support.machine.threads import named
from support.network.hop import HOST, Hop
from tests.patience import PATIENCE, eventually


class Echo:
    """A server that sends back what it gets, and notes how each connection ended."""

    def __init__(self) -> None:
        self.endings: list[str] = []
        self._listener = socket.create_server((HOST, 0))
        self.address: tuple[str, int] = (HOST, self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept)
        self._answering: list[threading.Thread] = []
        self._accepting.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._accepting, *self._answering):
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._answering.append(threading.Thread(target=self._answer, args=(connection,)))
            self._answering[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
                self.endings.append("closed")
            except ConnectionResetError:
                self.endings.append("reset")


@pytest.fixture
def echo(cleanup: ExitStack) -> Echo:
    server = Echo()
    cleanup.callback(server.close)
    return server


@pytest.fixture
def hop(echo: Echo) -> Iterator[Hop]:
    with Hop(echo.address) as between:
        yield between


@pytest.fixture
def connection(hop: Hop) -> Iterator[socket.socket]:
    with dial(hop) as client:
        assert asked(client, b"is anybody there?") == b"is anybody there?"
        yield client


def dial(hop: Hop) -> socket.socket:
    return socket.create_connection((hop.host, hop.port), timeout=PATIENCE)


def asked(client: socket.socket, words: bytes) -> bytes:
    client.sendall(words)
    return heard(client, len(words))


def heard(client: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        data = client.recv(count - len(received))
        if not data:
            break
        received += data
    return received


def test_everything_arrives_as_it_was_sent(connection: socket.socket) -> None:
    sent = bytes(range(256)) * 16_384
    sending = threading.Thread(target=connection.sendall, args=(sent,))
    sending.start()

    assert heard(connection, len(sent)) == sent
    sending.join(PATIENCE)


def test_an_end_is_handed_on_after_what_was_sent_before(connection: socket.socket, echo: Echo) -> None:
    connection.sendall(b"goodbye")
    connection.shutdown(socket.SHUT_WR)

    assert heard(connection, 1000) == b"goodbye"
    eventually(lambda: echo.endings == ["closed"], "the server hears of the end")


def test_a_slow_network_delays_each_way(hop: Hop, connection: socket.socket) -> None:
    hop.delay(0.2)

    began = time.monotonic()
    assert asked(connection, b"hello") == b"hello"

    assert 0.4 <= time.monotonic() - began < PATIENCE


def test_a_delay_does_not_narrow_the_network(hop: Hop, connection: socket.socket) -> None:
    hop.delay(0.2)

    began = time.monotonic()
    for _ in range(50):
        connection.sendall(b"x")
        time.sleep(0.01)  # so that they are fifty pieces
    heard(connection, 50)

    assert time.monotonic() - began < 50 * 2 * 0.2 / 2, "half of what they would take one by one"


def test_a_narrow_network_carries_no_more_than_it_can(hop: Hop, connection: socket.socket) -> None:
    hop.throttle(100_000)

    began = time.monotonic()
    asked(connection, b"x" * 50_000)

    assert 0.4 < time.monotonic() - began < PATIENCE


def test_a_frozen_network_keeps_silent_and_loses_nothing(hop: Hop, connection: socket.socket) -> None:
    hop.freeze()
    connection.sendall(b"hello")
    connection.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    with dial(hop):
        pass

    hop.clear()

    connection.settimeout(PATIENCE)
    assert heard(connection, 5) == b"hello"


@pytest.mark.parametrize("frozen", [False, True])
def test_a_cut_connection_ends_and_a_new_one_is_welcome(
    hop: Hop, connection: socket.socket, echo: Echo, frozen: bool
) -> None:
    if frozen:
        hop.freeze()
    hop.cut()

    assert heard(connection, 1) == b""
    eventually(lambda: echo.endings == ["closed"], "the server hears of the end")
    hop.clear()
    with dial(hop) as again:
        assert asked(again, b"hello") == b"hello"


def test_a_reset_connection_says_so_on_both_sides(hop: Hop, connection: socket.socket, echo: Echo) -> None:
    hop.reset()

    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    eventually(lambda: echo.endings == ["reset"], "the server hears of the reset")


def test_refusing_leaves_the_connections_that_stand(hop: Hop, connection: socket.socket) -> None:
    hop.refuse()

    with pytest.raises(ConnectionRefusedError):
        dial(hop)
    assert asked(connection, b"hello") == b"hello"


def test_a_dropped_network_comes_back_by_itself(hop: Hop, connection: socket.socket) -> None:
    hop.drop(1.0)

    assert heard(connection, 1) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(hop)
    eventually(lambda: answers(hop), "it is back")


def test_a_second_drop_lasts_as_long_as_it_says(hop: Hop) -> None:
    hop.drop(0.1)
    hop.drop()
    time.sleep(0.3)  # past the end of the first

    assert not answers(hop)
    hop.clear()
    assert answers(hop)


def answers(hop: Hop) -> bool:
    try:
        with dial(hop) as client:
            return asked(client, b"hello") == b"hello"
    except OSError:
        return False


def test_a_server_that_is_not_there_is_not_there_through_the_hop(closed_port: int) -> None:
    with Hop((HOST, closed_port)) as hop, pytest.raises(ConnectionResetError), dial(hop) as client:
        client.recv(1)


@pytest.mark.parametrize("trouble", [Hop.clear, Hop.freeze, Hop.drop, Hop.cut, Hop.refuse])
def test_nothing_is_left_of_it(echo: Echo, trouble: object) -> None:
    before = open_sockets()
    with Hop(echo.address) as hop, dial(hop) as client:
        asked(client, b"hello")
        trouble(hop)  # type: ignore[operator]
    hop.close()

    eventually(lambda: open_sockets() == before, "every socket is closed")
    assert named("network-hop") not in threads.running()


def open_sockets() -> int:
    return len(psutil.Process().net_connections("tcp"))


def test_it_counts_its_connections(hop: Hop, connection: socket.socket) -> None:
    with dial(hop) as another:
        asked(another, b"hello")
        assert hop.connections == 2
    eventually(lambda: hop.connections == 1, "the other one has left")
    connection.close()

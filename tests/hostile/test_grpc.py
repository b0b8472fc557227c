"""Servers that speak HTTP/2 badly, or not at all: each ends in an error of its own, in time and in bounded memory."""

from __future__ import annotations

import itertools
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import grpc
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import APIError, APITimeoutError, ConnectionError, RemoteError
from support.grpc_stream_client import GrpcStreamClient
from support.network.hop import Hop
from tests.conftest import Serve
from tests.grpc_server import frame, silence
from tests.hostile.raw_server import ANSWERING, END_STREAM, SETTINGS, Kind, RawServer, fields, headers, http2, message
from tests.patience import PATIENCE

Streamed = Callable[[int], Iterable[bytes]]

SOON = 0.5
"""Seconds: for a deadline that is to be waited for."""

LARGEST_MESSAGE = 16 * 2**20
FRAME = frame().SerializeToString()
HALF = FRAME[: len(FRAME) // 2]


def new_client(*, connection_timeout: float = PATIENCE, idle_timeout: float = PATIENCE) -> GrpcStreamClient:
    return GrpcStreamClient(
        connection_timeout=connection_timeout,
        idle_timeout=idle_timeout,
        stream_timeout=2 * PATIENCE,
        retry_attempts=2,
        retry_delay=0,
        max_message_bytes=LARGEST_MESSAGE,
    )


def received(client: GrpcStreamClient, port: int) -> int:
    """Frames of a whole stream."""
    with client.connect_context("127.0.0.1", port):
        return len(list(client.stream_spectrograms("1-1")))


@contextmanager
def in_time() -> Iterator[None]:
    """Before any deadline that is not to be waited for, and not long after one that is."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PATIENCE


@contextmanager
def memory_is_bounded(limit: int) -> Iterator[None]:
    """This process does not grow by more than ``limit`` bytes, not even for a moment."""
    process, over = psutil.Process(), threading.Event()
    before = highest = process.memory_info().rss

    def watch() -> None:
        nonlocal highest
        while not over.wait(0.002):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=watch, name="memory-watch")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert highest - before < limit


class TestGreeting:
    """What answers the very first bytes: the client is never connected."""

    @pytest.mark.parametrize("closes", [False, True], ids=["stays", "closes"])
    @pytest.mark.parametrize(
        "greeting",
        [
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>", id="a web page"),
            pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="a refusal"),
            pytest.param(bytes(range(256)) * 64, id="bytes"),
            pytest.param(b"\x00" * 4096, id="zeros"),
            pytest.param(SETTINGS + bytes(range(256)) * 64, id="settings, then bytes"),
            pytest.param(SETTINGS + http2(Kind.GOAWAY, bytes(4) + b"\0\0\0\x0bcalm"), id="settings, then good-bye"),
            pytest.param(SETTINGS[:5], id="half a frame"),
            pytest.param(b"", id="nothing"),
        ],
    )
    def test_what_is_no_grpc_is_refused_in_time(self, greeting: bytes, closes: bool) -> None:
        with (
            RawServer(greeting=greeting, closes=closes) as server,
            in_time(),
            pytest.raises(ConnectionError, match=r"answered gRPC within|health check of .* failed"),
        ):
            new_client(connection_timeout=SOON).connect("127.0.0.1", server.port)


def unfinished(stream: int) -> list[bytes]:
    return [headers(stream), message(stream, HALF, length=len(FRAME))]


def ending(**named: str) -> Streamed:
    """A frame, and then an end with these fields."""
    return lambda stream: [headers(stream), message(stream, FRAME), headers(stream, fields(**named), ends=True)]


def flagged(flag: int, encoding: str = "") -> Streamed:
    block = ANSWERING + (fields(grpc_encoding=encoding) if encoding else b"")
    return lambda stream: [headers(stream, block), message(stream, FRAME, flag=flag)]


def page(status: str) -> Streamed:
    """What a gateway sends in the place of a server."""
    block = fields(__status=status, content_type="text/html")
    return lambda stream: [headers(stream, block), http2(Kind.DATA, b"<html>", flags=END_STREAM, stream=stream)]


class TestStream:
    """What answers the request for a stream, on a connection that stands."""

    def test_a_frame_as_it_should_be_is_received(self) -> None:
        with RawServer(ending(grpc_status="0")) as server:
            assert received(new_client(), server.port) == 1

    @pytest.mark.parametrize(
        ("streamed", "status", "words"),
        [
            pytest.param(flagged(1), "INTERNAL", "Compression bit set but no encoding", id="compressed with nothing"),
            pytest.param(flagged(1, "gzip"), "INTERNAL", "Decompression failed", id="no gzip"),
            pytest.param(flagged(1, "banana"), "INTERNAL", "grpc-encoding", id="compressed with an unknown method"),
            pytest.param(ending(grpc_status="banana"), "INTERNAL", "'grpc-status' metadata", id="status in words"),
            pytest.param(ending(grpc_status="-1"), "INTERNAL", "'grpc-status' metadata", id="status below 0"),
            pytest.param(ending(grpc_status="99", grpc_message="odd"), "UNKNOWN", "odd", id="status unheard of"),
            pytest.param(ending(grpc_status="13"), "INTERNAL", "no word why", id="without a word"),
            pytest.param(ending(grpc_status="13", grpc_message="\xff%zz%"), "INTERNAL", "%zz", id="words in no code"),
            pytest.param(page("200"), "UNKNOWN", "END_STREAM", id="a page"),
            pytest.param(page("302"), "UNKNOWN", "302|END_STREAM", id="a redirect"),
            pytest.param(page("401"), "UNAUTHENTICATED|UNKNOWN", "", id="a log-in page"),
            pytest.param(
                lambda stream: [headers(stream), message(stream, b"x", length=2**32 - 1)],
                "RESOURCE_EXHAUSTED",
                "larger than max",
                id="4 GiB, it says",
            ),
            pytest.param(
                lambda stream: [http2(Kind.HEADERS, b"\xff" * 50, flags=4, stream=stream)],
                "INTERNAL",
                "hpack",
                id="header fields in no code",
            ),
            pytest.param(
                lambda stream: [headers(stream), http2(Kind.RST_STREAM, b"\xff" * 4, stream=stream)],
                "INTERNAL",
                "RST_STREAM",
                id="reset for no reason that there is",
            ),
        ],
    )
    def test_nonsense_is_told_as_what_it_is(self, streamed: Streamed, status: str, words: str) -> None:
        with (
            RawServer(streamed) as server,
            in_time(),
            pytest.raises(APIError, match=f"failed after . frames?: ({status}): .*({words})"),
        ):
            received(new_client(), server.port)

    def test_half_a_message_and_then_silence_is_a_stall(self) -> None:
        with (
            RawServer(unfinished) as server,
            in_time(),
            pytest.raises(APITimeoutError, match=r"went silent: nothing came for 0\.5 s after 0 frames"),
        ):
            received(new_client(idle_timeout=SOON), server.port)

    def test_half_a_message_and_then_the_end_of_the_connection_is_asked_for_again(self) -> None:
        asked: list[int] = []

        def streamed(stream: int) -> list[bytes]:
            asked.append(stream)
            return unfinished(stream)

        with (
            RawServer(streamed, closes=True) as server,
            in_time(),
            pytest.raises(APIError, match="failed after 0 frames") as caught,
        ):
            received(new_client(), server.port)

        assert caught.value.status is grpc.StatusCode.UNAVAILABLE
        assert len(asked) == 2

    def test_a_gateway_without_a_server_is_asked_again(self) -> None:
        client = new_client()

        with RawServer(page("502")) as server, in_time(), pytest.raises(APIError):
            received(client, server.port)

        assert client.get_metrics().attempts == 2


@pytest.mark.parametrize("frames", [0, 1])
def test_a_host_that_vanishes_without_a_word_is_a_stall(serve: Serve, frames: int) -> None:
    server = serve([frame()] * frames + [silence()])
    client = new_client(idle_timeout=SOON)

    with Hop(("127.0.0.1", server.port)) as hop, client.connect_context(hop.host, hop.port), in_time():
        stream = client.stream_spectrograms("1-1")
        assert len(list(itertools.islice(stream, frames))) == frames
        hop.freeze()
        with pytest.raises(APITimeoutError, match="went silent: nothing came for"):
            next(stream)


def endless_header(stream: int) -> Iterator[bytes]:
    yield http2(Kind.HEADERS, b"", stream=stream)
    for _ in range(50_000):
        yield http2(Kind.CONTINUATION, fields(x="y" * 8000), stream=stream)


def endless_nothing(stream: int) -> Iterator[bytes]:
    yield headers(stream)
    for _ in range(200_000):
        yield http2(Kind.DATA, stream=stream)


def endless_pings(stream: int) -> Iterator[bytes]:
    yield headers(stream)
    for _ in range(100_000):
        yield http2(Kind.PING, b"are you?")


def bomb(stream: int) -> Iterator[bytes]:
    """A message of a quarter of a megabyte that unpacks to a quarter of a gigabyte."""
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(256)) + packer.flush()
    yield headers(stream, ANSWERING + fields(grpc_encoding="gzip"))
    yield message(stream, packed, flag=1)


def largest_but_one(stream: int) -> Iterator[bytes]:
    """A message that is too large, byte for byte."""
    yield headers(stream)
    yield message(stream, bytes(2**20), length=LARGEST_MESSAGE + 1)
    for _ in range(64):
        yield message(stream, bytes(2**20))


@pytest.mark.parametrize("streamed", [endless_header, endless_nothing, endless_pings, bomb, largest_but_one])
def test_much_of_nothing_is_left_in_time_and_fills_no_memory(streamed: Streamed) -> None:
    with (
        RawServer(streamed) as server,
        memory_is_bounded(6 * LARGEST_MESSAGE),
        in_time(),
        pytest.raises(APIError),
    ):
        received(new_client(idle_timeout=SOON if streamed is endless_pings else PATIENCE), server.port)


@settings(max_examples=20)  # a server each
@given(at=st.floats(0, 1), inserted=st.binary(max_size=64), left_out=st.integers(0, 8))
def test_any_bytes_end_in_frames_or_an_error_of_our_own(at: float, inserted: bytes, left_out: int) -> None:
    def streamed(stream: int) -> list[bytes]:
        whole = headers(stream) + message(stream, FRAME) + headers(stream, fields(grpc_status="0"), ends=True)
        here = int(at * len(whole))
        return [whole[:here] + inserted + whole[here + left_out :]]

    told = "frames"
    with RawServer(streamed, closes=True) as server, in_time():
        try:
            assert received(new_client(), server.port) <= 1
        except RemoteError as error:
            told = str(error)
    assert told

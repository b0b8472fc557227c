"""A TCP server that says what it is told to, byte for byte: as much of HTTP/2 as it takes to be misunderstood."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import IntEnum
from types import TracebackType
from typing import BinaryIO

from tests.patience import PATIENCE
from tests.sockets import Sockets

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1


class Kind(IntEnum):
    """Frames of HTTP/2 (RFC 9113, section 6)."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    CONTINUATION = 9


def http2(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def fields(**named: str) -> bytes:
    """Header fields as HPACK writes them without a table (RFC 7541, 6.2.2); ``_`` is ``-``, and ``__`` is ``:``."""
    block = b""
    for name, value in named.items():
        key = name.replace("__", ":").replace("_", "-").encode()
        block += b"\x00" + bytes([len(key)]) + key + _length(len(value)) + value.encode("latin-1")
    return block


def _length(number: int) -> bytes:
    if number < 0x7F:
        return bytes([number])
    number -= 0x7F
    rest = b"\x7f"
    while number >= 0x80:
        rest += bytes([number & 0x7F | 0x80])
        number >>= 7
    return rest + bytes([number])


ANSWERING = fields(__status="200", content_type="application/grpc")
SETTINGS = http2(Kind.SETTINGS)


def headers(stream: int, block: bytes = ANSWERING, *, ends: bool = False) -> bytes:
    """The beginning of an answer, or its end."""
    return http2(Kind.HEADERS, block, flags=END_HEADERS | (END_STREAM if ends else 0), stream=stream)


def message(stream: int, payload: bytes, *, flag: int = 0, length: int | None = None) -> bytes:
    """A message of gRPC with its five bytes before it, which may lie."""
    said = len(payload) if length is None else length
    data = bytes([flag]) + struct.pack(">I", said) + payload
    pieces = [data[at : at + 16_384] for at in range(0, len(data), 16_384)]
    return b"".join(http2(Kind.DATA, piece, stream=stream) for piece in pieces)


UNIMPLEMENTED = fields(__status="200", content_type="application/grpc", grpc_status="12")


class RawServer:
    """Answers the first call, the health check, with UNIMPLEMENTED, and every later one with these bytes.

    Args:
        streamed: makes what is sent when a stream is asked for, piece by piece, from its number in HTTP/2.
        greeting: sent when somebody connects; with anything but HTTP/2 settings, nothing is understood after it.
        closes: whether the connection is closed after that; otherwise nothing more comes.
    """

    def __init__(
        self,
        streamed: Callable[[int], Iterable[bytes]] = lambda _: (),
        *,
        greeting: bytes = SETTINGS,
        closes: bool = False,
    ) -> None:
        self._streamed = streamed
        self._greeting = greeting
        self._closes = closes
        self._sockets = Sockets()
        self._listener = self._sockets.keep(socket.create_server(("127.0.0.1", 0)))
        self._is_healthy = False
        self._threads = [threading.Thread(target=self._accept, name="raw-server")]
        self.port = int(self._listener.getsockname()[1])
        self._threads[0].start()

    def close(self) -> None:
        self._sockets.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection = self._sockets.keep(self._listener.accept()[0])
                thread = threading.Thread(target=self._serve, args=(connection,), name="raw-connection")
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, EOFError), connection.makefile("rb") as heard:
            connection.sendall(self._greeting)
            if self._greeting != SETTINGS:
                if self._closes:
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
                return
            _read(heard, len(PREFACE))
            while True:
                self._answer(connection, *_frame(heard))

    def _answer(self, connection: socket.socket, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == Kind.SETTINGS and not flags & ACK:
            connection.sendall(http2(Kind.SETTINGS, flags=ACK))
        elif kind == Kind.PING and not flags & ACK:
            connection.sendall(http2(Kind.PING, payload, flags=ACK))
        elif kind == Kind.HEADERS and not self._is_healthy:
            self._is_healthy = True
            connection.sendall(headers(stream, UNIMPLEMENTED, ends=True))
        elif kind == Kind.HEADERS:
            for piece in self._streamed(stream):
                connection.sendall(piece)
            if self._closes:
                connection.shutdown(socket.SHUT_RDWR)


def _frame(heard: BinaryIO) -> tuple[int, int, int, bytes]:
    head = _read(heard, 9)
    return head[3], head[4], struct.unpack(">I", head[5:])[0] & 0x7FFF_FFFF, _read(heard, int.from_bytes(head[:3]))


def _read(heard: BinaryIO, count: int) -> bytes:
    data = heard.read(count)
    if len(data) < count:
        raise EOFError
    return data

"""A gateway: it carries gRPC to a real server, knows where a frame of HTTP/2 ends, and leaves connections its own way.

A frame is 9 bytes (length, type, flags, stream) and a payload. All frames are handed on as they are; the gateway only
puts a GOAWAY between two of them, or ends the connection there.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum, auto
from types import TracebackType

from tests.sockets import Sockets

_DATA, _HEADERS, _SETTINGS, _GOAWAY = 0x0, 0x1, 0x4, 0x7
_END_STREAM = 0x1
_PREFACE = 24

NO_ERROR, ENHANCE_YOUR_CALM = 0x0, 0xB


class When(StrEnum):
    """What has to happen on a connection before the gateway leaves it."""

    ACCEPTED = auto()
    GREETED = auto()
    ANSWERED = auto()
    STREAMED = auto()
    LATER = auto()
    IDLE = auto()
    NEVER = auto()


class How(StrEnum):
    """How the gateway leaves a connection."""

    GOAWAY = auto()
    CLOSE = auto()
    RESET = auto()


@dataclass(frozen=True)
class Manner:
    """When and how a connection is left: after so many answers or messages, or so many seconds."""

    when: When = When.NEVER
    count: float = 1
    how: How = How.GOAWAY
    code: int = NO_ERROR


class Gateway:
    """Carries the n-th connection in the n-th manner, later ones in the last.

    Attributes:
        port: to connect to, on 127.0.0.1.
        connections: how many there have been.
        left: how many of them the gateway has left.
    """

    def __init__(self, port: int, *manners: Manner) -> None:
        self._server_port = port
        self._manners = manners or (Manner(),)
        self._sockets = Sockets()
        self._listener = self._sockets.keep(socket.create_server(("127.0.0.1", 0)))
        self.port: int = self._listener.getsockname()[1]
        self.connections = self.left = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends every connection, and refuses new ones."""
        self._sockets.close()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client = self._sockets.keep(self._listener.accept()[0])
                manner = self._manners[min(self.connections, len(self._manners) - 1)]
                self.connections += 1
                try:
                    server = socket.create_connection(("127.0.0.1", self._server_port))
                except OSError:
                    client.close()
                    continue
                _Carried(self, client, self._sockets.keep(server), manner)


class _Carried:
    """One connection."""

    def __init__(self, owner: Gateway, client: socket.socket, server: socket.socket, manner: Manner) -> None:
        self._owner, self._client, self._server, self._manner = owner, client, server, manner
        self._sending = threading.Lock()
        self._begun = self._seen = 0
        self._has_left = False
        self._saw(When.ACCEPTED)
        for carry in (self._requests, self._answers):
            threading.Thread(target=carry, daemon=True).start()
        if manner.when is When.LATER:
            threading.Timer(manner.count, self._leave).start()

    def _requests(self) -> None:
        with suppress(OSError, EOFError):
            self._server.sendall(_exactly(self._client, _PREFACE))
            while True:
                kind, _, stream, frame = _frame(self._client)
                if kind == _HEADERS:
                    self._begun = max(self._begun, stream)
                self._server.sendall(frame)
        self._end(self._server)

    def _answers(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                if self._manner.when is When.IDLE:
                    self._server.settimeout(self._manner.count)
                try:
                    kind, flags, _, frame = _frame(self._server)
                except TimeoutError:
                    self._leave()
                    continue
                with self._sending:
                    self._client.sendall(frame)
                if kind == _SETTINGS:
                    self._saw(When.GREETED)
                if kind == _DATA:
                    self._saw(When.STREAMED)
                if kind in (_HEADERS, _DATA) and flags & _END_STREAM:
                    self._saw(When.ANSWERED)
        self._end(self._client)

    def _saw(self, what: When) -> None:
        self._seen += what is self._manner.when
        if what is self._manner.when and self._seen == self._manner.count:
            self._leave()

    def _leave(self) -> None:
        if self._has_left:
            return
        self._has_left = True
        self._owner.left += 1
        with suppress(OSError):
            if self._manner.how is How.GOAWAY:
                with self._sending:
                    self._client.sendall(_goaway(self._begun, self._manner.code))
                return
            if self._manner.how is How.RESET:
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._client.close()
        for one in (self._client, self._server):
            self._end(one)

    @staticmethod
    def _end(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def _goaway(last_stream: int, code: int) -> bytes:
    return struct.pack(">I", 8)[1:] + struct.pack(">BBIII", _GOAWAY, 0, 0, last_stream, code)


def _frame(source: socket.socket) -> tuple[int, int, int, bytes]:
    """Type, flags and stream of the next frame, and all of its bytes."""
    head = _exactly(source, 9)
    kind, flags, stream = struct.unpack(">BBI", head[3:])
    return kind, flags, stream & 0x7FFFFFFF, head + _exactly(source, int.from_bytes(head[:3], "big"))


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = source.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data

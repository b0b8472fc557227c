"""A real HTTP server on a real port that gives scripted answers, so that the REST client meets every kind of them."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    """One scripted answer.

    Attributes:
        body: bytes and str as they are, anything else as JSON.
        silent: nothing is answered until the server closes.
        stalls: half of the body is sent, and nothing more until the server closes.
        trickles: what comes byte by byte, "head" or "body", and the seconds in between.
        endless: the body is sent again and again, without a length, until the client has enough.
        resets: the connection is reset instead of an answer.
        closes: the connection is closed in good order instead of an answer, as a server does with an idle one.
        before: statuses that are sent before the answer, each with a header.
    """

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    stalls: bool = False
    trickles: tuple[str, float] | None = None
    endless: bool = False
    resets: bool = False
    closes: bool = False
    before: tuple[int, ...] = ()

    @property
    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Request:
    """A request as it was received."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


class HttpServer:
    """Answers the n-th request with the n-th answer, later ones with the last."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._answers = answers
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="scripted-http")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, request: Request) -> Answer:
        self.requests.append(request)
        return self._answers[min(len(self.requests), len(self._answers)) - 1]

    def closes_within(self, seconds: float) -> bool:
        return self._closing.wait(seconds)

    def wait_for_closing(self) -> None:
        self._closing.wait(PATIENCE)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def __enter__(self) -> HttpServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    owner: HttpServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.owner.connections += 1

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client has left while more was coming
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Nothing: what came is in ``requests``."""

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, json.loads(sent) if sent else None, dict(self.headers))
        owner = self.server.owner
        answer = owner.take(request)
        if answer.closes:
            self.close_connection = True
            return
        if answer.resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for end in (self.rfile, self.connection):  # at once: the base class would say good-bye first
                end.close()
            self.close_connection = True
            return
        if answer.silent:
            owner.wait_for_closing()
            self.close_connection = True
            return
        payload = answer.payload
        for early in answer.before:
            self.wfile.write(b"HTTP/1.1 %d Wait\r\nLink: </style.css>; rel=preload\r\n\r\n" % early)
        (self.send_response_only if "Date" in answer.headers else self.send_response)(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.endless:
            self._send_for_ever(payload)
            return
        self.send_header("Content-Length", str(len(payload)))
        if answer.trickles is not None:
            self._trickle(payload, *answer.trickles)
            return
        self.end_headers()
        if answer.stalls:
            self.wfile.write(payload[: len(payload) // 2])
            owner.wait_for_closing()
            self.close_connection = True
            return
        self.wfile.write(payload)

    def _send_for_ever(self, payload: bytes) -> None:
        self.close_connection = True
        self.end_headers()
        with suppress(OSError):  # the client has enough
            while True:
                self.wfile.write(payload)

    def _trickle(self, payload: bytes, what: str, pause: float) -> None:
        self.close_connection = True
        slow = b"HTTP/1.1 200 OK\r\n" if what == "head" else payload
        if what == "head":
            self._headers_buffer: list[bytes] = []
        else:
            self.end_headers()
        with suppress(OSError):  # the client has left
            for byte in slow * 1000:
                self.wfile.write(bytes([byte]))
                if self.server.owner.closes_within(pause):
                    return

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that the base class calls

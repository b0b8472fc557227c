"""Reading an answer of the REST side, however hostile: within one deadline, and never more than fits."""

from __future__ import annotations

import http
import http.client
import io
import socket
import time
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Timeout

MAX_ANSWER_BYTES = 16 * 2**20
"""Largest answer that is taken, on the wire and unpacked; the contract's are below a megabyte."""

_PIECE = 64 * 2**10
_BEGINNING = 400
_LEAST_WAIT = 0.001
"""Seconds: what is left after the deadline, since a socket's timeout cannot be nothing."""


class TooLateError(TimeoutError):
    """The deadline of an answer is over; ``heard`` is how it began and ``size`` how much of it came, bytes."""

    def __init__(self, heard: bytes, size: int) -> None:
        super().__init__("timed out")
        self.heard = heard
        self.size = size


class TooLargeError(Exception):
    """An answer is larger than any of the contract; none of the errors that a transport recovers from.

    Attributes:
        request: what was answered, as errors of ``requests`` have it.
    """

    request: requests.PreparedRequest | None = None


class Deadline(Timeout):
    """A timeout for connections, retries, redirects and reading together, not for each of them.

    Args:
        at: when it is over, by the monotonic clock.
    """

    def __init__(self, at: float) -> None:
        super().__init__(total=max(at - time.monotonic(), _LEAST_WAIT))
        self._at = at

    def clone(self) -> Deadline:
        """What is left of it, for the next request."""
        return Deadline(self._at)


def read(response: requests.Response) -> bytes:
    """The whole body of an answer that was asked for with ``stream=True``.

    Raises:
        TooLargeError: it is larger than ``MAX_ANSWER_BYTES``, perhaps only once unpacked.
        requests.RequestException: it did not come whole, or not in time.
    """
    body = bytearray()
    try:
        for piece in response.iter_content(_PIECE):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise TooLargeError
    except (TooLargeError, requests.RequestException) as error:
        response.close()
        error.request = response.request
        raise
    except BaseException:
        response.close()
        raise
    return bytes(body)


def clock_ahead(response: requests.Response, asked: float) -> float | None:
    """Seconds by which the clock of who answered is ahead of ours: of those that its date of whole seconds allows, the
    least; None where it has no date.

    Args:
        response: the answer, which has just come.
        asked: when it was asked for, epoch seconds.
    """
    try:
        said = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None
    return max(said - time.time(), 0.0) + min(said + 1 - asked, 0.0)


def drain_redirect(response: requests.Response, *_: object, **__: object) -> None:
    """A hook of ``requests``, which would read the body of a redirecting answer without a limit."""
    if response.is_redirect:
        read(response)


def cause(error: BaseException) -> TooLateError | None:
    """The end of the deadline, where that is what led to ``error``."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, TooLateError):
        seen = seen.__cause__ or seen.__context__
    return seen


class _Watched(io.RawIOBase):
    """The bytes of one answer as they come off the socket: each wait is for what is left of the time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        timeout = sock.gettimeout()
        self._until = None if timeout is None else time.monotonic() + timeout
        self._heard = b""
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TooLateError(self._heard, self._size)
            self._sock.settimeout(left)
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            raise TooLateError(self._heard, self._size) from None
        if count:
            self._heard += bytes(buffer[: min(count, _BEGINNING - len(self._heard))])
            self._size += count
        if self._size > MAX_ANSWER_BYTES:
            raise TooLargeError
        return int(count) if count is not None else None

    def close(self) -> None:
        self._raw.close()
        super().close()


class _WatchedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Watched(self.fp.detach(), sock))

    def _read_status(self) -> tuple[str, int, str]:
        """The status of the answer: what servers say before it (RFC 9110, 15.2) is skipped; Python skips 100 alone."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]  # private, and not in the stubs
            if not 100 <= status < 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Connection(HTTPConnection):
    response_class = _WatchedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _WatchedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


WATCHED_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SecurePool}
"""By scheme: pools of connections whose answers end with the timeout of the request, and are never too large."""

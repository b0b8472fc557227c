"""Which requests are tried again, and what shows a token with each of them."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TypeGuard

import requests
import urllib3
from pydantic import SecretStr
from requests.auth import AuthBase
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

SAFE_METHODS = frozenset({"GET"})
_IDEMPOTENT_METHODS = SAFE_METHODS | {"DELETE"}


class SafeRetry(Retry):
    """A connection that timed out is not tried again: the caller has waited as long as it wanted to.

    A kept connection that the server closes at the moment of a request is, where asking twice does no harm (RFC 9112,
    section 9.3.1).
    """

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError) and _pool is not None:
            raise MaxRetryError(_pool, str(url), error)
        if method in _IDEMPOTENT_METHODS and _was_closed(error):
            error = ClosedError(_pool, str(error.args[-1]))  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, _stacktrace)


class ClosedError(NewConnectionError):
    """The server closed the connection without an answer."""


def _was_closed(error: Exception | None) -> TypeGuard[urllib3.exceptions.ProtocolError]:
    """In good order, or by a reset: what comes depends on whether the request was already on its way."""
    closed = ConnectionResetError, BrokenPipeError
    return isinstance(error, urllib3.exceptions.ProtocolError) and isinstance(error.args[-1], closed)


class Bearer(AuthBase):
    """Shows a token with every request."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request

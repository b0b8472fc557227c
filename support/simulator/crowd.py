"""A crowd of connections that say nothing: it takes neither the REST side's descriptors for long, nor fills its log.

Whoever connects has some seconds for a request, and of those who have sent none yet only so many are kept: the ones
that have waited longest go first.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_REQUEST_WITHIN = 5.0  # seconds; gRPC has the same for its own beginning
MOST_SILENT = 256
TELL_EVERY = 10.0  # seconds

log = logging.getLogger(__name__)


class BoundedProtocol(H11Protocol):
    """uvicorn's connection, which would wait for its first request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a request."""
        super().connection_made(transport)
        self._until = self.loop.call_later(FIRST_REQUEST_WITHIN, self._hang_up_if_silent)
        silent = [each for each in self.connections if isinstance(each, BoundedProtocol) and each._is_silent]
        if len(silent) > MOST_SILENT:
            min(silent, key=lambda each: each._until.when()).transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._until.cancel()
        super().connection_lost(exc)

    def _hang_up_if_silent(self) -> None:
        if self._is_silent:
            self.transport.close()

    @property
    def _is_silent(self) -> bool:
        """Whether no request has come whole, and it is not closed for that yet."""
        return self.cycle is None and not self.transport.is_closing()


def telling_once_in_a_while() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """A handler for an event loop that cannot accept connections, which it would tell thousands of times a second."""
    told = -TELL_EVERY

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told
        if "accept() out of system resource" not in context["message"]:
            loop.default_exception_handler(context)
        elif time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            log.warning("no connection can be accepted now: %s", context.get("exception"))

    return handle

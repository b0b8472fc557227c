"""Whether a function that passes the messages of a stream on has changed, held back or delayed any, or the end."""

import time
from collections import deque
from collections.abc import AsyncGenerator

SWIFT = 0.25  # seconds: passing a message on takes microseconds, a fault of pace a second

Payloads = AsyncGenerator[bytes, None]


class Trace:
    """A watch on both sides of such a function.

    Args:
        payloads: the messages; the function has to be given ``incoming`` in their place.

    Attributes:
        acted: whether something came out otherwise than it went in.
    """

    def __init__(self, payloads: Payloads) -> None:
        self.acted = False
        self._payloads = payloads
        self._inside: deque[bytes] = deque()
        self._is_over = False
        self._entered: float | None = None  # since when the function, and nobody else, is at work

    async def incoming(self) -> Payloads:
        """The messages, for the function."""
        self._leave()
        async for payload in self._payloads:
            self._inside.append(payload)
            self._enter()
            yield payload
            self._leave()
            self.acted |= bool(self._inside)
        self._is_over = True
        self._enter()

    async def outgoing(self, payloads: Payloads) -> Payloads:
        """What the function makes of them, for whoever it is meant for."""
        self._enter()
        try:
            async for payload in payloads:
                self._leave()
                self.acted |= not self._inside or self._inside.popleft() is not payload
                yield payload
                self._enter()
            self.acted |= not self._is_over
        except Exception:
            self.acted = True
            raise
        finally:
            self._leave()

    def _enter(self) -> None:
        self._entered = time.monotonic()

    def _leave(self) -> None:
        if self._entered is not None:
            self.acted |= time.monotonic() - self._entered > SWIFT
        self._entered = None

"""Whether a function that passes the messages of a stream on has changed, held back or delayed any, or the end.

What never got further counts for nothing: a message that was held back until the client had left anyway.
"""

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
        acted: since when something has come out otherwise than it went in; None: nothing has.
    """

    def __init__(self, payloads: Payloads) -> None:
        self.acted: float | None = None
        self._payloads = payloads
        self._inside: deque[bytes] = deque()
        self._is_over = False
        self._held: float | None = None  # since when a message is kept back
        self._entered: float | None = None  # since when the function, and nobody else, is at work

    async def incoming(self) -> Payloads:
        """The messages, for the function."""
        self._leave()
        async for payload in self._payloads:
            self._inside.append(payload)
            self._enter()
            yield payload
            self._leave()
            if self._inside and self._held is None:
                self._held = time.monotonic()
        self._is_over = True
        self._enter()

    async def outgoing(self, payloads: Payloads) -> Payloads:
        """What the function makes of them, for whoever it is meant for."""
        self._enter()
        try:
            async for payload in payloads:
                self._leave()
                self._note(self._held is not None or not self._inside or self._inside.popleft() != payload)
                yield payload
                self._enter()
            self._note(not self._is_over or self._held is not None)
        except Exception:
            self._note(True)
            raise
        finally:
            self._leave()
            self._note(_is_long(self._held))

    def _enter(self) -> None:
        self._entered = time.monotonic()

    def _leave(self) -> None:
        self._note(_is_long(self._entered))
        self._entered = None

    def _note(self, has_acted: bool) -> None:
        if has_acted and self.acted is None:
            self.acted = time.monotonic()


def _is_long(since: float | None) -> bool:
    return since is not None and time.monotonic() - since > SWIFT

"""When what has come of a stream is handed on to whoever judges it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

LEAST_PAUSE = 0.005
"""Seconds from one handover to the next, unless there is plenty: small frames that come fast are handed on together."""

_MOST_PAUSE = 0.5
"""Seconds from the caller's return to the next handover, at most."""

_PAUSE_PER_WORK = 30
"""Seconds of pause for each second that the caller took: it works for a thirtieth of the time."""

PLENTY = 2**21
"""Bytes that are handed on at once, pause or not: with fewer, judging costs more (``make bench``)."""


class Handover:
    """The pause from one handover to the next.

    Judging some messages together costs little more than judging one. So the longer the caller takes, as on a machine
    that is busy with many streams, the more come together; the time of their arrival stays what it was.

    Args:
        clock: a monotonic one, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = 0.0
        self._count = 0
        self._usual = 0.0  # seconds that the caller takes, smoothed

    def is_done(self) -> None:
        """The caller has something now."""
        self._last = self._clock()
        self._count += 1

    def due(self) -> float:
        """When the next one is, by the clock; to be asked once, when the caller is back.

        What the caller took for the first one says nothing: much is done then that is done once.
        """
        now = self._clock()
        took = now - self._last if self._count else math.inf
        if self._count > 1:
            self._usual = (self._usual + took) / 2
        return now + min(max(LEAST_PAUSE - took, self._usual * _PAUSE_PER_WORK), _MOST_PAUSE)

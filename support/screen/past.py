"""What there is of the past to show: stretches of a recording, and the ranges that scenarios ask for by words."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from support.contract import ChannelRange, JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI

LONG_AGO = 30 * 86_400
"""Seconds before now in which a server is asked for recordings, where nobody says which one it plays."""

_STILL_COMING = 5
"""Seconds before now that a recording which still runs surely holds."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Recorded:
    """What was recorded.

    Attributes:
        stretches: from when to when without a hole, epoch seconds, ascending.
        channels: of the fibre.
        lack: why there is nothing, in words; empty where there is something.
    """

    stretches: tuple[Span, ...]
    channels: ChannelRange
    lack: str = ""

    def last(self, seconds: float) -> Span:
        """So much of the end of it, between whole seconds where that can be: not every server reads others.

        Of a recording whose last stretch is shorter, the whole last stretch.

        Raises:
            LookupError: there is nothing.
        """
        if not self.stretches:
            raise LookupError(self.lack)
        begin, end = self.stretches[-1]
        last = math.floor(end)
        whole = last - math.ceil(seconds)
        if begin <= whole < last:
            return float(whole), float(last)
        return max(begin, end - seconds), end


def stretches(api: FocusServerAPI, begin: float, end: float) -> tuple[Span, ...]:
    """What the server says that was recorded between these moments, epoch seconds.

    Raises:
        APIError: it does not say.
    """
    now = time.time() - _STILL_COMING
    told = ((first, now if last is None else last) for first, last in api.recordings(begin, end))
    return tuple(sorted((first, last) for first, last in told if first < last))


def recorded_of(api: FocusServerAPI, request: JobRequest) -> tuple[Span, ...] | None:
    """What the server says that was recorded of the range that a job shows; None for a live one.

    Raises:
        APIError: it does not say.
    """
    if request.start_time is None or request.end_time is None:
        return None
    return stretches(api, request.start_time, request.end_time)


def lately(api: FocusServerAPI, channels: ChannelRange) -> Recorded:
    """What a server says that it has recorded lately, of all channels."""
    try:
        found, refusal = stretches(api, time.time() - LONG_AGO, time.time()), ""
    except APIError as error:
        found, refusal = (), f", as far as it says: {error}"
    lack = f"this server has recorded nothing in the last {LONG_AGO // 86_400} days{refusal}"
    return Recorded(found, channels, "" if found else lack)

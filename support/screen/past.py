"""What there is of the past to show: stretches of a recording, and the ranges that scenarios ask for by words."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from support.contract import ChannelRange, JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI

LONG_AGO = 30 * 86_400
"""Seconds before now in which a server is asked for recordings, where nobody says which one it plays."""

_STILL_COMING = 5
"""Seconds before now that a recording which still runs surely holds."""

_A_HOLE = 0.1
"""Seconds: less is no hole that an operator sees."""

_SHORTEST_PIECE, _PIECES = 0.9, 4.0
"""Seconds of a window that a piece of one second has room for, and of a recording that has all pieces."""

Span = tuple[float, float]


class NothingRecordedError(LookupError):
    """What a scenario would play was not recorded; ``str()`` says what, and why."""


class Piece(StrEnum):
    """A range of a recording, as scenarios name it."""

    BEGINNING = "its first two seconds"
    BEFORE = "from a second before it begins to a second after"
    MIDDLE = "two seconds in its midst"
    END = "its last two seconds"
    UNSEEN = "a second that nobody has looked at"


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

    def last(self, seconds: float, window: float) -> Span:
        """So much of the end of it, between whole seconds where that can be: not every server reads others.

        Where a window takes more than half of that, as much more as a window. Of a recording that is shorter, its
        longest stretch.

        Args:
            seconds: how much.
            window: seconds that a line looks at.

        Raises:
            NothingRecordedError: there is nothing, or nothing as long as a window.
        """
        needed = seconds if window <= seconds / 2 else seconds + window
        if (found := self._lasting(needed)) is not None:
            return found
        longest = max(self.stretches, key=lambda one: one[1] - one[0], default=(0.0, 0.0))
        if longest[1] - longest[0] <= window:
            raise NothingRecordedError(self._nothing_of(window))
        return longest

    def lasting(self, seconds: float) -> Span:
        """So much of the end of the last stretch that lasts so long, between whole seconds.

        Raises:
            NothingRecordedError: none does.
        """
        found = self._lasting(seconds)
        if found is None:
            raise NothingRecordedError(self._nothing_of(seconds))
        return found

    def _lasting(self, seconds: float) -> Span | None:
        for begin, end in reversed(self.stretches):
            last = math.floor(end)
            first = last - math.ceil(seconds)
            if begin <= first:
                return float(first), float(last)
        return None

    def _nothing_of(self, seconds: float) -> str:
        return self.lack or f"this server has recorded nothing of {seconds:.1f} seconds without a hole"

    def around_hole(self, margin: float) -> Span:
        """From so long before the last hole to so long after it, between whole seconds.

        Raises:
            NothingRecordedError: there is none.
        """
        for (begin, hole), (after, end) in reversed(list(pairwise(self.stretches))):
            first, last = math.floor(hole - margin), math.ceil(after + margin)
            if after - hole > _A_HOLE and begin <= first and last <= end:
                return float(first), float(last)
        raise NothingRecordedError("what this server has recorded has no hole")

    def piece(self, piece: Piece, window: float) -> Span:
        """A range of it, between whole seconds.

        Args:
            piece: which one; each has at least a second of what was recorded.
            window: seconds that a line looks at.

        Raises:
            NothingRecordedError: there is nothing, it is too short for pieces, or no second has room for a window.
        """
        if window > _SHORTEST_PIECE:
            raise NothingRecordedError(f"a line looks at {window:.2g} seconds, and what is played here may last one")
        whole = [(math.ceil(first), math.floor(last)) for first, last in self.stretches]
        inside = max(whole, key=lambda one: one[1] - one[0], default=(0, 0))
        if inside[1] - inside[0] < _PIECES:
            raise NothingRecordedError(self._nothing_of(_PIECES))
        begin, end, middle = whole[0][0], whole[-1][1], sum(inside) // 2
        ranges = {
            Piece.BEGINNING: (begin, begin + 2),
            Piece.BEFORE: (begin - 1, begin + 1),
            Piece.MIDDLE: (middle - 1, middle + 1),
            Piece.END: (end - 2, end),
            Piece.UNSEEN: (middle - 2, middle - 1),
        }
        return tuple(map(float, ranges[piece]))  # type: ignore[return-value]  # there are two


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

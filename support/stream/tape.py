"""What came on a stream, as it came: references to the newest bytes, of which nothing is copied."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from support.stream.block import Message

_SIZE = attrgetter("size")


class Came(NamedTuple):
    """Messages that came together on one of a job's streams.

    Attributes:
        stream: its number, from 0.
        messages: in their order.
        size: bytes of all of them.
    """

    stream: int
    messages: Sequence[Message]
    size: int = 0


@dataclass(frozen=True)
class Over:
    """A call is over; the stream may go on with another one.

    Attributes:
        at: when, seconds since the stream was asked for.
        reason: why it broke, in words; empty where it ended, status OK.
    """

    at: float
    reason: str = ""


class Tape:
    """The newest messages of one stream, in the order in which they were taken, and where its calls ended.

    Args:
        most: bytes that are kept; of what came last, at least one portion is.

    Attributes:
        events: what happened.
        lost: how many messages of each of the job's streams are not kept any more.
    """

    def __init__(self, most: int) -> None:
        self.events: deque[Came | Over] = deque()
        self.lost: Counter[int] = Counter()
        self._most = most
        self._size = 0

    def came(self, stream: int, messages: Sequence[Message]) -> None:
        """These came."""
        newest = Came(stream, messages, sum(map(_SIZE, messages)))
        self.events.append(newest)
        self._size += newest.size
        while self._size > self._most and self.events[0] is not newest:
            oldest = self.events.popleft()
            if isinstance(oldest, Came):
                self._size -= oldest.size
                self.lost[oldest.stream] += len(oldest.messages)

    def in_vain(self) -> None:
        """The call is over before a frame of it could be yielded, and is made again: what came of it is forgotten."""
        while self.events and isinstance(vain := self.events[-1], Came):
            self._size -= vain.size
            self.events.pop()

    def over(self, at: float, reason: str = "") -> None:
        """A call is over."""
        self.events.append(Over(at, reason))

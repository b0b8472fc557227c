"""The calls of a job of several streams, heard together: each has a thread of its own that reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import grpc

from support.errors import APIError, APITimeoutError
from support.stream.call import StreamCall
from support.stream.handover import LEAST_PAUSE, PLENTY, Handover
from support.stream.part import Part
from support.stream.reading import Portions

_GRACE = 1.0
"""Seconds for the other streams, where one is over: they bring what is due with its lines, and end, too."""


class StreamCalls(Iterator[Portions]):
    """The messages of all streams of a job, as bytes, in portions: each is what has arrived since the one before.

    Args:
        ask: makes the call of a stream, which sets an event whenever something has come.
        parts: what is noted of each stream.
        waits: whether lines of a stream wait for others.
        job: for sentences.
        max_frames: that each stream was asked for; 0: no limit.
        idle_timeout: seconds that the caller may wait for a line that all streams have brought.
    """

    def __init__(
        self,
        ask: Callable[[Part, threading.Event], StreamCall],
        parts: Sequence[Part],
        waits: Callable[[int], bool],
        *,
        job: str,
        max_frames: int,
        idle_timeout: float,
    ) -> None:
        self._parts = parts
        self._waits = waits
        self._job = job
        self._max_frames = max_frames
        self._idle_timeout = idle_timeout
        self._arrived = threading.Event()
        self._over: set[int] = set()
        self._failed: dict[int, APIError] = {}  # of these
        self._waited = 0.0  # seconds since a line was whole, without the caller's own
        self._silent: set[int] = set()
        self._handover = Handover()
        self._calls: list[StreamCall] = []
        try:
            for part in parts:
                self._calls.append(ask(part, self._arrived))
        except BaseException:
            self.close()
            raise
        self.line_is_whole()

    def __next__(self) -> Portions:
        """The next messages, at least one; waits for it.

        Raises:
            StopIteration: the server ended all streams, status OK.
            APITimeoutError: no line became whole for too long, or the whole took too long.
            APIError: a stream ended with another status, or alone.
            ConnectionError: the client left the channel.
        """
        due = self._handover.due()
        while True:
            self._gather(due)
            portions = self._taken()
            self._check()
            if portions:
                self._handover.is_done()
                return portions
            self._wait()

    @property
    def ended(self) -> float | None:
        """When the last stream ended, seconds of the monotonic clock; None while one runs."""
        ends = [call.ended for call in self._calls]
        return None if None in ends else max((end for end in ends if end is not None), default=None)

    def line_is_whole(self) -> None:
        """All streams have brought a line: waiting begins anew."""
        self._waited = 0.0
        self._silent = set(range(len(self._calls)))

    def close(self) -> None:
        """Ends all calls; closing twice is harmless."""
        for call in self._calls:
            call.close()

    def _gather(self, due: float) -> None:
        """Lets messages come together until ``due``; and those of one line, which is whole with the last one."""
        began = time.monotonic()
        self._wake_for(PLENTY)
        while (left := due - time.monotonic()) > 0 and not self._have(any, PLENTY):
            self._arrived.clear()
            if not self._have(any, PLENTY):
                self._arrived.wait(left)
        self._wake_for(1)
        while (left := began + LEAST_PAUSE - time.monotonic()) > 0 and self._have(any):
            self._arrived.clear()
            if self._have(all):
                break
            self._arrived.wait(left)
        self._waited += time.monotonic() - began

    def _wake_for(self, size: int) -> None:
        for call in self._calls:
            call.wake_for(size)

    def _have(self, how_many: Callable[[Iterator[bool]], bool], size: int = 1) -> bool:
        return how_many(call.has(size) for number, call in enumerate(self._calls) if number not in self._over)

    def _taken(self) -> Portions:
        portions: Portions = []
        for number, call in enumerate(self._calls):
            if number in self._over:
                continue
            try:
                messages = call.take()
            except StopIteration:
                self._over.add(number)
                self._parts[number].ended = call.ended
            except APIError as error:
                self._over.add(number)
                self._failed[number] = error.with_traceback(None)  # which would keep this, and its sockets, alive
            else:
                if messages:
                    portions.append((number, messages))
                    self._silent.discard(number)
        return portions

    def _check(self) -> None:
        """Raises where all is over, or no line can become whole any more."""
        is_over = len(self._over) == len(self._calls)
        for number in self._failed:
            if is_over or not self._waits(number) or time.monotonic() > self._ended(number) + _GRACE:
                raise self._failed.pop(number)
        if is_over:
            raise StopIteration
        for number in self._over - self._failed.keys():
            call = self._calls[number]
            is_due = 0 < self._max_frames <= call.received
            if not is_due and not self._waits(number) and self._others_go_on(number):
                raise call.ended_alone()
        if self._waited >= self._idle_timeout:
            self._give_up()

    def _others_go_on(self, number: int) -> bool:
        """Whether others have brought later lines for some time since: up to its last one they only catch up."""
        since, last = self._ended(number) + _GRACE, self._parts[number].lines.newest
        return any((part.newest or 0.0) > since and part.lines.newest > last for part in self._parts)

    def _ended(self, number: int) -> float:
        ended = self._calls[number].ended
        assert ended is not None, "it is over"
        return ended

    def _give_up(self) -> None:
        for number in sorted(self._silent - self._over):
            self._calls[number].give_up()
            self._calls[number].take()
        raise APITimeoutError(
            f"no line of {self._job} was whole for {self._idle_timeout:g} s, though its {len(self._calls)} streams "
            "bring frames",
            status=grpc.StatusCode.DEADLINE_EXCEEDED,
        )

    def _wait(self) -> None:
        self._arrived.clear()
        if self._have(any):
            return
        began = time.monotonic()
        limit = self._idle_timeout - self._waited
        grace = [self._ended(number) + _GRACE - began for number in self._failed]
        self._arrived.wait(max(min([limit, *grace]), 0.0))
        self._waited += time.monotonic() - began

"""Whether this machine stood still, or its clock was set: what came late meanwhile says nothing about the server.

A suspended laptop, a paused virtual machine, a swap storm or a debugger stops this process in mid-stream, and all that
the server sent in the meantime arrives at once, late. A thread that looks at the clocks twenty times a second sees it.
It also sees when the machine was full: that what came late then is not the server's fault is likely, and not sure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from support.machine.threads import named

_BEAT = 0.05
_STILL = 0.2
"""Seconds by which a beat may be late on a machine that is only busy."""
_SET = 0.2
"""Seconds by which the wall clock may leave the monotonic one between two beats: NTP slews it by far less."""
_FULL_EVERY = 0.25
"""Seconds from one look at what the machine has in use to the next: the counters of systems are coarse."""
_FULL = 95.0
"""Percent of the processor time of the whole machine that are in use where it is full."""
_PATIENCE = 5.0
"""For the beat of a thread that has just been stopped, too."""


@dataclass(frozen=True)
class _Span:
    began: float
    ended: float


@dataclass(frozen=True)
class _ClockSet:
    at: float
    by: float


class Heartbeat:
    """What happened to this machine while it beat. All times but ``wall``'s are of the monotonic clock, in seconds.

    Args:
        wall: the clock that may be set, epoch seconds.
        in_use: percent of the processor time of the whole machine that were in use since it was asked before.
    """

    def __init__(self, wall: Callable[[], float] = time.time, in_use: Callable[[], float] = psutil.cpu_percent) -> None:
        self._wall = wall
        self._in_use = in_use
        self._standstills: list[_Span] = []
        self._full: list[_Span] = []
        self._sets: list[_ClockSet] = []
        self._beaten = threading.Condition()
        self._over = threading.Event()
        self._last = time.monotonic()
        self._offset = wall() - self._last
        self._thread = threading.Thread(target=self._beat, name=named("heartbeat"), daemon=True)

    def start(self) -> None:
        """Beats from now on."""
        self._thread.start()

    def stood_still(self, began: float, ended: float) -> float:
        """Seconds for which this machine stood still between these two times."""
        self._wait_where_late()
        return _within(self._standstills, began, ended)

    def was_full(self, began: float, ended: float) -> float:
        """Seconds for which all processors of this machine were in use between these two times, about."""
        return _within(self._full, began, ended)

    def clock_set(self, began: float, ended: float) -> float:
        """Seconds by which the clock of this machine was set between these two times, the largest step; 0 without."""
        self._wait_where_late()
        since_beat = _ClockSet(time.monotonic(), self._wall() - time.monotonic() - self._offset)
        seen = [*self._sets, since_beat] if abs(since_beat.by) > _SET else self._sets
        return max((one.by for one in seen if began <= one.at <= ended), key=abs, default=0.0)

    def told(self, began: float, ended: float) -> str:
        """What happened between these two times, in words; empty where nothing did."""
        stood, by = self.stood_still(began, ended), self.clock_set(began, ended)
        happened = [f"this machine stood still for {stood:.1f} s"] if stood else []
        happened += [f"the clock of this machine was set by {by:+.1f} s"] if by else []
        return " and ".join(happened)

    def stop(self) -> None:
        """Beats no more."""
        self._over.set()
        if self._thread.is_alive():  # an interrupt can have come before, or while it started
            self._thread.join()

    def _wait_where_late(self) -> None:
        """After a standstill who asks may run before the beat that notes it."""
        with self._beaten:
            self._beaten.wait_for(lambda: time.monotonic() - self._last <= _BEAT + _STILL, _PATIENCE)

    def _beat(self) -> None:
        looked = time.monotonic()
        self._use()
        while not self._over.wait(_BEAT):
            now = time.monotonic()
            offset = self._wall() - now
            with self._beaten:
                if now - self._last > _BEAT + _STILL:
                    self._standstills.append(_Span(self._last, now))
                if abs(offset - self._offset) > _SET:
                    self._sets.append(_ClockSet(now, offset - self._offset))
                self._last, self._offset = now, offset
                self._beaten.notify_all()
            if now - looked >= _FULL_EVERY:
                self._look(looked, now)
                looked = now

    def _use(self) -> float:
        """What is in use, percent; 0 on a system that does not tell."""
        try:
            return self._in_use()
        except (OSError, psutil.Error):
            return 0.0

    def _look(self, since: float, now: float) -> None:
        if self._use() < _FULL:
            return
        if self._full and self._full[-1].ended == since:
            self._full[-1] = _Span(self._full[-1].began, now)
        else:
            self._full.append(_Span(since, now))


def _within(spans: Sequence[_Span], began: float, ended: float) -> float:
    """Seconds of the spans that lie between these two times."""
    return sum(max(0.0, min(ended, one.ended) - max(began, one.began)) for one in spans)


_lock = threading.Lock()
_shared: Heartbeat | None = None
_listeners = 0


@contextmanager
def heartbeat() -> Iterator[Heartbeat]:
    """The heartbeat of this process: one for all who listen, and none where nobody does."""
    global _shared, _listeners
    with _lock:
        _listeners += 1
    try:
        with _lock:
            if _shared is None:
                _shared = Heartbeat()
                _shared.start()
            heart = _shared
        yield heart
    finally:
        with _lock:
            _listeners -= 1
            over, _shared = (_shared, None) if not _listeners else (None, _shared)
        if over is not None:
            over.stop()

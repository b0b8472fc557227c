"""Whether this machine stood still, or its clock was set: what came late meanwhile says nothing about the server.

A suspended laptop, a paused virtual machine, a swap storm or a debugger stops this process in mid-stream, and all that
the server sent in the meantime arrives at once, late. A thread that looks at the clocks twenty times a second sees it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from support.machine.threads import named

_BEAT = 0.05
_STILL = 0.2
"""Seconds by which a beat may be late on a machine that is only busy."""
_SET = 0.2
"""Seconds by which the wall clock may leave the monotonic one between two beats: NTP slews it by far less."""
_PATIENCE = 5.0
"""For the beat of a thread that has just been stopped, too."""


@dataclass(frozen=True)
class _Standstill:
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
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._standstills: list[_Standstill] = []
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
        return sum(max(0.0, min(ended, one.ended) - max(began, one.began)) for one in self._standstills)

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
        while not self._over.wait(_BEAT):
            now = time.monotonic()
            offset = self._wall() - now
            with self._beaten:
                if now - self._last > _BEAT + _STILL:
                    self._standstills.append(_Standstill(self._last, now))
                if abs(offset - self._offset) > _SET:
                    self._sets.append(_ClockSet(now, offset - self._offset))
                self._last, self._offset = now, offset
                self._beaten.notify_all()


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

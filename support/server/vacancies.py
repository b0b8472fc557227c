"""The windows of a server, as one run uses them: it counts its own, and waits for one rather than being refused.

A server that cannot cancel jobs keeps the window of one for some time after its last client has left. Until then
who takes any job can have that one again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from support.contract import JobRequest
from support.machine.console import say
from support.screen.job import Job
from support.settings import Settings

_LATE_REMOVAL = 10.0
"""Seconds by which a server may be late to free a window."""

_LOOKS_AFTER = 1.0
"""Seconds after which it is asked for one: servers look for jobs to be removed now and then."""


@dataclass
class Place:
    """A window that is taken.

    Attributes:
        free: whether the server has it back: it has refused the job, or has ended it.
        job: the job in it, where somebody else may have it again.
    """

    free: bool = False
    job: Job | None = None


class _Left(NamedTuple):
    """A window that is free again from this moment on, and its job until then."""

    until: float
    job: Job | None


class Vacancies:
    """Takes windows of a server, by any thread.

    Args:
        windows: that it has.
        idle_removal: seconds for which it keeps the window of a job that it has not ended.

    Attributes:
        patience: seconds to wait where it refuses a window that should be free, for others may have it; none of a
            server that ends jobs when it is asked to.
        gives_again: whether jobs can be had again; not any more once something was wrong with one that was.
    """

    def __init__(self, windows: int, idle_removal: float) -> None:
        self.patience = 0.0
        self.gives_again = True
        self._windows = windows
        self._idle_removal = idle_removal
        self._open = 0
        self._dying: list[_Left] = []  # the one left last is the last
        self._told_until = 0.0
        self._lock = threading.Lock()

    def are_ample(self) -> bool:
        """Whether this run has half of them at most, as far as it knows: so many are free, also of a late server."""
        with self._lock:
            return 2 * (self._open + len(self._dying)) <= self._windows

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A window to be taken: waits for one that is dying. Where all are open, it is the server's part to say so."""
        self._wait_for(1, taken=1)
        place = Place()
        try:
            yield place
        finally:
            with self._lock:
                self._open -= 1
                if not place.free:
                    self._dying.append(_Left(time.monotonic() + self._idle_removal + _LOOKS_AFTER, place.job))

    def wait_for(self, count: int) -> None:
        """Waits until so many may be free: of those opened together, none waits while the others grow idle."""
        self._wait_for(min(count, self._windows), taken=0)

    def again(self, request: JobRequest) -> Job | None:
        """The job left last of those that were asked for so, where the server should have it for some time to come."""
        surely = time.monotonic() + _LATE_REMOVAL
        with self._lock:
            for left in reversed(self._dying if self.gives_again else ()):
                if left.until > surely and left.job is not None and left.job.request == request:
                    self._dying.remove(left)
                    return left.job
        return None

    def ended(self, place: Place, is_over: bool) -> None:
        """The server was asked to end the job in this window, and has, or has not."""
        place.free = is_over
        self.patience = 0.0 if is_over else self._idle_removal + _LATE_REMOVAL

    def _wait_for(self, count: int, taken: int) -> None:
        while wait := self._seconds_until(count, taken):
            time.sleep(wait)

    def _seconds_until(self, count: int, taken: int) -> float:
        """Seconds until so many windows may be free; 0 where they may be now, and then so many are taken."""
        with self._lock:
            now = time.monotonic()
            self._dying = [left for left in self._dying if left.until > now]
            lacking = self._open + len(self._dying) + count - self._windows
            if not 0 < lacking <= len(self._dying):
                self._open += taken
                return 0.0
            wait = self._dying[lacking - 1].until - now
            if now >= self._told_until:
                self._told_until = self._dying[-1].until
                say(
                    f"waiting for a window of the server, for up to {self._told_until - now:.0f} s: of its "
                    f"{self._windows}, this run has {self._open} open and has just left {len(self._dying)}"
                )
            return wait


def vacancies_of(settings: Settings) -> Vacancies:
    """The windows of a server that nothing has been asked of yet."""
    return Vacancies(settings.windows, settings.idle_removal)

"""The pace of a stream: which rows are next, when they are due, and what to do when the stream falls behind.

Behind a little, it catches up: nothing is lost. Far behind, it says so and leaves lines out, so that live data stays
live and every row still carries the time it was measured at. The log tells when it happens, the trailing metadata of
the stream when that ends.
"""

import logging
import time
from typing import Protocol

from support.simulator.frame import Timeline

LATE_NS = 500_000_000  # behind by this much is worth a warning
LOST_NS = 2_000_000_000  # behind by this much, lines are left out
WARN_EVERY = 5.0  # seconds between two warnings of a stream that loses nothing

_NS = 1_000_000_000

log = logging.getLogger(__name__)


class WallClock(Protocol):
    """Tells the time; ``Clock`` is the real one."""

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""


class Pace:
    """The rows of one stream in their order, a frame at a time.

    Attributes:
        left_out: how many lines have been left out so far.
    """

    def __init__(self, job_id: str, timeline: Timeline, rows_per_frame: int, clock: WallClock) -> None:
        self._job_id = job_id
        self._timeline = timeline
        self._rows = rows_per_frame
        self._clock = clock
        self._next = 0
        self._known = -1, 0  # a row, and when its frame is due
        self._warned = -WARN_EVERY
        self.left_out = 0

    def next_row(self) -> int | None:
        """The first row of the next frame; None: there is none."""
        behind = self._clock.now_ns() - self._due(self._next)
        row = self._next
        if behind > LOST_NS:
            row = max(row, self._timeline.row_at(self._clock.now_ns()) - self._rows + 1)
        if behind > LATE_NS:
            self._warn(behind, row - self._next)
        self.left_out += row - self._next
        self._next = row + self._rows
        return row

    def wait(self, row: int) -> float:
        """Seconds until the frame that begins with ``row`` lies in the past; not above 0 when it does."""
        return (self._due(row) - self._clock.now_ns()) / _NS

    def _due(self, row: int) -> int:
        if self._known[0] != row:
            self._known = row, self._timeline.due_ns(row + self._rows - 1)
        return self._known[1]

    def _warn(self, behind_ns: int, lost: int) -> None:
        now = time.monotonic()
        if lost or now - self._warned >= WARN_EVERY:
            self._warned = now
            log.warning(
                "job %s does not keep its line rate: %.2f s behind, %d lines left out "
                "(this machine is too slow for the job, or the client for the stream)",
                self._job_id,
                behind_ns / _NS,
                lost,
            )


class Playback:
    """The rows of a stream of the past: all of them lie in the past already, so none is waited for, or left out."""

    left_out = 0

    def __init__(self, rows: int, rows_per_frame: int) -> None:
        self._firsts = iter(range(0, rows, rows_per_frame))

    def next_row(self) -> int | None:
        """The first row of the next frame; None: there is none."""
        return next(self._firsts, None)

    def wait(self, _row: int) -> float:
        """Seconds until the frame that begins with a row lies in the past."""
        return 0.0

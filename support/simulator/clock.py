"""Time for a stream: wall-clock instants that advance evenly.

Rows carry wall-clock times, but their pace must not jump when somebody sets the clock of the machine. So a stream
reads the wall clock once, when it opens, and counts on from there with a monotonic one.
"""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """A monotonic clock that tells nanoseconds since the epoch."""

    offset_ns: int

    @classmethod
    def anchored(cls) -> "Clock":
        """A clock that agrees with the wall clock now."""
        return cls(time.time_ns() - time.perf_counter_ns())

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self.offset_ns + time.perf_counter_ns()

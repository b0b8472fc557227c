"""Lines counted by their times: a stream has no sequence number, so a lost line shows nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST_MS = 1e-6
"""Lines that are said to be closer than a nanosecond, or at no distance that is a number, are not counted."""


def countable(line: float) -> bool:
    """Whether lines that are said to be so many milliseconds apart can be counted by their times."""
    return _LEAST_MS <= line < math.inf


def steps(gaps: Any, line: float, blur: float = 0.0) -> Any:
    """How many steps from line to line lie between the starts of two lines: to the nearest whole number.

    Args:
        gaps: from one start to the other, milliseconds; a number, or an array of them.
        line: from line to line, milliseconds; it has to be ``countable``.
        blur: where rounding and alignment make this many milliseconds uncertain, the fewest steps that fit.
    """
    return np.ceil((gaps - blur) / line) if blur else np.rint(gaps / line)


def lines_between(earlier: int, later: int, lines_dt: float) -> int | None:
    """How many fit between two, epoch milliseconds, at ``lines_dt`` seconds; None where that is no distance."""
    line = lines_dt * 1000
    return max(int(steps(later - earlier, line)) - 1, 0) if countable(line) else None


@dataclass
class Lines:
    """The lines of a stream, as they come.

    Attributes:
        received: how many came.
        oldest: earliest start of a line, epoch milliseconds; 0 before the first.
        newest: latest start of a line, epoch milliseconds; 0 before the first.
    """

    received: int = 0
    oldest: int = 0
    newest: int = 0

    @classmethod
    def of(cls, starts: NDArray[np.int64]) -> Lines:
        """All lines of a stream."""
        lines = cls()
        lines.see(starts)
        return lines

    def see(self, starts: NDArray[np.int64]) -> None:
        """Counts the lines that start at ``starts``, epoch milliseconds."""
        if starts.size:
            earliest, latest = int(starts.min()), int(starts.max())
            self.oldest = min(self.oldest, earliest) if self.received else earliest
            self.newest = max(self.newest, latest) if self.received else latest
            self.received += starts.size

    def expected(self, lines_dt: float) -> int:
        """How many there were from the oldest to the newest, ``lines_dt`` seconds apart; 0 where nobody can tell."""
        line = lines_dt * 1000
        return int(steps(self.newest - self.oldest, line)) + 1 if self.received and countable(line) else 0

    def lost(self, lines_dt: float) -> int:
        """How many of those did not come; a line that came twice stands for one of them."""
        return max(self.expected(lines_dt) - self.received, 0)

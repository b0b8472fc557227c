"""The lines of a stream that was interrupted: what came twice, what is missing, and what was said about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from support.stream.frame import Frame
from support.stream.interruption import Interruption


@dataclass(frozen=True)
class Loss:
    """Lines, counted by the times of the rows.

    Attributes:
        twice: lines that came before.
        missing: lines between the first and the last one that did not come.
        reported: lines that the interruptions say were lost.
    """

    twice: int
    missing: int
    reported: int

    @classmethod
    def of(cls, frames: Iterable[Frame], interruptions: Iterable[Interruption], lines_dt: float) -> Loss:
        """The loss in ``frames``, all those of a stream whose lines are ``lines_dt`` seconds apart.

        After an interruption the lines may lie on other times: only those in between are counted by their distance.
        """
        starts = np.concatenate([np.empty(0, dtype=np.int64), *(frame.starts for frame in frames)])
        lines = np.unique(starts)
        told = list(interruptions)
        resumed = np.array([broken.before for broken in told if broken.before is not None], dtype=np.int64)
        parts = [part for part in np.split(lines, np.searchsorted(lines, np.unique(resumed))) if part.size]
        within = sum(_distances(part[0], part[-1], lines_dt) + 1 - part.size for part in parts)
        between = sum(
            max(_distances(before[-1], after[0], lines_dt) - 1, 0) for before, after in itertools.pairwise(parts)
        )
        reported = sum(interruption.lines_lost or 0 for interruption in told)
        return cls(twice=int(starts.size - lines.size), missing=int(within + between), reported=reported)


def _distances(first: np.int64, last: np.int64, lines_dt: float) -> int:
    """How many times ``lines_dt`` fits between two lines, epoch milliseconds."""
    return round((int(last) - int(first)) / 1000 / lines_dt)

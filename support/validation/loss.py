"""The lines of a stream that was interrupted: what came twice, what is missing, and what was said about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from support.stream.frame import Frame
from support.stream.interruption import Interruption
from support.stream.lines import Lines, lines_between


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
        told = list(interruptions)
        resumed = sorted({broken.before for broken in told if broken.before is not None})
        starts = np.concatenate([np.empty(0, dtype=np.int64), *(frame.starts for frame in frames)])
        lines = np.unique(starts)
        parts = [Lines.of(part) for part in np.split(lines, np.searchsorted(lines, resumed)) if part.size]
        within = sum(part.lost(lines_dt) for part in parts)
        between = sum(lines_between(a.newest, b.oldest, lines_dt) or 0 for a, b in itertools.pairwise(parts))
        reported = sum(interruption.lines_lost or 0 for interruption in told)
        return cls(twice=int(starts.size - lines.size), missing=within + between, reported=reported)

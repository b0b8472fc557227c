"""The lines of a stream that was interrupted: what came twice, what is missing, and what was said about it."""

from __future__ import annotations

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
        """The loss in ``frames``, all those of a stream whose lines are ``lines_dt`` seconds apart."""
        starts = np.concatenate([np.empty(0, dtype=np.int64), *(frame.starts for frame in frames)])
        lines = np.unique(starts)
        due = round((int(lines[-1]) - int(lines[0])) / 1000 / lines_dt) + 1 if lines.size else 0
        reported = sum(interruption.lines_lost or 0 for interruption in interruptions)
        return cls(twice=int(starts.size - lines.size), missing=int(due - lines.size), reported=reported)

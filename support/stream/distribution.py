"""Durations, and how they are distributed."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Distribution:
    """Durations in seconds; what is not a number is left out.

    Attributes:
        values: the durations, ascending.
    """

    def __init__(self, durations: NDArray[np.float64] | Iterable[float] = ()) -> None:
        values = np.asarray(durations if isinstance(durations, np.ndarray) else list(durations), dtype=np.float64)
        self.values: NDArray[np.float64] = np.sort(values[~np.isnan(values)])

    @property
    def count(self) -> int:
        """How many there are."""
        return self.values.size

    @property
    def shortest(self) -> float:
        """The shortest; infinite without any."""
        return float(self.values[0]) if self.count else math.inf

    @property
    def longest(self) -> float:
        """The longest; minus infinite without any."""
        return float(self.values[-1]) if self.count else -math.inf

    def percentiles(self, percents: Iterable[float]) -> list[float] | None:
        """For each of ``percents``, the duration that so many do not exceed; None where there is none.

        The nearest rank, not interpolated: it is a duration that occurred.
        """
        if not self.count:
            return None
        found: list[float] = np.percentile(self.values, list(percents), method="inverted_cdf").tolist()
        return found

    def percentile(self, percent: float) -> float | None:
        """The duration that ``percent`` of them do not exceed; None where there is none."""
        found = self.percentiles([percent])
        return found[0] if found else None

    def share_within(self, limit: float) -> float:
        """Share (0 to 1) of durations of at most ``limit`` seconds; 0.0 without any."""
        return float(np.searchsorted(self.values, limit, side="right")) / self.count if self.count else 0.0

"""How old live data are when they arrive, over a stream of any length."""

from __future__ import annotations

import numpy as np

_RESOLUTION = 0.001
"""Seconds: timestamps are whole milliseconds."""

_LONGEST = 10.0
"""Seconds: older data count as this old in percentiles; the oldest is kept as it is."""


class DataAges:
    """The ages of the frames of a stream: a histogram, so that an hour takes no more memory than a second.

    Attributes:
        count: frames counted.
        oldest: the largest age, seconds.
    """

    def __init__(self) -> None:
        self.count = 0
        self.oldest = 0.0
        self._frames = np.zeros(round(_LONGEST / _RESOLUTION) + 1, dtype=np.int64)

    def add(self, age: float) -> None:
        """Counts a frame whose newest row ended ``age`` seconds before it arrived; below 0, it came from the future."""
        self.count += 1
        self.oldest = max(self.oldest, age)
        self._frames[min(max(int(age / _RESOLUTION), 0), len(self._frames) - 1)] += 1

    def percentile(self, percent: float) -> float | None:
        """The age that ``percent`` of the frames did not exceed, seconds, to the millisecond; None without frames."""
        if not self.count:
            return None
        place = int(np.searchsorted(np.cumsum(self._frames), self.count * percent / 100))
        return min((place + 1) * _RESOLUTION, self.oldest) if place < len(self._frames) - 1 else self.oldest

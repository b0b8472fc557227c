"""Durations of which only their distribution is kept: an HDR histogram, in constant memory for any number of them."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

_UNIT = 1_000_000
"""Counted in microseconds."""

_LONGEST = 3600 * _UNIT
"""Longer ones count as an hour; the longest itself is known exactly."""

_FIGURES = 3
"""Significant decimal figures: a percentile is right to 0.1 %."""


class Distribution:
    """How many durations of which length there were, to the microsecond or 0.1 %, whichever is more.

    The buckets are those of Gil Tene's HdrHistogram (http://hdrhistogram.org); they are filled with array arithmetic
    here, because one call of the library for each value takes longer than receiving a small frame.

    Attributes:
        count: durations added.
        shortest: the shortest, seconds, exactly; infinite before the first. Below zero counts as zero elsewhere.
        longest: the longest, seconds, exactly; minus infinite before the first.
        total: their sum, seconds.
    """

    def __init__(self) -> None:
        self.count = 0
        self.shortest = math.inf
        self.longest = -math.inf
        self.total = 0.0
        self._histogram = HdrHistogram(1, _LONGEST, _FIGURES, word_size=4)
        self._counts: NDArray[np.uint32] = np.ctypeslib.as_array(self._histogram.counts)

    def add(self, seconds: NDArray[np.float64]) -> None:
        """Adds durations, shape (n,); NaN is left out."""
        seconds = seconds[~np.isnan(seconds)]
        if not seconds.size:
            return
        units = np.rint(np.clip(seconds * _UNIT, 0, _LONGEST)).astype(np.int64)
        np.add.at(self._counts, self._places(units), 1)
        self.count += seconds.size
        self._histogram.total_count = self.count
        self._histogram.min_value = min(self._histogram.min_value, int(units.min()))
        self._histogram.max_value = max(self._histogram.max_value, int(units.max()))
        self.shortest = min(self.shortest, float(seconds.min()))
        self.longest = max(self.longest, float(seconds.max()))
        self.total += float(seconds.sum())

    def percentiles(self, percents: Iterable[float]) -> list[float] | None:
        """For each of ``percents``, the duration that so many do not exceed, seconds; None where there is none.

        The nearest rank, not interpolated: it is a duration that occurred. 100 gives the longest exactly.
        """
        if not self.count:
            return None
        wanted = list(percents)
        values = self._histogram.get_percentile_to_value_dict(wanted)
        return [min(values[percent] / _UNIT, self.longest) for percent in wanted]

    def percentile(self, percent: float) -> float | None:
        """The duration that ``percent`` of them do not exceed, seconds; None where there is none."""
        found = self.percentiles([percent])
        return found[0] if found else None

    def share_within(self, limit: float) -> float:
        """Share (0 to 1) of durations of at most ``limit`` seconds; 0.0 without any."""
        if not self.count:
            return 0.0
        place = self._places(np.array([min(max(limit * _UNIT, 0), _LONGEST)], dtype=np.int64))[0]
        return float(self._counts[: place + 1].sum(dtype=np.int64)) / self.count

    def as_base64(self) -> str:
        """The histogram in the compressed format V2 that every HdrHistogram library reads and can merge."""
        encoded: bytes = self._histogram.encode()
        return encoded.decode("ascii")

    def copy(self) -> Distribution:
        """One that goes its own way from now on."""
        other = Distribution()
        other.count, other.total = self.count, self.total
        other.shortest, other.longest = self.shortest, self.longest
        ctypes.memmove(other._counts.ctypes.data, self._counts.ctypes.data, self._counts.nbytes)
        for name in ("total_count", "min_value", "max_value"):
            setattr(other._histogram, name, getattr(self._histogram, name))
        return other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return (self.count, self.total) == (other.count, other.total) and np.array_equal(self._counts, other._counts)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _places(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bucket of each value: what ``HdrHistogram.record_value`` computes, for arrays."""
        shape = self._histogram
        lengths = np.frexp((units | shape.sub_bucket_mask).astype(np.float64))[1].astype(np.int64)  # in bits
        magnitudes = lengths - (shape.sub_bucket_half_count_magnitude + 1)
        inside = (units >> magnitudes) - shape.sub_bucket_half_count
        places: NDArray[np.int64] = ((magnitudes + 1) << shape.sub_bucket_half_count_magnitude) + inside
        return places

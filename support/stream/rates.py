"""How many frames a second a stream delivered, over its time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_SPANS = 120
"""Spans of the rate over time; a longer stream has longer ones."""


def rates(arrivals: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Frames a second over time.

    Args:
        arrivals: seconds since the stream was asked for, of each frame, in their order.

    Returns:
        When a span begins, seconds since the stream was asked for, and its rate. Spans are of equal length, a second or
        so many that there are at most 120. The last one is left out where the stream did not fill it.
    """
    if not arrivals.size:
        return []
    seconds = 1.0
    while arrivals[-1] >= _MOST_SPANS * seconds:
        seconds *= 2
    whole = int(arrivals[-1] / seconds)
    counts = np.bincount(np.maximum(arrivals / seconds, 0).astype(np.int64), minlength=whole)
    return [(number * seconds, frames / seconds) for number, frames in enumerate(counts[:whole].tolist())]

"""How often something was so, and how sure that is."""

from __future__ import annotations

from scipy.stats import binomtest

_CONFIDENCE = 0.95


def share(count: int, tried: int) -> str:
    """A rate and its interval, in per cent; Clopper and Pearson (1934), exact, with 95 % confidence."""
    interval = binomtest(count, tried).proportion_ci(_CONFIDENCE, method="exact")
    return f"{count / tried:.1%} ({interval.low:.1%} to {interval.high:.1%})"

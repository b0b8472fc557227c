"""Whether a server has become slower than its baseline, by more than is allowed and more than chance explains.

Times of a server are skewed, and now and then one is far off; so ranks are compared, not means. The one-sided test of
Mann and Whitney (1947, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Ann.
Math. Statist. 18) asks whether the samples of now lie above those of the baseline *after these have been raised to what
is allowed*. It is exact for small samples and assumes no distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from support.baseline.sample import Sample

CHANCE = 0.01
"""How often a server that has just become slower by all that is allowed fails, at most, for each figure."""


@dataclass(frozen=True)
class Figure:
    """One of the figures of a sample.

    Attributes:
        name: of the attribute.
        title: for people.
        negligible: seconds by which it may always be longer. For waits it is 50 ms, the interval of frames at 20 a
            second: an operator sees no less. For the data age it is 100 ms, a tenth of what the contract allows: lines
            wait for their frame, so a longer interval makes them older by so much, and that has a figure of its own.
    """

    name: str
    title: str
    negligible: float


FIGURES = (
    Figure("configure", "answer of the configuration", 0.05),
    Figure("first_frame", "first frame", 0.05),
    Figure("frame_interval", "interval between frames", 0.001),
    Figure("data_age", "data age on arrival", 0.1),
)


@dataclass(frozen=True)
class Compared:
    """A figure, now and then.

    Attributes:
        figure: which.
        baseline: its median then, seconds.
        now: its median now, seconds.
        chance: how probable samples like these are where the figure is longer by no more than is allowed.
    """

    figure: Figure
    baseline: float
    now: float
    chance: float

    @property
    def is_slower(self) -> bool:
        """Whether it got longer by more than is allowed, and chance does not explain that."""
        return self.chance < CHANCE

    @property
    def ratio(self) -> float | None:
        """Now divided by then; None where that makes no sense, because a clock is ahead."""
        return self.now / self.baseline if self.baseline > 0 and self.now > 0 else None

    @property
    def verdict(self) -> str:
        """In words."""
        return "slower" if self.is_slower else "no slower than allowed"

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f", {self.ratio:.2f} times"
        return f"{self.figure.title}: {self.now * 1000:.1f} ms where it was {self.baseline * 1000:.1f} ms{ratio}"


def compare(baseline: Sequence[Sample], now: Sequence[Sample], percent: float) -> list[Compared]:
    """Every figure, compared: it may have become longer by ``percent``, or by what is negligible."""
    from scipy.stats import mannwhitneyu  # half a second, for those alone who compare

    compared = []
    for figure in FIGURES:
        then = np.array([getattr(sample, figure.name) for sample in baseline])
        today = np.array([getattr(sample, figure.name) for sample in now])
        allowed = np.maximum(then * (1 + percent / 100), then + figure.negligible)
        test = mannwhitneyu(today, allowed, alternative="greater", method="exact")
        compared.append(Compared(figure, float(np.median(then)), float(np.median(today)), float(test.pvalue)))
    return compared

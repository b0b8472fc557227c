"""How long windows took to open, all of a run, and whether that is as agreed for the environment of the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from support.stream.distribution import Distribution
from support.validation.finding import Finding, Topic
from support.wording import are, plural

FEWEST = 20
"""Of fewer, the longest alone would be the P95."""

Percentiles = tuple[float, float]
"""P95 and P99, seconds."""


@dataclass(frozen=True)
class Waited:
    """How long one step took for every window that was opened, and what is agreed.

    Attributes:
        step: which, for people.
        agreed: P95 and P99, seconds; None where nothing is.
        times: seconds; infinite where it was in vain.
    """

    step: str
    agreed: Percentiles | None
    times: Distribution

    @property
    def percentiles(self) -> Percentiles | None:
        """P95 and P99 by the nearest rank: times that occurred; of fewer than 100 the P99 is the longest."""
        found = self.times.percentiles((95, 99))
        return (found[0], found[1]) if found else None

    @property
    def lack(self) -> str:
        """Why it is not judged, in words; empty where it is."""
        if self.agreed is None:
            return "nothing is agreed"
        if self.times.count < FEWEST:
            return f"{plural(self.times.count, 'window')} {are(self.times.count)} too few, a P95 needs {FEWEST}"
        return ""

    @property
    def verdict(self) -> str:
        """In words, for a table."""
        return self.lack or ("too slow" if judge_waits([self]) else "as agreed")


def judge_waits(waits: Iterable[Waited]) -> list[Finding]:
    """Findings about percentiles beyond what is agreed."""
    found = []
    for waited in waits:
        for percent, took, agreed in zip((95, 99), waited.percentiles or (), waited.agreed or (), strict=False):
            if not waited.lack and took > agreed:
                where = f"P{percent} of {waited.times.count}"
                sentence = f"{waited.step} took {shown(took)} at {where}, not {shown(agreed)} as agreed"
                found.append(Finding("agreed times", Topic.PACE, sentence, amount=took - agreed))
    return found


def shown(seconds: float) -> str:
    """``0.25 s``; ``for ever`` where it was in vain."""
    return "for ever" if seconds == float("inf") else f"{seconds:.3g} s"

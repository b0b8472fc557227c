"""What a scenario measured, as numbers beside what was asked for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from support.screen.streamed import Streamed
from support.stream.distribution import Distribution
from support.validation.expectation import Limits
from support.validation.finding import Topic

Place = TypeVar("Place")


class Sense(StrEnum):
    """On which side of what was asked for a figure has to be."""

    AT_MOST = "at most"
    AT_LEAST = "at least"
    MORE_THAN = "more than"
    NONE_OF = "none of"


@dataclass(frozen=True)
class Kind:
    """What kind of figure it is.

    Attributes:
        sense: on which side of what was asked for it has to be.
        unit: of both: s, %, or /s for frames a second; empty where things are counted.
    """

    sense: Sense
    unit: str = ""


KINDS = {
    "connect_within": Kind(Sense.AT_MOST, "s"),
    "first_frame_within": Kind(Sense.AT_MOST, "s"),
    "refusal_within": Kind(Sense.AT_MOST, "s"),
    "end_within": Kind(Sense.AT_MOST, "s"),
    "frame_rate_above": Kind(Sense.MORE_THAN, "/s"),
    "frames_in_time": Kind(Sense.AT_LEAST, "%"),
    "data_age_within": Kind(Sense.AT_MOST, "s"),
    "max_pause": Kind(Sense.AT_MOST, "s"),
    "lines_lost": Kind(Sense.NONE_OF),
    "structure": Kind(Sense.NONE_OF),
    "dimensions": Kind(Sense.NONE_OF),
    "frequencies": Kind(Sense.NONE_OF),
    "measurements": Kind(Sense.NONE_OF),
}
"""Every figure; where a setting replaces what a feature asks for, by the name of that setting."""


@dataclass(frozen=True)
class Figure:
    """Something measured, and what was asked for.

    Attributes:
        kind: one of ``KINDS``.
        measured: in its unit; None where there was nothing to measure.
        asked: what it was held against; where nothing may be wrong, out of how many.
    """

    kind: str
    measured: float | None
    asked: float

    @property
    def badness(self) -> float:
        """The larger, the worse, among those of one kind; where nothing was measured, there is nothing bad."""
        if self.measured is None:
            return -math.inf
        upwards = KINDS[self.kind].sense in (Sense.AT_MOST, Sense.NONE_OF)
        return self.measured if upwards else -self.measured


@dataclass(frozen=True)
class Facts:
    """What one scenario measured, how much it judged, and what it left.

    Attributes:
        figures: what it measured.
        judged: how many streams, frames, lines and values.
        defects: keys of the known defects that it showed.
        captures: files of its streams.
    """

    figures: Sequence[Figure] = ()
    judged: Mapping[str, int] = field(default_factory=dict)
    defects: Sequence[str] = ()
    captures: Sequence[Path] = ()


JUDGED = ("streams", "frames", "lines", "values")
"""What is counted of all that was judged."""


def facts_of(measured: Iterable[Figure], streams: Iterable[Streamed], limits: Limits) -> Facts:
    """The facts of a scenario.

    Args:
        measured: what its steps measured, and held against a limit.
        streams: all streams that it opened.
        limits: how strictly they were judged.
    """
    judged: Counter[str] = Counter()
    figures = list(measured)
    for stream in streams:
        verdict = stream.verdict
        judged.update(streams=1, frames=verdict.frames, lines=verdict.rows, values=verdict.values)
        figures += _counted(stream, limits)
    return Facts([figure for figure, _ in worst((figure, None) for figure in figures)], dict(judged))


def worst(figures: Iterable[tuple[Figure, Place]]) -> list[tuple[Figure, Place]]:
    """Of each kind, the worst, and where that was; where things are counted, all of them, and where most were."""
    by_kind: dict[str, list[tuple[Figure, Place]]] = {}
    for figure, place in figures:
        by_kind.setdefault(figure.kind, []).append((figure, place))
    return [_worst(those) for those in by_kind.values()]


def _worst(those: Sequence[tuple[Figure, Place]]) -> tuple[Figure, Place]:
    figure, place = max(those, key=lambda one: one[0].badness)
    if KINDS[figure.kind].sense is not Sense.NONE_OF:
        return figure, place
    measured, asked = (sum(getattr(one, name) or 0 for one, _ in those) for name in ("measured", "asked"))
    return replace(figure, measured=measured, asked=asked), place


def _counted(stream: Streamed, limits: Limits) -> Iterator[Figure]:
    """What the rules that its scenario asked about have to say, in numbers."""
    verdict, metrics = stream.verdict, stream.metrics
    counted = {
        Topic.STRUCTURE: verdict.frames,
        Topic.DIMENSIONS: verdict.rows,
        Topic.FREQUENCIES: verdict.rows,
        Topic.MEASUREMENTS: verdict.values,
    }
    for topic, judged in counted.items():
        if topic in verdict.asked:
            yield Figure(str(topic), verdict.count([topic]), judged)
    if Topic.CONTINUITY in verdict.asked:
        lines_dt = stream.job.answer.lines_dt
        yield Figure("lines_lost", verdict.lines.lost(lines_dt), verdict.lines.expected(lines_dt))
    if Topic.PACE in verdict.asked:
        yield Figure("max_pause", _longest(metrics.intervals), limits.max_pause)
    if Topic.FRESHNESS in verdict.asked:
        yield Figure("data_age_within", _longest(metrics.ages), limits.data_age_within)


def _longest(durations: Distribution) -> float | None:
    return durations.longest if durations.count else None

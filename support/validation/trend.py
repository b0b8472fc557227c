"""Whether a stream is as it was in the beginning: what changes slowly shows over minutes, and in no single frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.validation.finding import Finding, Severity, Topic

Floats = NDArray[np.float64]

SPANS = 24
"""Parts of a stream that a trend is told from: each is long enough for what comes and goes within it to be no trend."""

CERTAIN = 9.0
"""Standard errors that a change must differ from none by: noise never does, nor a single step, which is no trend."""

RATE_CHANGE = 0.05
"""Share of a rate by which it may change over a stream."""

AGE_CHANGE = 0.25
"""Seconds by which the age of the data may grow over a stream: clocks that are being set drift apart by that much."""

LEVEL_CHANGE = 1.25
"""Factor by which the level of all sensors together may change: there is traffic, and there are storms."""

SENSOR_CHANGE = 2.0
"""Factor by which the level of one sensor may change, in comparison with the others: it is next to a road, perhaps."""


@dataclass(frozen=True)
class Trend:
    """The straight line through something that was measured over time.

    Attributes:
        mean: in the middle.
        change: from the beginning to the end.
        error: the standard error of the change; what is not on the line is noise.
    """

    mean: float
    change: float
    error: float

    @property
    def is_certain(self) -> bool:
        """Whether noise alone has no such trend."""
        return abs(self.change) > CERTAIN * self.error


def trend_of(values: Floats) -> Trend | None:
    """The trend of values at equal distances in time; None with fewer than four of them."""
    if values.size < 4:
        return None
    place = np.linspace(-0.5, 0.5, values.size)
    mean, squares = float(values.mean()), float(place @ place)
    change = float(place @ values) / squares
    rest = values - mean - change * place
    error = float(np.sqrt(rest @ rest / (values.size - 2) / squares))
    return Trend(mean, change * values.size / (values.size - 1), error)


class Course:
    """The course of a stream: what is needed to tell its trends, in bounded memory.

    Of each span: when its first and its last frame came, how many frames and rows had come by then, the youngest age,
    and the level of each sensor: the median over the bins, on average over the newest rows of the frames.

    Args:
        seconds: how long the stream will be watched.
        began: seconds after asking for the stream from which on it is watched: what it does at first is no trend.
    """

    def __init__(self, seconds: float, began: float = 0.0) -> None:
        self._length = (seconds - began) / SPANS
        self._began = began
        self._spans: list[_Span] = [_Span() for _ in range(SPANS)]
        self._frames = self._rows = 0
        self._sensors: tuple[int, ...] = ()

    def see(self, block: Block) -> None:
        """Notes the next frames."""
        if not block.shape.rows:
            return
        spans = np.floor((block.elapsed - self._began) / self._length).astype(np.int64)
        for position, number in enumerate(spans.tolist()):
            self._frames += 1
            self._rows += block.shape.rows
            if 0 <= number < SPANS:
                levels = self._levels(block, position)
                self._spans[number].see(
                    float(block.elapsed[position]), self._frames, self._rows, float(block.ages[position]), levels
                )

    def findings(self) -> list[Finding]:
        """What has changed that should not have."""
        whole = [span for span in self._spans if span.is_whole]
        if len(whole) < SPANS:
            return []
        return [*self._rate_findings(), *self._age_findings(), *self._level_findings()]

    def _levels(self, block: Block, position: int) -> Floats | None:
        if not block.shape.is_rectangular or not block.shape.value_count:
            return None
        sensors = block.shape.sensor_ids[-1]
        self._sensors = self._sensors or sensors
        if sensors != self._sensors:
            return None
        levels: Floats = np.median(block.frames[position].intensities[-1].astype(np.float64), axis=1)
        return levels

    def _rate_findings(self) -> Iterator[Finding]:
        """From the last frame of a span to that of the next: a pause is made up for by what then comes at once."""
        begin = self._spans[0].first
        assert begin is not None, "it is whole"
        elapsed, frames, rows = np.array([begin, *(span.last for span in self._spans)]).T
        for what, counts in (("frame", frames), ("line", rows)):
            trend = trend_of(np.diff(counts) / np.diff(elapsed))
            if trend and trend.is_certain and abs(trend.change) > RATE_CHANGE * trend.mean:
                first, last = trend.mean - trend.change / 2, trend.mean + trend.change / 2
                yield Finding(
                    f"{what} rate as it was",
                    Topic.PACE,
                    f"the {what} rate {_moved(trend)} from {first:.4g} to {last:.4g} {what}s a second",
                    Severity.NORMAL,
                    amount=trend.change,
                )

    def _age_findings(self) -> Iterator[Finding]:
        trend = trend_of(np.array([span.age for span in self._spans]))
        if trend and trend.is_certain and trend.change > AGE_CHANGE:
            yield Finding(
                "age of the data as it was",
                Topic.FRESHNESS,
                f"live data fall behind: their age grew by {trend.change:.2f} s",
                Severity.NORMAL,
                amount=trend.change,
            )

    def _level_findings(self) -> Iterator[Finding]:
        means = np.array([span.level for span in self._spans if span.level is not None])
        if len(means) < SPANS or not (means > 0).all():
            return
        levels = np.log(means)
        common = np.median(levels - levels.mean(axis=0), axis=1)
        together = trend_of(common)
        if together and together.is_certain and abs(together.change) > np.log(LEVEL_CHANGE):
            yield self._level_finding("the level of all sensors together", together)
        for position, sensor in enumerate(self._sensors if len(self._sensors) > 1 else ()):
            alone = trend_of(levels[:, position] - common)
            if alone and alone.is_certain and abs(alone.change) > np.log(SENSOR_CHANGE):
                yield self._level_finding(f"the level of sensor {sensor}", alone)

    def _level_finding(self, what: str, trend: Trend) -> Finding:
        factor = float(np.exp(trend.change))
        return Finding(
            "levels as they were",
            Topic.MEASUREMENTS,
            f"{what} {_moved(trend)} to {factor:.2g} times what it was",
            amount=factor,
        )


def _moved(trend: Trend) -> str:
    return "rose steadily" if trend.change > 0 else "fell steadily"


class _Span:
    """What was seen in a span of time.

    Attributes:
        first: its first frame: when it came, and how many frames and rows had come by then.
        last: the same of its last one.
        age: the youngest, seconds.
    """

    def __init__(self) -> None:
        self.first: tuple[float, int, int] | None = None
        self.last: tuple[float, int, int] = (0.0, 0, 0)
        self.age = np.inf
        self._levels: Any = 0.0
        self._counted = 0

    def see(self, elapsed: float, frames: int, rows: int, age: float, levels: Floats | None) -> None:
        self.last = (elapsed, frames, rows)
        self.first = self.first or self.last
        self.age = min(self.age, age)
        if levels is not None:
            self._levels = self._levels + levels
            self._counted += 1

    @property
    def is_whole(self) -> bool:
        """Whether there is enough to tell a rate from."""
        return self.first is not None and self.last[0] > self.first[0]

    @property
    def level(self) -> Floats | None:
        levels: Floats | None = self._levels / self._counted if self._counted else None
        return levels

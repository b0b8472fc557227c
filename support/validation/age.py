"""Whether live data are live: new when they arrive, and as new at the end as in the beginning."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.validation.finding import Ending, Finding, Rule, Severity, Took, Topic, Where

_OTHER_TIMES = {"GPS time": 18, "TAI": 37}
"""Seconds that clocks without leap seconds are ahead of UTC, since 2017."""

_ABOUT = 1.5
"""Seconds around those: data have an age, and clocks differ."""

_TICK = 0.1
"""Seconds of which the youngest frame counts."""

_LOOK_EVERY = 5
"""Ticks."""

_SPANS = (3.0, 6.0, 12.0, 24.0, 48.0)
"""Seconds over which the age must not grow."""

_PARTS = 4
_EVENLY = 0.5
"""Share of its part of the growth that each part has at least, or it is no trend."""

_NOISE = 2.0
"""How much of the noise, the middle age over the youngest, may have come by chance into a growth."""

_TICKS_PER_PART = 3
"""Ticks with a frame that a part needs, to say how old it is."""


class LiveDataFresh(Rule):
    """The newest row of a live frame ended shortly before it arrives, and never in the future beyond clock skew."""

    name = "live data fresh"
    topic = Topic.FRESHNESS
    severity = Severity.NORMAL

    def __init__(self, max_age: float, clock_skew: float) -> None:
        self._max_age = max_age
        self._skew = clock_skew

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.shape.rows:
            return
        ages = block.ages
        if ages.max() <= self._max_age and ages.min() >= -self._skew:
            return
        wrong = (ages > self._max_age) | (ages < -self._skew)
        for position in np.flatnonzero(wrong).tolist():
            age = float(ages[position])
            where = Where(frame=block.index + position, time=int(block.ends[position].max()))
            limit = "data_age_within" if age > 0 else "clock_skew"
            if age > 0:
                sentence = (
                    f"live data are stale: the newest row ended {age:.2f} s before it arrived, not {self._max_age:g} s"
                )
            else:
                sentence = (
                    f"live data are from the future: the newest row ends {-age:.2f} s after it arrived{_hint(-age)}"
                )
            arrived = block.messages[position].arrived
            yield self.finding(sentence, where, age, Took(arrived - max(age, 0.0), arrived, self._max_age), limit)


def _hint(ahead: float) -> str:
    """Which other time that would be."""
    times = [name for name, offset in _OTHER_TIMES.items() if abs(ahead - offset) <= _ABOUT]
    return "".join(f"; {name} is {_OTHER_TIMES[name]} s ahead of UTC, which the times have to be" for name in times)


class LiveDataKeepUp(Rule):
    """The age of live data does not grow by more than ``max_growth`` seconds a second, over three seconds or longer.

    A network and a busy machine only ever make data older, so of each tenth of a second the youngest frame counts. The
    stream falls behind where of four equal parts of a span each is older than the one before, the youngest of it than
    the middle one of that, and what noise may have added is taken off. So no trend is noise, nor a single step, as
    where the route of a network changes, nor what comes and goes within a span. Spans of 3 to 48 s are looked at twice
    a second, and the whole stream at its end.
    """

    name = "live data keep up"
    topic = Topic.FRESHNESS
    severity = Severity.NORMAL

    def __init__(self, max_growth: float) -> None:
        self._max_growth = max_growth
        most = int(2 * _SPANS[-1] / _TICK)
        self._ticks: deque[int] = deque(maxlen=most)
        self._ages: deque[float] = deque(maxlen=most)
        self._youngest = math.inf
        self._looked = 0
        self._arrived = 0.0
        self._falls_behind = False

    def see(self, block: Block) -> Iterator[Finding]:
        if not block.shape.rows:
            return
        ticks = (block.elapsed // _TICK).astype(np.int64)
        youngest = float(block.ages.min())
        self._youngest = min(self._youngest, youngest)
        if self._ticks and ticks[-1] == self._ticks[-1] == ticks[0]:
            self._ages[-1] = min(self._ages[-1], youngest)
            return
        for position, (tick, age) in enumerate(zip(ticks.tolist(), block.ages.tolist(), strict=True)):
            if self._ticks and tick <= self._ticks[-1]:
                self._ages[-1] = min(self._ages[-1], age)
                continue
            if tick - self._looked >= _LOOK_EVERY:
                self._looked = tick
                yield from self._look(_SPANS, Where(frame=block.index + position))
            self._arrived = block.messages[position].arrived
            self._ticks.append(tick)
            self._ages.append(age)

    def end(self, ending: Ending) -> Iterator[Finding]:
        if self._ticks:
            whole = (self._ticks[-1] - self._ticks[0] + 1) * _TICK
            yield from self._look((*_SPANS, max(whole, _SPANS[0])), Where(frame=ending.frames - 1))

    @property
    def _may_fall_behind(self) -> bool:
        """Whether the newest data are so much older than the youngest ever that they may; which is soon said."""
        newest = itertools.islice(reversed(self._ages), _TICKS_PER_PART)
        return min(newest, default=-math.inf) - self._youngest > self._max_growth * _SPANS[0] / 2

    def _look(self, spans: tuple[float, ...], where: Where) -> Iterator[Finding]:
        if not self._may_fall_behind:
            self._falls_behind = False
            return
        ticks, ages = np.array(self._ticks), np.array(self._ages)
        grown = (growth for span in spans for growth in _growth(ticks, ages, span) if growth.rate > self._max_growth)
        found = next(grown, None)
        if found and not self._falls_behind:
            yield self.finding(
                f"live data fall behind: within {found.span:.1f} s their age grew from {found.first:.2f} s to "
                f"{found.last:.2f} s, by at least {found.rate * 1000:.0f} ms a second where "
                f"{self._max_growth * 1000:g} are allowed",
                where,
                found.rate,
                self._took(found),
                "age_growth",
            )
        self._falls_behind = found is not None

    def _took(self, found: _Growth) -> Took:
        """A machine that stood still for as long as the data have aged too much is why they did."""
        allowed = found.span - (found.last - found.first) + self._max_growth * found.span
        return Took(self._arrived - found.span, self._arrived, allowed)


class _Growth(NamedTuple):
    """An age that grows steadily from the first part of a span to the last, by at least ``rate`` a second; seconds."""

    span: float
    first: float
    last: float
    rate: float


def _growth(ticks: NDArray[np.int64], ages: NDArray[np.float64], span: float) -> Iterator[_Growth]:
    """The growth over the newest ticks of a span, where there is one."""
    edges = np.searchsorted(ticks, ticks[-1] + 1 - span / _TICK * np.arange(_PARTS, -1, -1) / _PARTS)
    parts = [ages[begin:end] for begin, end in itertools.pairwise(edges)]
    if ticks[-1] + 1 - ticks[0] < span / _TICK - 0.5 or min(map(len, parts)) < _TICKS_PER_PART:
        return
    if all(later.min() > np.median(part) for part, later in itertools.pairwise(parts)):
        youngest = [int(begin + ages[begin:end].argmin()) for begin, end in itertools.pairwise(edges)]
        first, last = float(ages[youngest[0]]), float(ages[youngest[-1]])
        seconds = float(ticks[youngest[-1]] - ticks[youngest[0]]) * _TICK
        level = ages - (last - first) / seconds * _TICK * ticks
        noise = np.median([np.median(level[a:b]) - level[a:b].min() for a, b in itertools.pairwise(edges)])
        if np.diff(ages[youngest]).min() * (_PARTS - 1) > (last - first) * _EVENLY:
            yield _Growth(span, first, last, float(last - first - _NOISE * noise) / seconds)

"""Whether the past is played back the same each time, and whether ranges that follow each other fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.stream.frame import Frame
from support.validation.finding import Finding, Topic, Where
from support.wording import clock, plural

_OF_VALUE = 2e-5
_OF_LARGEST = 2e-6
"""Float32: so far may values of equal samples be apart, as shares of themselves and of the largest one of the line."""

_ROUNDING_MS = 1.0


@dataclass(frozen=True)
class Played:
    """A range as it was shown.

    Attributes:
        name: in words.
        frames: all of them.
        window: seconds that a line is made of.
        sample: seconds between two samples of the fibre.
    """

    name: str
    frames: Sequence[Frame]
    window: float
    sample: float

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """When the lines begin, epoch milliseconds, shape (lines,)."""
        return np.concatenate([frame.starts for frame in self.frames] or [np.empty(0, np.int64)])

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """What they show, shape (lines, channels, bins).

        Raises:
            ValueError: lines are not all of one size.
        """
        return np.concatenate([frame.intensities for frame in self.frames])


def judge_again(first: Played, again: Played) -> list[Finding]:
    """What was shown otherwise when the same was asked for again: nothing may be, to the last bit."""
    if not first.starts.size:
        return [_finding(f"{first.name} shows no line, so there is nothing to compare")]
    if not np.array_equal(first.starts, again.starts):
        lines = f"{plural(again.starts.size, 'line')} where {first.name} has {first.starts.size}"
        return [_finding(f"{again.name} has {lines}, or has them at other times")]
    return _differences(first, again, np.arange(first.starts.size), np.arange(again.starts.size), exact=True)


def judge_seam(before: Played, after: Played, over_both: Played, border: float) -> list[Finding]:
    """What of two ranges that follow each other is not as in one over both.

    Together they show the same lines, but for those whose windows reach over the border, epoch seconds.
    """
    if not (before.starts.size and after.starts.size and over_both.starts.size):
        return [_finding("a range shows no line, so there is nothing to compare")]
    found: list[Finding] = []
    twice = np.intersect1d(before.starts, after.starts)
    if twice.size:
        found.append(
            _finding(f"{plural(twice.size, 'line')} came in both ranges, the first at {clock(twice[0])}", twice[0])
        )
    for part in (before, after):
        _, mine, whole = np.intersect1d(part.starts, over_both.starts, return_indices=True)
        extra = np.setdiff1d(part.starts, over_both.starts)
        if extra.size:
            found.append(
                _finding(f"{part.name} has a line at {clock(extra[0])}, which the range over both has not", extra[0])
            )
        found += _differences(over_both, part, whole, mine, exact=False)
    missing = np.setdiff1d(over_both.starts, np.concatenate((before.starts, after.starts)))
    reach = (border - over_both.window - over_both.sample) * 1000 - _ROUNDING_MS
    lost = missing[(missing < reach) | (missing >= border * 1000)]
    if lost.size:
        found.append(
            _finding(f"{plural(lost.size, 'line')} came in neither range, the first at {clock(lost[0])}", lost[0])
        )
    return found


def _differences(one: Played, other: Played, its: NDArray[Any], others: NDArray[Any], *, exact: bool) -> list[Finding]:
    """Where lines of two ranges differ: those of the one at ``its`` places, of the other at ``others``."""
    try:
        expected, got = one.values[its], other.values[others]
    except ValueError as error:
        return [_finding(f"{one.name} and {other.name} cannot be compared: {error}")]
    if expected.shape != got.shape:
        return [_finding(f"{other.name} has lines of {got.shape[1:]} values where {one.name} has {expected.shape[1:]}")]
    if exact:
        wrong = expected.view(np.uint32) != got.view(np.uint32)
    else:
        largest = np.abs(expected).max(axis=2, keepdims=True)
        wrong = ~(np.abs(got - expected) <= _OF_VALUE * np.abs(expected) + _OF_LARGEST * largest)
    if not wrong.any():
        return []
    line, channel, bin_ = (int(place) for place in np.argwhere(wrong)[0])
    start = int(other.starts[others[line]])
    return [
        _finding(
            f"{other.name} shows {got[line, channel, bin_]!s} where {one.name} shows "
            f"{expected[line, channel, bin_]!s}, in position {channel} of the line at {clock(start)}, bin {bin_}; "
            f"{plural(int(wrong.sum()), 'value')} of {wrong.size:,} differ",
            start,
        )
    ]


def _finding(sentence: str, start: Any = None) -> Finding:
    where = Where() if start is None else Where(time=int(start))
    return Finding("played back the same", Topic.MEASUREMENTS, sentence, where=where)

"""Conditions: when a fault acts, where it does not always. ``--fault dead-sensor=3@from-frame=30@stream=2``.

A condition is a predicate on the situation, that is on what the server is about to send or to answer. It goes with
every fault of a stage that knows what the condition asks for (``Level``): a fault of single frames can wait for the
30th of them, one of an answer cannot.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from support.simulator.deviations.situation import Level, Situation

ONCE = "once"


class UnknownConditionError(ValueError):
    """A condition that there is not, or one with a wrong value; ``str()`` says what would be right."""


@dataclass(frozen=True, slots=True)
class Value:
    """The value that a condition takes, and how it is read.

    Attributes:
        sign: what stands for it in lists.
        meaning: in words.
        read: raises ValueError where the text is none.
    """

    sign: str
    meaning: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A condition that can be asked for.

    Attributes:
        name: as it is asked for.
        says: when the fault acts.
        level: what has to be known to tell whether it holds.
        value: what it takes; None: nothing.
        holds: whether it does, with the value, where it takes one, after the situation.
    """

    name: str
    says: str
    level: Level
    value: Value | None
    holds: Callable[..., bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was asked for."""

    kind: Kind
    holds: Callable[[Situation], bool]


KINDS: dict[str, Kind] = {}


def find(spec: str) -> Condition:
    """The condition that ``spec`` (NAME or NAME=VALUE) asks for.

    Raises:
        UnknownConditionError: there is none, or none with such a value.
    """
    name, equals, text = spec.partition("=")
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, n=1, cutoff=0.0)
        raise UnknownConditionError(f"there is no condition {name!r}; the nearest name is {near[0]!r}")
    if kind.value is None:
        if equals:
            raise UnknownConditionError(f"the condition {name!r} takes no value, so {spec!r} is wrong")
        return Condition(kind, kind.holds)
    try:
        value = kind.value.read(text)
    except ValueError:
        wanted = f"{name}={kind.value.sign}"
        raise UnknownConditionError(f"{spec!r} is no condition; {wanted!r} takes {kind.value.meaning}") from None
    return Condition(kind, partial(kind.holds, value=value))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 10**9):
        raise ValueError(text)
    return int(text)


def _seconds(text: str) -> Fraction:
    value = Fraction(repr(float(text)))  # what is no number, or infinite, is a ValueError
    if not 0 < value <= 10**6:
        raise ValueError(text)
    return value


def _band(text: str) -> tuple[float, float]:
    low, high = (float(part) for part in text.split("-"))
    if not 0 <= low < high:
        raise ValueError(text)
    return low, high


_NUMBER = Value("N", "a whole number from 1", _number)
_SECONDS = Value("S", "a number of seconds above 0", _seconds)
_HERTZ = Value("LOW-HIGH", "two frequencies in Hz, like 100-300", _band)

Holds = Callable[..., bool]


def _enter(name: str, level: Level, value: Value | None = None) -> Callable[[Holds], Holds]:
    """Enters the decorated function as a condition; its docstring says when a fault acts under it."""

    def enter(holds: Holds) -> Holds:
        KINDS[name] = Kind(name, (holds.__doc__ or "").removesuffix("."), level, value, holds)
        return holds

    return enter


@_enter("from-second", Level.COURSE, _SECONDS)
def _from_second(situation: Situation, value: Fraction) -> bool:
    """After S seconds of a stream, by the times of its rows."""
    return situation.plan is not None and situation.row * situation.plan.lines_dt > value


@_enter("from-frame", Level.COURSE, _NUMBER)
def _from_frame(situation: Situation, value: int) -> bool:
    """From the Nth frame of a stream on."""
    return situation.frame >= value


@_enter("from-row", Level.COURSE, _NUMBER)
def _from_row(situation: Situation, value: int) -> bool:
    """From the frame with the Nth row of a stream on."""
    return situation.row >= value


@_enter("last-frame", Level.FRAME)
def _last_frame(situation: Situation) -> bool:
    """Only in the last frame of a stream for which so many frames were asked for."""
    return bool(situation.limit) and situation.frame == situation.limit


@_enter("channels", Level.JOB, _NUMBER)
def _channels(situation: Situation, value: int) -> bool:
    """Only for jobs of N channels."""
    channels = _asked(situation, "channels") or _asked(situation, "sensors")
    return channels is not None and channels[1] - channels[0] + 1 == value


@_enter("nfft", Level.JOB, _NUMBER)
def _nfft(situation: Situation, value: int) -> bool:
    """Only for jobs with the NFFT N."""
    return bool(situation.asked.get("nfftSelection") == value)


@_enter("band", Level.JOB, _HERTZ)
def _band_is(situation: Situation, value: tuple[float, float]) -> bool:
    """Only for jobs whose band reaches from LOW to HIGH Hz."""
    return _asked(situation, "frequencyRange") == value


@_enter("view", Level.JOB, Value("N", "the number of a view, 0 to 2", lambda text: ("0", "1", "2").index(text)))
def _view(situation: Situation, value: int) -> bool:
    """Only for jobs of the view N."""
    return str(situation.asked.get("view_type", 0)) == str(value)


@_enter("stream", Level.STREAM, _NUMBER)
def _stream(situation: Situation, value: int) -> bool:
    """Only in the Nth stream of a job."""
    return situation.stream == value


@_enter("job", Level.JOB, _NUMBER)
def _job(situation: Situation, value: int) -> bool:
    """Only for the Nth job that is asked for, refused ones included."""
    return situation.job == value


@_enter("while-another-streams", Level.JOB)
def _while_another_streams(situation: Situation) -> bool:
    """Only while another job is streaming."""
    return situation.course.another_streams(situation.job)


@_enter("after-refusal", Level.JOB)
def _after_refusal(situation: Situation) -> bool:
    """Only once a configuration has been refused."""
    return situation.course.refused


@_enter("after-cancellation", Level.JOB)
def _after_cancellation(situation: Situation) -> bool:
    """Only once a job has been cancelled."""
    return situation.course.cancelled


@_enter("after-leaving", Level.JOB)
def _after_leaving(situation: Situation) -> bool:
    """Only once a client has left in the midst of a stream."""
    return situation.course.left


@_enter(ONCE, Level.JOB)
def _once(_situation: Situation) -> bool:
    """Only once: in one frame, or else in one stream, for one job or in one answer."""
    return True


def _asked(situation: Situation, field: str) -> tuple[float, float] | None:
    """The lower and the upper end that were asked for; None where the request has no such field."""
    try:
        ends = situation.asked[field]
        low, high = ends["min"], ends["max"]
    except (KeyError, TypeError):
        return None
    numbers = all(isinstance(end, int | float) for end in (low, high))
    return (low, high) if numbers else None

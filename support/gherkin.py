"""The domain words of the feature files, as types of step parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import parse
from behave import register_type

from support.network.trouble import TROUBLES
from support.screen.job import Kind, Mistake, Part, Place, Relation
from support.server.secured import SERVERS, TRUSTS
from support.validation.numbers import Numbers

Meaning = TypeVar("Meaning")

FAULTS = {
    "whose sensor 2 is dead": "dead-sensor=3",
    "whose sensor 2 is frozen": "frozen-sensor=3",
    "whose picture is frozen": "frozen-picture",
    "that shows a row again": "row-again",
    "two of whose sensors are one": "twin-sensors=3",
    "that sends zeros": "all-zero",
    "that sends rows of zeros": "zero-row",
    "that sends a value that is not a number": "nan-value",
    "that sends negative values": "negative-value",
    "that declares too tight bounds": "bounds-too-tight",
    "that leaves a sensor out": "sensor-missing=3",
    "that sends another job's sensors": "sensors-shifted",
    "that leaves a frequency out": "bin-missing=3",
    "that sends empty frames": "empty-frame",
    "that changes the canvas": "canvas-changes",
    "that ends rows before they start": "row-ends-before-start",
    "that counts time in seconds": "timestamps-in-seconds",
    "that loses three lines at a time": "line-lost=3",
    "that repeats lines": "line-repeated",
    "that swaps lines": "lines-swapped",
    "whose line rate drifts": "line-rate-drift=2",
    "whose clock is five seconds ahead": "clock-ahead=5",
    "whose data are five seconds old": "stale-data=5",
    "that stalls for a second": "stall=1",
    "that sends a frame too many": "one-frame-too-many",
    "that sends a frame too few": "one-frame-too-few",
    "that breaks off": "abort-in-mid-stream",
    "that sends bytes which are no frame": "not-protobuf",
    "that miscounts the channels": "channel-amount-wrong",
    "that shifts the frequencies": "frequencies-shifted",
    "that misstates the line distance": "lines-dt-wrong",
    "two of whose streams have changed places": "streams-swapped",
    "two of whose streams show the same": "streams-alike",
    "one of whose streams loses lines": "stream-loses-lines",
    "one of whose streams is drawn on another scale": "stream-logarithmic",
    "one of whose streams breaks off": "stream-breaks-alone",
    "that leaves numbers of lines out": "index-gap",
    "that shows another job": "job-number-of-another",
}
"""Servers that scenarios name in words, as faults of the embedded Focus Server."""

VARIANTS = {
    "that writes its address as text": "port-as-string",
    "that writes its address as a browser does": "scheme-in-url",
    "that has no health check": "no-check-health",
    "that sends one row a frame": "one-row-frames",
    "whose bounds cover all that was sent so far": "running-bounds",
    "that sends values one by one": "unpacked-floats",
    "that rounds times down": "floor-timestamps",
    "that has a very quiet sensor": "quiet-sensor",
    "that rounds values coarsely": "coarse-values",
    "that has five streams a job": "five-streams",
    "whose streams count their own lines": "index-from-anywhere",
    "that sends the rows of a frame at once": "one-piece",
}
"""The same for servers that are correct and only different: variants."""

_DIALECT_TAG = "dialect."
_UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0}


@parse.with_pattern(r"(?:\d+(?:\.\d+)?|an?|half a) (?:millisecond|second|minute)s?")
def duration(text: str) -> float:
    """``5 seconds``, ``a second``, ``half a second``, ``200 milliseconds``: seconds."""
    amount, unit = text.rsplit(" ", 1)
    number = {"a": 1.0, "an": 1.0, "half a": 0.5}.get(amount)
    return (float(amount) if number is None else number) * _UNITS[unit.removesuffix("s")]


@parse.with_pattern(r"\d+(?:\.\d+)? %")
def percentage(text: str) -> float:
    """``95 %``: 95.0."""
    return float(text.removesuffix(" %"))


@parse.with_pattern(r"\d+ channels?")
def channels(text: str) -> int:
    """``1 channel``, ``11 channels``: the number."""
    return int(text.split()[0])


def kind(row: Mapping[str, str]) -> Kind:
    """A row of a table of windows: ``11``, ``middle``, ``512``, ``40 % to 60 %``, ``15``, ``60`` or ``no limit``."""
    low, high = (percentage(end) / 100 for end in row["band"].split(" to "))
    limit = row.get("frames", "no limit")
    frames = None if limit == "no limit" else int(limit)
    number, lines = int(row["channels"]), float(row["lines a second"])
    return Kind(number, Part(row["part"]), int(row["NFFT"]), (low, high), lines, frames)


def numbers(row: Mapping[str, str]) -> Numbers:
    """What stands beside a kind of window: how many frequencies it has, and how far lines are apart."""
    return Numbers(int(row["channels"]), int(row["frequencies"]), duration(row["lines apart"]))


def one_of(words: Mapping[str, Meaning]) -> Callable[[str], Meaning]:
    """The type of a parameter that is one of these words."""
    longest_first = "|".join(sorted(words, key=len, reverse=True))
    kind: Callable[[str], Meaning] = parse.with_pattern(longest_first)(lambda text: words[text])
    return kind


part = one_of({str(one): one for one in Part})
place = one_of({str(one): one for one in Place})
relation = one_of({str(one): one for one in Relation})
mistake = one_of({str(one): one for one in Mistake})
fault, variant, trouble = one_of(FAULTS), one_of(VARIANTS), one_of(TROUBLES)
secured, trust = (one_of({name: name for name in names}) for names in (SERVERS, TRUSTS))


def register_domain_words() -> None:
    """Makes the types above known to the steps: ``{limit:Duration}``."""
    register_type(Duration=duration, Percentage=percentage, Channels=channels)
    register_type(Part=part, Place=place, Relation=relation, Mistake=mistake)
    register_type(Fault=fault, Variant=variant, Trouble=trouble)
    register_type(Secured=secured, Trust=trust)


def dialect_tag(dialect: str) -> str:
    """The tag of scenarios that run against a server of this dialect: the first or the second one of a run."""
    return f"{_DIALECT_TAG}{dialect}"


def dialects_of(tags: Collection[str]) -> set[str]:
    """The dialects that a scenario with such tags is for; none: any."""
    return {tag.removeprefix(_DIALECT_TAG) for tag in tags if tag.startswith(_DIALECT_TAG)}

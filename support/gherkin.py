"""The domain words of the feature files, as types of step parameters."""

from __future__ import annotations

import parse
from behave import register_type

from support.network.trouble import TROUBLES, Trouble
from support.screen.job import Mistake, Part, Place
from support.server.secured import SERVERS, TRUSTS

FAULTS = {
    "whose sensor 2 is dead": "dead-sensor=3",
    "whose sensor 2 is frozen": "frozen-sensor=3",
    "whose picture is frozen": "frozen-picture",
    "that sends zeros": "all-zero",
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
}
"""The same for servers that are correct and only different: variants."""

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


@parse.with_pattern("|".join(Part))
def part(text: str) -> Part:
    """``beginning``, ``middle``, ``end``: a part of the fibre."""
    return Part(text)


@parse.with_pattern("|".join(Place))
def place(text: str) -> Place:
    """``along the whole fibre``: where many windows look."""
    return Place(text)


@parse.with_pattern("|".join(Mistake))
def mistake(text: str) -> Mistake:
    """``channels in reverse order``: something that a configuration must not ask for."""
    return Mistake(text)


@parse.with_pattern("|".join(FAULTS))
def fault(text: str) -> str:
    """``whose sensor 2 is dead``: a fault of the embedded server."""
    return FAULTS[text]


@parse.with_pattern("|".join(VARIANTS))
def variant(text: str) -> str:
    """``that writes its address as text``: a variant of the embedded server."""
    return VARIANTS[text]


@parse.with_pattern("|".join(TROUBLES))
def trouble(text: str) -> Trouble:
    """``freezes``: something that happens to the network."""
    return TROUBLES[text]


@parse.with_pattern("|".join(SERVERS))
def secured(text: str) -> str:
    """``with a self-signed certificate``: a server that a scenario starts for itself."""
    return text


@parse.with_pattern("|".join(sorted(TRUSTS, key=len, reverse=True)))
def trust(text: str) -> str:
    """``trusts its authority``: how a client meets such a server."""
    return text


def register_domain_words() -> None:
    """Makes the types above known to the steps: ``{limit:Duration}``."""
    register_type(Duration=duration, Percentage=percentage, Channels=channels)
    register_type(Part=part, Place=place, Mistake=mistake, Fault=fault, Variant=variant, Trouble=trouble)
    register_type(Secured=secured, Trust=trust)

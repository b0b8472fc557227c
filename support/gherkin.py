"""The domain words of the feature files, as types of step parameters."""

from __future__ import annotations

import parse
from behave import register_type

from support.job import Mistake, Part, Place
from support.network.trouble import TROUBLES, Trouble
from support.secured import SERVERS, TRUSTS
from support.simulated import FAULTS, VARIANTS

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
    """``whose third sensor is dead``: a fault of the embedded server."""
    return FAULTS[text]


@parse.with_pattern("|".join(VARIANTS))
def variant(text: str) -> str:
    """``that names its port as text``: a variant of the embedded server."""
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

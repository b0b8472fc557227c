"""Times and numbers in sentences for people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

_SHOWN = 5
"""Items of a list in a sentence."""


def clock(milliseconds: float) -> str:
    """Epoch milliseconds as ``12:00:01.250`` (UTC); the number itself where no date fits it."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds:.0f} ms"
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def some(items: Iterable[object]) -> str:
    """``3, 4, 5 and 7 more``: a list that stays readable."""
    listed = list(items)
    shown = ", ".join(map(str, listed[:_SHOWN]))
    return shown if len(listed) <= _SHOWN else f"{shown} and {len(listed) - _SHOWN} more"


def plural(count: int, noun: str) -> str:
    """``1 line``, ``3 lines``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def are(count: int) -> str:
    """``is`` for one, ``are`` for several."""
    return "is" if count == 1 else "are"


QUOTED_CHARACTERS = 200


def short(text: str, most: int = QUOTED_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"

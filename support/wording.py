"""Times, numbers and the words of others in sentences for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

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


def joined(*sentences: str) -> str:
    """Those that say something, one after the other."""
    return "; ".join(filter(None, sentences))


def are(count: int) -> str:
    """``is`` for one, ``are`` for several."""
    return "is" if count == 1 else "are"


QUOTED_CHARACTERS = 200

_OF_TEXTS = "\n\t\u200c\u200d"
"""What a text of several lines, or an emoji of several parts, is made of."""

_UNSEEN = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
"""What a terminal obeys, an encoder or parser refuses, or nobody sees: controls, what turns the direction of text or
has no width, line separators, halves of characters (surrogates), and what is no character."""


def short(text: str, most: int = QUOTED_CHARACTERS) -> str:
    """The beginning of a long text, and how much more there is."""
    return text if len(text) <= most else f"{text[:most]}… and {plural(len(text) - most, 'more character')}"


def legible(text: str, spared: str = _OF_TEXTS) -> str:
    r"""The text with escapes, as ``\x1b`` and ``\u202e``, in place of what is not seen, but for what is ``spared``."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in spared else ascii(found[0])[1:-1], text)


class Words(str):
    """The words of somebody else: true where they are compared, taken apart or sent, harmless where they are told.

    Told, as any ``str(…)``, ``repr(…)`` and f-string does, they are legible, on one line and of bounded length.

    Args:
        text: as it came.
        most: characters of it that are told.
    """

    _most: int

    def __new__(cls, text: str, most: int = QUOTED_CHARACTERS) -> Self:
        words = super().__new__(cls, text)
        words._most = most
        return words

    def __str__(self) -> str:
        return legible(short(str.__str__(self), self._most), spared="")

    def __repr__(self) -> str:
        return f"{self[: self._most]!r}{short(str.__str__(self), self._most)[self._most :]}"

    def __format__(self, form: str) -> str:
        return format(str(self), form)

"""The console, for words that must be read now: not kept back with a step's output, and no error where it is gone."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Any

from support.wording import legible

_COLOURS = re.compile(r"(\x1b\[\d+[mA]|\r\x1b\[K)")
"""What formatters colour their lines with, go up a line, or take one back."""


TAKEN_BACK = "\r\x1b[K"
"""Takes back what stands in the last line of a terminal."""


def can_take_back(stream: Any) -> bool:
    """Whether it is a terminal that obeys that, and nobody has asked for plain text."""
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def keep_legible(stream: Any, *, coloured: bool = False) -> None:
    """From now on, the stream shows what a terminal would obey, and what nobody sees, as escapes; line ends stay.

    In place, since others have it already.

    Args:
        stream: any that is open for text.
        coloured: behave colours what it writes there.
    """
    write = stream.write

    def write_legibly(text: str) -> Any:
        parts = _COLOURS.split(text) if coloured else [text]
        parts[::2] = [legible(part) for part in parts[::2]]
        return write("".join(parts))

    stream.write = write_legibly


def say(words: str) -> None:
    """Says something on the console, also where standard output is gone."""
    try:
        begin = TAKEN_BACK if can_take_back(sys.__stderr__) else ""
        sys.__stderr__.write(f"{begin}{words}\n")  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
    except (OSError, AttributeError):
        hush(sys.__stderr__)


def hush(stream: Any) -> None:
    """Sends what is still written to a console that is gone into nothing."""
    with suppress(OSError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        stream.flush()

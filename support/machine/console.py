"""The console, for words that must be read now: not kept back with a step's output, and no error where it is gone."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Any

from support.wording import legible

_COLOURS = re.compile(r"(\x1b\[\d+[mA])")
"""What behave's formatters colour their lines with, and go up a line to do so."""


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
        sys.__stderr__.write(f"{words}\n")  # type: ignore[union-attr]
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

"""The console, for words that must be read now: not kept back with a step's output, and no error where it is gone."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any


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

"""The names of this project's threads: who starts one names it here, so that one left behind is found."""

from __future__ import annotations

import threading

_PREFIX = "focus-"


def named(what: str) -> str:
    """The name of a thread of this project, or the beginning of those of a pool, that says what it does."""
    return f"{_PREFIX}{what}"


def running() -> set[str]:
    """The names of the threads of this project that run now."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(_PREFIX)}

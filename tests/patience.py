"""Waiting for what must come true: on a deadline that a slow machine keeps, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 20.0
"""Seconds: an upper end, never waited for when all is well."""


Found = TypeVar("Found")


def eventually(condition: Callable[[], Found | None], what: str) -> Found:
    """What ``condition`` answers once it holds; fails with ``what`` when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)
    return found

"""Waiting for what must come true: on a deadline that a slow machine keeps, never for a fixed time."""

import time
from collections.abc import Callable

PATIENCE = 20.0
"""Seconds: an upper end, never waited for when all is well."""


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Returns once ``condition`` holds; fails with ``what`` when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)

"""Waiting for what must come true: on a deadline that a slow machine keeps, never for a fixed time.

A test that depends on how fast this machine is just now tests the machine. So both numbers are upper ends that nothing
waits for when all is well; pytest's own ``timeout`` lies beyond them, so that a test in vain fails with its sentence.
"""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0
"""Seconds for one thing: an answer, a frame, the end of a thread."""

RUN_PATIENCE = 300.0
"""Seconds for a whole run in processes of its own: of behave, of Locust, of a receiver that is measured."""

TOLERANT = {
    "FOCUS_MAX_PAUSE": "5",
    "FOCUS_DATA_AGE_WITHIN": "10",
    "FOCUS_AGE_GROWTH": "5",
    "FOCUS_FRAME_RATE_ABOVE": "0.1",
    "FOCUS_WINDOWS_AT_ONCE": "5",
}
"""Limits that a busy machine keeps, for runs in which its pace is not under test.

With more windows at once, the server itself would be seconds late there, and leave lines out, as it has to.
"""

Found = TypeVar("Found")


def eventually(condition: Callable[[], Found | None], what: str) -> Found:
    """What ``condition`` answers once it holds; fails with ``what`` when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)
    return found

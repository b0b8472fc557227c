"""What a run leaves behind in its own process: threads and connections."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from support.machine import threads
from support.wording import plural, some


class Process:
    """This process as it was at the beginning, to compare its end with."""

    def __init__(self) -> None:
        self._connections = _connections()

    def left(self, patience: float = 3.0) -> list[str]:
        """A sentence for threads of ours that still run, and one for connections that were not there before.

        Args:
            patience: seconds for what has been closed to be gone: channels close on threads of their own.
        """
        running = _what_stays(threads.running, patience)
        connections = _what_stays(lambda: _connections() - self._connections, patience)
        return [
            f"{plural(len(names), what)} of this process: {some(names)}"
            for what, names in (("thread", running), ("connection", connections))
            if names
        ]


def _connections() -> set[str]:
    try:
        found = psutil.Process().net_connections("inet")
    except psutil.Error:  # some systems do not tell
        return set()
    return {" to ".join(f"{end.ip}:{end.port}" for end in (c.laddr, c.raddr) if end) for c in found}


def _what_stays(look: Callable[[], set[str]], patience: float) -> list[str]:
    """What is still there when it has had time to go."""
    deadline = time.monotonic() + patience
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return sorted(found)

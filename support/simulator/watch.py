"""A watch on a pipe, so that the server cannot outlive the process at its other end.

The system closes a pipe when the process that holds it ends, also by SIGKILL, where no hook of that process runs. A
thread that reads is the one way that works on every platform.
"""

import os
import threading
from collections.abc import Callable


def when_closed(descriptor: int, act: Callable[[], None]) -> None:
    """Calls ``act`` on a thread of its own once the pipe that is read by ``descriptor`` is closed at its other end."""

    def watch() -> None:
        while _still_open(descriptor):
            pass
        act()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _still_open(descriptor: int) -> bool:
    try:
        return bool(os.read(descriptor, 4096))
    except OSError:  # there was no pipe to begin with
        return False

"""How a long command ends before its time: promptly, once, and with the exit code that a shell expects."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another signal that asks this process to end.

    Attributes:
        exit_code: 128 and the number of the signal: 130 for Ctrl-C.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """The first such signal raises ``Interrupted``; those after it leave in peace what is then being ended."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, lambda *_: None)
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"\ninterrupted: what is under way is being ended\n")
        raise Interrupted(number)

    for number, handler in before.items():
        if number in (signal.SIGINT, signal.SIGTERM) or handler != signal.SIG_IGN:  # nohup is respected
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

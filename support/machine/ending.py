"""How a long command ends before its time: promptly, once, and with the exit code that a shell expects."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_AGAIN = 1.0
"""Seconds after which an interruption that was lost is raised again."""

_HANGS = 30.0
"""Seconds after which what runs because of an interruption does not end by itself any more."""

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another signal that asks this process to end.

    Attributes:
        exit_code: 128 and the number of the signal: 130 for Ctrl-C.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = 128 + number


def _raise(interruption: Interrupted) -> None:
    raise interruption


@contextmanager
def interruptible(answer: Callable[[Interrupted], None] = _raise) -> Iterator[None]:
    """The first such signal is answered, and those after it leave in peace what is then being ended.

    Args:
        answer: what to do, on the main thread and between any two lines of it; by default it raises ``Interrupted``.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, lambda *_: None)
        with suppress(OSError):  # the terminal can be gone
            os.write(
                sys.__stderr__.fileno() if sys.__stderr__ else 2, b"\ninterrupted: what is under way is being ended\n"
            )
        answer(Interrupted(number))

    for number, handler in before.items():
        if number in (signal.SIGINT, signal.SIGTERM) or handler != signal.SIG_IGN:  # nohup is respected
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def insist(interruption: Interrupted, is_wanted: Callable[[], bool]) -> None:
    """Raises an interruption again, as long as it is wanted and was lost.

    Python raises it wherever the main thread is, also in a callback or a finalizer, where errors are only noted. What
    runs because of it, as the clean-up inside a step, is left in peace, unless it hangs.
    """
    if not hasattr(signal, "setitimer"):
        return

    began = time.monotonic()

    def again(_number: int, _frame: FrameType | None) -> None:
        if not is_wanted():
            signal.setitimer(signal.ITIMER_REAL, 0)
        elif not _is_under_way(interruption) or time.monotonic() - began > _HANGS:
            raise interruption

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)


def _is_under_way(interruption: BaseException) -> bool:
    """Whether what runs now handles this, or something that came of it."""
    error = sys.exc_info()[1]
    while error is not None and error is not interruption:
        error = error.__context__
    return error is not None

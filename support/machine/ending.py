"""How a long command ends before its time: promptly, once, and with the exit code that a shell expects."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_LOOK = 0.005
"""Seconds from one look for a place to raise an interruption to the next."""

_STANDS = 4
"""Looks in a row that find the main thread at one place, without having worked, before it is taken to wait there."""

_ANYWHERE = 2.0
"""Seconds after which it is raised wherever the main thread is."""

_AGAIN = 1.0
"""Seconds after which an interruption that was lost is raised again."""

_HANGS = 30.0
"""Seconds after which what runs because of an interruption does not end by itself any more."""

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_OURS = f"{__name__.partition('.')[0]}."


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another signal that asks this process to end.

    Attributes:
        exit_code: 128 and the number of the signal: 130 for Ctrl-C.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class _Raising:
    """An interruption that is raised on the main thread at the next place where that breaks nothing.

    Python handles a signal between any two instructions, also where a library has taken a lock and has not yet noted
    that it must release it: raised there, the lock is held for ever, and who needs it next, as to log a line, hangs.
    So it is raised where this library's own code runs, or where the main thread waits. In callbacks and finalizers an
    error is only noted: so it may be raised again, unless what runs by then is what it has begun, as a clean-up.
    """

    def __init__(self, interruption: Interrupted, again: bool) -> None:
        self.interruption = interruption
        self._again = again
        self.was_raised = False
        self._began = self._looks_since = time.monotonic()
        self._place: tuple[FrameType, int] | None = None
        self._worked, self._stood = 0.0, 0

    def look(self, frame: FrameType) -> None:
        """Raises it, if this is the time and the place."""
        if frame.f_globals is globals():  # a look during another, whose place is that of the first
            return
        now = time.monotonic()
        if self.was_raised and _is_under_way(self.interruption) and now - self._began < _HANGS:
            self._rest(now)
            return
        waits = self._waits(frame)
        is_ours = str(frame.f_globals.get("__name__")).startswith(_OURS)
        if waits or is_ours or now - self._looks_since > _ANYWHERE:
            self.was_raised = True
            self._rest(now)
            raise self.interruption

    def _waits(self, frame: FrameType) -> bool:
        """Whether it has been at the same instruction of the same call for some looks; a loop comes by there too."""
        place, worked = (frame, frame.f_lasti), time.thread_time()
        is_idle = place == self._place and worked - self._worked < _LOOK / 10
        self._stood = self._stood + 1 if is_idle else 0
        self._place, self._worked = place, time.thread_time()
        return self._stood >= _STANDS - 1

    def _rest(self, now: float) -> None:
        self._looks_since, self._place = now + _AGAIN, None
        _look_in(_AGAIN if self._again else 0)


_raising: _Raising | None = None


def raise_soon(interruption: Interrupted, *, again: bool = False) -> None:
    """Raises an interruption on the main thread.

    Args:
        interruption: it.
        again: whether it is raised again where it was lost, until ``leave_in_peace``; who catches it has to call that.
    """
    global _raising
    _raising = _Raising(interruption, again)
    if sys.platform == "win32":  # now or never
        _raising.was_raised = True
        raise interruption
    signal.signal(signal.SIGALRM, _look)
    _look_in(_LOOK)


def leave_in_peace() -> Interrupted | None:
    """What was to be raised is raised no more; the interruption, if it has never been."""
    global _raising
    raising, _raising = _raising, None
    if raising is None:
        return None
    _look_in(0)
    return None if raising.was_raised else raising.interruption


@contextmanager
def interruptible(answer: Callable[[Interrupted], None] = raise_soon) -> Iterator[None]:
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
        late = leave_in_peace()
        for number, handler in before.items():
            signal.signal(number, handler)
    if late is not None:
        raise late


def _look_in(seconds: float) -> None:
    """Looks for a place to raise an interruption in so many seconds, and from then on; 0: no more."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds, _LOOK if seconds else 0)


def _look(_number: int, frame: FrameType | None) -> None:
    if _raising is not None and frame is not None:
        _raising.look(frame)


def _is_under_way(interruption: BaseException) -> bool:
    """Whether what runs now handles this, or something that came of it."""
    error = sys.exc_info()[1]
    while error is not None and error is not interruption:
        error = error.__context__
    return error is not None

"""What is under way, while it takes its time: on a terminal a line that is renewed, in a log a line now and then."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from support.machine.console import TAKEN_BACK
from support.machine.threads import named

_EVERY = 1.0
"""Seconds from one renewal on a terminal to the next."""

_PATIENCE = 60.0
"""Seconds after which a log says again what is under way."""

_BAR = 20


class Progress:
    """The line of what is under way, written by a thread that lives as long as that.

    Args:
        stream: the console.
        is_live: whether it is a terminal, where a line can be taken back.
        every: seconds from one line to the next.
    """

    def __init__(self, stream: Any, *, is_live: bool, every: float | None = None) -> None:
        self._stream = stream
        self._is_live = is_live
        self._every = every or (_EVERY if is_live else _PATIENCE)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, share: float, words: Callable[[], str]) -> None:
        """Something begins.

        Args:
            share: of the whole that is done, 0 to 1.
            words: says what is under way, whenever it is asked.
        """
        if self._is_live:
            self._show(0, share, words())
        self._over.clear()
        self._thread = threading.Thread(target=self._renew, args=(share, words), name=named("progress"), daemon=True)
        self._thread.start()

    def end(self, words: str) -> None:
        """It is over, if anything had begun, and these lines stay in its place."""
        if self._thread is not None:
            self._over.set()
            self._thread.join()
            self._thread = None
            words = f"{TAKEN_BACK}{words}" if self._is_live else words
        self._stream.write(words)
        self._stream.flush()

    def _renew(self, share: float, words: Callable[[], str]) -> None:
        began = time.monotonic()
        while not self._over.wait(self._every):
            with suppress(OSError):  # the console is gone: who writes the next line learns of it
                self._show(time.monotonic() - began, share, words())

    def _show(self, seconds: float, share: float, words: str) -> None:
        line = f"    {seconds / 60:.0f} min: {words}\n"
        if self._is_live:
            bar = f"[{'=' * round(share * _BAR):{_BAR}}] {seconds // 60:.0f}:{int(seconds) % 60:02d} {words}"
            line = TAKEN_BACK + bar[: shutil.get_terminal_size().columns - 1]
        self._stream.write(line)
        self._stream.flush()

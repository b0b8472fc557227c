"""What is under way, while it takes its time: on a terminal a line that is renewed, in a log a line now and then."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

from support.machine.console import TAKEN_BACK

_EVERY = 1.0
"""Seconds from one renewal on a terminal to the next."""

_PATIENCE = 60.0
"""Seconds after which a log says again what is under way."""

_BAR = 20


class Progress:
    """The line of what is under way, written by a thread of its own.

    Args:
        stream: the console.
        is_live: whether it is a terminal, where a line can be taken back.
        every: seconds from one line to the next.
    """

    def __init__(self, stream: Any, *, is_live: bool, every: float | None = None) -> None:
        self._stream = stream
        self._is_live = is_live
        self._every = every or (_EVERY if is_live else _PATIENCE)
        self._words: Callable[[], str] | None = None
        self._share, self._began = 0.0, 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="progress", daemon=True)

    def begin(self, share: float, words: Callable[[], str]) -> None:
        """Something begins.

        Args:
            share: of the whole that is done, 0 to 1.
            words: says what is under way, whenever it is asked.
        """
        with self._lock:
            self._words, self._share, self._began = words, share, time.monotonic()
            self._show(live=True)
        if self._thread.ident is None:
            self._thread.start()

    def end(self, words: str = "") -> None:
        """It is over, and these lines stay in its place."""
        with self._lock:
            if self._words is not None and self._is_live:
                words = TAKEN_BACK + words
            self._words = None
            self._stream.write(words)
            self._stream.flush()

    def close(self) -> None:
        """Nothing more is said."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(self._every):
            with self._lock:
                try:
                    self._show(live=False)
                except OSError:  # the console is gone: who writes the next line learns of it
                    return

    def _show(self, *, live: bool) -> None:
        """Renews the line; in a log, what has just begun is not worth one."""
        if self._words is None:
            return
        seconds = time.monotonic() - self._began
        if self._is_live:
            done = round(self._share * _BAR)
            line = f"[{'=' * done:{_BAR}}] {seconds // 60:.0f}:{seconds % 60:02.0f} {self._words()}"
            self._stream.write(TAKEN_BACK + line[: shutil.get_terminal_size().columns - 1])
        elif not live and seconds >= self._every:
            self._stream.write(f"    {seconds / 60:.0f} min: {self._words()}\n")
        self._stream.flush()

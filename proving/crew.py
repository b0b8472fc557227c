"""Threads that do a tool's work, and all that they have under way, which ends when they leave."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from proving.forked import Forked, ForkedServer
from support.server.embedded import EmbeddedServer

_END_SECONDS = 3.0
"""For a process to end by itself once it was asked to."""

Result = TypeVar("Result")


class Crew:
    """So many threads, to be left with ``with``; what has not begun by then never does.

    Attributes:
        folder: for the files of this work; gone afterwards.
    """

    def __init__(self, workers: int) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._running: set[Forked] = set()
        self._servers = ExitStack()
        self._numbers = itertools.count(1)
        self._scratch = tempfile.TemporaryDirectory(prefix="proving-", ignore_cleanup_errors=True)
        self.folder = Path(self._scratch.name)
        self._pool = ThreadPoolExecutor(workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            process.interrupt()
        deadline = time.monotonic() + _END_SECONDS
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
        self._servers.close()  # a thread that talks with one ends now, too
        self._pool.shutdown()
        self._scratch.cleanup()

    def results(self, tasks: Iterable[Callable[[], Result]]) -> Iterator[Result]:
        """What the tasks answer, as they end; each is done on one of the threads.

        Raises:
            Exception: what a task raised.
        """
        for done in as_completed([self._pool.submit(task) for task in tasks]):
            yield done.result()

    def server(self, *options: str) -> EmbeddedServer:
        """An embedded Focus Server that stays until the end."""
        started = ForkedServer(options, log_file=self.folder / f"server-{next(self._numbers)}.log")
        self._servers.callback(started.stop)
        return started

    def run(self, module: str, arguments: Sequence[str], folder: Path, timeout: float) -> tuple[int, str]:
        """Runs a module, as with ``python -m``, in ``folder``; Ctrl-C reaches it only through the crew.

        Returns:
            Its exit code, and its words; -1 where it took longer than ``timeout`` seconds.

        Raises:
            CancelledError: the crew leaves.
        """
        log = folder / "output.log"
        with self._lock:
            if self._over:
                raise CancelledError
            process = Forked(module, arguments, folder, log)
            self._running.add(process)
        try:
            return process.wait(timeout), _text(log)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -1, f"ended after {timeout:g} s: {_text(log)}"
        finally:
            with self._lock:
                self._running.discard(process)


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

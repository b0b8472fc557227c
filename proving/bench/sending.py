"""The process that sends what is measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil


class BenchError(Exception):
    """Something could not be measured; the sentence says why."""


class Sender:
    """The running sender process of ``shapes``."""

    def __init__(self, shapes: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proving.bench.sender", *shapes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            words = self._process.stderr.read().strip()[-300:]
            self.stop()
            raise BenchError(f"the sender did not start: {words}")
        self.port = int(line)
        self._usage = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def cpu(self) -> float:
        """Its processor time until now, seconds.

        Raises:
            BenchError: it has ended.
        """
        if self._process.poll() is not None:
            raise BenchError(f"the sender has ended with {self._process.returncode}: nothing can be measured")
        times = self._usage.cpu_times()
        return times.user + times.system

    def stop(self) -> None:
        """Ends it."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def sending(shapes: Sequence[str]) -> Iterator[Sender]:
    """A sender of these shapes; ended afterwards."""
    sender = Sender(shapes)
    try:
        yield sender
    finally:
        sender.stop()

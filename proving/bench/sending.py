"""The process that sends what is measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from support.errors import FocusError

_END_SECONDS = 5.0


class BenchError(FocusError):
    """Something could not be measured; the sentence says why."""


@dataclass
class Sender:
    """A running sender: the port that it listens at, and its process."""

    port: int
    process: subprocess.Popen[str]

    def cpu(self) -> float:
        """Its processor time until now, seconds.

        Raises:
            BenchError: it has ended.
        """
        if self.process.poll() is not None:
            raise BenchError(f"the sender has ended with {self.process.returncode}: nothing can be measured")
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


@contextmanager
def sending(shapes: Sequence[str]) -> Iterator[Sender]:
    """A sender of these shapes; ended afterwards.

    Raises:
        BenchError: it did not start.
    """
    command = [sys.executable, "-m", "proving.bench.sender", *shapes]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if not (line := process.stdout.readline()):
            raise BenchError(f"the sender did not start: {process.stderr.read().strip()[-300:]}")
        yield Sender(int(line), process)
    finally:
        try:
            process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

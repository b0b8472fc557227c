"""What a process uses of the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """What a process used over some time.

    Attributes:
        cpu_share: processor time divided by that time: 1.0 is one core.
        memory: resident memory at its end, bytes.
    """

    cpu_share: float
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu_share * 100:.0f} % of a core, {self.memory / 2**20:.0f} MiB"


class Meter:
    """Measures a process of this machine from now on.

    Args:
        pid: its id; None for this process.

    Raises:
        psutil.NoSuchProcess: there is no such process.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._cpu_began = self._cpu_seconds()
        self._began = time.monotonic()

    def read(self) -> Usage | None:
        """What it used since then; None where it has ended."""
        try:
            if self._process.status() == psutil.STATUS_ZOMBIE:
                return None
            share = (self._cpu_seconds() - self._cpu_began) / max(time.monotonic() - self._began, 1e-9)
            return Usage(share, self._process.memory_info().rss)
        except psutil.NoSuchProcess:
            return None

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

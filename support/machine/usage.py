"""What a process uses of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
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
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process: psutil.Process | None = None
        self._cpu_began = 0.0
        with suppress(psutil.NoSuchProcess):  # one that has ended already is read as such
            self._process = psutil.Process(pid)
            self._cpu_began = _cpu_seconds(self._process)
        self._began = time.monotonic()

    def read(self) -> Usage | None:
        """What it used since then; None where it has ended.

        A process that ends gives its memory back first: it has none before it is a zombie, and as one.
        """
        if self._process is None:
            return None
        try:
            cpu_seconds = _cpu_seconds(self._process) - self._cpu_began
            memory = self._process.memory_info().rss
        except psutil.NoSuchProcess:
            return None
        return Usage(cpu_seconds / max(time.monotonic() - self._began, 1e-9), memory) if memory else None


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Memory:
    """The memory of processes of this machine over time: whether it is flat once they have warmed up.

    Args:
        processes: their ids by their names; None for this process.
        every: seconds from one look at them to the next.
    """

    def __init__(self, processes: Mapping[str, int | None], every: float) -> None:
        self._meters = {name: Meter(pid) for name, pid in processes.items()}
        self._sizes: dict[str, list[int]] = {name: [] for name in processes}
        self._every = every
        self._next = time.monotonic()

    def look(self) -> None:
        """Notes what they use, unless that has been done just now."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        for name, meter in self._meters.items():
            if usage := meter.read():
                self._sizes[name].append(usage.memory)

    @property
    def growth(self) -> dict[str, int]:
        """By how many bytes each has grown, from the second quarter of the time to the last; 0 after a few looks.

        What goes on grows in each quarter: a single step, as where an allocator takes a larger piece, is none.
        """
        return {name: _grown(sizes) for name, sizes in self._sizes.items()}


def _grown(sizes: list[int]) -> int:
    quarter = len(sizes) // 4
    if not quarter:
        return 0
    second, third, last = (statistics.median_low(sizes[len(sizes) - n * quarter :][:quarter]) for n in (3, 2, 1))
    return 2 * min(third - second, last - third)

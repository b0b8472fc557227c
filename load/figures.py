"""What one window of a load test received, in numbers that travel from a worker to the master and into tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from support.stream.frame import Frame
from support.wording import plural

_MEGABYTE = 10**6

COLUMNS = {
    "job": "Job",
    "worker": "Worker",
    "state": "State",
    "first_frame_ms": "First frame (ms)",
    "frames": "Frames",
    "frame_rate": "Frames/s",
    "mb_per_second": "MB/s",
    "lines": "Lines",
    "lines_lost": "Lines lost",
    "findings": "Findings",
}
"""The table of windows: keys for programs, titles for people."""


@dataclass
class WindowFigures:
    """One window, from the configuration of its job to its end.

    Attributes:
        job_id: as the server gave it.
        state: streaming, left (by us), ended (by the server) or failed.
        first_frame: seconds from asking for the stream to its first frame; None before it.
        newest_frame: the same for the newest frame.
        frames: frames received.
        bytes: their size on the wire.
        lines: rows received.
        lines_lost: lines that fit between the oldest and the newest one, less those that came.
        findings: findings by rule.
    """

    job_id: str
    state: str = "streaming"
    first_frame: float | None = None
    newest_frame: float = 0.0
    frames: int = 0
    bytes: int = 0
    lines: int = 0
    lines_lost: int = 0
    findings: dict[str, int] = field(default_factory=dict)

    def see(self, frame: Frame) -> float:
        """Counts a frame; answers the seconds since the one before, or since asking."""
        since = frame.elapsed - self.newest_frame
        self.newest_frame = frame.elapsed
        if self.first_frame is None:
            self.first_frame = frame.elapsed
        self.frames += 1
        self.bytes += frame.size
        return since

    @property
    def frame_rate(self) -> float:
        """Frames a second between the first and the newest; 0.0 with fewer than two."""
        span = self.newest_frame - (self.first_frame or 0.0)
        return (self.frames - 1) / span if span > 0 and self.frames > 1 else 0.0

    @property
    def mb_per_second(self) -> float:
        """Megabytes (10**6) a second from asking for the stream to its newest frame."""
        return self.bytes / _MEGABYTE / self.newest_frame if self.newest_frame > 0 else 0.0

    def row(self, worker: str) -> dict[str, object]:
        """The window as a row of the table, by the keys of ``COLUMNS``."""
        return {
            "job": self.job_id,
            "worker": worker,
            "state": self.state,
            "first_frame_ms": None if self.first_frame is None else round(self.first_frame * 1000, 1),
            "frames": self.frames,
            "frame_rate": round(self.frame_rate, 2),
            "mb_per_second": round(self.mb_per_second, 3),
            "lines": self.lines,
            "lines_lost": self.lines_lost,
            "findings": sum(self.findings.values()),
        }

    def packed(self) -> dict[str, Any]:
        """As plain values, for the way to the master."""
        return asdict(self)


def totals(windows: Iterable[WindowFigures], seconds: float) -> dict[str, Any]:
    """All windows together; ``seconds`` is how long the load lasted."""
    ended = list(windows)
    streamed = [window for window in ended if window.frames]
    firsts = [window.first_frame for window in streamed if window.first_frame is not None]
    rates = [window.frame_rate for window in streamed]
    findings: dict[str, int] = {}
    for window in ended:
        for rule, count in window.findings.items():
            findings[rule] = findings.get(rule, 0) + count
    received = sum(window.bytes for window in ended)
    return {
        "windows": len(ended),
        "frames": sum(window.frames for window in ended),
        "bytes": received,
        "mb_per_second": round(received / _MEGABYTE / seconds, 3) if seconds > 0 else 0.0,
        "lines": sum(window.lines for window in ended),
        "lines_lost": sum(window.lines_lost for window in ended),
        "first_frame_ms": _spread([first * 1000 for first in firsts]),
        "frame_rate": _spread(rates),
        "findings": findings,
    }


def problems(
    total: Mapping[str, Any], failures: int, exceptions: int, silent_workers: int, workers: int = 1
) -> list[str]:
    """Why a run is not green, a sentence each; empty where it is."""
    reasons = []
    if workers == 0:
        reasons.append("no worker reported, so nothing was tested")
    elif not total["frames"]:
        reasons.append("no frame was received, so nothing was tested")
    if failures:
        reasons.append(f"{plural(failures, 'failure')}, listed in load_failures.csv")
    if exceptions:
        reasons.append(f"{plural(exceptions, 'error')} in the load test itself, listed in load_exceptions.csv")
    if silent_workers:
        reasons.append(f"{plural(silent_workers, 'worker')} did not report the end of its windows")
    return reasons


def _spread(values: list[float]) -> dict[str, float]:
    """Least, median, 95th percentile and most."""
    if not values:
        return {}
    quantiles = zip(("min", "median", "p95", "max"), np.percentile(values, [0, 50, 95, 100]), strict=True)
    return {name: round(float(value), 2) for name, value in quantiles}

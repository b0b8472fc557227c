"""What a stream did over time: counts, rates, latencies, and what receiving it cost this process."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

import numpy as np
import psutil
from numpy.typing import NDArray

from support.stream.interruption import Interruption


@dataclass
class StreamMetrics:
    """Metrics of one stream.

    Durations are taken from a monotonic clock; ``start_time`` and ``end_time`` are epoch seconds for people, and
    ``end_time - start_time`` is such a duration. Reading is free of side effects: two reads give the same answer.

    Attributes:
        frames_received: frames handed to the caller.
        bytes_received: their size on the wire, bytes.
        start_time: when the stream was asked for, epoch seconds; None before that.
        end_time: when it ended, was left or failed, epoch seconds; None while it runs.
        first_frame_latency: seconds from asking to the first frame; None where none came.
        avg_frame_rate: frames a second between the first and the last frame; 0.0 with fewer than two frames.
        errors_count: attempts and streams that failed.
        attempts: how often the stream was asked for, retries included.
        interruptions: where the stream broke and was asked for again, in their order.
        cpu_seconds: processor time of this process between start and end, seconds.
        peak_memory: largest resident memory of this process seen at the start or the end, bytes.
    """

    frames_received: int = 0
    bytes_received: int = 0
    start_time: float | None = None
    end_time: float | None = None
    first_frame_latency: float | None = None
    avg_frame_rate: float = 0.0
    errors_count: int = 0
    attempts: int = 0
    interruptions: list[Interruption] = field(default_factory=list)
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    began: float = field(default=0.0, repr=False)
    _cpu_began: float = field(default=0.0, repr=False)
    _arrivals: array[float] = field(default_factory=lambda: array("d"), repr=False)

    def begin(self) -> None:
        """The stream is asked for now."""
        self.began = time.monotonic()
        self._cpu_began = time.process_time()
        self.start_time = time.time()
        self.peak_memory = psutil.Process().memory_info().rss

    def frame_arrived(self, size: int, *, arrived: float | None = None) -> float:
        """Counts a frame of ``size`` bytes that came at ``arrived`` (monotonic); returns seconds since ``begin``."""
        elapsed = self.elapsed if arrived is None else arrived - self.began
        self._arrivals.append(elapsed)
        self.frames_received += 1
        self.bytes_received += size
        return elapsed

    def finish(self, at: float | None = None) -> None:
        """The stream is over since ``at`` (monotonic; None: now), whatever the reason; only the first call counts."""
        if self.start_time is None or self.end_time is not None:
            return
        self.end_time = self.start_time + (time.monotonic() if at is None else at) - self.began
        self.cpu_seconds = time.process_time() - self._cpu_began
        self.peak_memory = max(self.peak_memory, psutil.Process().memory_info().rss)
        self.calculate_metrics()

    def calculate_metrics(self) -> StreamMetrics:
        """Brings ``first_frame_latency`` and ``avg_frame_rate`` up to date; returns itself."""
        arrivals = self.arrivals
        self.first_frame_latency = float(arrivals[0]) if arrivals.size else None
        span = float(arrivals[-1] - arrivals[0]) if arrivals.size > 1 else 0.0
        self.avg_frame_rate = (arrivals.size - 1) / span if span > 0 else 0.0
        return self

    @property
    def elapsed(self) -> float:
        """Seconds since the stream was asked for, as of now."""
        return time.monotonic() - self.began

    @property
    def arrivals(self) -> NDArray[np.float64]:
        """Arrival of every frame, seconds since the stream was asked for, shape (frames,)."""
        return np.array(self._arrivals, dtype=np.float64)

    @property
    def intervals(self) -> NDArray[np.float64]:
        """Seconds between one frame and the next, shape (frames - 1,)."""
        return np.diff(self.arrivals)

    @property
    def duration(self) -> float:
        """Seconds from asking for the stream to its end; 0.0 while it runs."""
        if self.start_time is None or self.end_time is None:
            return 0.0
        return self.end_time - self.start_time

    @property
    def closing_latency(self) -> float | None:
        """Seconds from the last frame to the end of the stream; None where there was no frame or no end yet."""
        if self.end_time is None or not self._arrivals:
            return None
        return self.duration - self._arrivals[-1]

    @property
    def throughput(self) -> float:
        """Bytes a second over the whole stream; 0.0 before its end."""
        return self.bytes_received / self.duration if self.duration > 0 else 0.0

    @property
    def cpu_share(self) -> float:
        """Processor time of this process divided by the stream's duration: 1.0 is one core."""
        return self.cpu_seconds / self.duration if self.duration > 0 else 0.0

    @property
    def jitter(self) -> float | None:
        """Mean absolute deviation of the intervals from their mean, seconds; None with fewer than two intervals.

        For a sender that is evenly paced, the deviation of an interval is the inter-packet delay variation of
        RFC 5481, section 4.1; its mean magnitude is not dominated by one late frame.
        """
        intervals = self.intervals
        if intervals.size < 2:
            return None
        return float(np.mean(np.abs(intervals - intervals.mean())))

    def interval_percentile(self, percent: float) -> float | None:
        """The interval between frames that ``percent`` of them do not exceed, seconds; None without intervals."""
        intervals = self.intervals
        return float(np.percentile(intervals, percent)) if intervals.size else None

    def share_within(self, limit: float) -> float:
        """Share (0 to 1) of frames that came at most ``limit`` seconds after the one before; 0.0 without intervals."""
        intervals = self.intervals
        return float(np.mean(intervals <= limit)) if intervals.size else 0.0

"""What a stream did over time: counts, rates, latencies, and what receiving it cost."""

from __future__ import annotations

import copy
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.distribution import Distribution
from support.stream.interruption import Interruption
from support.stream.part import Part
from support.stream.pauses import Pause, Pauses
from support.stream.rates import rates

_SAMPLED = 256
"""Frames from one look at this process's memory to the next."""

_BUSY = 0.9
"""Share of its time from which on the client is what sets the pace."""

_PERCENTS = (50, 95, 99)

Floats = NDArray[np.float64]


@dataclass
class StreamMetrics:
    """Metrics of one stream.

    Durations are taken from a monotonic clock; ``start_time`` and ``end_time`` are epoch seconds for people, and
    ``end_time - start_time`` is such a duration. Reading is free of side effects: two reads give the same answer. One
    thread receives and reads here; others read a ``snapshot``. Two numbers are kept of each frame, 16 bytes.

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
        streams: what each stream of the job did, where it has several.
        had_enough: whether the client ended the stream, after the frames that were wanted of a server that could not
            be asked for so many.
        cpu_seconds: processor time of this process between start and end, seconds.
        peak_memory: largest resident memory of this process seen at the start, the end and on the way, bytes.
        configure_seconds: how long the answer of ``/configure`` took; None where nobody measured it.
        connect_seconds: how long it took until the channel was ready: TCP, TLS where there is any, HTTP/2, and the time
            that the port was not open yet; gRPC does not tell them apart. None where nobody measured it.
        health_seconds: how long ``CheckHealth`` took after that; None where nobody measured it.
        first_valid_latency: seconds from asking until the first frame that breaks no rule had been judged; None where
            there was none, or nobody judged.
        waiting_seconds: in which the client waited for a message.
        decoding_seconds: in which it turned messages into frames.
        judging_seconds: in which the caller had a frame; for the suite, that is judging it.
        pause_limit: seconds between two frames beyond which they count as a pause.
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
    streams: list[Part] = field(default_factory=list)
    had_enough: bool = False
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    configure_seconds: float | None = None
    connect_seconds: float | None = None
    health_seconds: float | None = None
    first_valid_latency: float | None = None
    waiting_seconds: float = 0.0
    decoding_seconds: float = 0.0
    judging_seconds: float = 0.0
    pause_limit: float = 0.5
    began: float = field(default=0.0, repr=False)
    _cpu_began: float = field(default=0.0, repr=False)
    _first: float = field(default=0.0, repr=False)
    _last: float = field(default=0.0, repr=False)
    _waited_for_first: float = field(default=0.0, repr=False)
    _waited_for_last: float = field(default=0.0, repr=False)
    _pauses: Pauses = field(default_factory=Pauses, repr=False)
    _arrivals: array[float] = field(default_factory=lambda: array("d"), repr=False)
    _ages: array[float] = field(default_factory=lambda: array("d"), repr=False)

    def begin(self, *, at: float | None = None) -> None:
        """The stream is asked for now, or ``at`` a time of the monotonic clock."""
        self.began = time.monotonic() if at is None else at
        self._cpu_began = time.process_time()
        self.start_time = time.time()
        self.peak_memory = psutil.Process().memory_info().rss

    def arrived(self, block: Block, positions: range) -> None:
        """Counts the frames at these positions of a block, as they are handed to the caller."""
        size = sum(block.messages[position].size for position in positions)
        chosen = slice(positions.start, positions.stop)
        self.count(size, block.elapsed[chosen].tolist(), block.ages[chosen].tolist())

    def count(self, size: int, arrivals: Sequence[float], ages: Sequence[float] = ()) -> None:
        """Counts frames.

        Args:
            size: bytes of all of them on the wire.
            arrivals: when each of them came, seconds since the stream was asked for.
            ages: their data ages, from the end of a frame's newest row to its arrival, by the wall clock, seconds;
                NaN for frames without rows; none where nobody measured them.
        """
        for arrival in arrivals:
            if not self.frames_received:
                self._first, self._waited_for_first = arrival, self.waiting_seconds
            elif arrival - self._last > self.pause_limit:
                self._note_pause(arrival - self._last)
            self._last, self._waited_for_last = arrival, self.waiting_seconds
            self._arrivals.append(arrival)
            self.frames_received += 1
            if not self.frames_received % _SAMPLED:
                self.peak_memory = max(self.peak_memory, psutil.Process().memory_info().rss)
        self._ages.extend(ages)
        self.bytes_received += size

    def finish(self, *, at: float | None = None) -> None:
        """The stream is over, whatever the reason, now or ``at`` a time of the monotonic clock.

        A second call changes nothing.
        """
        if self.start_time is None or self.end_time is not None:
            return
        self.end_time = self.start_time + ((time.monotonic() if at is None else at) - self.began)
        self.cpu_seconds = time.process_time() - self._cpu_began
        self.peak_memory = max(self.peak_memory, psutil.Process().memory_info().rss)
        self.calculate_metrics()

    def calculate_metrics(self) -> StreamMetrics:
        """Brings ``first_frame_latency`` and ``avg_frame_rate`` up to date; returns itself."""
        self.first_frame_latency = self._first if self.frames_received else None
        self.avg_frame_rate = (self.frames_received - 1) / self.span if self.span > 0 else 0.0
        return self

    def snapshot(self) -> StreamMetrics:
        """The metrics as they are now; later frames do not change it."""
        taken = copy.copy(self)
        taken._pauses = self._pauses.copy()
        taken.streams = copy.deepcopy(self.streams)
        for name in ("interruptions", "_arrivals", "_ages"):
            setattr(taken, name, getattr(self, name)[:])
        return taken.calculate_metrics()

    @property
    def elapsed(self) -> float:
        """Seconds since the stream was asked for, as of now."""
        return time.monotonic() - self.began

    @property
    def last_frame_latency(self) -> float | None:
        """Seconds from asking to the newest frame; None where none came."""
        return self._last if self.frames_received else None

    @property
    def lines_before_all(self) -> int:
        """Lines before the last stream of the job had begun: they are in no frame."""
        return max((part.lines_before_all for part in self.streams), default=0)

    @property
    def span(self) -> float:
        """Seconds from the first frame to the newest one; 0.0 with fewer than two."""
        return self._last - self._first if self.frames_received > 1 else 0.0

    @property
    def intervals(self) -> Distribution:
        """Seconds between one frame and the next."""
        return Distribution(np.diff(_floats(self._arrivals)))

    @property
    def ages(self) -> Distribution:
        """Data age of the frames: seconds from the end of the newest row to the arrival, by this machine's wall clock.

        Of a live stream; of a historic one it is the age of the recording.
        """
        return Distribution(_floats(self._ages))

    @property
    def arrivals(self) -> Floats:
        """When each frame came, seconds since the stream was asked for, shape (frames,)."""
        return _floats(self._arrivals)

    @property
    def age_by_frame(self) -> Floats:
        """The data age of each frame, seconds, NaN where it is not known, shape (frames,)."""
        ages, count = _floats(self._ages), len(self._arrivals)
        return ages if ages.size == count else np.full(count, np.nan)

    @property
    def rates(self) -> list[tuple[float, float]]:
        """Frames a second over time: when a span begins, seconds since the stream was asked for, and its rate.

        Spans are of equal length, a second at first, longer where there would be more than 120 of them. The last one
        is left out where the stream did not fill it.
        """
        return rates(_floats(self._arrivals))

    @property
    def pauses(self) -> list[Pause]:
        """The longest pauses, in their order, 20 at most."""
        return self._pauses.longest

    @property
    def pause_count(self) -> int:
        """Pauses in all."""
        return self._pauses.count

    @property
    def duration(self) -> float:
        """Seconds from asking for the stream to its end; 0.0 while it runs."""
        if self.start_time is None or self.end_time is None:
            return 0.0
        return self.end_time - self.start_time

    @property
    def closing_latency(self) -> float | None:
        """Seconds from the last frame to the end of the stream; None where there was no frame or no end yet."""
        if self.end_time is None or not self.frames_received:
            return None
        return self.duration - self._last

    @property
    def throughput(self) -> float:
        """Bytes a second over the whole stream; 0.0 before its end."""
        return self.bytes_received / self.duration if self.duration > 0 else 0.0

    @property
    def cpu_share(self) -> float:
        """Processor time of this process divided by the stream's duration: 1.0 is one core."""
        return self.cpu_seconds / self.duration if self.duration > 0 else 0.0

    @property
    def busy_share(self) -> float | None:
        """Share (0 to 1) of the time since the first frame in which the client was busy with frames, not waiting.

        None where nobody measured it.
        """
        busy = self.decoding_seconds + self.judging_seconds
        whole = busy + self.waiting_seconds - self._waited_for_first
        return busy / whole if whole > 0 else None

    @property
    def slow_client(self) -> str:
        """A sentence where the client, not the server, set the pace; else empty."""
        share = self.busy_share
        if share is None or share < _BUSY:
            return ""
        return (
            f"the client itself was busy {share * 100:.0f} % of the time (decoding {self.decoding_seconds:.2f} s, "
            f"judging {self.judging_seconds:.2f} s): the pace is the client's, not the server's"
        )

    @property
    def jitter(self) -> float | None:
        """The smoothed interarrival jitter of RFC 3550, section 6.4.1, seconds; None with fewer than two data ages.

        ``J += (|D| - J) / 16``, where D is the change of the transit time from frame to frame. The transit time is the
        data age: the end of the newest row is when the sender's data were complete, and needs no common clock, as a
        constant difference of the clocks drops out.
        """
        jitter = None
        ages = _floats(self._ages)
        for change in np.abs(np.diff(ages[~np.isnan(ages)])).tolist():
            jitter = change / 16 if jitter is None else jitter + (change - jitter) / 16
        return jitter

    def interval_percentile(self, percent: float) -> float | None:
        """The interval between frames that ``percent`` of them do not exceed, seconds; None without intervals."""
        return self.intervals.percentile(percent)

    def share_within(self, limit: float) -> float:
        """Share (0 to 1) of frames that came at most ``limit`` seconds after the one before; 0.0 without intervals."""
        return self.intervals.share_within(limit)

    def as_dict(self) -> dict[str, Any]:
        """Everything for programs, ready for JSON; docs/GRPC_CLIENT_API.md lists the fields. None: not known."""
        return {
            "frames": self.frames_received,
            "bytes": self.bytes_received,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "duration": self.duration,
            "frame_rate": self.avg_frame_rate,
            "throughput": self.throughput,
            "first_frame": {
                "configure": self.configure_seconds,
                "connect": self.connect_seconds,
                "health": self.health_seconds,
                "first_message": self.first_frame_latency,
                "first_valid": self.first_valid_latency,
            },
            "closing": self.closing_latency,
            "intervals": _as_dict(self.intervals),
            "data_age": _as_dict(self.ages),
            "jitter": self.jitter,
            "rates": [{"from": begins, "frames_per_second": rate} for begins, rate in self.rates],
            "pauses": {
                "limit": self.pause_limit,
                "count": self.pause_count,
                "longest": [asdict(pause) for pause in self.pauses],
            },
            "client": {
                "waiting": self.waiting_seconds,
                "decoding": self.decoding_seconds,
                "judging": self.judging_seconds,
                "busy_share": self.busy_share,
                "cpu_seconds": self.cpu_seconds,
                "cpu_share": self.cpu_share,
                "peak_memory": self.peak_memory,
                "note": self.slow_client,
            },
            "streams": [part.as_dict() for part in self.streams],
            "attempts": self.attempts,
            "errors": self.errors_count,
            "interruptions": [asdict(one) | {"lines_lost": one.lines_lost} for one in self.interruptions],
        }

    def _note_pause(self, duration: float) -> None:
        waited = self.waiting_seconds - self._waited_for_last
        measured = self.waiting_seconds > 0
        busy = max(duration - waited, 0.0) if measured else 0.0
        self._pauses.add(Pause(self.frames_received, self._last, duration, busy))


def _floats(numbers: array[float]) -> Floats:
    """A copy as an array; taken in one step, as another thread may add numbers."""
    return np.array(numbers[:], dtype=np.float64)


def _as_dict(durations: Distribution) -> dict[str, Any]:
    """Percentiles and ends, seconds."""
    found = durations.percentiles(_PERCENTS)
    if found is None:
        return {"count": 0}
    named = {f"p{percent}": value for percent, value in zip(_PERCENTS, found, strict=True)}
    return {"count": durations.count, "mean": float(durations.values.mean()), **named} | {
        "min": durations.shortest,
        "max": durations.longest,
    }

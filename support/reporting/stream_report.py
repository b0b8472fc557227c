"""What the report shows of a scenario's stream: its metrics as a table, and the waterfall of one channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from support.reporting.attachments import as_table, attach_json, attach_metrics, attach_waterfall
from support.security import ServerCertificate
from support.stream.distribution import Distribution
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics


def report_stream(metrics: StreamMetrics, frames: Iterable[Frame], frequencies: Sequence[float]) -> None:
    """Attaches the metrics as a table and as JSON, and the picture of the channel with the clearest signal.

    Args:
        metrics: of the stream; nothing is attached where none was asked for.
        frames: the frames received; ones of another shape than the first are left out of the picture.
        frequencies: Hz of the bins.
    """
    if metrics.start_time is None:
        return
    frames = list(frames)
    attach_metrics(metrics_table(metrics))
    attach_json(metrics.as_dict(), "Stream metrics as JSON")
    shaped = [f for f in frames if f.values.size and f.is_rectangular and f.bin_counts[0] == len(frequencies)]
    pictured = [frame for frame in shaped if frame.sensor_ids[0] == shaped[0].sensor_ids[0]]
    if pictured:
        block = np.concatenate([frame.intensities for frame in pictured])
        sensor = _most_telling(block)
        attach_waterfall(
            np.concatenate([frame.starts for frame in pictured]),
            np.asarray(frequencies),
            block[:, sensor, :],
            channel=pictured[0].sensor_ids[0][sensor],
        )


def _most_telling(block: NDArray[np.float32]) -> int:
    """Position of the sensor whose strongest bin stands out most from its median; block is (rows, sensors, bins)."""
    finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    floor = np.maximum(np.median(finite, axis=(0, 2)), np.finfo(np.float32).tiny)
    return int(np.argmax(finite.mean(axis=0).max(axis=1) / floor))


def certificates_table(seen: Mapping[str, ServerCertificate]) -> str:
    """Certificates that were trusted on first use, by target, with the fingerprints to pin; empty without any."""
    rows = [(target, certificate.fingerprint) for target, certificate in seen.items()]
    return as_table([("Server", "SHA-256 fingerprint, for tls_fingerprint"), *rows]) if rows else ""


def metrics_table(metrics: StreamMetrics) -> dict[str, str]:
    """The metrics in words and units."""
    return {
        "frames received": f"{metrics.frames_received:,}",
        "bytes received": f"{metrics.bytes_received:,}",
        "duration": f"{metrics.duration:.2f} s",
        "first frame after": _milliseconds(metrics.first_frame_latency),
        "on the way there: configure / connect / health check": _listed(
            metrics.configure_seconds, metrics.connect_seconds, metrics.health_seconds
        ),
        "first valid frame after": _milliseconds(metrics.first_valid_latency),
        "frames a second": f"{metrics.avg_frame_rate:.1f}",
        "interval between frames, p50 / p95 / p99 / longest": _percentiles(metrics.intervals),
        "data age on arrival, p50 / p95 / p99 / oldest": _percentiles(metrics.ages),
        "jitter (RFC 3550)": _milliseconds(metrics.jitter),
        "frames a second over time": _over_time(metrics),
        f"pauses of more than {metrics.pause_limit:g} s": _pauses(metrics),
        "throughput": f"{metrics.throughput / 1e6:.2f} MB/s",
        "end after the last frame": _milliseconds(metrics.closing_latency),
        "client waited / decoded / judged": (
            f"{metrics.waiting_seconds:.2f} s / {metrics.decoding_seconds:.2f} s / {metrics.judging_seconds:.2f} s"
        ),
        "who set the pace": metrics.slow_client or "the server: the client had time to wait",
        "client CPU": f"{metrics.cpu_share * 100:.0f} % of a core",
        "client memory": f"{metrics.peak_memory / 2**20:.0f} MiB",
        "attempts / errors": f"{metrics.attempts} / {metrics.errors_count}",
        "interruptions": "\n".join(map(str, metrics.interruptions)) or "none",
    }


def _percentiles(durations: Distribution) -> str:
    found = durations.percentiles((50, 95, 99))
    return "none" if found is None else _listed(*found, durations.longest)


def _listed(*seconds: float | None) -> str:
    return " / ".join(map(_milliseconds, seconds))


def _over_time(metrics: StreamMetrics) -> str:
    """The lowest and the highest rate, and when they were."""
    if not metrics.rates:
        return "too short a stream"
    (slow_at, slowest), (fast_at, fastest) = (f(metrics.rates, key=lambda span: span[1]) for f in (min, max))
    return f"{slowest:.1f} (from {slow_at:g} s on) to {fastest:.1f} (from {fast_at:g} s on)"


def _pauses(metrics: StreamMetrics) -> str:
    if not metrics.pause_count:
        return "none"
    return "\n".join([f"{metrics.pause_count} in all", *map(str, metrics.pauses)])


def _milliseconds(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds * 1000:.1f} ms"

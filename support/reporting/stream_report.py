"""What the report shows of a scenario's streams: metrics and findings as tables, and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from support.reporting.attachments import as_table, attach_json, attach_metrics, attach_picture, attach_table
from support.reporting.course import course_of, course_picture
from support.reporting.pictures import place_picture, waterfall
from support.reporting.place import place_of
from support.screen.streamed import Streamed
from support.stream.distribution import Distribution
from support.stream.metrics import StreamMetrics
from support.stream.part import Part
from support.validation.finding import Finding, Where


def report_streams(streams: Sequence[Streamed], failure: str = "") -> None:
    """Attaches the stream that a failure is about, or else the newest that something is wrong with, or the newest.

    Args:
        streams: oldest first; of several, a table of all is attached, too.
        failure: why the scenario failed, in words; empty where it did not: then nothing is drawn but one channel.
    """
    if not streams:
        return
    stream, finding = told_by(streams, failure)
    if failure:
        attach_pictures(stream, finding, failure)
    report_stream(stream, has_picture=bool(failure))
    if len(streams) > 1:
        attach_table(streams_table(streams), "All streams")


def told_by(streams: Sequence[Streamed], failure: str) -> tuple[Streamed, Finding | None]:
    """The stream that a failure in words is about, and the first of its findings in them, or else its first."""
    newest = streams[::-1]
    for stream in newest:
        for finding in stream.findings:
            if str(finding) in failure:
                return stream, finding
    wrong = next((stream for stream in newest if stream.found), newest[0])
    return wrong, next(iter(wrong.findings), None)


def attach_pictures(stream: Streamed, finding: Finding | None, failure: str) -> None:
    """Attaches where something is wrong, and the course of the stream, with the sentence that says what it is."""
    sentence, where = (str(finding), finding.where) if finding else (failure, Where())
    if (picture := picture_of(stream, finding)) is not None:
        attach_picture(*picture)
    if stream.metrics.frames_received:
        attach_picture("The stream over time", course_picture(course_of(stream, where), sentence))


def report_stream(stream: Streamed, *, has_picture: bool = False) -> None:
    """Attaches metrics as a table and as JSON, findings, and the waterfall of the channel with the clearest signal."""
    findings = {"stream": stream, "findings": f"{stream.found:,}" if stream.found else "none"}
    attach_metrics(findings | metrics_table(stream.metrics))
    attach_json(stream.metrics.as_dict(), "Stream metrics as JSON")
    if stream.metrics.streams:
        attach_table(parts_table(stream.metrics), "Streams of the job")
    if stream.found:
        attach_table(findings_table(stream), "Findings")
    if not has_picture and (picture := waterfall_of(stream)) is not None:
        attach_picture(*picture)


def picture_of(stream: Streamed, finding: Finding | None = None) -> tuple[str, bytes] | None:
    """Where the finding is, or else the waterfall, as title and PNG; None where nothing can be drawn."""
    if finding is not None and finding.where != Where() and (place := place_of(stream, finding.where)) is not None:
        return "Where it is wrong", place_picture(place, str(finding))
    return waterfall_of(stream)


def waterfall_of(stream: Streamed) -> tuple[str, bytes] | None:
    """The waterfall of the channel with the clearest signal, as title and PNG; None where nothing can be drawn.

    Frames of another shape than the first are left out.
    """
    frequencies = np.asarray(stream.job.answer.frequencies_list)
    shaped = [f for f in stream.frames if f.values.size and f.is_rectangular and f.bin_counts[0] == len(frequencies)]
    pictured = [frame for frame in shaped if frame.sensor_ids[0] == shaped[0].sensor_ids[0]]
    if not pictured:
        return None
    block = np.concatenate([frame.intensities for frame in pictured])
    sensor = _most_telling(block)
    title = f"Waterfall of channel {pictured[0].sensor_ids[0][sensor]}"
    starts = np.concatenate([frame.starts for frame in pictured])
    return title, waterfall(starts, frequencies, block[:, sensor, :], title=title)


def streams_table(streams: Sequence[Streamed]) -> str:
    """A line for each stream, as CSV."""
    head = ("Stream", "Frames", "Frames a second", "First frame after", "Findings", "Failed with")
    return as_table([head, *map(_row, streams)])


def parts_table(metrics: StreamMetrics) -> str:
    """A line for each stream of a job that has several, as CSV."""
    head = ("Stream", "Frames", "Bytes", "First frame after", "Lines", "Before all", "Lacking", "Alone")
    return as_table([head, *map(_part, metrics.streams)])


def findings_table(stream: Streamed) -> str:
    """A line for each finding that was kept, as CSV; the last one says how many were not."""
    rows = [(finding.topic, finding.severity, finding.in_full) for finding in stream.findings]
    left_out = stream.found - len(rows)
    more = [("", "", f"and {left_out:,} more like these")] if left_out else []
    return as_table([("Topic", "Severity", "What is wrong"), *rows, *more])


def _row(stream: Streamed) -> tuple[object, ...]:
    metrics = stream.metrics
    first = _milliseconds(metrics.first_frame_latency)
    return stream, metrics.frames_received, f"{metrics.avg_frame_rate:.1f}", first, stream.found, stream.failure


def _part(part: Part) -> tuple[object, ...]:
    first = _milliseconds(part.first_frame_latency)
    lines = part.lines.received, part.lines_before_all, part.lacking.count, part.strange.count
    return part, part.frames, part.bytes, first, *lines


def _most_telling(block: NDArray[np.float32]) -> int:
    """Position of the sensor whose strongest bin stands out most from its median; block is (rows, sensors, bins)."""
    finite = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    floor = np.maximum(np.median(finite, axis=(0, 2)), np.finfo(np.float32).tiny)
    return int(np.argmax(finite.mean(axis=0).max(axis=1) / floor))


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

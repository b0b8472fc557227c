"""What the report shows of many windows: a line for each of them, and what all of them cost."""

from __future__ import annotations

from support.reporting.attachments import as_table, attach_metrics, attach_table
from support.screen.many import Watch, Windows
from support.stream.distribution import Distribution

_HEAD = (
    "Window",
    "Lines expected",
    "Lines received",
    "Frames a second",
    "Data age p50",
    "Data age p99",
    "Oldest data",
    "Findings",
)


def report_windows(windows: Windows) -> None:
    """Attaches both tables."""
    attach_metrics(load_figures(windows), "Load")
    attach_table(windows_table(windows.watches), "Windows")


def windows_table(watches: list[Watch]) -> str:
    """A line for each window, as CSV."""
    return as_table([_HEAD, *map(_row, watches)])


def load_figures(windows: Windows) -> dict[str, str]:
    """All windows together, in words and units."""
    watches = windows.watches
    size = sum(watch.window.metrics.bytes_received for watch in watches if watch.window)
    worst = max((ages.percentile(99) or 0.0 for watch in watches if (ages := _ages(watch))), default=None)
    return {
        "windows": f"{len(watches)}, streamed for {windows.seconds:.0f} s",
        "lines expected / received": f"{sum(w.lines_expected for w in watches):,} / "
        f"{sum(w.lines_received for w in watches):,}",
        "throughput": f"{size / windows.seconds / 1e6:.1f} MB/s" if windows.seconds else "none",
        **({} if worst is None else {"data age p99, worst window": _milliseconds(worst)}),
        "findings": f"{sum(watch.found for watch in watches):,}",
        "client": "; ".join([str(windows.client or "not measured"), *filter(None, [windows.doubt])]),
        "server": str(windows.server or "not measured: it is no process of this suite"),
    }


def _row(watch: Watch) -> tuple[object, ...]:
    ages = _ages(watch)
    told = (ages.percentile(50), ages.percentile(99), ages.longest) if ages else (None, None, None)
    rate = f"{watch.frame_rate:.1f}"
    return watch, watch.lines_expected, watch.lines_received, rate, *map(_milliseconds, told), watch.found


def _ages(watch: Watch) -> Distribution | None:
    """How old the data of a window were; None where none came, or where it shows the past, which is as old as it is."""
    return watch.ages if watch.ages.count and watch.job and watch.job.past is None else None


def _milliseconds(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds * 1000:.0f} ms"

"""How often a comparison with a baseline fails, where the server is slower by a known amount.

For each amount an embedded Focus Server that is slowed by it; for each comparison a fresh set of streams, measured and
compared exactly as `features/capacity/speed_over_time.feature` does it. Several comparisons run at a time, as on a
machine that has other things to do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from support.baseline.baseline import FEWEST_SAMPLES
from support.baseline.comparison import Compared, compare
from support.baseline.sample import Sample, measured
from support.focus_server_api import FocusServerAPI
from support.screen.job import live_job_request
from support.screen.window import open_window
from support.server.embedded import EmbeddedServer
from support.settings import Settings

ALLOWED = 20.0
"""Percent, as in the feature."""

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trial:
    """One comparison: how much the server was slowed, percent, and what came of each figure."""

    slowed: float
    compared: Sequence[Compared]

    @property
    def failed(self) -> bool:
        """Whether the scenario would have failed."""
        return any(figure.is_slower for figure in self.compared)


def measure(url: str, frames: int, samples: int = FEWEST_SAMPLES) -> list[Sample]:
    """Samples of a server, one after the other."""
    settings = Settings()
    with FocusServerAPI(url) as api:
        fibre = api.live_metadata()
        request = live_job_request(settings, fibre, api.channels())
        taken = []
        for _ in range(samples):
            with open_window(settings, api, request, fibre.prr) as window:
                taken.append(measured(window, frames))
        return taken


def prove(amounts: Sequence[float], comparisons: int, baselines: int, frames: int, jobs: int) -> list[Trial]:
    """All trials. The comparisons of all amounts run mixed, ``jobs`` at a time; the baselines take turns."""
    with ExitStack() as cleanup:
        scratch = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="baselines-")))
        urls: dict[float, str] = {}
        for amount in {0.0, *amounts}:
            server = EmbeddedServer(["--slowed", f"{amount:g}"], log_file=scratch / f"{amount:g}.log")
            cleanup.callback(server.stop)
            urls[amount] = server.rest_url
        pool = cleanup.enter_context(ThreadPoolExecutor(jobs))
        recorded = list(pool.map(lambda _: measure(urls[0.0], frames), range(baselines)))
        plan = [(amount, number) for number in range(comparisons) for amount in amounts]

        def attempt(one: tuple[float, int]) -> Trial:
            amount, number = one
            return Trial(amount, compare(recorded[number % baselines], measure(urls[amount], frames), ALLOWED))

        trials = []
        for trial in pool.map(attempt, plan):
            trials.append(trial)
            if len(trials) % 10 == 0:
                sys.stdout.write(f"[{len(trials)}/{len(plan)}]\n")
                sys.stdout.flush()
        return trials


def as_markdown(trials: Sequence[Trial], seconds: float, options: argparse.Namespace) -> str:
    """The outcome for people."""
    lines = [
        "# How often a comparison with the baseline fails",
        "",
        f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"{seconds / 60:.1f} min, {options.jobs} comparisons at a time. A comparison is {FEWEST_SAMPLES} streams of "
        f"{options.frames} frames against a baseline of as many; it fails where a figure is slower by more than "
        f"{ALLOWED:g} %. {options.baselines} baselines took turns.",
        "",
        "| server slowed by | comparisons | failed | share (95 % interval) | frame interval, ratio (range) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for amount in sorted({trial.slowed for trial in trials}):
        own = [trial for trial in trials if trial.slowed == amount]
        failed = sum(trial.failed for trial in own)
        interval = binomtest(failed, len(own)).proportion_ci(_CONFIDENCE, method="exact")
        ratios = [one.ratio or np.nan for trial in own for one in trial.compared if one.figure.name == "frame_interval"]
        lines.append(
            f"| {amount:g} % | {len(own)} | {failed} | {failed / len(own) * 100:.0f} % ({interval.low * 100:.0f} % to "
            f"{interval.high * 100:.0f} %) | {np.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) |"
        )
    figures = [one.figure for one in trials[0].compared]
    lines += ["", "Failed by each figure:", "", "| slowed by | " + " | ".join(f.title for f in figures) + " |"]
    lines.append("| --- |" + " --- |" * len(figures))
    for amount in sorted({trial.slowed for trial in trials}):
        own = [trial for trial in trials if trial.slowed == amount]
        counts = [sum(trial.compared[n].is_slower for trial in own) for n in range(len(figures))]
        lines.append(f"| {amount:g} % | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines) + "\n"


def as_json(trials: Sequence[Trial], seconds: float) -> str:
    """The outcome for programs."""
    return json.dumps(
        {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(seconds, 1),
            "trials": [
                {"slowed": trial.slowed, "failed": trial.failed, "compared": [asdict(one) for one in trial.compared]}
                for trial in trials
            ],
        },
        indent=1,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where the table was made, whatever is in it."""
    parser = argparse.ArgumentParser(prog="python -m proving.baselines", description=__doc__)
    parser.add_argument("--slowed", type=float, nargs="+", default=[0, 10, 15, 25, 40], help="percent (%(default)s)")
    parser.add_argument("--comparisons", type=int, default=50, help="for each amount (%(default)s)")
    parser.add_argument("--baselines", type=int, default=5, help="recorded at the start (%(default)s)")
    parser.add_argument("--frames", type=int, default=40, help="of a stream (%(default)s)")
    parser.add_argument("--jobs", type=int, default=8, help="comparisons at a time (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("reports"), help="folder of the report (%(default)s)")
    options = parser.parse_args(arguments)
    if min(options.comparisons, options.baselines, options.jobs) < 1 or options.frames < 2 or min(options.slowed) < 0:
        parser.error("--comparisons, --baselines and --jobs are at least 1, --frames 2, --slowed 0")
    began = time.monotonic()
    amounts = [float(amount) for amount in options.slowed]
    trials = prove(amounts, options.comparisons, options.baselines, options.frames, options.jobs)
    seconds = time.monotonic() - began
    options.output.mkdir(parents=True, exist_ok=True)
    page = as_markdown(trials, seconds, options)
    (options.output / "baselines.md").write_text(page, encoding="utf-8")
    (options.output / "baselines.json").write_text(as_json(trials, seconds), encoding="utf-8")
    sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())

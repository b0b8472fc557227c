"""How often a comparison with a baseline fails, where the server is slower by a known amount.

For each amount an embedded Focus Server that is slowed by it; for each comparison a fresh set of streams, measured and
compared exactly as ``features/capacity/speed_over_time.feature`` does it. Several comparisons run at a time, as on a
machine that has other things to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from proving.crew import Crew
from proving.page import parser, positive, table
from proving.rate import share
from proving.report import Report
from support.baseline.baseline import FEWEST_SAMPLES
from support.baseline.comparison import Compared, compare
from support.baseline.sample import Sample, measured
from support.focus_server_api import FocusServerAPI
from support.screen.job import live_job_request
from support.screen.window import open_window
from support.settings import Settings

ALLOWED = 20.0
"""Percent, as in the feature."""


@dataclass(frozen=True)
class Trial:
    """One comparison: how much the server was slowed, percent, its number, and what came of each figure."""

    slowed: float
    number: int
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


def prove(
    crew: Crew, amounts: Sequence[float], comparisons: int, baselines: int, frames: int, report: Report[list[Trial]]
) -> Iterator[Trial]:
    """All trials, as they end. The comparisons of all amounts run mixed; the baselines take turns."""
    urls = {amount: crew.server("--slowed", f"{amount:g}").rest_url for amount in {0.0, *amounts}}

    def record(number: int) -> tuple[int, list[Sample]]:
        report.begins(f"baseline {number}")
        return number, measure(urls[0.0], frames)

    recorded = []
    for number, samples in crew.results([partial(record, number) for number in range(1, baselines + 1)]):
        recorded.append(samples)
        report.ends(f"baseline {number}", "recorded")

    def attempt(amount: float, number: int) -> Trial:
        report.begins(_name(amount, number))
        return Trial(amount, number, compare(recorded[number % baselines], measure(urls[amount], frames), ALLOWED))

    yield from crew.results([partial(attempt, amount, number) for number in range(comparisons) for amount in amounts])


def as_markdown(trials: Sequence[Trial]) -> list[str]:
    """The outcome for people; nothing before the first trial."""
    if not trials:
        return []
    by_amount = {
        amount: [one for one in trials if one.slowed == amount] for amount in sorted({t.slowed for t in trials})
    }
    outcomes, by_figure = [], []
    figures = [one.figure for one in trials[0].compared]
    for amount, own in by_amount.items():
        failed = sum(trial.failed for trial in own)
        ratios = [one.ratio or np.nan for trial in own for one in trial.compared if one.figure.name == "frame_interval"]
        spread = f"{np.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        outcomes.append((f"{amount:g} %", len(own), failed, share(failed, len(own)), spread))
        counts = [sum(trial.compared[n].is_slower for trial in own) for n in range(len(figures))]
        by_figure.append((f"{amount:g} %", *counts))
    head = ("server slowed by", "comparisons", "failed", "share (95 % interval)", "frame interval, ratio (range)")
    return [
        f"A comparison is {FEWEST_SAMPLES} streams against a baseline of as many; it fails where a figure is slower by "
        f"more than {ALLOWED:g} %.",
        "",
        *table(head, outcomes),
        *("", "Failed by each figure:", ""),
        *table(("slowed by", *(figure.title for figure in figures)), by_figure),
    ]


def as_data(trials: Sequence[Trial]) -> dict[str, object]:
    """The outcome for programs."""
    return {
        "trials": [
            {"slowed": trial.slowed, "failed": trial.failed, "compared": [asdict(one) for one in trial.compared]}
            for trial in trials
        ]
    }


def _name(amount: float, number: int) -> str:
    return f"comparison {number + 1} with a server slowed by {amount:g} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where the table was made, whatever is in it."""
    options = parser("proving.baselines", __doc__)
    add = options.add_argument
    add("--slowed", type=float, nargs="+", default=[0.0, 10.0, 15.0, 25.0, 40.0], help="percent (%(default)s)")
    add("--comparisons", type=positive, default=50, help="for each amount (%(default)s)")
    add("--baselines", type=positive, default=5, help="recorded at the start, and taken in turns (%(default)s)")
    add("--frames", type=positive, default=40, help="of a stream (%(default)s)")
    add("--jobs", type=positive, default=8, help="comparisons at a time (%(default)s)")
    asked = options.parse_args(arguments)
    if asked.frames < 2 or min(asked.slowed) < 0:
        options.error("--frames is at least 2, --slowed 0")
    trials: list[Trial] = []
    total = asked.baselines + asked.comparisons * len(asked.slowed)
    title = "How often a comparison with the baseline fails"
    with Report(asked, "baselines", title, total, trials, as_markdown, as_data) as report, Crew(asked.jobs) as crew:
        for trial in prove(crew, asked.slowed, asked.comparisons, asked.baselines, asked.frames, report):
            trials.append(trial)
            report.ends(_name(trial.slowed, trial.number), "slower" if trial.failed else "as fast")
    sys.stdout.write(f"\n{report.page.read_text('utf-8')}\n{report.page}\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())

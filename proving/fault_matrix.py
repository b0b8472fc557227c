"""``make faults``: the acceptance criteria against every fault and every variant of the embedded Focus Server.

A fault has to fail the criterion that owns the promise it breaks (`proving.owners`). Failing others alone is an
accident, and counts as a miss. A variant keeps every promise, so it must fail nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from proving.owners import owns
from proving.suite import BROKEN, CRITERIA, FAILED, PASSED, SKIPPED, ScenarioResult, SuiteRun, run_suite
from support.errors import NotReadyError
from support.server.embedded import EmbeddedServer

_IMPATIENCE = ("connection_timeout=5", "idle_timeout=3")
"""A server that never answers shall not cost the matrix the patience of a real run."""

_SETTINGS = {"fifty-row-frames": ("display_height=6000",)}
"""Fifty rows a frame keep ten frames a second only where lines come fast enough."""

_MARKS = {PASSED: "·", SKIPPED: "-", FAILED: "F", BROKEN: "B"}


@dataclass(frozen=True)
class Deviation:
    """A fault or a variant, as the simulator lists it; ``promise`` is empty for a variant."""

    name: str
    says: str
    promise: str = ""

    @property
    def option(self) -> tuple[str, ...]:
        """The command-line option that turns it on."""
        return ("--fault" if self.promise else "--variant", self.name)


CORRECT = Deviation("correct server", "keeps every promise")


@dataclass(frozen=True)
class Trial:
    """A deviation, and what the suite said about it; on a second look where the first one found a problem."""

    deviation: Deviation
    run: SuiteRun
    second_look: bool = False

    @property
    def owners(self) -> list[ScenarioResult]:
        """The scenarios that own the broken promise."""
        return [s for s in self.run.scenarios if owns(s.name, self.deviation.promise)]

    @property
    def problem(self) -> str:
        """What is wrong with the suite's answer; empty where it is right."""
        if not self.run.scenarios:
            return f"no results: {self.run.output.strip()[-200:]}"
        if not self.deviation.promise:
            return "; ".join(f"refused: {s.name}: {s.sentence}" for s in self.run.unhappy)
        if any(owner.outcome == FAILED for owner in self.owners):
            return ""
        if not self.run.unhappy:
            return "survived"
        noticed = ", ".join(scenario.name for scenario in self.run.unhappy)
        return f"noticed only by accident: {self.deviation.promise!r} is not what failed, but {noticed}"

    @property
    def sentence(self) -> str:
        """The words of the first owner that failed."""
        return next((owner.sentence for owner in self.owners if owner.outcome == FAILED), "")


def deviations() -> list[Deviation]:
    """The correct server, and every variant and fault that the simulator lists."""
    command = [sys.executable, "-m", "support.simulator", "--list-faults=json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    variants = [Deviation(item["name"], item["says"]) for item in listed["variants"]]
    faults = [Deviation(item["name"], item["says"], item["promise"]) for item in listed["faults"]]
    return [CORRECT, *variants, *faults]


def attempt(deviation: Deviation, folder: Path, tags: str = CRITERIA) -> Trial:
    """Runs the criteria against a server with this deviation; ``folder`` is for this trial alone."""
    folder.mkdir()
    options = () if deviation is CORRECT else deviation.option
    try:
        server = EmbeddedServer(options, log_file=folder / "simulator.log")
    except NotReadyError as error:
        return Trial(deviation, SuiteRun(-1, 0.0, str(error), ()))
    try:
        settings = (f"focus_server_url={server.rest_url}", *_IMPATIENCE, *_SETTINGS.get(deviation.name, ()))
        return Trial(deviation, run_suite(folder, settings, tags=tags))
    finally:
        server.stop()


def attempt_all(chosen: Sequence[Deviation], jobs: int, tags: str = CRITERIA) -> Iterator[Trial]:
    """The trials as they end, ``jobs`` at a time; a trial that finds a problem is tried once more, alone at the end.

    A crowded machine can make a correct server late. A second look, without the crowd, tells that from a real problem:
    a fault that survives, survives twice.
    """
    doubtful: list[Deviation] = []
    slow_ones_first = list(enumerate(chosen))[::-1]  # servers that never answer are listed last
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch, ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(attempt, one, Path(scratch, f"{n}"), tags) for n, one in slow_ones_first]
        for done in as_completed(waiting):
            trial = done.result()
            if trial.problem:
                doubtful.append(trial.deviation)
            else:
                yield trial
        for number, deviation in enumerate(doubtful):
            yield replace(attempt(deviation, Path(scratch, f"again-{number}"), tags), second_look=True)


def as_markdown(trials: Sequence[Trial], seconds: float) -> str:
    """The matrix as a page."""
    columns = sorted({_criterion(scenario) for trial in trials for scenario in trial.run.scenarios})
    faults = [trial for trial in trials if trial.deviation.promise]
    others = [trial for trial in trials if not trial.deviation.promise]
    caught = sum(not trial.problem for trial in faults)
    refused = sum(bool(trial.problem) for trial in others)
    lines = [
        "# Faults and variants against the acceptance criteria",
        "",
        f"{caught} of {len(faults)} faults caught by the criterion that owns the broken promise; {refused} of "
        f"{len(others)} correct servers refused. {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {seconds:.0f} s.",
        "",
        f"{sum(trial.second_look for trial in trials)} trials needed a second look, alone on the machine.",
        "",
        "F: failed, B: broken, -: skipped, ·: passed. A criterion is named by its task in AUTO-001."
        " The others are about jobs, and about the client itself.",
    ]
    for title, rows in (("Faults", faults), ("Correct servers", others)):
        lines += ["", f"## {title}", ""]
        lines += [f"| {' | '.join((title[:-1].lower(), 'promise', *columns, 'what the owner said'))} |"]
        lines += ["|" + " --- |" * (len(columns) + 3)]
        lines += [_row(trial, columns) for trial in sorted(rows, key=lambda t: (t.deviation.promise, t.deviation.name))]
    return "\n".join(lines) + "\n"


def _row(trial: Trial, columns: Sequence[str]) -> str:
    marks = []
    for column in columns:
        outcomes = [s.outcome for s in trial.run.scenarios if _criterion(s) == column]
        worst = next((kind for kind in (BROKEN, FAILED, PASSED, SKIPPED) if kind in outcomes), SKIPPED)
        marks.append(_MARKS[worst])
    found = trial.sentence.split(" but: ", 1)[-1]  # what was expected is the name of the criterion
    words = (trial.problem or found).replace("|", "\\|")[:200]
    return f"| {' | '.join((trial.deviation.name, trial.deviation.promise, *marks, words))} |"


def _criterion(scenario: ScenarioResult) -> str:
    tasks = sorted(tag.removeprefix("task-") for tag in scenario.tags if tag.startswith("task-"))
    return tasks[0] if tasks else "others"


def as_json(trials: Sequence[Trial], seconds: float) -> str:
    """The matrix for programs."""
    return json.dumps(
        {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(seconds, 1),
            "trials": [
                {
                    "name": trial.deviation.name,
                    "promise": trial.deviation.promise,
                    "says": trial.deviation.says,
                    "problem": trial.problem,
                    "second_look": trial.second_look,
                    "sentence": trial.sentence,
                    "scenarios": {s.name: {"outcome": s.outcome, "sentence": s.sentence} for s in trial.run.scenarios},
                }
                for trial in trials
            ],
        },
        indent=1,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where every fault was caught by its owner and no correct server was refused."""
    parser = argparse.ArgumentParser(prog="python -m proving.fault_matrix", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these faults and variants")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1), help="trials at a time (%(default)s)")
    parser.add_argument("--tags", default=CRITERIA, help="tag expression that chooses the criteria (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("reports"), help="folder of the report (%(default)s)")
    options = parser.parse_args(arguments)
    known = deviations()
    unknown = sorted(set(options.names) - {deviation.name for deviation in known})
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; python -m support.simulator --list-faults tells what there is")
    chosen = [deviation for deviation in known if not options.names or deviation.name in options.names]

    began = time.monotonic()
    trials = []
    for trial in attempt_all(chosen, max(1, options.jobs), options.tags):
        trials.append(trial)
        answer = trial.problem or ("caught: " + trial.sentence[:110] if trial.deviation.promise else "accepted")
        sys.stdout.write(f"[{len(trials)}/{len(chosen)}] {trial.deviation.name}: {answer}\n")
        sys.stdout.flush()
    seconds = time.monotonic() - began

    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "fault-matrix.md").write_text(as_markdown(trials, seconds), encoding="utf-8")
    (options.output / "fault-matrix.json").write_text(as_json(trials, seconds), encoding="utf-8")
    problems = [trial for trial in trials if trial.problem]
    sys.stdout.write(
        f"{len(trials)} trials in {seconds:.0f} s, {len(problems)} problems; {options.output}/fault-matrix.md\n"
    )
    for trial in problems:
        sys.stdout.write(f"  {trial.deviation.name}: {trial.problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""``make faults``: the acceptance criteria against every fault and every variant of the embedded Focus Server.

A fault has to fail the criterion that owns the promise it breaks (``proving.owners``). Failing others alone is an
accident, and counts as a miss. A variant keeps every promise, so it must fail nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from proving.crew import Crew
from proving.owners import owns
from proving.page import parser, positive, table
from proving.report import Report
from proving.suite import BROKEN, CRITERIA, FAILED, PASSED, SKIPPED, ScenarioResult, SuiteRun, run_suite
from support.errors import NotReadyError
from support.server.embedded import EmbeddedServer
from support.wording import plural

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


def attempt(crew: Crew, deviation: Deviation, folder: Path, tags: str = CRITERIA) -> Trial:
    """Runs the criteria against a server with this deviation; ``folder`` is for this trial alone."""
    folder.mkdir()
    options = () if deviation is CORRECT else deviation.option
    try:
        server = EmbeddedServer(options, log_file=folder / "simulator.log")
    except NotReadyError as error:
        return Trial(deviation, SuiteRun(-1, 0.0, str(error), ()))
    try:
        settings = (f"focus_server_url={server.rest_url}", *_IMPATIENCE, *_SETTINGS.get(deviation.name, ()))
        return Trial(deviation, run_suite(crew, folder, settings, tags=tags))
    finally:
        server.stop()


def attempt_all(crew: Crew, chosen: Sequence[Deviation], tags: str, begins: Callable[[str], None]) -> Iterator[Trial]:
    """The trials as they end; one that finds a problem comes again, tried once more, alone, at the end.

    A crowded machine can make a correct server late. A second look, without the crowd, tells that from a real problem:
    a fault that survives, survives twice.
    """

    def look(deviation: Deviation, folder: str, *, again: bool = False) -> Trial:
        if not again:
            begins(deviation.name)
        return replace(attempt(crew, deviation, crew.folder / folder, tags), second_look=again)

    doubtful: list[Deviation] = []
    slow_ones_first = list(enumerate(chosen))[::-1]  # servers that never answer are listed last
    for trial in crew.results([partial(look, one, str(number)) for number, one in slow_ones_first]):
        yield trial
        if trial.problem:
            doubtful.append(trial.deviation)
    for number, one in enumerate(doubtful):
        yield from crew.results([partial(look, one, f"again-{number}", again=True)])


def as_markdown(trials: Collection[Trial]) -> list[str]:
    """The matrix for people."""
    columns = sorted({_criterion(scenario) for trial in trials for scenario in trial.run.scenarios})
    faults = [trial for trial in trials if trial.deviation.promise]
    others = [trial for trial in trials if not trial.deviation.promise]
    caught = sum(not trial.problem for trial in faults)
    refused = sum(bool(trial.problem) for trial in others)
    lines = [
        f"{caught} of {len(faults)} faults caught by the criterion that owns the broken promise; {refused} of "
        f"{len(others)} correct servers refused.",
        "",
        f"{plural(sum(trial.second_look for trial in trials), 'trial')} needed a second look, alone on the machine.",
        "",
        "F: failed, B: broken, -: skipped, ·: passed. A criterion is named by its task in AUTO-001."
        " The others are about jobs, and about the client itself.",
    ]
    for title, rows in (("Faults", faults), ("Correct servers", others)):
        head = [title[:-1].lower(), "promise", *columns, "what the owner said"]
        ordered = sorted(rows, key=lambda trial: (trial.deviation.promise, trial.deviation.name))
        lines += ["", f"## {title}", "", *table(head, [_row(trial, columns) for trial in ordered])]
    return lines


def _row(trial: Trial, columns: Sequence[str]) -> list[str]:
    marks = []
    for column in columns:
        outcomes = [s.outcome for s in trial.run.scenarios if _criterion(s) == column]
        worst = next((kind for kind in (BROKEN, FAILED, PASSED, SKIPPED) if kind in outcomes), SKIPPED)
        marks.append(_MARKS[worst])
    found = trial.sentence.split(" but: ", 1)[-1]  # what was expected is the name of the criterion
    return [trial.deviation.name, trial.deviation.promise, *marks, (trial.problem or found).replace("|", "\\|")[:200]]


def _criterion(scenario: ScenarioResult) -> str:
    tasks = sorted(tag.removeprefix("task-") for tag in scenario.tags if tag.startswith("task-"))
    return tasks[0] if tasks else "others"


def as_data(trials: Collection[Trial]) -> dict[str, object]:
    """The matrix for programs."""
    return {
        "trials": [
            {
                **asdict(trial.deviation),
                "problem": trial.problem,
                "second_look": trial.second_look,
                "sentence": trial.sentence,
                "scenarios": {s.name: {"outcome": s.outcome, "sentence": s.sentence} for s in trial.run.scenarios},
            }
            for trial in trials
        ]
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where every fault was caught by its owner and no correct server was refused."""
    known = {deviation.name: deviation for deviation in deviations()}
    options = parser("proving.fault_matrix", __doc__)
    add = options.add_argument
    add("names", nargs="*", help="only these faults and variants")
    add("--jobs", type=positive, default=3 * (os.cpu_count() or 1), help="trials at a time (%(default)s)")
    add("--tags", default=CRITERIA, help="tag expression that chooses the criteria (%(default)s)")
    asked = options.parse_args(arguments)
    if unknown := sorted(set(asked.names) - known.keys()):
        options.error(f"unknown: {', '.join(unknown)}; python -m support.simulator --list-faults tells what there is")
    chosen = [deviation for name, deviation in known.items() if not asked.names or name in asked.names]
    trials: dict[str, Trial] = {}
    title = "Faults and variants against the acceptance criteria"
    report = Report(asked, "fault-matrix", title, len(chosen), trials.values(), as_markdown, as_data)
    with report, Crew(asked.jobs) as crew:
        for trial in attempt_all(crew, chosen, asked.tags, report.begins):
            trials[trial.deviation.name] = trial
            if trial.problem and not trial.second_look:
                report.tell(f"{trial.deviation.name}: {trial.problem}; a second look follows")
                continue
            answer = "caught: " + trial.sentence[:110] if trial.deviation.promise else "accepted"
            report.ends(trial.deviation.name, trial.problem or answer)
    problems = [trial for trial in trials.values() if trial.problem]
    sys.stdout.write(f"{plural(len(trials), 'trial')}, {plural(len(problems), 'problem')}; {report.page}\n")
    for trial in problems:
        sys.stdout.write(f"  {trial.deviation.name}: {trial.problem}\n")
    return report.exit_code or (1 if problems else 0)


if __name__ == "__main__":
    sys.exit(main())

"""``make faults``: the acceptance criteria against every fault and every variant of the embedded Focus Server.

A fault has to fail the criterion that owns the promise it breaks (``proving.owners``), which alone is asked first; with
``--all-criteria`` the others, too: few of them turn red. Where the owner finds nothing, all are asked: failing others
alone is an accident, and counts as a miss. A variant keeps every promise, so it must fail nothing.

A random sample of faults acts only under a condition: from a frame on, in one job, once (``proving.sample``). There a
scenario that asks about every promise may fail in place of the owner, which may not have looked then. What survives has
to be explained (``proving.unseen``). And as long as a fault has not acted, nothing may fail.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from proving.crew import Crew
from proving.page import parser, positive, table
from proving.report import Report
from proving.sample import sample
from proving.suite import BROKEN, FAILED, LIGHT, PASSED, SKIPPED, ScenarioResult
from proving.trial import STORY, Deviation, Trial, attempt_all, deviations
from support.wording import plural

_AT_ONCE = 5
"""Trials at a time for each core: most of their time they wait for time to pass; of more a correct server is late."""

_SAMPLED = 100

_MARKS = {PASSED: "·", SKIPPED: "-", FAILED: "F", BROKEN: "B"}


def as_markdown(trials: Collection[Trial]) -> list[str]:
    """The matrix for people."""
    conditional = [trial for trial in trials if trial.deviation.condition]
    faults = [trial for trial in trials if trial.deviation.promise and not trial.deviation.condition]
    others = [trial for trial in trials if not trial.deviation.promise]
    caught = sum(not trial.problem for trial in faults)
    refused = sum(bool(trial.problem) for trial in others)
    return [
        f"{caught} of {len(faults)} faults caught by the criterion that owns the broken promise; {refused} of "
        f"{len(others)} correct servers refused.",
        "",
        *_counted(conditional),
        f"{plural(sum(trial.second_look for trial in trials), 'trial')} needed a second look, one for each core.",
        "",
        "F: failed, B: broken, -: skipped, ·: passed. A criterion is named by its task in AUTO-001."
        " The others are about jobs, and about the client itself.",
        *_matrix("Faults", faults),
        *_matrix("Correct servers", others),
        *(_under_conditions(conditional) if conditional else ()),
    ]


def _counted(trials: Collection[Trial]) -> list[str]:
    """What came of the faults under conditions, in a sentence."""
    if not trials:
        return []
    acted = [trial for trial in trials if trial.acts]
    caught = sum(trial.catcher is not None for trial in acted)
    explained = sum(trial.catcher is None and not trial.problem for trial in acted)
    return [
        f"{plural(len(trials), 'fault')} under a condition: {len(acted)} acted, of which {caught} were caught and "
        f"{explained} cannot be seen; in the others the condition never came about.",
        "",
    ]


def _matrix(title: str, trials: Collection[Trial]) -> list[str]:
    columns = sorted({_criterion(scenario) for trial in trials for scenario in trial.run.scenarios})
    head = [title[:-1].lower(), "promise", *columns, "what the owner said"]
    ordered = sorted(trials, key=lambda trial: (trial.deviation.promise, trial.deviation.name))
    return ["", f"## {title}", "", *table(head, [_row(trial, columns) for trial in ordered])]


def _under_conditions(trials: Collection[Trial]) -> list[str]:
    """The sample: what survived, how many there were of each condition and each fault, and who caught the others."""
    ordered = sorted(trials, key=lambda trial: trial.deviation.name)
    unseen = [trial for trial in ordered if trial.acts and not trial.catcher]
    survivors = [(t.deviation.name, t.acts, t.why_unseen or f"**{t.problem}**") for t in unseen]
    by_condition = _tally(trials, lambda trial: trial.deviation.condition.partition("=")[0])
    by_fault = _tally(unseen, lambda trial: trial.deviation.base)
    counts = ["tried", "acted", "caught", "unseen"]
    found = [
        [t.deviation.name, t.deviation.promise, t.acts, t.catcher.name if t.catcher else t.answer, _cell(t.sentence)]
        for t in ordered
    ]
    return [
        "",
        "## Faults under a condition",
        "",
        *table(["condition", *counts], by_condition, right=4),
        "",
        "What was not seen, though it acted:",
        "",
        *table(["fault", "acted", "why"], survivors),
        "",
        *table(["fault that was not seen", *counts], by_fault, right=4),
        "",
        *table(["fault", "promise", "acted", "caught by", "what it said"], found),
    ]


def _tally(trials: Iterable[Trial], key: Callable[[Trial], str]) -> list[list[object]]:
    """For each key: how many trials, in how many the fault acted, was caught, was not seen."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(key(trial), []).append(trial)
    rows: list[list[object]] = []
    for name, those in sorted(groups.items()):
        acted = [trial for trial in those if trial.acts]
        caught = sum(trial.catcher is not None for trial in acted)
        rows.append([name, len(those), len(acted), caught, len(acted) - caught])
    return rows


def _row(trial: Trial, columns: Sequence[str]) -> list[str]:
    marks = []
    for column in columns:
        outcomes = [s.outcome for s in trial.run.scenarios if _criterion(s) == column]
        worst = next((kind for kind in (BROKEN, FAILED, PASSED, SKIPPED) if kind in outcomes), SKIPPED)
        marks.append(_MARKS[worst])
    return [trial.deviation.name, trial.deviation.promise, *marks, _cell(trial.problem or trial.sentence)]


def _cell(sentence: str) -> str:
    found = sentence.split(" but: ", 1)[-1]  # what was expected is the name of the criterion
    return found.replace("|", "\\|")[:200]


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
                "acts": trial.acts,
                "caught_by": trial.catcher.name if trial.catcher else "",
                "second_look": trial.second_look,
                "sentence": trial.sentence,
                "scenarios": {s.name: {"outcome": s.outcome, "sentence": s.sentence} for s in trial.run.scenarios},
            }
            for trial in trials
        ]
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where every fault was caught or cannot be seen, and no correct server was refused."""
    options = parser("proving.fault_matrix", __doc__)
    add = options.add_argument
    add("names", nargs="*", help="only these faults and variants; a fault under a condition as NAME@CONDITION")
    add("--jobs", type=positive, default=_AT_ONCE * (os.cpu_count() or 1), help="trials at a time (%(default)s)")
    add("--tags", default=LIGHT, help="tag expression that chooses the criteria (%(default)s)")
    add("--all-criteria", action="store_true", help="asked about each fault, and not those first that own its promise")
    add("--conditions", type=_count, help="faults under conditions that are tried, too (100, or 0 beside names)")
    add("--seed", type=_count, help="what they are drawn by (another one each time)")
    add("--dialect", choices=("story", "production"), default=STORY, help="what the servers speak (%(default)s)")
    asked = options.parse_args(arguments)
    known = {deviation.name: deviation for deviation in deviations(asked.dialect)}
    unknown = sorted(name for name in asked.names if Deviation(name, "").base not in known)
    if unknown:
        options.error(f"unknown: {', '.join(unknown)}; python -m support.simulator --list-faults tells what there is")
    chosen = _chosen(asked, known)
    sys.stdout.write(f"{plural(len(chosen), 'trial')}, drawn by --seed {asked.seed}\n")
    trials: dict[str, Trial] = {}
    title = "Faults and variants against the acceptance criteria"
    report = Report(asked, "fault-matrix", title, len(chosen), trials.values(), as_markdown, as_data)
    with report, Crew(asked.jobs) as crew:
        for trial in attempt_all(crew, chosen, asked.tags, report.begins, asks_others=asked.all_criteria):
            trials[trial.deviation.name] = trial
            if trial.is_doubtful:
                report.tell(f"{trial.deviation.name}: {trial.problem}; a second look follows")
                continue
            report.ends(trial.deviation.name, trial.problem or trial.answer)
    problems = [trial for trial in trials.values() if trial.problem]
    sys.stdout.write(f"{plural(len(trials), 'trial')}, {plural(len(problems), 'problem')}; {report.page}\n")
    for trial in problems:
        sys.stdout.write(f"  {trial.deviation.name}: {trial.problem}\n")
    return report.exit_code or (1 if problems else 0)


def _chosen(asked: argparse.Namespace, known: Mapping[str, Deviation]) -> list[Deviation]:
    """What was asked for by name, or else all there is; and a sample of faults under conditions."""
    if asked.conditions is None:
        asked.conditions = 0 if asked.names else _SAMPLED
    if asked.seed is None:
        asked.seed = random.randrange(1_000_000)
    faults = [one for one in known.values() if one.promise and (not asked.names or one.name in asked.names)]
    drawn = sample({fault.name: fault.conditions for fault in faults}, asked.conditions, asked.seed)
    names = [*(asked.names or known), *drawn]
    return [replace(known[Deviation(name, "").base], name=name) for name in dict.fromkeys(names)]


def _count(text: str) -> int:
    """An option's number from 0."""
    return 0 if text == "0" else positive(text)


if __name__ == "__main__":
    sys.exit(main())

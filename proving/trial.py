"""What is tried on the suite, a server that is correct, different or faulty, and what the suite said about it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from proving.crew import Crew
from proving.forked import ForkedServer
from proving.owners import CONTROLLED, LONG, OF_TRUTH, SLOW, asks_about_all, owners_of, owns
from proving.recording import recording
from proving.sample import needs_many
from proving.suite import CONFIGURATIONS, CRITERIA, FAILED, LIGHT, ScenarioResult, SuiteRun, run_suite
from proving.suite import SLOW as SLOW_SCENARIOS
from proving.unseen import why_unseen
from support.errors import NotReadyError
from support.wording import plural

STORY = "story"

_SETTINGS_OF_ALL = ("connection_timeout=5", "idle_timeout=3")
"""A server that never answers gets less patience than usual."""

_IDLE_SECONDS = 5

_OF_TRUTH = frozenset(
    {"correct server", "hamming-window", "rms-scale", "power-scale", "density-scale", "sample-at-or-before"}
    | {"natural-logarithm", "logarithmic", "double-values", "byte-values", "quiet-sensor"}
    | {"one-row-frames", "floor-timestamps", "sample-aligned-lines", "one-stream", "five-streams", "one-piece"}
)
"""Correct servers that are tried with a recording: what they show of the past is true, each in its own way."""

_KNOWN = (f"known_defects={Path(__file__).with_name('known_defects.yaml')}",)

_SETTINGS = {
    "fifty-row-frames": ("display_height=6000",),
    **dict.fromkeys(("accepts-anything", "quiet-sensor", "quantised-quiet-sensor"), _KNOWN),
}
"""Fifty rows a frame keep ten frames a second only where lines come fast enough. What many servers do is known."""


@dataclass(frozen=True)
class Deviation:
    """A fault or a variant, as the simulator lists it.

    Attributes:
        name: with the condition of a fault that acts only under one: "dead-sensor@once".
        says: what it does.
        promise: what it breaks; empty for a variant.
        conditions: the names of those that it takes.
        dialect: what the server speaks.
    """

    name: str
    says: str
    promise: str = ""
    conditions: tuple[str, ...] = ()
    dialect: str = STORY

    @property
    def condition(self) -> str:
        """The condition that it acts under; empty where it acts always."""
        return self.name.partition("@")[2]

    @property
    def base(self) -> str:
        """Its name alone, without argument and condition."""
        return self.name.partition("@")[0].partition("=")[0]

    @property
    def needs_many(self) -> bool:
        """Whether it acts, or can be caught, only where many windows are open at once."""
        return needs_many(self.condition) or self.promise in SLOW

    @property
    def plays(self) -> bool:
        """Whether the server plays a recording that the suite knows: only then does it know the truth."""
        return self.promise in OF_TRUTH or self.name in _OF_TRUTH

    @property
    def options(self) -> tuple[str, ...]:
        """The command-line options of a server that has it."""
        turned_on = () if self.name == CORRECT.name else ("--fault" if self.promise else "--variant", self.name)
        hurry = (f"--{option.replace('_', '-')}" for option in self._hurry)
        return ("--dialect", self.dialect, *hurry, *turned_on)

    @property
    def settings(self) -> tuple[str, ...]:
        """Those of a run against it: the dialect is known, and needs no job to be found out."""
        return (f"dialect={self.dialect}", *_SETTINGS_OF_ALL, *self._hurry, *_SETTINGS.get(self.name, ()))

    @property
    def _hurry(self) -> tuple[str, ...]:
        """Where jobs end only by themselves, a run waits for windows: they end soon. Both sides call it alike."""
        return () if self.dialect == STORY else (f"idle_removal={_IDLE_SECONDS}",)


CORRECT = Deviation("correct server", "keeps every promise")


@dataclass(frozen=True)
class Trial:
    """A deviation, and what the suite said about it; on a second look where the first one found a problem.

    Attributes:
        acts: how often a fault under a condition has made a difference.
        acts_in_past: how often of these in what is shown of the past.
    """

    deviation: Deviation
    run: SuiteRun
    acts: int = 0
    second_look: bool = False
    acts_in_past: int = 0

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
        if self.deviation.condition:
            return self._problem_under_condition
        if any(owner.outcome == FAILED for owner in self.owners):
            return ""
        if not self.run.unhappy:
            return "survived"
        noticed = ", ".join(scenario.name for scenario in self.run.unhappy)
        return f"noticed only by accident: {self.deviation.promise!r} is not what failed, but {noticed}"

    @property
    def _problem_under_condition(self) -> str:
        refused = "; ".join(f"{s.outcome}: {s.name}: {s.sentence}" for s in self.run.unhappy)
        if refused and not self.acts:
            return f"the fault has not acted, and still {refused}"
        if not self.acts or self.why_unseen:
            return ""
        if not refused:
            return f"survived, and acted {plural(self.acts, 'time')}"
        return "" if self.catcher else f"noticed by others: {refused}"

    @property
    def why_unseen(self) -> str:
        """Why nobody outside can see the fault, where that is known; empty where it has to be caught."""
        return why_unseen(self.deviation.name, in_live_only=not self.acts_in_past)

    @property
    def is_doubtful(self) -> bool:
        """Whether it is worth a second look: a crowded machine can have a part in it, or what was not looked at."""
        return bool(self.problem) and not self.second_look

    @property
    def catcher(self) -> ScenarioResult | None:
        """The scenario that found the fault: one that owns the promise; under a condition also one that asks about all.

        Any other one counts under a condition on a second look: then it is not the crowd that it found.
        """
        asked = self.owners
        if self.deviation.condition:
            asked = [*asked, *(s for s in self.run.unhappy if asks_about_all(s.name) or self.second_look)]
        return next((scenario for scenario in asked if scenario.outcome == FAILED), None)

    @property
    def sentence(self) -> str:
        """The words of the scenario that found the fault."""
        return self.catcher.sentence if self.catcher else ""

    @property
    def answer(self) -> str:
        """What the suite said, in short."""
        if self.catcher:
            return f"caught: {self.sentence[:110]}"
        if not self.deviation.condition:
            return "accepted"
        return f"unseen: {self.why_unseen}" if self.acts else "never came about"


def deviations(dialect: str = STORY) -> list[Deviation]:
    """The correct server, and every variant and fault that there is in a dialect, but for those that take minutes."""
    command = [sys.executable, "-m", "support.simulator", "--list-faults=json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    variants = [Deviation(item["name"], item["says"]) for item in listed["variants"] if dialect in item["dialects"]]
    faults = [
        Deviation(item["name"], item["says"], item["promise"], tuple(item["conditions"]))
        for item in listed["faults"]
        if dialect in item["dialects"] and item["promise"] not in LONG | CONTROLLED
    ]
    return [replace(one, dialect=dialect) for one in (CORRECT, *variants, *faults)]


def attempt(
    crew: Crew,
    deviation: Deviation,
    folder: Path,
    tags: str = LIGHT,
    *,
    second_look: bool = False,
    asks_others: bool = False,
) -> Trial:
    """Runs the criteria against a server with this deviation.

    Args:
        crew: whose processes run.
        deviation: of the server.
        folder: for this trial alone.
        tags: a tag expression that chooses the criteria.
        second_look: whether the first one found a problem.
        asks_others: whether others than its owners are asked about a plain fault on a first look.
    """
    folder.mkdir()
    played = (str(recording(crew)),) if deviation.plays else ()
    options = itertools.chain(deviation.options, *(("--recording", path) for path in played))
    try:
        server = ForkedServer(tuple(options), log_file=folder / "simulator.log")
    except NotReadyError as error:
        return Trial(deviation, SuiteRun(-1, 0.0, str(error), ()))
    try:
        sounding = f"known_sources={server.told['known_sources']}"
        judged = (sounding, *(f"recording={path}" for path in played)) if played else ()
        settings = (f"focus_server_url={server.rest_url}", *judged, *deviation.settings)
        is_owners = bool(deviation.promise) and not (deviation.condition or second_look or asks_others)
        names = owners_of(deviation.promise) if is_owners else ()
        run = run_suite(crew, folder, settings, tags=scenarios(deviation, tags, second_look), names=names)
        acts, past = (sum(server.acts(past=past).values()) if deviation.condition else 0 for past in (False, True))
        return Trial(deviation, run, acts, second_look, past)
    finally:
        server.stop()


def scenarios(deviation: Deviation, tags: str, second_look: bool) -> str:
    """Those that are asked, as a tag expression; of a fault on a second look also those that a crowd has no room for.

    A correct server is asked the same again: what it is refused for twice is no crowd.
    """
    if deviation.promise in SLOW:
        return SLOW_SCENARIOS
    if second_look and tags == LIGHT and deviation.promise:
        return CRITERIA
    return CONFIGURATIONS if deviation.needs_many else tags


def attempt_all(
    crew: Crew, chosen: Sequence[Deviation], tags: str, begins: Callable[[str], None], *, asks_others: bool = False
) -> Iterator[Trial]:
    """The trials as they end; one that finds a problem comes again, tried once more, at the end.

    A crowded machine can make a correct server late. A second look, one for each core, tells that from a real problem:
    a fault that survives, survives twice, and the second time all scenarios, also the windows of every kind. Where a
    trial is about those alone, the first look has no other crowd either.
    """

    def look(deviation: Deviation, folder: str, *, again: bool = False) -> Trial:
        if not again:
            begins(deviation.name)
        folder_of_it = crew.folder / folder
        return attempt(crew, deviation, folder_of_it, tags, second_look=again, asks_others=asks_others)

    slow_ones_first = list(enumerate(chosen))[::-1]  # servers that never answer are listed last
    looks = [(one.needs_many, partial(look, one, str(number))) for number, one in slow_ones_first]
    together, apart = ([task for needs_many, task in looks if needs_many == many] for many in (False, True))
    doubtful: list[Deviation] = []
    for trial in itertools.chain(crew.results(together), _one_for_each_core(crew, apart)):
        yield trial
        if trial.is_doubtful:
            doubtful.append(trial.deviation)
    again = [partial(look, one, f"again-{number}", again=True) for number, one in enumerate(doubtful)]
    yield from _one_for_each_core(crew, again)


def _one_for_each_core(crew: Crew, looks: Sequence[Callable[[], Trial]]) -> Iterator[Trial]:
    """The trials as they end, as many at a time as there are cores."""
    cores = os.cpu_count() or 1
    for first in range(0, len(looks), cores):
        yield from crew.results(looks[first : first + cores])

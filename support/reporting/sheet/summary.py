"""What a run came to, as data: every scenario with its outcome and its figures, and what follows from them.

One model, from which the page, its text, the last lines of the console and the history are told, in any language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from support.reporting.keys import Links
from support.reporting.sheet.causes import causes_in, explains
from support.reporting.sheet.criteria import criteria
from support.reporting.sheet.facts import Figure, worst
from support.reporting.sheet.history import WRONG, Record, is_flaky, key_of


class Kept(StrEnum):
    """What is said of a criterion."""

    KEPT = "kept"
    KNOWN = "known"
    BROKEN = "broken"
    UNJUDGED = "unjudged"
    UNCHECKED = "unchecked"


class Release(StrEnum):
    """What is said of the server."""

    MAY = "may"
    MAY_NOT = "may_not"
    NO_VERDICT = "no_verdict"


@dataclass(frozen=True)
class Told:
    """One scenario.

    Attributes:
        title: its own.
        feature: title of its feature.
        outcome: passed, failed, broken, not run, skipped or known.
        why: the reason, in words; empty where it passed, or nobody has chosen it.
        result: by what Allure's page knows it; empty where it does not.
        criterion: number of the criterion that it is about; empty where it is about none.
        dialect: of the second pass; empty in the first.
        is_chosen: whether the command of the run chooses it.
        is_self_test: whether it is about the suite, not about the server under test.
        figures: what it measured.
        judged: how many streams, frames, lines and values it judged.
        file: of its feature, with its folder, without its ending.
        requirements: keys of those that its tags name.
        tests: keys of the tests that its tags say it is.
        defects: keys of the known defects that it showed.
        captures: files of its streams.
    """

    title: str
    feature: str
    outcome: str
    why: str = ""
    result: str = ""
    criterion: str = ""
    dialect: str = ""
    is_chosen: bool = True
    is_self_test: bool = False
    figures: Sequence[Figure] = ()
    judged: Mapping[str, int] = field(default_factory=dict)
    file: str = ""
    requirements: Sequence[str] = ()
    tests: Sequence[str] = ()
    defects: Sequence[str] = ()
    captures: Sequence[Path] = ()

    @cached_property
    def key(self) -> str:
        """By what it is found in other runs."""
        return key_of(self.feature, self.title)

    @property
    def place(self) -> str:
        """Its title, and the dialect of the second pass."""
        return f"{self.title}, {self.dialect}" if self.dialect else self.title


@dataclass(frozen=True)
class Problem:
    """A scenario that failed or broke, and those after it with nothing else wrong, but for places and numbers."""

    first: Told
    same: list[Told] = field(default_factory=list)

    def explains(self, other: Told) -> bool:
        """Whether nothing else is wrong in another scenario."""
        alike = (self.first.outcome, self.first.is_self_test) == (other.outcome, other.is_self_test)
        return alike and explains(causes_in(self.first.why), causes_in(other.why))


@dataclass(frozen=True)
class Criterion:
    """One criterion.

    Attributes:
        number: of its task.
        words: its own, in English.
        kept: what is said of it in each pass.
        figures: of each kind, the worst of all passes, and the scenario that measured it.
        problems: its scenarios that are not as they should be, known ones, too.
    """

    number: str
    words: str
    kept: Sequence[Kept]
    figures: Sequence[tuple[Figure, Told]]
    problems: list[Told]

    @property
    def places(self) -> list[Told]:
        """Where it was worst: the scenarios in which something is wrong, or else those that measured the worst."""
        return self.problems[:1] or list({id(one): one for _, one in self.figures}.values())

    @property
    def worst_kept(self) -> Kept:
        """What is said of it over all passes: that it was not checked only where none has."""
        order = (Kept.BROKEN, Kept.UNJUDGED, Kept.KNOWN, Kept.KEPT, Kept.UNCHECKED)
        return min(self.kept, key=order.index)


@dataclass(frozen=True)
class Known:
    """The known defects of the server: those that showed, also beyond their day, and those that did not."""

    seen: Sequence[str] = ()
    overdue: Sequence[str] = ()
    missed: Sequence[str] = ()


@dataclass(frozen=True)
class Summary:
    """A run.

    Attributes:
        began: epoch seconds.
        seconds: how long it took, so far.
        ending: why it is no verdict, in words; empty where it has finished.
        is_good: whether its exit code says so.
        about: what was tested with what, name to value.
        passes: the dialect of each pass; of the first one empty where the server was never met.
        is_embedded: whether it is about the suite's own server.
        known: its known defects.
        scenarios: all of them.
        past: the runs of this server before, oldest first.
        links: where keys of issues lead.
    """

    began: float
    seconds: float
    ending: str
    is_good: bool
    about: Mapping[str, str]
    passes: Sequence[str]
    is_embedded: bool
    known: Known
    scenarios: Sequence[Told]
    past: Sequence[Record] = ()
    links: Links = field(default_factory=Links)

    @property
    def counts(self) -> Counter[str]:
        """How many scenarios came to what."""
        return Counter(one.outcome for one in self.scenarios)

    @property
    def ran(self) -> int:
        """How many scenarios came to an outcome of their own."""
        return len(self.scenarios) - self.counts["skipped"] - self.counts["not run"]

    @property
    def self_tests(self) -> Counter[str]:
        """How many of the suite's own tests came to what."""
        return Counter(one.outcome for one in self.scenarios if one.is_self_test and one.is_chosen)

    @property
    def about_server(self) -> list[Told]:
        """The scenarios that are about the server under test."""
        return [one for one in self.scenarios if not one.is_self_test]

    @cached_property
    def judged(self) -> Counter[str]:
        """How many streams, frames, lines and values of the server were judged."""
        total: Counter[str] = Counter()
        for one in self.about_server:
            total.update(one.judged)
        return total

    @property
    def problems(self) -> list[Told]:
        """The scenarios that failed or broke: those about the server first, and of them those about a criterion."""
        bad = [one for one in self.scenarios if one.outcome in WRONG]
        return sorted(bad, key=lambda one: (one.is_self_test, one.outcome != "failed", not one.criterion))

    @cached_property
    def causes(self) -> list[Problem]:
        """The same, those of one cause as one."""
        found: list[Problem] = []
        for one in self.problems:
            cause = next((each for each in found if each.explains(one)), None)
            if cause is None:
                found.append(Problem(one))
            else:
                cause.same.append(one)
        return found

    @property
    def unchecked(self) -> Counter[str]:
        """Why scenarios about the server did not run, and how many for each reason; empty: nobody has chosen them."""
        idle = (one for one in self.about_server if one.outcome in ("skipped", "not run"))
        return Counter(one.why if one.is_chosen else "" for one in idle)

    @cached_property
    def criteria(self) -> list[Criterion]:
        """All criteria, in their order."""
        return [self._criterion(number, words) for number, words in criteria().items()]

    @property
    def is_whole(self) -> bool:
        """Whether the run was to check all criteria."""
        chosen = Counter(one.criterion for one in self.scenarios if one.is_chosen)
        there = Counter(one.criterion for one in self.scenarios)
        return all(chosen[number] == there[number] > 0 for number in criteria())

    @property
    def release(self) -> Release:
        """Whether the server may be released, as far as this run can say."""
        if self.ending:
            return Release.NO_VERDICT
        if any(one.outcome == "failed" for one in self.about_server):
            return Release.MAY_NOT
        return Release.MAY if self.is_good and self.is_whole else Release.NO_VERDICT

    @property
    def server(self) -> str:
        """What was tested: the suite's own server is the same in every run."""
        return "embedded" if self.is_embedded else self.about.get("server", "")

    @cached_property
    def record(self) -> Record:
        """What is kept of this run."""
        return Record(
            began=self.began,
            server=self.server,
            version=self.about.get("server version", ""),
            release=self.release,
            figures={one.number: {figure.kind: figure.measured for figure, _ in one.figures} for one in self.criteria},
            outcomes={one.key: one.outcome for one in self.scenarios if one.outcome not in ("skipped", "not run")},
        )

    @property
    def last(self) -> Record | None:
        """The run of this server before this one."""
        return self.past[-1] if self.past else None

    @cached_property
    def newly_wrong(self) -> list[Told]:
        """The scenarios in which something is wrong that was right in the run before."""
        return [one for one in self.scenarios if one.outcome in WRONG and self._before(one) == "passed"]

    @cached_property
    def right_again(self) -> list[Told]:
        """The scenarios that are right, and were not in the run before."""
        return [one for one in self.scenarios if one.outcome == "passed" and self._before(one) in WRONG]

    @cached_property
    def flaky(self) -> list[Told]:
        """The scenarios that are now right and now wrong, with one version of the server."""
        records = [record for record in (*self.past, self.record) if record.version == self.record.version]
        return [one for one in self.scenarios if is_flaky(records, one.key)]

    def _before(self, one: Told) -> str:
        return self.last.outcomes.get(one.key, "") if self.last else ""

    def broken(self) -> list[str]:
        """The numbers of the criteria that are broken."""
        return [one.number for one in self.criteria if one.worst_kept is Kept.BROKEN]

    def _criterion(self, number: str, words: str) -> Criterion:
        own = [one for one in self.scenarios if one.criterion == number]
        passes = [[one for one in own if one.dialect == dialect] for dialect in ("", *self.passes[1:])]
        return Criterion(
            number,
            words,
            [kept(of_pass) for of_pass in passes],
            worst((figure, one) for one in own for figure in one.figures),
            [one for one in own if one.outcome in ("failed", "broken", "known")],
        )


def kept(scenarios: Iterable[Told]) -> Kept:
    """What these scenarios say of their criterion."""
    outcomes = {one.outcome for one in scenarios}
    if "failed" in outcomes:
        return Kept.BROKEN
    if outcomes & {"broken", "not run"}:
        return Kept.UNJUDGED
    if "known" in outcomes:
        return Kept.KNOWN
    return Kept.KEPT if "passed" in outcomes else Kept.UNCHECKED

"""What was found in a run and no step asked about: a scenario asks for its own promises, the rules see all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from support.screen.job import Job
from support.screen.streamed import Streamed
from support.validation.configuration import given_twice
from support.validation.finding import Finding, never_known
from support.validation.scale import Scale, judge_scales
from support.wording import plural


@dataclass(frozen=True)
class Unasked:
    """One promise that a job broke and no step asked about.

    Attributes:
        scenario: in which it happened.
        job: with its configuration; or what else it was, in words.
        first: the first finding.
        count: how many there were.
        doubt: why the server cannot be judged by it, in words; empty where it can.
    """

    scenario: str
    job: Job | str
    first: Finding
    count: int
    doubt: str = ""


class Overlooked:
    """What no step has asked about, in the order in which it was found.

    Attributes:
        told: whether it has been told to a step.
        is_known: whether a finding tells of a defect that is known; such ones are not kept.
        remark: what is no finding, and worth a word in the report all the same; the first one, empty without.
    """

    def __init__(self) -> None:
        self.told = False
        self.is_known: Callable[[Finding], bool] = never_known
        self.remark = ""
        self._jobs: dict[tuple[str, str], Job] = {}  # by server and id
        self._settled: set[tuple[str, str]] = set()
        self._scales: dict[str, tuple[str, Scale]] = {}  # by server: of the first job that told it
        self._unasked: list[Unasked] = []

    def __len__(self) -> int:
        return len(self._unasked)

    def __iter__(self) -> Iterator[Unasked]:
        return iter(self._unasked)

    def since(self, count: int) -> Overlooked:
        """What came after the first ``count``."""
        newer = Overlooked()
        newer._unasked = self._unasked[count:]
        return newer

    def cancelled(self, server: str, before: float) -> list[Job]:
        """The jobs that a server said before that moment to have cancelled, and has not been asked about since."""
        over = ((key, job) for key, job in self._jobs.items() if min(job.cancelled, default=before) < before)
        return [job for key, job in over if key[0] == server and key not in self._settled]

    def settle(self, server: str, jobs: Iterable[Job], findings: Iterable[Finding]) -> None:
        """A server has been asked about these jobs, which are over, and this is what it told that is not so."""
        self._settled.update((server, job.answer.job_id) for job in jobs)
        self.add_of_server(findings)

    def add(self, scenario: str, server: str, jobs: Iterable[Job], streams: Iterable[Streamed]) -> None:
        """A scenario is over that had these jobs and streams on the server at this address."""
        for job in jobs:
            self.remark = self.remark or job.remark
            self._keep(scenario, job, job.unasked())
            if self._jobs.setdefault((server, job.answer.job_id), job) is not job:
                self._keep(scenario, job, [given_twice(job.answer)])
        for stream in streams:
            self._add_scale(scenario, server, stream)
            by_rule: dict[tuple[str, str], Finding] = {}
            for finding, doubt in stream.unasked():
                by_rule.setdefault((finding.rule, doubt), finding)
            for (rule, doubt), first in by_rule.items():
                count = max(stream.verdict.counts[rule], 1)
                self._unasked.append(Unasked(scenario, stream.job, first, count, doubt))

    def _add_scale(self, scenario: str, server: str, stream: Streamed) -> None:
        """All jobs of a server have the scale of the first."""
        if stream.verdict.scale is not None:
            told = (stream.job.answer.job_id, stream.verdict.scale)
            first = self._scales.setdefault(server, told)
            self._keep(scenario, stream.job, judge_scales([first, told]))

    def add_of_server(
        self, findings: Iterable[Finding], scenario: str = "the whole run", what: str = "whatever the job"
    ) -> None:
        """What the server says of itself, or to a request that it refuses, breaks this."""
        self._keep(scenario, what, findings)

    def _keep(self, scenario: str, what: Job | str, findings: Iterable[Finding]) -> None:
        self._unasked += [Unasked(scenario, what, finding, 1) for finding in findings if not self.is_known(finding)]

    def sentences(self, *, doubtful: bool = False) -> list[str]:
        """For each promise that was broken, or only seems to be: the first finding, where it was, and where else."""
        by_rule: dict[str, list[Unasked]] = {}
        for one in self._unasked:
            if bool(one.doubt) == doubtful:
                by_rule.setdefault(one.first.rule, []).append(one)
        return [_sentence(rule, those) for rule, those in by_rule.items()]


def _sentence(rule: str, those: list[Unasked]) -> str:
    first = those[0]
    scenarios = list(dict.fromkeys(one.scenario for one in those))
    more = f"; in {plural(len(those), 'stream')} of {plural(len(scenarios), 'scenario')} in all" if those[1:] else ""
    why = first.doubt or first.first.meanwhile
    told = f" ({why})" if why else ""
    return f"{rule}: {first.first}, in '{first.scenario}', {first.job}{told}{more}"

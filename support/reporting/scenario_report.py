"""What happened in a scenario, as the report is told of it, and what it makes of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.baseline.comparison import Compared
from support.baseline.sample import Sample
from support.defects.known import KnownDefect, KnownDefects
from support.replay.header import Fibre
from support.reporting.attachments import as_table, attach_links, attach_metrics, attach_table, attach_text
from support.reporting.baseline_report import report_comparison, report_recorded
from support.reporting.captures import Captures
from support.reporting.evidence import evidence
from support.reporting.keys import Links, requirements_of, tests_of
from support.reporting.outcome import of_scenario
from support.reporting.sheet.facts import Facts, Figure, facts_of
from support.reporting.stream_report import attach_pictures, report_streams, told_by
from support.reporting.windows_report import load_figures, report_windows
from support.reporting.xray.execution import Target
from support.screen.job import Job
from support.screen.many import Windows
from support.screen.overlooked import Unasked
from support.screen.refusals import Refusal
from support.screen.streamed import Streamed
from support.security import ServerCertificate
from support.settings import Language, Settings
from support.validation.agreed import Waited, shown
from support.validation.expectation import Limits

_MANY = 3
"""Windows at once from which on the end of the run tells how much they were."""


@dataclass(frozen=True)
class Happened:
    """What happened in one scenario.

    Attributes:
        streams: every stream that it opened, oldest first, but for those of ``windows``.
        windows: the windows that it opened together; None where it opened none.
        refusal: the newest of a request that had to be refused; None where nothing was refused.
        recorded: the samples of the baseline that it recorded.
        compared: the figures that it compared with a baseline.
        certificates: those that were trusted on first use, by target.
        overlooked: what was found in the run and no step had asked about, where this scenario looks back.
        waits: how long the windows of the run took to open, where this scenario looks back on them.
        measured: what its steps measured, and held against limits.
        limits: how strictly its streams were judged.
        jobs: that it asked for, all of them.
        url: of the server that it met.
        fibre: that this watches; None: not known.
        log: what the server wrote into its own meanwhile, where it is the embedded one.
        settings: that it had.
        excused: the known defects without which it would have failed.
    """

    streams: Sequence[Streamed] = ()
    windows: Windows | None = None
    refusal: Refusal | None = None
    recorded: Sequence[Sample] = ()
    compared: Sequence[Compared] = ()
    certificates: Mapping[str, ServerCertificate] = field(default_factory=dict)
    overlooked: Iterable[Unasked] = ()
    waits: Sequence[Waited] = ()
    measured: Sequence[Figure] = ()
    limits: Limits = field(default_factory=Limits)
    jobs: Sequence[Job] = ()
    url: str = ""
    fibre: Fibre | None = None
    log: str = ""
    settings: Settings = field(default_factory=Settings)
    excused: Sequence[KnownDefect] = ()

    @property
    def every_stream(self) -> list[Streamed]:
        """Every stream that it opened, those of windows that were open together, too."""
        return [*self.streams, *(self.windows.streams if self.windows else ())]


class Report:
    """What people read of a run beside its outcomes.

    Args:
        attaches: whether there is a report to attach something to.
        captures: where streams are kept; None: nowhere.

    Attributes:
        figures: what scenarios measured, for the end of the run on the console.
        facts: what each scenario measured, by the ``id`` of the scenario of behave's model.
        about: what is tested with what, name to value.
        passes: the dialect of each pass.
        is_embedded: whether the server is the suite's own.
        known: the known defects of the server.
        language: of the release sheet.
        links: where keys of issues lead.
        xray: where the results of the run go; None: to no Xray.
    """

    def __init__(self, *, attaches: bool, captures: Captures | None = None) -> None:
        self.figures: list[str] = []
        self.facts: dict[int, Facts] = {}
        self.about: Mapping[str, str] = {}
        self.passes: Sequence[str] = ("",)
        self.is_embedded = False
        self.known = KnownDefects()
        self.language = Language.EN
        self.links = Links()
        self.xray: Target | None = None
        self._attaches = attaches
        self._captures = captures

    def begin(self, settings: Settings, about: Mapping[str, str], passes: Sequence[str], *, is_embedded: bool) -> None:
        """The server has been met."""
        self.language, self.known = settings.sheet_language, settings.known
        self.about, self.passes, self.is_embedded = about, passes, is_embedded
        self.links = Links(settings.issue_link or "", settings.test_link or "")
        if settings.xray_project is not None:
            self.xray = Target(settings.xray_project, settings.xray_plan or "", settings.xray)

    def tell_of(self, scenario: Any, happened: Happened) -> None:
        """A scenario of behave's model is over, and this is what happened in it."""
        facts = facts_of(happened.measured, happened.every_stream, happened.limits)
        defects = [defect.key for defect in happened.excused]
        if self._attaches:
            tags = scenario.effective_tags
            attach_links(self.links.issue, "issue", [*requirements_of(tags), *defects])
            attach_links(self.links.test, "tms", tests_of(tags))
        if scenario.status.has_failed():
            why = of_scenario(scenario).message or ""
            captures = self.tell(scenario.name, happened, failed_at=str(scenario.location), why=why)
        else:
            captures = self.tell(scenario.name, happened)
        self.facts[id(scenario)] = replace(facts, defects=defects, captures=captures)

    def tell(self, scenario: str, happened: Happened, *, failed_at: str = "", why: str = "") -> list[Path]:
        """The same, of a scenario that is known by its name alone; where it stands and why it failed, if it did.

        Returns:
            The files of its streams.
        """
        if happened.windows is not None and happened.windows.seconds and len(happened.windows.watches) >= _MANY:
            lines = [f"  {name}: {value}" for name, value in load_figures(happened.windows).items()]
            self.figures.append("\n".join([scenario, *lines]))
        if any(waited.agreed for waited in happened.waits):
            lines = ["  ".join(cell.ljust(14) for cell in map(str, row)).rstrip() for row in waits_rows(happened.waits)]
            self.figures.append("\n  ".join([scenario, *lines]))
        streams = happened.every_stream
        kept = self._captures.keep(scenario, streams, happened.fibre, failed=bool(failed_at)) if self._captures else []
        if self._attaches:
            _attach(happened, why)
            if failed_at:
                to_see = (happened.settings, happened.url, happened.jobs, streams, happened.refusal, kept)
                attach_text(evidence(failed_at, *to_see, happened.log), "To see it again")
        return kept


def _attach(happened: Happened, failure: str) -> None:
    report_streams(happened.streams, failure)
    if happened.windows is not None:
        report_windows(happened.windows)
        if failure and not happened.streams and happened.windows.streams:
            attach_pictures(*told_by(happened.windows.streams, failure), failure)
    if happened.refusal is not None:
        refusal = {"after": f"{happened.refusal.seconds * 1000:.1f} ms", "answer": happened.refusal.error}
        attach_metrics(refusal, "Refusal")
    if happened.recorded:
        report_recorded(happened.recorded)
    if happened.compared:
        report_comparison(happened.compared)
    if happened.certificates:
        attach_table(certificates_table(happened.certificates), "Certificates trusted on first use")
    if any(waited.agreed for waited in happened.waits):
        attach_table(as_table(waits_rows(happened.waits)), "How long windows took to open")
    if overlooked := list(happened.overlooked):
        attach_table(overlooked_table(overlooked), "Found where nobody asked")


def waits_rows(waits: Iterable[Waited]) -> list[tuple[object, ...]]:
    """How long each step took, in how many windows, and what is agreed; percentiles by the nearest rank."""
    rows: list[tuple[object, ...]] = [("Step", "Windows", "P95", "agreed", "P99", "agreed", "Verdict")]
    for waited in waits:
        told, agreed = (
            [*map(shown, each)] if each else ["none", "none"] for each in (waited.percentiles, waited.agreed)
        )
        rows.append((waited.step, waited.times.count, told[0], agreed[0], told[1], agreed[1], waited.verdict))
    return rows


def overlooked_table(overlooked: Iterable[Unasked]) -> str:
    """A line for each promise that a job broke in a scenario that did not ask, as CSV."""
    rows = [(one.first.rule, one.first, one.count, one.scenario, one.job) for one in overlooked]
    return as_table([("Promise", "First finding", "Findings", "Scenario", "Job"), *rows])


def certificates_table(seen: Mapping[str, ServerCertificate]) -> str:
    """Certificates by target, with the fingerprints to pin, as CSV."""
    rows = [(target, certificate.fingerprint) for target, certificate in seen.items()]
    return as_table([("Server", "SHA-256 fingerprint, for tls_fingerprint"), *rows])

"""What the steps of one scenario share: the job, the client, what was received, and the verdict on it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Protocol, TypeVar

from behave.model import Scenario, Table

from support.baseline.check import BaselineCheck
from support.contract import JobRequest
from support.defects.known import KnownDefect
from support.errors import APIError, RemoteError
from support.machine.threads import named
from support.reporting.scenario_report import Happened
from support.reporting.sheet.facts import Figure
from support.screen.aftermath import WINDOW_FREE_WITHIN, told_afterwards
from support.screen.job import (
    Job,
    Mistake,
    Part,
    Relation,
    historic_job_request,
    live_job_request,
    two_live_job_requests,
)
from support.screen.lifetime import Moment, Told, followed, told
from support.screen.long import Long
from support.screen.overlooked import Overlooked
from support.screen.past import NothingRecordedError, Recorded, Span
from support.screen.playback import Playback
from support.screen.refusals import Refusal, judge_refusal, refusal_of, refusal_of_unknown_job
from support.screen.sights import Sights
from support.screen.streamed import Streamed
from support.screen.streaming import Streaming, promised
from support.screen.succession import Succession, one_after_the_other
from support.screen.together import Together
from support.server.secured import SecuredServer, SecuredServers
from support.server.under_test import ServerUnderTest, job_status
from support.settings import Settings
from support.stream.metrics import StreamMetrics
from support.validation.account import judge_metadata
from support.validation.agreed import Waited
from support.validation.finding import Finding
from support.validation.verdict import Verdict

Thing = TypeVar("Thing")

_LATE_REMOVAL = 5.0
"""Seconds by which the embedded server may be late to remove a job, on a machine that has other things to do."""


class Context(Protocol):
    """behave's context, as far as steps use it."""

    world: World
    scenario: Scenario
    table: Table | None


class World:
    """The state of one scenario.

    Args:
        settings: deadlines, limits and security.
        server: the server under test.
        secured_servers: those that scenarios can meet in its place.
        overlooked: what no step of the run has asked about.
        beside: other servers that the run tests.
        any_job: the jobs of scenarios before will do, where the server has to keep them.

    Attributes:
        streaming: its jobs and their streams.
        together: the windows that it watches at the same time, or again.
        sights: what is seen through several of them.
        baseline: what it measures.
        playback: what it plays back of a recording.
        waits: how long the windows of the run took to open, where it looks back on them.
    """

    def __init__(
        self,
        settings: Settings,
        server: ServerUnderTest,
        secured_servers: SecuredServers,
        overlooked: Overlooked | None = None,
        beside: Sequence[ServerUnderTest] = (),
        *,
        any_job: bool = False,
    ) -> None:
        self._cleanup = ExitStack()
        self._of_run = overlooked if overlooked is not None else Overlooked()
        self._overlooked: Overlooked | None = None
        self._beside = beside
        self._any_job = any_job
        self._faulty = False
        self._secured_servers = secured_servers
        self._streamings: list[Streaming] = []
        self._succession: Succession | None = None
        self._life: list[Told] | None = None
        self._long: Long | None = None
        self.waits: Sequence[Waited] = ()
        self._refusal: Refusal | None = None
        self._unasked_refusals: dict[int, tuple[str, Refusal]] = {}
        self._excused: list[KnownDefect] = []
        self._measured: list[Figure] = []
        self._seen: list[Finding] | None = None
        self._secured: SecuredServer | None = None
        self._meet(settings, server)
        self._ours = server.embedded
        self._log_began = self._ours.log_size if self._ours else 0

    @property
    def job(self) -> Job:
        """The newest configured job."""
        return self.streaming.window.job

    @property
    def verdict(self) -> Verdict:
        """The verdict on the newest stream."""
        return self.streaming.verdict

    @property
    def stream(self) -> Streamed:
        """The newest stream."""
        return self.streaming.newest

    @property
    def jobs(self) -> list[Job]:
        """The jobs configured, oldest first."""
        return [window.job for window in self.streaming.windows]

    @property
    def succession(self) -> Succession:
        """The jobs that came one after the other."""
        return _made(self._succession, "no jobs came one after the other")

    @property
    def long(self) -> Long:
        """The stream that was watched for long."""
        return _made(self._long, "no stream was watched for long: the scenario lacks a 'When I watch it for ...'")

    def ask_refusal(self) -> Refusal:
        """The newest refusal of a request that must be refused, for a step that answers for it."""
        self._unasked_refusals.pop(id(self._refusal), None)
        return _made(self._refusal, "nothing was refused: the scenario lacks a 'When I ask for ...'")

    @property
    def metrics(self) -> StreamMetrics:
        """The metrics of the newest stream."""
        return self.streaming.metrics

    def limit(self, name: str, stated: float, measured: float | None) -> float:
        """The limit that holds: what a feature states, unless the setting of this name overrides it.

        Args:
            name: of the setting.
            stated: what the feature states.
            measured: what is held against it; None where there was nothing to measure.
        """
        limit = self.settings.criterion(name, stated)
        self._measured.append(Figure(name, measured, limit))
        return limit

    def deviate(self, *, fault: str = "", variant: str = "") -> None:
        """Gives the embedded server a fault or a variant until the end of the scenario."""
        self._faulty |= bool(fault)
        simulator = self.server.simulator
        self._cleanup.callback(simulator.deviate)
        simulator.deviate(faults=[fault] if fault else [], variants=[variant] if variant else [])

    @property
    def secured(self) -> SecuredServer:
        """The secured server that this scenario has named."""
        return _made(self._secured, "no secured server is named: the scenario lacks a 'Given a Focus Server with ...'")

    def change_server(self, **options: float) -> None:
        """Makes options of the embedded server others until the end of the scenario."""
        simulator = self.server.simulator
        self._cleanup.callback(simulator.change)
        simulator.change(**options)

    def begin_run(self, patience: float) -> None:
        """Meets the embedded server once more, as a run that waits for its fibre for so many seconds."""
        settings = self.settings.against(self.server.url, {"fibre_within": str(patience)})
        server = ServerUnderTest(settings)
        self._cleanup.callback(server.close)
        self._meet(settings, server)

    def start_secured_server(self, name: str) -> None:
        """Sees to it that this server runs, and meets it in this scenario."""
        self._secured = SecuredServer(self._secured_servers.told(name), self.settings, self._cleanup)

    def reach_secured_server(self) -> None:
        """Makes the secured server the one under test."""
        self._meet(self.secured.settings, self.secured.reach())

    def configure_live_job(
        self,
        *,
        channels: int | None = None,
        part: Part = Part.BEGINNING,
        nfft: int | None = None,
        band: tuple[float, float] | None = None,
    ) -> None:
        """Asks the server for a live job; whatever happens, it is cancelled at the end of the scenario."""
        fibre = self.server.fibre
        request = live_job_request(self.settings, *fibre, channels=channels, part=part, nfft=nfft, band=band)
        with promised(APIError):
            self._configure(request)

    @property
    def recorded(self) -> Recorded:
        """What the server has of the past; scenarios that ask are tagged ``@historic``."""
        return self.server.recorded

    def end_of_recording(self, seconds: float, nfft: int | None = None) -> Span:
        """So much of the end of what the server has recorded, and more for a long window: epoch seconds.

        Raises:
            NothingRecordedError: the server has recorded nothing that holds a window.
        """
        return self.recorded.last(seconds, (nfft or self.settings.nfft) / self.server.metadata.prr)

    def configure_historic_job(
        self,
        between: Span,
        *,
        channels: int | None = None,
        part: Part = Part.BEGINNING,
        nfft: int | None = None,
        band: tuple[float, float] | None = None,
    ) -> None:
        """Asks the server for a job that shows a range of the past, epoch seconds."""
        request = historic_job_request(
            self.settings,
            self.server.metadata,
            self.recorded,
            between,
            channels=channels,
            part=part,
            nfft=nfft,
            band=band,
        )
        with promised(APIError):
            self._configure(request)

    def configure_after_refusals(self) -> None:
        """Asks for a live job; having to wait for it means that refused requests took what this run left free."""
        request = live_job_request(self.settings, *self.server.fibre)
        with promised(APIError):
            self._configure(request, patience=0.0 if self.server.vacancies.are_ample() else None)

    def configure_two_live_jobs(self, relation: Relation) -> None:
        """Asks the server for two live jobs whose sensors lie so to each other."""
        with promised(APIError):
            for request in two_live_job_requests(self.settings, *self.server.fibre, relation):
                self._configure(request)

    def make_every_mistake(self) -> None:
        """Asks for every job that the server has to refuse."""
        for mistake in Mistake:
            self.ask_for_invalid_job(mistake)

    def cancel_another_job(self) -> bool:
        """Cancels another job while it streams; False where the server cannot cancel jobs."""
        another = self._streaming()
        with promised(APIError):
            self._configure(live_job_request(self.settings, *self.server.fibre), another)
        return another.stream_until_cancelled()

    def configure_and_cancel(self, count: int, patience: float) -> bool:
        """Configures and cancels jobs, one after the other; False where the server cannot cancel jobs."""
        request = live_job_request(self.settings, *self.server.fibre)
        with promised(APIError):
            self._succession = one_after_the_other(self.server.api, request, count, patience)
        self.server.job_ids.extend(self._succession.job_ids)
        return self._succession.can_cancel

    def watch_for_long(self, seconds: float) -> None:
        """Streams the job for so long, and notes what changes slowly."""
        self._long = self.streaming.stream_for_long(seconds, self.server.pid)

    def ask_for_invalid_job(self, mistake: Mistake, times: int = 1) -> None:
        """Asks for a job that the server has to refuse, and keeps the newest refusal."""
        metadata, channels = self.server.fibre
        right = live_job_request(self.settings, metadata, channels)
        wrong = mistake.made_in(right, channels, metadata.nyquist)
        what = f"the configuration with {mistake}"

        def ask() -> None:
            self._configure(wrong)
            self.job.ask()  # that it was accepted says all: no answer is right to what cannot be

        for _ in range(times):
            self._refusal = replace(refusal_of(what, ask), request=wrong)
            self._unasked_refusals[id(self._refusal)] = (what, self._refusal)

    def ask_for_unknown_job(self) -> None:
        """Asks for the stream of a job that does not exist, and keeps the refusal."""
        self._refusal = refusal_of_unknown_job(self.streaming)

    def watch_sources(self, seconds: float) -> bool:
        """Looks at what is known to sound on the fibre; False where nothing is."""
        if self.server.sources:
            self._seen = self._news(self.sights.of_sources(self.server.sources, seconds))
        return bool(self.server.sources)

    def watch_views(self, seconds: float) -> None:
        """Looks at the same channels through several windows at once."""
        self._seen = self._news(self.sights.of_views(seconds))

    def play_again(self, seconds: float) -> None:
        """Looks at a live job, and at the recording of the same.

        Raises:
            NothingRecordedError: the server has not recorded it.
        """
        self._seen = self._news(self.sights.played_again(seconds))

    @property
    def seen(self) -> list[Finding]:
        """What was seen otherwise than it should be."""
        return _made(self._seen, "nothing was looked at: the scenario lacks a 'When I watch the ...'")

    def ask_for_metadata(self) -> list[Finding]:
        """What the server tells of the jobs that is not so."""
        with promised(APIError):
            told = [(job, self.server.api.metadata(job.answer.job_id)) for job in self.jobs]
        return self._news(
            wrong for job, said in told for wrong in judge_metadata(job.request, job.answer.job_id, said, job.cannot)
        )

    def ask_fibre(self) -> list[Finding]:
        """What the description of the fibre breaks."""
        return self._news(self.server.ask_fibre())

    def job_status(self, job_id: str) -> str | None:
        """What the server says of a job: None where it does not know it."""
        with promised(APIError):
            return job_status(self.server.api, job_id)

    def follow_job(self) -> None:
        """Asks the server how the newest job is doing, at each step of its life."""
        with promised(APIError):
            self._life = followed(self.streaming, lambda: self.job_status(self.job.answer.job_id))

    @property
    def life(self) -> list[Told]:
        """What the server told of a job at each step of its life."""
        return _made(self._life, "no job was followed: the scenario lacks a 'When I follow the job ...'")

    def watch_beside_idle(self, removed_after: float) -> None:
        """Streams the newest job until the one before, which nobody opens, is removed, or should have been for long.

        Only from the first frame on, the server removes what has had no viewer for ``removed_after`` seconds.
        """
        idle = self.jobs[-2].answer.job_id

        def is_removed() -> bool:
            if self._life is None:
                self.change_server(idle_removal=removed_after)
            self._life = [told(Moment.LEFT_ALONE, lambda: self.job_status(idle))]
            return not self._life[0].problem

        self.streaming.stream_until(is_removed, removed_after + _LATE_REMOVAL)

    def ask_for_one_more(self, seconds: float) -> None:
        """Streams the windows that are open for so long, asks for one more meanwhile, and keeps the refusal."""
        request = live_job_request(self.settings, *self.server.fibre)

        def ask() -> None:
            time.sleep(seconds / 2)
            self._configure(request, patience=0.0)

        with ThreadPoolExecutor(1, thread_name_prefix=named("one more")) as beside:
            refused = beside.submit(refusal_of, "a window beyond the last", ask)
            self.together.stream(seconds)
            self._refusal = replace(refused.result(), request=request)

    def excuse(self, scenario: str, failure: AssertionError) -> list[KnownDefect]:
        """The known defects of the server that explain all of why a step of this scenario failed; none otherwise."""
        defects = self.settings.known.of_failure(scenario, str(failure))
        self._excused += defects
        return defects

    @property
    def excused(self) -> list[KnownDefect]:
        """The known defects of the server without which this scenario would have failed."""
        judged = [each for stream in self._every_stream for each in (stream.job, stream.verdict)]
        found = [finding for each in (*judged, *self._every_job) for finding in each.excused()]
        return list(dict.fromkeys(filter(None, [*self._excused, *map(self.settings.known.of_finding, found)])))

    def has_ended(self, scenario: str) -> None:
        """The scenario has run to its end: what it could have shown of known defects has shown."""
        self.settings.known.has_ended(scenario, judged=bool(self._every_job))

    def _news(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that tell of no known defect."""
        known = {finding: self.settings.known.of_finding(finding) for finding in findings}
        self._excused += filter(None, known.values())
        return [finding for finding, defect in known.items() if defect is None]

    @property
    def overlooked(self) -> Overlooked:
        """What was found in the run and no step asked about."""
        return _made(self._overlooked, "nobody has looked back: the scenario lacks a 'When I look back ...'")

    def look_back(self) -> None:
        """Looks at all that the scenarios before have left unasked."""
        self._overlooked = self._of_run
        for server in (self.server, *self._beside):
            self._of_run.add_of_server(server.unasked())
        with promised(APIError):
            self._settle(time.monotonic(), WINDOW_FREE_WITHIN)
        self._of_run.told = True

    def look_back_on_waits(self) -> str:
        """Looks at how long the windows of the run took to open; why they are not judged, or an empty text."""
        self.waits = self.server.waits.told(self.settings)
        lacks = [f"{waited.step}: {waited.lack}" for waited in self.waits if waited.lack]
        return "; ".join(lacks) if len(lacks) == len(self.waits) else ""

    def _settle(self, before: float, patience: float = 0.0) -> None:
        """Asks the server about jobs that it has cancelled before: they have to be over."""
        jobs = self._of_run.cancelled(self.server.url, before)
        self._of_run.settle(self.server.url, jobs, told_afterwards(self.server.api, jobs, patience))

    def leave_unasked(self, scenario: str) -> None:
        """Hands on what no step of this scenario has asked about; a fault of its own making is there to be found."""
        if not self._faulty:
            for what, refusal in self._unasked_refusals.values():
                self._of_run.add_of_server(judge_refusal(refusal.error), scenario, what)
            self.server.waits.add(
                window for each in self._streamings if not each.is_troubled for window in each.windows
            )
            self.server.waits.add(
                watch.window for each in self.together.opened for watch in each.watches if watch.window
            )
            with suppress(RemoteError):  # then the last scenario asks
                self._settle(time.monotonic() - WINDOW_FREE_WITHIN)
            self._of_run.add(scenario, self.server.url, self._every_job, self._every_stream)

    @property
    def happened(self) -> Happened:
        """What happened in this scenario, for the report."""
        return Happened(
            streams=self._streams,
            windows=self.together.opened[-1] if self.together.opened else None,
            refusal=self._refusal,
            recorded=self.baseline.recorded,
            compared=self.baseline.compared,
            certificates=self.settings.security.seen,
            overlooked=self._overlooked or (),
            waits=self.waits,
            measured=self._measured,
            limits=self.settings.limits,
            jobs=self._every_job,
            url=self.server.url,
            fibre=self.server.fibre,
            log=self._ours.logged(self._log_began) if self._ours else "",
            settings=self.settings,
            excused=self.excused,
        )

    @property
    def _streams(self) -> list[Streamed]:
        """Every stream, oldest first, but for those of windows that are open together."""
        return [stream for each in self._streamings for stream in each.streams] + self.baseline.streams

    @property
    def _every_stream(self) -> list[Streamed]:
        return self._streams + [stream for windows in self.together.opened for stream in windows.streams]

    @property
    def _every_job(self) -> list[Job]:
        jobs = [window.job for streaming in self._streamings for window in streaming.windows]
        jobs += [stream.job for stream in self.baseline.streams]
        return jobs + [job for windows in self.together.opened for job in windows.jobs]

    def close(self) -> None:
        """Closes the connection and cancels the jobs."""
        self._cleanup.close()

    def _meet(self, settings: Settings, server: ServerUnderTest) -> None:
        """From now on, this server is the one under test."""
        self.settings, self.server = settings, server
        self.streaming = self._streaming()
        self.together = Together(settings, server, self._cleanup)
        self.sights = Sights(settings, self.together, server)
        self.baseline = BaselineCheck(settings, server)
        self.playback = Playback(settings, server, self.together)

    def _streaming(self) -> Streaming:
        """More streams of this scenario, with a client of their own."""
        self._streamings.append(Streaming(self.settings, self.server.api, self.server.vacancies, self._cleanup))
        return self._streamings[-1]

    def _configure(
        self, request: JobRequest, streaming: Streaming | None = None, patience: float | None = None
    ) -> None:
        window = (streaming or self.streaming).configure(
            request, self.server.metadata.prr, patience, any_job=self._any_job
        )
        if not window.again:
            self.server.job_ids.append(window.job.answer.job_id)


@contextmanager
def skipped_where_not_recorded(context: Context) -> Iterator[None]:
    """Skips a scenario, with the reason, where the server has not recorded what it plays."""
    try:
        yield
    except NothingRecordedError as error:
        context.scenario.skip(str(error))


def _made(thing: Thing | None, lack: str) -> Thing:
    """The thing that a step before should have made."""
    if thing is None:
        raise LookupError(lack)
    return thing

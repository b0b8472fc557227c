"""What the steps of one scenario share: the job, the client, what was received, and the verdict on it."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Protocol

from behave.model import Scenario

from support.address import without_password
from support.baseline.baseline import Baseline, find
from support.baseline.circumstances import Circumstances
from support.baseline.comparison import Compared, compare
from support.baseline.sample import Sample, take_sample
from support.contract import JobRequest
from support.errors import APIError, ClientTooSlowError, ConnectionError, NotReadyError, RemoteError
from support.grpc_stream_client import GrpcStreamClient
from support.machine.threads import named
from support.reporting.attachments import attach_table
from support.reporting.baseline_report import report_comparison, report_recorded
from support.reporting.stream_report import certificates_table, report_stream
from support.reporting.windows_report import load_figures, report_windows
from support.screen.job import Job, Mistake, Part, Place, live_job_request, live_job_requests
from support.screen.many import Windows
from support.screen.streaming import Streaming, promised
from support.screen.window import Window, new_client
from support.server.secured import SecuredServer
from support.server.under_test import ServerUnderTest
from support.settings import BaselineUse, Settings
from support.stream.metrics import StreamMetrics
from support.validation.verdict import Verdict

log = logging.getLogger(__name__)

_FRAMES_BEFORE_CANCEL = 10

_FRAMES_AROUND_TROUBLE = 10
"""Frames before the network's trouble, and frames after it that show that the stream goes on."""


class Context(Protocol):
    """behave's context, as far as steps use it."""

    world: World
    scenario: Scenario


class World:
    """The state of one scenario.

    Attributes:
        streaming: its jobs and their streams.
        unknown_job_id: the job that does not exist and was asked for.
        refusal_seconds: how long the refusal took.
        distrust: why a secured server could not be reached, in words; empty where it could.
    """

    def __init__(self, settings: Settings, server: ServerUnderTest) -> None:
        self.settings = settings
        self.server = server
        self._refusal: APIError | None = None
        self.refusal_seconds = 0.0
        self.unknown_job_id = ""
        self._many: Windows | None = None
        self._cleanup = ExitStack()
        self._secured: SecuredServer | None = None
        self.distrust = ""
        self._baseline: Baseline | None = None
        self._samples: list[Sample] = []
        self.streaming = self._new_streaming()

    @property
    def window(self) -> Window:
        """The window of the newest configured job."""
        return self.streaming.window

    @property
    def jobs(self) -> list[Job]:
        """The jobs configured, oldest first."""
        return [window.job for window in self.streaming.windows]

    @property
    def job(self) -> Job:
        """The newest configured job."""
        return self.window.job

    @property
    def verdict(self) -> Verdict:
        """The verdict on the newest stream."""
        return self.streaming.verdict

    @property
    def many(self) -> Windows:
        """The windows that are open together."""
        if self._many is None:
            raise LookupError("no windows are open: the scenario lacks a 'Given ... live windows ...'")
        return self._many

    @property
    def figures(self) -> str:
        """What many windows at once came to, for the console; empty where there were none."""
        if self._many is None or not self._many.seconds:
            return ""
        return "\n".join(f"{name}: {value}" for name, value in load_figures(self._many).items())

    @property
    def refusal(self) -> APIError:
        """The error that a request which must be refused was answered with."""
        if self._refusal is None:
            raise LookupError("nothing was refused: the scenario lacks a 'When I ask for ...'")
        return self._refusal

    @property
    def metrics(self) -> StreamMetrics:
        """The metrics of the newest stream."""
        return self.streaming.metrics

    @contextmanager
    def pace_of_server(self) -> Iterator[None]:
        """A promise about the pace of the newest stream is checked inside.

        Raises:
            ClientTooSlowError: it failed, but the client was busy all the time: the server cannot be judged by that.
        """
        try:
            yield
        except AssertionError as failure:
            if busy := self.metrics.slow_client:
                raise ClientTooSlowError(f"the server cannot be judged, for {busy}. What came: {failure}") from failure
            raise

    def criterion(self, setting: str, stated: float) -> float:
        """The limit that holds: what the feature states, unless this environment's settings override it."""
        override = getattr(self.settings, setting)
        if override is None:
            return stated
        log.warning("%s is %g here, not %g (%s)", setting, override, stated, self.settings.origin(setting))
        return float(override)

    def deviate(self, *, fault: str = "", variant: str = "") -> None:
        """Gives the embedded server a fault or a variant until the end of the scenario."""
        embedded = self.server.embedded
        if embedded is None:
            raise LookupError("only the embedded server has faults: tag the scenario @simulator")
        self._cleanup.callback(embedded.deviate)
        embedded.deviate(faults=[fault] if fault else [], variants=[variant] if variant else [])

    @property
    def secured(self) -> SecuredServer:
        """The secured server that this scenario has started."""
        if self._secured is None:
            raise LookupError("no secured server runs: the scenario lacks a 'Given a Focus Server with ...'")
        return self._secured

    def start_secured_server(self, name: str) -> None:
        """Starts a server of the scenario's own, until its end."""
        self._secured = SecuredServer(name, self._cleanup)

    def trust(self, trust: str) -> None:
        """Meets the secured server from now on as a client of this kind."""
        self.settings = self.secured.settings(self.settings, trust)

    def reach(self) -> None:
        """Makes the secured server the one under test."""
        self.server = ServerUnderTest(self.settings)
        self._cleanup.callback(self.server.close)
        self.streaming = self._new_streaming()

    def try_to_reach(self) -> None:
        """Like ``reach``, and keeps the reason where that is not possible."""
        try:
            self.reach()
        except NotReadyError as refusal:
            self.distrust = str(refusal)

    def refuses_plain_text(self) -> bool:
        """Whether neither the REST side nor the port of the job answers a client that does not encrypt."""
        answer = self.job.answer
        timeout = self.settings.connection_timeout
        return self.secured.refuses_plain_text(answer.stream_url, answer.stream_port, timeout)

    def certificates_on_first_use(self) -> str:
        """What the report says of the certificates that were trusted on first use; empty where there were none."""
        return certificates_table(self.settings.security.seen)

    def configure_live_job(
        self,
        *,
        channels: int | None = None,
        part: Part = Part.BEGINNING,
        nfft: int | None = None,
        band: tuple[float, float] | None = None,
    ) -> None:
        """Asks the server for a live job; whatever happens, it is cancelled at the end of the scenario."""
        fibre = self.server.metadata, self.server.channels
        request = live_job_request(self.settings, *fibre, channels=channels, part=part, nfft=nfft, band=band)
        with promised(APIError):
            self._configure(request)

    def open_windows(self, count: int, place: Place, *, channels: int, frequencies: int, lines: int) -> None:
        """Opens live windows together, each with a job and connections of its own, until the end of the scenario."""
        server = self.server
        requests = live_job_requests(
            self.settings,
            server.metadata,
            server.channels,
            place,
            count,
            channels=channels,
            frequencies=frequencies,
            lines=lines,
        )
        windows = Windows(self.settings, server.url, requests, server.metadata.prr)
        self._many = self._cleanup.enter_context(windows)
        windows.open()
        server.job_ids.extend(windows.job_ids)
        if windows.failures:
            raise AssertionError("; ".join(windows.failures))

    def stream_windows(self, seconds: float) -> None:
        """Streams all windows together and judges every frame; streams that fail are findings of their windows."""
        embedded = self.server.embedded
        self.many.stream(seconds, embedded.pid if embedded else None)

    def ask_for_invalid_job(self, mistake: Mistake, times: int = 1) -> None:
        """Asks for a job that the server has to refuse, and keeps the newest refusal."""
        right = live_job_request(self.settings, self.server.metadata, self.server.channels)
        wrong = mistake.made_in(right, self.server.channels, self.server.metadata.nyquist)
        for _ in range(times):
            with self._refused(f"the configuration with {mistake}"):
                self._configure(wrong)

    def measure(self, frames: int, times: int) -> str:
        """Measures streams of ``frames`` frames, each of a job of its own, unless there is no use for them.

        Returns:
            Why nothing was measured, in words; empty where it was.

        Raises:
            BaselineError: a file of the baselines cannot be used.
            ClientTooSlowError: the client, not the server, set the pace.
        """
        use, answer = self.settings.baseline, self.job.answer
        if use is BaselineUse.OFF:
            return "baseline is off: -D baseline=record records one, -D baseline=compare compares with it"
        server = "embedded Focus Server" if self.server.embedded else without_password(self.server.url)
        circumstances = Circumstances.here(
            server,
            channels=answer.channel_amount,
            bins=answer.frequencies_amount,
            lines_dt=answer.lines_dt,
            frames=frames,
        )
        if use is BaselineUse.COMPARE:
            found = find(circumstances)
            if isinstance(found, str):
                return found
            self._baseline = found
        api, prr = self.server.api, self.server.metadata.prr
        with promised(RemoteError):
            self._samples = [take_sample(self.settings, api, self.job.request, prr, frames) for _ in range(times)]
        if use is BaselineUse.RECORD:
            path = Baseline(circumstances, self._samples).write()
            report_recorded(self._samples)
            return f"recorded {path.name}, so there was nothing to compare: look at the file and commit it"
        return ""

    def compare(self, percent: float) -> list[Compared]:
        """What was measured, compared with the baseline; ``percent`` longer is allowed."""
        if self._baseline is None:
            raise LookupError("there is no baseline: the scenario lacks a 'When I measure ...'")
        compared = compare(self._baseline.samples, self._samples, percent)
        report_comparison(compared)
        return compared

    def ask_for_unknown_job(self) -> None:
        """Asks for the stream of a job that does not exist, and keeps the refusal."""
        self.streaming.connect()
        self.unknown_job_id = f"0-unknown-{uuid.uuid4().hex[:12]}"
        with promised(ConnectionError), self._refused(f"the unknown job {self.unknown_job_id!r}"):
            for _ in self.streaming.client.stream_spectrograms(self.unknown_job_id, max_frames=1):
                break

    def job_status(self, job_id: str) -> str | None:
        """What the server says of a job: None where it does not know it."""
        try:
            return self.server.api.metadata(job_id).status
        except APIError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise AssertionError(str(error)) from error

    def report(self) -> None:
        """Tells the report what was streamed, if anything was."""
        frequencies = self.job.answer.frequencies_list if self.streaming.windows else ()
        report_stream(self.metrics, self.streaming.frames, frequencies)
        if self._many is not None:
            report_windows(self._many)
        if certificates := self.certificates_on_first_use():
            attach_table(certificates, "Certificates trusted on first use")

    def close(self) -> None:
        """Closes the connection and cancels the jobs."""
        self._cleanup.close()

    def _new_streaming(self) -> Streaming:
        client = new_client(self.settings)
        self._cleanup.callback(_disconnect_soon, client)
        return Streaming(self.settings, self.server.api, client, self._cleanup)

    def _configure(self, request: JobRequest) -> None:
        job = self.streaming.configure(request, self.server.metadata.prr)
        self.server.job_ids.append(job.answer.job_id)

    @contextmanager
    def _refused(self, what: str) -> Iterator[None]:
        """Keeps the server's refusal of ``what``, and how long it took; raises AssertionError where there is none."""
        began = time.monotonic()
        try:
            yield
        except APIError as error:
            self._refusal = error
        else:
            raise AssertionError(f"{what} was accepted, not refused")
        finally:
            self.refusal_seconds = time.monotonic() - began


def _disconnect_soon(client: GrpcStreamClient) -> None:
    """Closes the connection while the next scenario begins: gRPC takes 0.2 s for it. The run's end sees that it did."""
    threading.Thread(target=client.disconnect, name=named("disconnect")).start()

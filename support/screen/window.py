"""A window on the operator's screen: one job, the client that streams it, and the verdict on what came."""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from support.address import target_of
from support.contract import ConfigTaskRequest, JobAnswer, JobRequest
from support.errors import APIError, ConnectionError, RemoteError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.machine.console import say
from support.machine.heartbeat import heartbeat
from support.machine.threads import named
from support.screen.job import Job
from support.screen.past import recorded_of
from support.server.vacancies import Place, Vacancies, vacancies_of
from support.settings import Settings
from support.stream import dialects
from support.stream.block import Block
from support.stream.connection import Connection
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.tape import Tape
from support.stream.unsaid import Unsaid
from support.truth.oracle import Oracle
from support.truth.picture import picture_of
from support.validation.expectation import Expectation, Limits
from support.validation.finding import Ending, Rule
from support.validation.verdict import Verdict, stream_rules

log = logging.getLogger(__name__)

KEPT_BYTES = 64 * 2**20
"""Of the frames received, so many bytes are kept where nobody says otherwise."""

_LEAST_TAPE = 4 * 2**20
"""Bytes of the messages that are kept as they came, where no frames are: about the last four seconds of a usual job."""


@dataclass(frozen=True)
class Take:
    """How a stream was asked for and is judged, and what came: enough to judge it again.

    Attributes:
        dialect: the name of the one that was spoken.
        max_frames: that were asked for; None: no limit.
        limits: how strictly it is judged.
        tape: the newest messages.
        oracle: what knows what a range of the past holds; None where nobody judged by that.
    """

    dialect: str
    max_frames: int | None
    limits: Limits
    tape: Tape
    oracle: Oracle | None = None


_ASK_AGAIN = 0.5


def new_client(settings: Settings) -> GrpcStreamClient:
    """A client that keeps to the settings; not connected."""
    return GrpcStreamClient(
        connection_timeout=settings.connection_timeout,
        stream_timeout=settings.stream_timeout,
        retry_attempts=settings.retry_attempts,
        retry_delay=settings.retry_delay,
        idle_timeout=settings.idle_timeout,
        max_message_bytes=settings.max_frame_mebibytes * 2**20,
        security=settings.security,
        pause_limit=settings.max_pause,
        dialect=dialects.named(settings.dialect),
    )


def connected(settings: Settings, stream_url: str, stream_port: int | str) -> Connection:
    """A connection that keeps to the settings, whatever is spoken there: it does not ask whether the job is healthy.

    Raises:
        ConnectionError: the address makes no sense, or nothing usable answers there.
    """
    try:
        target = target_of(stream_url, stream_port)
    except ValueError as error:
        raise ConnectionError(f"cannot connect: {error}", target=f"{stream_url}:{stream_port}") from error
    return Connection(
        target,
        settings.security,
        None,
        timeout=settings.connection_timeout,
        deadline=time.monotonic() + settings.connection_timeout,
        max_message_bytes=settings.max_frame_mebibytes * 2**20,
    )


class Window:
    """One job as one client sees it, and the newest stream of it; a window belongs to one thread.

    Args:
        job: the job.
        client: streams it.
        settings: how strictly it is judged.
        configure_seconds: how long the answer of ``/configure`` took; None where nobody measured it.

    Attributes:
        connect_seconds: how long connecting took, also in vain; 0 before.
        arrived: whether it has been connected.
        again: whether its job was another window's before.
        job_over: whether the job has been ended, so that its stream has to end, too.
        verdict: what the rules say about the newest stream; None before the first.
        failure: the error that ended that stream, in words; empty where none did.
        canvases: what the newest stream was drawn on.
        first_valid: seconds from asking for it until the first frame that breaks no rule had been judged; None without.
        take: how it was asked for, and what came; None before the first.
    """

    def __init__(
        self, job: Job, client: GrpcStreamClient, settings: Settings, configure_seconds: float | None = None
    ) -> None:
        self.job = job
        self.client = client
        self.configure_seconds = configure_seconds
        self.connect_seconds = 0.0
        self.arrived = False
        self.again = False
        self.job_over = False
        self.verdict: Verdict | None = None
        self.failure = ""
        self.canvases: set[str] = set()
        self.first_valid: float | None = None
        self.take: Take | None = None
        self._limits = settings.limits
        self._is_known = settings.known.is_known
        self._settings = settings
        self._blocks: deque[Block] = deque()
        self._bytes = 0

    @property
    def metrics(self) -> StreamMetrics:
        """The metrics of the newest stream."""
        metrics = self.client.get_metrics()
        metrics.configure_seconds = self.configure_seconds
        metrics.first_valid_latency = self.first_valid
        return metrics

    @property
    def frames(self) -> list[Frame]:
        """The newest frames of the newest stream."""
        return [frame for block in self._blocks for frame in block.frames]

    @property
    def is_spotless(self) -> bool:
        """Whether nothing was found about its job, the way to it and its newest stream."""
        in_vain = self.connect_seconds and not self.arrived
        return not (self.job.findings or in_vain or self.failure or (self.verdict and self.verdict.counts.total()))

    def connect(self, address: tuple[str, int | str] | None = None) -> None:
        """Connects to the address that the configuration answered, or to another one that leads there.

        Raises:
            ConnectionError: nothing usable answers there.
        """
        answer = self.job.answer
        began = time.monotonic()
        try:
            self.client.connect(*(address or (answer.stream_url, answer.stream_port)))
            self.arrived = True
        finally:
            self.connect_seconds = time.monotonic() - began

    def stream(
        self, max_frames: int | None = None, *, resume: bool = False, kept_bytes: int = KEPT_BYTES
    ) -> Generator[Block]:
        """Asks for the stream and yields its frames, judged, in blocks as they come.

        Closing the generator leaves the stream. However it ends, its verdict is completed then.

        Args:
            max_frames: ask the server to end the stream after so many frames; None: no limit.
            resume: go on after an interruption.
            kept_bytes: of the frames received, the newest are kept up to this size; the verdict has seen all of them.

        Raises:
            APIError: the stream failed; ``failure`` and the verdict say so, too.
            ConnectionError: the client is not connected, or was disconnected.
        """
        answer = self.job.answer
        expectation = self.job.expectation(max_frames)
        truth = self._truth(expectation)
        self.take = Take(
            self.client.dialect.name,
            max_frames,
            self._limits,
            Tape(max(kept_bytes, _LEAST_TAPE)),
            self._settings.oracle if truth else None,
        )
        received = self.client.stream_blocks(
            answer.job_id,
            max_frames,
            resume=resume,
            lines_dt=answer.lines_dt,
            stream_amount=len(expectation.streams),
            row_span=expectation.row_span,
            tape=self.take.tape,
        )
        self.verdict = Verdict(stream_rules(expectation, self._limits, truth))
        self.verdict.is_known = self._is_known
        self.failure, self.first_valid = "", None
        self.canvases = set()
        self._blocks, self._bytes = deque(), 0
        return self._judged(received, self.verdict, kept_bytes)

    def _truth(self, expectation: Expectation) -> Rule | None:
        """The rule that knows what a range of the past holds; None where nobody does."""
        oracle = self._settings.oracle if expectation.past else None
        return picture_of(oracle, expectation) if oracle else None

    def receive(self, max_frames: int | None = None, seconds: float = math.inf) -> Verdict:
        """Streams to the end of so many frames, or for so long.

        Raises:
            APIError: the stream failed; ``failure`` and the verdict say so, too.
            ConnectionError: the client is not connected, or was disconnected.
        """
        with closing(self.stream(max_frames)) as blocks:
            for block in blocks:
                too_many = max_frames is not None and block.indexes[-1] >= max_frames
                if too_many or block.elapsed[-1] >= seconds:
                    break
        assert self.verdict is not None, "it has been streamed"
        return self.verdict

    def _judged(self, received: Generator[Block], verdict: Verdict, kept_bytes: int) -> Generator[Block]:
        by_server = False
        with heartbeat() as machine:
            verdict.machine = machine
            try:
                for block in received:
                    self._keep(block, kept_bytes)
                    self._judge(block, verdict)
                    yield block
                by_server = True
            except RemoteError as error:
                self.failure = str(error)
                raise
            finally:
                received.close()
                metrics = self.client.get_metrics()
                verdict.end(
                    Ending(
                        verdict.frames,
                        by_server and not metrics.had_enough,
                        self.job_over,
                        self.failure,
                        metrics.closing_latency,
                        metrics.had_enough,
                        metrics.streams,
                    )
                )
                verdict.standstill = machine.told(metrics.began, time.monotonic())

    def _judge(self, block: Block, verdict: Verdict) -> None:
        if self.first_valid is not None:
            verdict.see(block)
            return
        began, found = time.monotonic(), verdict.counts.total()
        verdict.see(block)
        if verdict.counts.total() == found:
            self.first_valid = float(block.elapsed[0]) + time.monotonic() - began

    def _keep(self, block: Block, kept_bytes: int) -> None:
        self.canvases.update(block.shape.canvas_ids)
        self._blocks.append(block)
        self._bytes += block.size
        while self._bytes > kept_bytes:
            self._bytes -= self._blocks.popleft().size


def _configured(api: FocusServerAPI, request: JobRequest, place: Place, patience: float) -> tuple[JobAnswer, float]:
    """The answer, and how long it took; a server whose windows are all in use is asked again for so many seconds.

    Raises:
        APIError: the server refused the job.
    """
    deadline, waits = time.monotonic() + patience, False
    while True:
        began = time.monotonic()
        try:
            if isinstance(request, ConfigTaskRequest):
                answer = api.config_task(f"task-{uuid.uuid4().hex[:12]}", request)
            else:
                answer = api.configure(request)
            return answer, time.monotonic() - began
        except APIError as error:
            if error.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() >= deadline:
                place.free = isinstance(error.status, int) and error.status >= HTTPStatus.BAD_REQUEST
                raise
            if not waits:
                say(f"waiting for a window of the server, for up to {patience:g} s: {error.details}")
        waits = True
        time.sleep(_ASK_AGAIN)


@contextmanager
def open_window(
    settings: Settings,
    api: FocusServerAPI,
    request: JobRequest,
    prr: float,
    client: GrpcStreamClient | None = None,
    vacancies: Vacancies | None = None,
    patience: float | None = None,
    *,
    any_job: bool = False,
) -> Iterator[Window]:
    """A window, configured and not yet connected; afterwards its job is cancelled, and its own client disconnected.

    Args:
        settings: deadlines, limits and security.
        api: the REST side of the server; it may be shared by windows of one thread only.
        request: the job to ask for.
        prr: of the fibre, Hz.
        client: streams the job, and is left as it is; None: one of its own.
        vacancies: the windows of the server; None: nothing else of this run uses them.
        patience: seconds to wait where it refuses one; None: as its windows are known to come free.
        any_job: one that another such window has left lately will do, if nothing was found about it.

    Raises:
        APIError: the server refused the job.
    """
    vacancies = vacancies or vacancies_of(settings)
    with ExitStack() as cleanup:
        job, configure_seconds = vacancies.again(request) if any_job else None, None
        place = cleanup.enter_context(vacancies.place())
        if client is None:
            client = new_client(settings)
            cleanup.callback(client.disconnect)
        if job is None or not _lives(api, job):
            patience = vacancies.patience if patience is None else patience
            recorded = recorded_of(api, request)
            answer, configure_seconds = _configured(api, request, place, patience)
            job = Job(request, answer, prr, client.dialect.cannot, recorded, settings.known.is_known)
        cleanup.callback(lambda: vacancies.ended(place, cancel(api, job) or bool(job.cancelled)))
        log.info("job %s streams at %s:%s", job.answer.job_id, job.answer.stream_url, job.answer.stream_port)
        window = Window(job, client, settings, configure_seconds)
        window.again = configure_seconds is None
        yield window
        if window.is_spotless:
            place.job = job if any_job else None
        elif window.again:
            vacancies.gives_again = False


def _lives(api: FocusServerAPI, job: Job) -> bool:
    """Whether the server still has the job, as far as it says."""
    try:
        told = api.metadata(job.answer.job_id)
    except RemoteError:
        return False
    return Unsaid.JOB_STATUS in job.cannot or told.status in ("pending", "running")


def cancel(api: FocusServerAPI, job: Job) -> bool:
    """Ends a job. False where the server cannot cancel jobs, or this one is gone already."""
    is_over = api.cancel(job.answer.job_id)
    if is_over:
        job.cancelled.append(time.monotonic())
    return is_over


def disconnect_soon(disconnect: Callable[[], None]) -> None:
    """Closes a connection while something else begins: gRPC takes a moment for it. The run's end sees that it did."""
    threading.Thread(target=disconnect, name=named("disconnect")).start()


@contextmanager
def window_of(job: Job, settings: Settings) -> Iterator[Window]:
    """One more window of a job that there is, with a client of its own, which is disconnected afterwards."""
    client = new_client(settings)
    try:
        yield Window(job, client, settings)
    finally:
        disconnect_soon(client.disconnect)

"""A window on the operator's screen: one job, the client that streams it, and the verdict on what came."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from support.contract import JobRequest
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.reception import KEPT_BYTES, Reception
from support.screen.job import Job
from support.settings import Settings
from support.stream.block import Block
from support.stream.metrics import StreamMetrics
from support.validation.verdict import Verdict, stream_rules

log = logging.getLogger(__name__)


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
    )


class Window:
    """One job as one client sees it; a window belongs to one thread.

    Args:
        job: the job.
        client: streams it.
        settings: how strictly it is judged.
        configure_seconds: how long the answer of ``/configure`` took; None where nobody measured it.

    Attributes:
        reception: the newest stream; None before the first.
        connect_seconds: how long connecting took, also in vain.
        job_over: whether the job has been ended, so that its stream has to end, too.
    """

    def __init__(
        self, job: Job, client: GrpcStreamClient, settings: Settings, configure_seconds: float | None = None
    ) -> None:
        self.job = job
        self.client = client
        self.reception: Reception | None = None
        self.configure_seconds = configure_seconds
        self.connect_seconds = 0.0
        self.job_over = False
        self._limits = settings.limits

    @property
    def metrics(self) -> StreamMetrics:
        """The metrics of the newest stream."""
        metrics = self.client.get_metrics()
        metrics.configure_seconds = self.configure_seconds
        metrics.first_valid_latency = self.reception.first_valid if self.reception else None
        return metrics

    def connect(self, address: tuple[str, int | str] | None = None) -> None:
        """Connects to the address that the configuration answered, or to another one that leads there.

        Raises:
            ConnectionError: nothing usable answers there.
        """
        answer = self.job.answer
        began = time.monotonic()
        try:
            self.client.connect(*(address or (answer.stream_url, answer.stream_port)))
        finally:
            self.connect_seconds = time.monotonic() - began

    def receive(
        self,
        enough: Callable[[Block], bool],
        *,
        max_frames: int | None = None,
        resume: bool = False,
        kept_bytes: int = KEPT_BYTES,
    ) -> Reception:
        """Receives and judges frames until the stream ends or ``enough`` says so; keeps so many bytes of the newest.

        Raises:
            APIError: the stream failed; the verdict says so, too.
            ConnectionError: the client is not connected, or was disconnected.
        """
        answer = self.job.answer
        rules = stream_rules(self.job.expectation(max_frames), self._limits)
        self.reception = Reception(Verdict(rules), kept_bytes)
        self.reception.receive(
            self.client.stream_blocks(answer.job_id, max_frames, resume=resume, lines_dt=answer.lines_dt),
            enough,
            closing_latency=lambda: self.client.get_metrics().closing_latency,
            job_is_over=lambda: self.job_over,
        )
        return self.reception


@contextmanager
def open_window(
    settings: Settings, api: FocusServerAPI, request: JobRequest, prr: float, client: GrpcStreamClient | None = None
) -> Iterator[Window]:
    """A window, configured and not yet connected; afterwards its job is cancelled, and its own client disconnected.

    Args:
        settings: deadlines, limits and security.
        api: the REST side of the server; it may be shared by windows of one thread only.
        request: the job to ask for.
        prr: of the fibre, Hz.
        client: streams the job, and is left as it is; None: one of its own.

    Raises:
        APIError: the server refused the job.
    """
    with ExitStack() as cleanup:
        began = time.monotonic()
        answer = api.configure(request)
        configure_seconds = time.monotonic() - began
        cleanup.callback(api.cancel, answer.job_id)
        if client is None:
            client = new_client(settings)
            cleanup.callback(client.disconnect)
        log.info("job %s streams at %s:%s", answer.job_id, answer.stream_url, answer.stream_port)
        yield Window(Job(request, answer, prr), client, settings, configure_seconds)

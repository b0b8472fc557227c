"""The streams of one scenario: its jobs in their windows, one client for all of them, and what came."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager

from support.address import target_of
from support.contract import JobRequest
from support.errors import APIError, ConnectionError, MachineStoodStillError
from support.focus_server_api import FocusServerAPI
from support.network.hop import Hop
from support.network.trouble import Trouble
from support.screen.long import Long
from support.screen.streamed import Streamed
from support.screen.window import Window, cancel, disconnect_soon, new_client, open_window
from support.server.vacancies import Vacancies
from support.settings import Settings
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.validation.loss import Loss
from support.validation.verdict import Verdict

log = logging.getLogger(__name__)

_FRAMES_BEFORE_CANCEL = 10

_FRAMES_AROUND_TROUBLE = 10
"""Frames before the network's trouble, and frames after it that show that the stream goes on."""


class Streaming:
    """The windows of a scenario, one for each job configured, and the streams in them.

    A promise that the server breaks is an AssertionError.

    Args:
        settings: deadlines and limits.
        api: the REST side of the server.
        vacancies: the windows of the server.
        cleanup: at whose end jobs are cancelled and the client is disconnected, whatever happens.

    Attributes:
        client: streams every job.
        windows: one for each job configured, oldest first; they share the client.
        streams: every stream that is over, oldest first.
        failure: what the newest stream, or connecting, failed with, in words; empty where it did not.
    """

    def __init__(self, settings: Settings, api: FocusServerAPI, vacancies: Vacancies, cleanup: ExitStack) -> None:
        self.client = new_client(settings)
        cleanup.callback(disconnect_soon, self.client.disconnect)
        self.windows: list[Window] = []
        self.streams: list[Streamed] = []
        self.failure = ""
        self._settings = settings
        self._api = api
        self._vacancies = vacancies
        self._cleanup = cleanup
        self._network: Hop | None = None

    @property
    def window(self) -> Window:
        """The window of the newest configured job."""
        if not self.windows:
            raise LookupError("no job is configured: the scenario lacks a 'Given a live job configured'")
        return self.windows[-1]

    @property
    def newest(self) -> Streamed:
        """The newest stream."""
        if not self.streams:
            raise LookupError("nothing was streamed: the scenario lacks a 'When I stream ...'")
        return self.streams[-1]

    @property
    def verdict(self) -> Verdict:
        """The verdict on the newest stream."""
        return self.newest.verdict

    @property
    def frames(self) -> Collection[Frame]:
        """The newest frames of the newest stream."""
        return self.streams[-1].frames if self.streams else ()

    @property
    def metrics(self) -> StreamMetrics:
        """The metrics of the newest stream."""
        return self.streams[-1].metrics if self.streams else self.client.get_metrics()

    @property
    def loss(self) -> Loss:
        """What the only stream of this scenario lost."""
        return Loss.of(self.frames, self.metrics.interruptions, self.window.job.answer.lines_dt)

    @property
    def findings(self) -> list[str]:
        """Everything that was found about the newest job and its stream, in words."""
        streamed = self.verdict.findings() if self.streams else []
        return [str(finding) for finding in (*self.window.job.findings, *streamed)]

    @property
    def network(self) -> Hop:
        """The way to the newest job: a connection made after the first use of this leads through it."""
        if self._network is None:
            answer = self.window.job.answer
            host, _, port = target_of(answer.stream_url, answer.stream_port).rpartition(":")
            self._network = self._cleanup.enter_context(Hop((host, int(port))))
        return self._network

    @property
    def is_troubled(self) -> bool:
        """Whether it goes through a network that the scenario has its hands on."""
        return self._network is not None

    def configure(
        self, request: JobRequest, prr: float, patience: float | None = None, *, any_job: bool = False
    ) -> Window:
        """Asks for a job on a fibre of this PRR, Hz, and gives it a window; the rest is as ``open_window`` has it.

        Raises:
            APIError: the server refused it.
        """
        window = open_window(
            self._settings, self._api, request, prr, self.client, self._vacancies, patience, any_job=any_job
        )
        self.windows.append(self._cleanup.enter_context(window))
        return self.window

    def cancel(self) -> bool:
        """Cancels the newest job; False where the server cannot cancel jobs."""
        with promised(APIError):
            self.window.job_over = cancel(self._api, self.window.job)
        return self.window.job_over

    def connect(self) -> None:
        """Connects to the address that the configuration answered, unless that has been done."""
        if self.client.is_connected():
            return
        way = (self._network.host, self._network.port) if self._network else None
        with promised(ConnectionError):
            self.window.connect(way)

    def try_to_connect(self) -> None:
        """Connects like ``connect``; in vain is one more thing to be found, not the end of the scenario."""
        try:
            self.connect()
        except AssertionError as failure:
            self.failure = str(failure)

    def stream(self, max_frames: int | None = None, seconds: float = math.inf) -> None:
        """Streams the job and judges every frame: ``max_frames`` of them, or as many as come in ``seconds``."""
        with self._newest_window() as window:
            window.receive(max_frames, seconds)

    def stream_until(self, enough: Callable[[], bool], seconds: float) -> None:
        """Streams the job and judges every frame until there is enough, or for so long."""
        with self._newest_window() as window, closing(window.stream()) as blocks:
            for block in blocks:
                if enough() or block.elapsed[-1] >= seconds:
                    break

    def stream_as_connected(self) -> None:
        """Streams what comes at once, on the connection that there is: whether that serves is what is asked."""
        with self._newest_window(connects=False) as window:
            window.receive(None, 0)

    def stream_for_long(self, seconds: float, server_pid: int | None) -> Long:
        """Streams the job for so long, judges every frame, and notes what changes slowly."""
        with self._newest_window() as window:
            long = Long(window, seconds, server_pid)
            long.watch()
        return long

    def stream_whatever_comes(self, max_frames: int) -> None:
        """Streams like ``stream``; a stream that fails is one more thing to be found, not the end of the scenario."""
        try:
            self.stream(max_frames)
        except AssertionError as failure:
            log.info("%s", failure)

    def stream_through(self, trouble: Trouble) -> None:
        """Streams, lets the network get into trouble, and goes on after interruptions until that is seen to work.

        A stream that fails all the same is one more thing to be found, not the end of the scenario.
        """
        network = self.network
        after = 0
        try:
            with self._newest_window() as window, closing(window.stream(resume=True)) as blocks:
                for block in blocks:
                    if _FRAMES_AROUND_TROUBLE - 1 in block.indexes:
                        trouble(network)
                    interruptions = window.metrics.interruptions
                    if interruptions and interruptions[-1].duration is not None:
                        after += len(block)
                    if after >= _FRAMES_AROUND_TROUBLE:
                        break
        except AssertionError as failure:
            log.info("%s", failure)

    def stream_until_cancelled(self) -> bool:
        """Streams, cancels the job on the way, and goes on until the stream ends or the limit for that is over.

        Returns:
            False where the server cannot cancel jobs.
        """
        deadline = math.inf
        with self._newest_window() as window, closing(window.stream()) as blocks:
            for block in blocks:
                if _FRAMES_BEFORE_CANCEL - 1 in block.indexes:
                    if not self.cancel():
                        return False
                    deadline = block.elapsed[-1] + self._settings.limits.end_within
                if block.elapsed[-1] > deadline:
                    break
        return True

    @contextmanager
    def _newest_window(self, *, connects: bool = True) -> Iterator[Window]:
        """The newest job's window, connected, to be streamed inside; a stream that fails is a broken promise."""
        if connects:
            self.connect()
        window = self.window
        try:
            with promised(APIError, ConnectionError):
                yield window
        except AssertionError as failure:
            if window.verdict is not None and window.verdict.standstill:
                raise MachineStoodStillError(f"{window.verdict.standstill}, and then {failure}") from failure
            raise
        finally:
            self.streams.append(Streamed.of(window, troubled=self._network is not None))
            self.failure = self.streams[-1].failure


@contextmanager
def promised(*errors: type[Exception]) -> Iterator[None]:
    """These errors are the server's failure: they become a failed check, not a broken test."""
    try:
        yield
    except errors as error:
        raise AssertionError(str(error)) from error

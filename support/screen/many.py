"""Many windows at once, as an operator has them: each on a thread of its own, all judged over the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from support.contract import JobRequest
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.machine.threads import named
from support.machine.usage import Meter, Usage
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.screen.window import Window, open_window
from support.settings import Settings
from support.stream.distribution import Distribution
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict

_SHOWN_DOUBTS = 3
_BUSY = 0.9
"""Share of a core from which on threads of one process wait for one another more than for the server."""


class Watch:
    """One of the windows, and what was seen in it. Its methods are called by one thread at a time.

    Attributes:
        number: its number among the windows, from 1.
        request: the job to ask for.
        window: None before it is open.
        failure: what kept it from opening, or ended its stream, in words; empty where nothing did.
    """

    def __init__(self, number: int, request: JobRequest) -> None:
        self.number = number
        self.request = request
        self.window: Window | None = None
        self.failure = ""
        self._cleanup = ExitStack()

    def __str__(self) -> str:
        job = f"job {self.window.job.answer.job_id}, " if self.window else ""
        return f"window {self.number} ({job}channels {self.request.channels_min} to {self.request.channels_max})"

    @property
    def lines_received(self) -> int:
        """The lines that came."""
        return self._verdict.rows if self._verdict else 0

    @property
    def lines_expected(self) -> int:
        """The lines that there were from the first to the newest that came, by their times."""
        return self._verdict.lines.expected(self.window.job.answer.lines_dt) if self.window and self._verdict else 0

    @property
    def ages(self) -> Distribution:
        """Data age of the frames."""
        return self.window.metrics.ages if self.window else Distribution()

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.window.metrics.avg_frame_rate if self.window else 0.0

    @property
    def findings(self) -> list[Finding]:
        """What was found about its job and its stream: the first findings of each rule."""
        if self.window is None:
            return []
        return [*self.window.job.findings, *(self._verdict.findings() if self._verdict else [])]

    @property
    def doubts(self) -> str:
        """What was found and this machine explains, in words; empty where nothing was."""
        if self._verdict is None or not self._verdict.doubts:
            return ""
        return f"{self._verdict.standstill}; {'; '.join(map(str, self._verdict.doubts[:_SHOWN_DOUBTS]))}"

    def ask(self, topics: Collection[Topic]) -> list[Finding]:
        """What was found on ``topics``, for a step that answers for them."""
        if self.window is None:
            return []
        return [*self.window.job.ask(topics), *(self._verdict.ask(topics) if self._verdict else [])]

    @property
    def found(self) -> int:
        """How many findings there were, also those beyond the first ones of each rule."""
        return len(self.findings) + (self._verdict.left_out() if self._verdict else 0)

    def open(self, settings: Settings, url: str, prr: float) -> None:
        """Configures the job and connects, with a REST session of its own; a failure of the server is kept."""
        try:
            api = FocusServerAPI(url, timeout=settings.rest_timeout, security=settings.security)
            self._cleanup.enter_context(api)
            self.window = self._cleanup.enter_context(open_window(settings, api, self.request, prr))
            self.window.connect()
        except RemoteError as error:
            self.failure = str(error)

    def stream(self, end: float, stopped: threading.Event) -> None:
        """Receives and judges frames until the stream ends, ``end`` on the monotonic clock, or it is stopped."""
        assert self.window is not None, "it has been opened"
        try:
            with closing(self.window.stream(kept_bytes=0)) as blocks:
                for _ in blocks:
                    if time.monotonic() >= end or stopped.is_set():
                        break
        except RemoteError as error:
            self.failure = str(error)

    def leave(self) -> None:
        """Ends what is running, from another thread."""
        if self.window is not None:
            self.window.client.disconnect()

    def close(self) -> None:
        """Cancels the job and closes the connections; harmless where nothing was opened."""
        self._cleanup.close()

    @property
    def _verdict(self) -> Verdict | None:
        return self.window.verdict if self.window else None


class Windows:
    """Windows that are open together; a context manager that closes all of them.

    Args:
        settings: deadlines, limits and security.
        url: REST address of the server.
        requests: the job of each window.
        prr: of the fibre, Hz.

    Attributes:
        watches: what was seen in each window.
        seconds: how long they were streamed.
        client: what this process used meanwhile; None before.
        server: what the server used, where it is a process of this machine that is known.
    """

    def __init__(self, settings: Settings, url: str, requests: Sequence[JobRequest], prr: float) -> None:
        self.watches = [Watch(number, request) for number, request in enumerate(requests, 1)]
        self.seconds = 0.0
        self.client: Usage | None = None
        self.server: Usage | None = None
        self._settings = settings
        self._url = url
        self._prr = prr
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(max(1, len(self.watches)), thread_name_prefix=named("window"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def job_ids(self) -> list[str]:
        """Of the jobs that were configured."""
        return [job.answer.job_id for job in self.jobs]

    @property
    def jobs(self) -> list[Job]:
        """The jobs that were configured."""
        return [watch.window.job for watch in self.watches if watch.window]

    @property
    def streams(self) -> list[Streamed]:
        """The newest stream of each window."""
        return [Streamed.of(watch.window) for watch in self.watches if watch.window and watch.window.verdict]

    @property
    def doubt(self) -> str:
        """Why a lag may be our own, in words; empty where there is no reason to think so."""
        if self.client is None or self.client.cpu_share < _BUSY:
            return ""
        share = self.client.cpu_share * 100
        return f"this client used {share:.0f} % of a core, about all that a process of Python can: a lag may be its own"

    @property
    def failures(self) -> list[str]:
        """What kept windows from opening, or ended their streams, a sentence each."""
        return [f"{watch}: {watch.failure}" for watch in self.watches if watch.failure]

    def open(self) -> None:
        """Opens all windows; returns when each of them is connected, or has failed to."""
        self._in_all(lambda watch: watch.open(self._settings, self._url, self._prr))

    def stream(self, seconds: float, server_pid: int | None = None) -> None:
        """Streams all windows, from the same moment on, and judges every frame.

        Args:
            seconds: from now to the end of all streams.
            server_pid: the server's process, where it is to be measured, too.
        """
        client, server = Meter(), Meter(server_pid) if server_pid is not None else None
        began = time.monotonic()
        end = began + seconds
        try:
            self._in_all(lambda watch: watch.stream(end, self._stopped))
        finally:
            self.seconds = time.monotonic() - began
            self.client, self.server = client.read(), server.read() if server else None

    def close(self) -> None:
        """Ends streams that still run, cancels all jobs and closes all connections."""
        self._stop()
        with self._threads:
            for closed in [self._threads.submit(watch.close) for watch in self.watches]:
                closed.result()

    def _in_all(self, work: Callable[[Watch], None]) -> None:
        """Does this in every window at once; the first error of ours ends all of it."""
        running: list[Future[None]] = []
        try:
            running.extend(self._threads.submit(work, watch) for watch in self.watches)
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for one in done:
                one.result()
        except BaseException:  # also Ctrl-C
            self._stop()
            wait(running)  # what is opened meanwhile has to be closed, too
            raise

    def _stop(self) -> None:
        self._stopped.set()
        for watch in self.watches:
            watch.leave()

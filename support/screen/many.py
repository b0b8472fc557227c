"""Many windows at once, as an operator has them: each on a thread of its own, all judged over the same time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from support.contract import JobRequest
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.machine.heartbeat import heartbeat
from support.machine.threads import named
from support.machine.usage import Meter, Usage
from support.screen.job import Job, described
from support.screen.streamed import Streamed
from support.screen.window import KEPT_BYTES, Window, open_window, window_of
from support.server.vacancies import Vacancies, vacancies_of
from support.settings import Settings
from support.stream.distribution import Distribution
from support.stream.frame import Frame
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict

_SHOWN_DOUBTS = 3
_BUSY = 0.9
"""Share of a core from which on threads of one process wait for one another more than for the server."""
_OFTEN = 0.1
"""Share of the time from which on a machine whose processors are all busy may be why something is late."""


@dataclass(frozen=True)
class Look:
    """What a window is to show.

    Attributes:
        request: the job.
        max_frames: after so many the server shall end the stream; None: it is left when the time is over.
        job: the job, where it has been configured already; somebody else ends it.
        kept_bytes: of the frames received, the newest are kept up to this size.
    """

    request: JobRequest
    max_frames: int | None = None
    job: Job | None = None
    kept_bytes: int = 0

    @classmethod
    def at(cls, job: Job, max_frames: int | None = None) -> Look:
        """At a job that there is, with the frames that come."""
        return cls(job.request, max_frames, job, KEPT_BYTES)


class Watch:
    """One of the windows, and what was seen in it. Its methods are called by one thread at a time.

    Attributes:
        number: its number among the windows, from 1.
        look: what it is to show.
        window: None before it is open.
        failure: what kept it from opening, or ended its stream, in words; empty where nothing did.
        turn: windows of one turn were open at the same time.
    """

    def __init__(self, number: int, look: Look | JobRequest) -> None:
        self.number = number
        self.look = look if isinstance(look, Look) else Look(look)
        self.window: Window | None = None
        self.failure = ""
        self.turn = 0
        self._cleanup = ExitStack()

    def __str__(self) -> str:
        job = f"job {self.window.job.answer.job_id}, " if self.window else ""
        frames = f", {self.look.max_frames} frames" if self.look.max_frames else ""
        return f"window {self.number} ({job}{described(self.look.request)}{frames})"

    @property
    def job(self) -> Job | None:
        """The job that it shows; None before it is open."""
        return self.window.job if self.window else None

    @property
    def canvases(self) -> frozenset[str]:
        """What its stream was drawn on."""
        return frozenset(self.window.canvases) if self.window else frozenset()

    @property
    def frames(self) -> list[Frame]:
        """Those that were kept."""
        return self.window.frames if self.window else []

    @property
    def lines_received(self) -> int:
        """The lines that came."""
        return self._verdict.rows if self._verdict else 0

    @property
    def lines_expected(self) -> int:
        """The lines that there were from the first to the newest that came, by their times."""
        return self._verdict.lines.expected(self.window.job.answer.lines_dt) if self.window and self._verdict else 0

    @property
    def first_frame(self) -> float | None:
        """Seconds from asking to the first frame; None where none came."""
        return self.window.metrics.first_frame_latency if self.window else None

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

    def open(self, settings: Settings, url: str, prr: float, vacancies: Vacancies | None = None) -> None:
        """Configures the job, unless that has been done, and connects, with a REST session and a client of its own.

        A failure is kept.
        """
        try:
            if self.look.job is not None:
                self.window = self._cleanup.enter_context(window_of(self.look.job, settings))
            else:
                api = FocusServerAPI(url, timeout=settings.rest_timeout, security=settings.security)
                self._cleanup.enter_context(api)
                self.window = self._cleanup.enter_context(
                    open_window(settings, api, self.look.request, prr, vacancies=vacancies)
                )
            self.window.connect()
        except RemoteError as error:
            self.failure = str(error)

    def stream(self, end: float, stopped: threading.Event) -> None:
        """Receives and judges frames until the stream ends, ``end`` on the monotonic clock, or it is stopped.

        One with a number of frames is left when there are more; a window that could not be opened is left alone.
        """
        if self.window is None:
            return
        try:
            limit = self.look.max_frames
            with closing(self.window.stream(limit, kept_bytes=self.look.kept_bytes)) as blocks:
                for block in blocks:
                    over = block.indexes[-1] >= limit if limit else time.monotonic() >= end
                    if over or stopped.is_set():
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
        looks: what each window is to show; a request stands for a job to be asked for, without a limit.
        prr: of the fibre, Hz.
        vacancies: the windows of the server; None: nothing else of this run uses them.

    Attributes:
        watches: what was seen in each window.
        seconds: how long they were streamed.
        client: what this process used meanwhile; None before.
        server: what the server used, where it is a process of this machine that is known.
    """

    def __init__(
        self,
        settings: Settings,
        url: str,
        looks: Sequence[Look | JobRequest],
        prr: float,
        vacancies: Vacancies | None = None,
    ) -> None:
        self.watches = [Watch(number, look) for number, look in enumerate(looks, 1)]
        self.seconds = 0.0
        self.client: Usage | None = None
        self.server: Usage | None = None
        self._settings = settings
        self._url = url
        self._prr = prr
        self._vacancies = vacancies or vacancies_of(settings)
        self._full = 0.0
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
        return [watch.window.job for watch in self.watches if watch.window and watch.look.job is None]

    @property
    def streams(self) -> list[Streamed]:
        """The newest stream of each window."""
        return [Streamed.of(watch.window) for watch in self.watches if watch.window and watch.window.verdict]

    @property
    def doubt(self) -> str:
        """Why a lag may be our own, in words; empty where there is no reason to think so."""
        reasons = []
        if self.client is not None and self.client.cpu_share >= _BUSY:
            share = self.client.cpu_share * 100
            reasons.append(f"this client used {share:.0f} % of a core, about all that a process of Python can")
        if self._full > self.seconds * _OFTEN:
            reasons.append(f"all processors of this machine were busy for {self._full:.0f} s of {self.seconds:.0f} s")
        return f"{' and '.join(reasons)}: a lag may be its own" if reasons else ""

    @property
    def failures(self) -> list[str]:
        """What kept windows from opening, or ended their streams, a sentence each."""
        return [f"{watch}: {watch.failure}" for watch in self.watches if watch.failure]

    def open(self) -> None:
        """Opens all windows; returns when each of them is connected, or has failed to."""
        self._open_together(self.watches)

    def stream(self, seconds: float, server_pid: int | None = None) -> None:
        """Streams all windows, from the same moment on, and judges every frame.

        Args:
            seconds: from now to the end of all streams.
            server_pid: the server's process, where it is to be measured, too.
        """
        with self._measured(server_pid):
            self._stream(self.watches, seconds)

    def take_turns(self, seconds: float, at_once: int, server_pid: int | None = None) -> None:
        """Opens so many windows, streams them together and closes them, until all have had their turn.

        Args:
            seconds: of each turn.
            at_once: how many windows are open together at most.
            server_pid: the server's process, where it is to be measured, too.
        """
        with self._measured(server_pid):
            for turn, first in enumerate(range(0, len(self.watches), at_once)):
                together = self.watches[first : first + at_once]
                for watch in together:
                    watch.turn = turn
                self._open_together(together)
                self._stream(together, seconds)
                self._in_each(together, Watch.close)

    def close(self) -> None:
        """Ends streams that still run, cancels all jobs and closes all connections."""
        self._stop()
        with self._threads:
            for closed in [self._threads.submit(watch.close) for watch in self.watches]:
                closed.result()

    def _open_together(self, watches: Sequence[Watch]) -> None:
        self._vacancies.wait_for(sum(watch.look.job is None for watch in watches))
        self._in_each(watches, self._open)

    def _open(self, watch: Watch) -> None:
        watch.open(self._settings, self._url, self._prr, self._vacancies)

    def _stream(self, watches: Sequence[Watch], seconds: float) -> None:
        end = time.monotonic() + seconds
        self._in_each(watches, lambda watch: watch.stream(end, self._stopped))

    @contextmanager
    def _measured(self, server_pid: int | None) -> Iterator[None]:
        client, server = Meter(), Meter(server_pid) if server_pid is not None else None
        began = time.monotonic()
        with heartbeat() as machine:
            try:
                yield
            finally:
                self.seconds = time.monotonic() - began
                self._full = machine.was_full(began, math.inf)
                self.client, self.server = client.read(), server.read() if server else None

    def _in_each(self, watches: Sequence[Watch], work: Callable[[Watch], None]) -> None:
        """Does this in these windows at once; the first error of ours ends all of it."""
        running: list[Future[None]] = []
        try:
            running.extend(self._threads.submit(work, watch) for watch in watches)
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

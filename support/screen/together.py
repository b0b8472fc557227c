"""What a scenario watches at the same time, or again: each window is another client, and all of them are judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Protocol

from support.contract import ChannelRange, JobRequest, LiveMetadata
from support.focus_server_api import FocusServerAPI
from support.screen.job import Job, Kind, Place, live_job_requests
from support.screen.many import Look, Watch, Windows
from support.screen.window import KEPT_BYTES
from support.server.vacancies import Vacancies
from support.settings import Settings

_A_FEW_FRAMES = 5

_LONGEST_PLAYBACK = 120.0
"""Seconds after which a range of the past is left that has not come to its end."""

_A_MOMENT = 0.5
"""Seconds that a client streams before it leaves."""


class Server(Protocol):
    """The server under test, as far as windows need it.

    Attributes:
        url: of its REST side.
        api: a client of that.
        job_ids: the jobs that it has been asked for in this run, oldest first.
        canvases: those that windows beside each other were drawn on in this run.
        vacancies: its windows.
    """

    url: str
    api: FocusServerAPI
    job_ids: list[str]
    canvases: set[str]
    vacancies: Vacancies

    @property
    def fibre(self) -> tuple[LiveMetadata, ChannelRange]:
        """The fibre that it watches, and the channels of that."""

    @property
    def pid(self) -> int | None:
        """Its process, where it is one of this suite's."""


class Together:
    """The windows of a scenario that are watched beside each other, or one after the other.

    Args:
        settings: deadlines, limits and security.
        server: the server under test; it is told which jobs it was asked for.
        cleanup: at whose end all windows are closed, whatever happens.

    Attributes:
        opened: windows that were watched at the same time, oldest first.
    """

    def __init__(self, settings: Settings, server: Server, cleanup: ExitStack) -> None:
        self.opened: list[Windows] = []
        self._settings = settings
        self._server = server
        self._cleanup = cleanup

    @property
    def newest(self) -> Windows:
        """Those that were opened last."""
        if not self.opened:
            raise LookupError("no windows are open: the scenario lacks a 'Given ... live windows ...'")
        return self.opened[-1]

    @property
    def watches(self) -> list[Watch]:
        """All of them, oldest first."""
        return [watch for windows in self.opened for watch in windows.watches]

    def open(self, count: int, place: Place, **size: int) -> None:
        """Opens live windows, each with a job and connections of its own, until the end of the scenario.

        Args:
            count: how many.
            place: where on the fibre they look.
            size: of each, as ``live_job_requests`` takes it.
        """
        metadata, channels = self._server.fibre
        windows = self._plan(live_job_requests(self._settings, metadata, channels, place, count, **size))
        windows.open()
        self._server.job_ids.extend(windows.job_ids)
        if windows.failures:
            raise AssertionError("; ".join(windows.failures))

    def stream(self, seconds: float) -> None:
        """Streams all that are open and judges every frame; streams that fail are findings of their windows."""
        self.newest.stream(seconds, self._server.pid)

    def plan(self, kinds: Iterable[Kind]) -> None:
        """Windows of these kinds, which are opened when their turn has come."""
        self._plan([Look(kind.request(self._settings, *self._server.fibre), kind.frames) for kind in kinds])

    def take_turns(self, seconds: float) -> None:
        """Streams the windows planned, as many at the same time as the settings allow, and judges every frame."""
        self._take_turns(seconds, min(self._settings.windows_at_once, self._settings.windows))

    def look(self, looks: Sequence[Look], seconds: float) -> list[Watch]:
        """Opens windows, streams them at the same time, closes them, and judges every frame."""
        self._plan(looks)
        self._take_turns(seconds, len(looks))
        return self.newest.watches

    def watch(self, jobs: Sequence[Job], seconds: float) -> None:
        """Streams jobs that there are at the same time; one that stands there twice is streamed by two clients."""
        self.look([Look.at(job) for job in jobs], seconds)

    def watch_alone_and_together(self, jobs: Sequence[Job], seconds: float) -> None:
        """Streams a few frames of each job, one after the other, and then all of them at the same time."""
        for job in jobs:
            self.look([Look.at(job, _A_FEW_FRAMES)], seconds)
        self.watch(jobs, seconds)

    def play(self, requests: Sequence[JobRequest]) -> None:
        """Streams ranges of the past to their ends, as many at the same time as the settings allow."""
        self._plan([Look(request, kept_bytes=KEPT_BYTES) for request in requests])
        self._take_turns(_LONGEST_PLAYBACK, min(self._settings.windows_at_once, self._settings.windows))

    def leave_in_the_middle(self, job: Job) -> None:
        """Streams the job for a moment, and leaves."""
        self.watch([job], _A_MOMENT)

    def _plan(self, looks: Sequence[Look | JobRequest]) -> Windows:
        server = self._server
        windows = Windows(self._settings, server.url, looks, server.fibre[0].prr, server.vacancies)
        self.opened.append(self._cleanup.enter_context(windows))
        return windows

    def _take_turns(self, seconds: float, at_once: int) -> None:
        try:
            self.newest.take_turns(seconds, at_once, self._server.pid)
        finally:
            self._server.job_ids.extend(self.newest.job_ids)
            self._server.canvases.update(*(watch.canvases for watch in self.newest.watches))

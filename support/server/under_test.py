"""The Focus Server that a run tests: a real one that the settings name, or else the embedded one."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from support.address import without_password
from support.contract import ChannelRange, LiveMetadata
from support.errors import APIError, NotReadyError, RemoteError
from support.focus_server_api import FocusServerAPI
from support.machine.console import say
from support.network.proxy import proxy_to
from support.rest.adapter import PORTS
from support.screen.past import Recorded, lately, stretches
from support.screen.waits import Waits
from support.server.embedded import EmbeddedServer
from support.server.vacancies import vacancies_of
from support.settings import Settings
from support.stream.dialects import AUTO
from support.truth.oracle import Oracle
from support.truth.recording import Recording, RecordingError
from support.validation.account import judge_fibre
from support.validation.finding import Finding
from support.validation.sources import Source, read_source
from support.wording import plural, some

log = logging.getLogger(__name__)

_SAME_RATE = 4e-3
"""Share by which the PRR of a recording may differ from the one that is told, which may be nominal."""
_ASK_AGAIN = 0.2
"""Seconds between two questions for the fibre."""

_ALIVE = ("pending", "running")


class ServerUnderTest:
    """A server that has been found ready to be tested.

    Args:
        settings: which one, and how it is reached.
        logs: where an embedded one writes its log.

    Attributes:
        api: its REST side.
        metadata: the fibre that it watches.
        channels: the channels of that fibre.
        embedded: the simulator process; None for a server of somebody else's.
        job_ids: the jobs that it has been asked for in this run, oldest first.
        canvases: those that windows beside each other were drawn on in this run.
        vacancies: its windows.
        waits: how long those took to open.
        waited_for_fibre: whether it had none at first.

    Raises:
        NotReadyError: it cannot be reached, does not answer as a Focus Server, or waits for its fibre.
    """

    def __init__(self, settings: Settings, logs: Path = Path("reports")) -> None:
        self.job_ids: list[str] = []
        self.canvases: set[str] = set()
        self.vacancies = vacancies_of(settings)
        self.waits = Waits()
        self.waited_for_fibre = False
        self._fibre_asked = False
        self._known_sources = settings.known_sources
        self._cleanup = ExitStack()
        with self._cleanup:
            self.embedded: EmbeddedServer | None = None
            if settings.focus_server_url is None:
                told = [] if settings.dialect == AUTO else [settings.dialect]
                log_file = logs / f"{'-'.join(['simulator', *told])}.log"
                played = [f"--recording={settings.recording}"] if settings.recording else []
                options = [*(f"--dialect={name}" for name in told), *played]
                self.embedded = EmbeddedServer(options, log_file=log_file)
                self._cleanup.callback(self.embedded.stop)
            self._encrypts_jobs = settings.security.encrypts
            self.url = self.embedded.rest_url if self.embedded else str(settings.focus_server_url)
            self.api = self._cleanup.enter_context(
                FocusServerAPI(self.url, timeout=settings.rest_timeout, security=settings.security)
            )
            self._check_ready(settings)
            self._given = self._checked(settings.recording) if settings.recording else None
            self._cleanup = self._cleanup.pop_all()

    @property
    def name(self) -> str:
        """How people call it; a password in the address is hidden."""
        return f"{'embedded Focus Server' if self.embedded else 'Focus Server'} at {without_password(self.url)}"

    @property
    def ways(self) -> dict[str, str]:
        """Through which proxy it, and a job's port on its host, are reached; empty where through none."""
        parts = urlsplit(self.url)
        port = parts.port or PORTS.get(parts.scheme, 0)
        encrypted = parts.scheme == "https"
        rest = proxy_to(parts.hostname or "", port, encrypted=encrypted)
        jobs = proxy_to(parts.hostname or "", 0, encrypted=self._encrypts_jobs, grpc=True)
        return {what: f"through {proxy}" for what, proxy in (("way", rest), ("way to jobs there", jobs)) if proxy}

    @property
    def pid(self) -> int | None:
        """The simulator's process; None for a server of somebody else's."""
        return self.embedded.pid if self.embedded else None

    @property
    def fibre(self) -> tuple[LiveMetadata, ChannelRange]:
        """The fibre that it watches, and the channels of that."""
        return self.metadata, self.channels

    @cached_property
    def recording(self) -> Recording | None:
        """What it plays, as far as that is known: the file of the settings, or the embedded server's own."""
        if self._given is None and self.embedded is not None:
            return self._cleanup.enter_context(Recording(self.embedded.recording()))
        return self._given

    @cached_property
    def oracle(self) -> Oracle | None:
        """What knows what it has to show of the past, as far as its recording is known."""
        if self.recording is None:
            return None
        make = Oracle if self.embedded is None else Oracle.of_embedded
        return make(self.recording, self.channels.lowest_channel)

    @property
    def compared(self) -> str:
        """What was compared with its recording, and how it makes rows; empty where nothing was."""
        oracle: Oracle | None = vars(self).get("oracle")  # of a run that has asked nobody, none is made
        return str(oracle) if oracle and oracle.compared else ""

    @cached_property
    def recorded(self) -> Recorded:
        """What it has of the past."""
        if self.recording is None:
            return lately(self.api, self.channels)
        lowest = self.channels.lowest_channel
        channels = ChannelRange(lowest_channel=lowest, highest_channel=lowest + self.recording.channels - 1)
        return Recorded(tuple((one.begin, one.end) for one in self.recording.stretches), channels)

    def ask_fibre(self) -> list[Finding]:
        """What the description of the fibre breaks, for a step that answers for it."""
        self._fibre_asked = True
        return judge_fibre(*self.fibre)

    def unasked(self) -> list[Finding]:
        """What the description of the fibre breaks, where no step has asked about it."""
        return [] if self._fibre_asked else judge_fibre(*self.fibre)

    @cached_property
    def sources(self) -> list[Source]:
        """What is known to sound on its fibre all the time: by the settings, or as the embedded server says itself."""
        told = self.embedded.told["known_sources"].split(",") if self.embedded else []
        return [read_source(text) for text in self._known_sources or told]

    @property
    def simulator(self) -> EmbeddedServer:
        """The embedded server, where it is that."""
        if self.embedded is None:
            raise LookupError("only the embedded server has faults: tag the scenario @simulator")
        return self.embedded

    def close(self) -> None:
        """Closes connections, and ends the server where it is ours."""
        self._cleanup.close()

    def _check_ready(self, settings: Settings) -> None:
        try:
            self.metadata = self._with_fibre(settings.fibre_within)
            if self.metadata.waits_for_fibre:
                after = f" after {settings.fibre_within:g} s" if settings.fibre_within else ""
                raise NotReadyError(
                    f"the {self.name} is not ready: it says {self.metadata.sw_version or 'PRR 0'!r}{after}; "
                    "attach a fibre, then run again"
                )
            self.channels = self.api.channels(here=True)
        except RemoteError as error:
            alive = (
                "; it is alive (/ack says so): it may still be starting" if self._is_alive_all_the_same(error) else ""
            )
            raise NotReadyError(f"the {self.name} cannot be tested: {error}{alive}") from error

    def _checked(self, path: Path) -> Recording:
        """The recording, which has to be one of this fibre, and one that the server has."""
        try:
            recording = self._cleanup.enter_context(Recording(path))
        except RecordingError as error:
            raise NotReadyError(str(error)) from error
        there_are = self.channels.highest_channel - self.channels.lowest_channel + 1
        wrong = ""
        if not math.isclose(recording.prr, self.metadata.prr, rel_tol=_SAME_RATE):
            wrong = f"its PRR is {recording.prr:g} Hz, and the server says {self.metadata.prr:g} Hz"
        elif recording.channels != there_are:
            wrong = f"it has {recording.channels} channels, and the server {there_are}"
        if wrong:
            raise NotReadyError(f"the recording {path} is of another fibre: {wrong}")
        try:
            told = stretches(self.api, *recording.extent)
        except RemoteError as error:
            raise NotReadyError(f"whether the {self.name} plays {path} cannot be said: {error}") from error
        if not told:
            begin, end = (datetime.fromtimestamp(moment, UTC) for moment in recording.extent)
            when = f"{begin:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"
            raise NotReadyError(f"the {self.name} does not play {path}: it has recorded nothing from {when}")
        return recording

    def _with_fibre(self, seconds: float) -> LiveMetadata:
        """The fibre, for which it is waited for so long; the last answer where it does not come."""
        deadline = time.monotonic() + seconds
        while (metadata := self.api.live_metadata(here=True)).waits_for_fibre and time.monotonic() < deadline:
            if not self.waited_for_fibre:
                say(f"waiting for the fibre of the {self.name}, for up to {seconds:g} s")
            self.waited_for_fibre = True
            time.sleep(_ASK_AGAIN)
        return metadata

    def _is_alive_all_the_same(self, error: RemoteError) -> bool:
        """Whether a server that refuses to tell of its fibre says that it is alive."""
        with suppress(RemoteError):
            return isinstance(error.status, int) and error.status >= HTTPStatus.BAD_REQUEST and self.api.is_alive()
        return False


def jobs_left(api: FocusServerAPI, job_ids: Collection[str]) -> list[str]:
    """A sentence where the server says that jobs of this run still wait or run, or cannot say."""
    try:
        left = [job_id for job_id in job_ids if job_status(api, job_id) in _ALIVE]
    except RemoteError as error:
        return [f"whether jobs are left on the server cannot be said: {error}"]
    return [f"{plural(len(left), 'job')} on the server: {some(left)}"] if left else []


def job_status(api: FocusServerAPI, job_id: str) -> str | None:
    """What the server says of a job, as it can be told; None where it does not know it.

    Raises:
        APIError: it cannot say.
    """
    try:
        return str(api.metadata(job_id).status)
    except APIError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise

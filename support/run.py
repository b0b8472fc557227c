"""One run of the suite: its settings, its server, and what a person is told about both before the first scenario."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from copy import copy
from importlib import metadata

from support.contract import schema_hash
from support.defects.known import KnownDefects, known_defects
from support.gherkin import dialect_tag, dialects_of
from support.machine.leftovers import Process
from support.screen.greeting import greet
from support.screen.job import live_job_request
from support.screen.overlooked import Overlooked
from support.screen.sights import check_sources
from support.server.secured import SecuredServers
from support.server.under_test import ServerUnderTest, jobs_left
from support.settings import Settings
from support.settings_sources import load
from support.stream.dialects import schema_of
from support.world import World


class Run:
    """Settings and server of a run, both checked.

    Args:
        userdata: behave's ``-D`` definitions.
        environ: environment variables.

    Attributes:
        spoken: the dialect of the server.
        overlooked: what was found and no step has asked about.
        second: the same with an embedded server of another dialect, for the second pass; None without one, as where
            somebody else's server is tested.

    Raises:
        SettingsError: a setting is wrong, or asks for what the fibre of this server does not have.
        NotReadyError: the server cannot be tested.
    """

    def __init__(self, userdata: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._process = Process()
        self.overlooked = Overlooked()
        self._known: KnownDefects | None = None
        with ExitStack() as ending:
            self._begin(load(userdata, environ), ending)
            self.second: Run | None = None
            other = self.settings.second_dialect
            if other not in (None, self.settings.dialect) and self.server.embedded is not None:
                self.second = copy(self)
                self.second._begin(self.settings.speaking(str(other)), ending)
            self._ending = ending.pop_all()

    def _begin(self, settings: Settings, ending: ExitStack) -> None:
        """Meets the server of these settings."""
        self.server = server = ServerUnderTest(settings)
        ending.callback(self.server.close)
        live_job_request(settings, *self.server.fibre)
        check_sources(self.server.sources, *self.server.fibre)
        if self._known is None:  # the second pass has those of the first
            version = self.server.metadata.sw_version
            self._known = known_defects(settings.known_defects, self.server.url, version)
            self.overlooked.is_known = self._known.is_known
        settings = settings.knowing(self._known).judged_by(lambda: server.oracle)
        self.spoken = greet(settings, self.server, self.overlooked)
        self.settings = settings.speaking(self.spoken.dialect.name)
        self._secured_servers = SecuredServers(self.spoken.dialect.name)
        ending.callback(self._secured_servers.close)

    def of(self, tags: Collection[str]) -> Run:
        """The run that a scenario with such tags belongs to: this one, or its second pass."""
        if self.second is not None and dialect_tag(self.second.spoken.dialect.name) in tags:
            return self.second
        return self

    def world(self, tags: Collection[str] = ()) -> World:
        """A world for the next scenario, which has such tags."""
        any_job = "any_job" in tags and self.server.embedded is None
        # about the suite itself: its faults and its networks are made for jobs of a size
        settings = self.settings.of_usual_jobs if "simulator" in tags else self.settings
        beside = [self.second.server] if self.second is not None else []
        return World(settings, self.server, self._secured_servers, self.overlooked, beside, any_job=any_job)

    def why_not(self, tags: Collection[str], chosen: Callable[[Collection[str]], bool]) -> str:
        """Why a scenario does not run here and now, in words; empty where it does.

        Args:
            tags: of the scenario.
            chosen: whether the tag expression of the run chooses a scenario with such tags.
        """
        if "simulator" in tags and self.server.embedded is None:
            return f"needs the controls of the embedded Focus Server; this run is against the {self.server.name}"
        spoken, others = self.spoken.dialect.name, dialects_of(tags)
        if others and spoken not in others:
            return f"about servers of the dialect {' or '.join(sorted(others))}; this one speaks {spoken}"
        for unsaid in self.spoken.dialect.cannot:
            if f"uses.{unsaid.name.lower()}" in tags:
                return f"asks what the server's dialect, {spoken}, cannot say: {unsaid}"
        if "historic" in tags and (lack := self._lacks_the_past(with_file="truth" in tags)):
            return lack
        if "load" in tags and chosen([tag for tag in tags if tag != "load"]):
            return "takes minutes and the whole machine; --tags=@load asks for it"
        if "slow" in tags and chosen([tag for tag in tags if tag != "slow"]):
            return "takes minutes, or many jobs of a server; --tags=@slow asks for it"
        return ""

    def _lacks_the_past(self, *, with_file: bool) -> str:
        """Why the past of this server cannot be shown, or not be judged by the file of it; empty where it can."""
        if with_file and self.server.recording is None:
            return "needs the recording that the server plays, as a file: -D recording=FILE"
        return self.server.recorded.lack

    @property
    def compared(self) -> list[str]:
        """What was compared with a recording, a sentence for each server."""
        return [run.server.compared for run in (self, self.second) if run and run.server.compared]

    @property
    def dialects(self) -> list[str]:
        """What the server of each pass speaks."""
        return [run.spoken.dialect.name for run in (self, self.second) if run]

    def describe(self) -> dict[str, str]:
        """What was tested, with what: for the start of the run and for its report."""
        fibre, channels = self.server.fibre
        security, schema = self.settings.security, schema_of(self.spoken.dialect)
        trusted = {f"certificate trusted on first use, {at}": one.fingerprint for at, one in security.seen.items()}
        return {
            "server": self.server.name,
            **self.server.ways,
            **trusted,
            "server version": fibre.sw_version,
            "fibre": f"PRR {fibre.prr:g} Hz, channels {channels.lowest_channel} to {channels.highest_channel}",
            "dialect": str(self.spoken),
            "schema": f"{schema}, sha256 {schema_hash(schema)}",
            **({"schema of the server": str(self.spoken.schema)} if self.spoken.schema else {}),
            **({"second pass": f"{self.second.server.name}, {self.second.spoken}"} if self.second else {}),
            **({"known defects": str(self.settings.known)} if str(self.settings.known) else {}),
            **({"limits of features replaced": replaced} if (replaced := self.settings.replaced) else {}),
            "suite version": metadata.version("focus-stream-acceptance"),
        }

    def environment(self) -> dict[str, str]:
        """The description and every setting, for the report."""
        description = self.describe()
        return description | self.settings.described() | {"dialect": description["dialect"]}

    def banner(self) -> str:
        """The description and every setting, as lines for people."""
        lines = [f"{name}: {value}" for name, value in self.describe().items()]
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.described().items())
        return "\n".join([*lines, *textwrap.wrap(f"settings: {settings}", 120, subsequent_indent="  ")])

    def close(self, *, alone: bool = True) -> list[str]:
        """Ends what was started.

        Args:
            alone: whether all threads and connections of this process are the run's.

        Returns:
            What is left behind all the same, a sentence each.
        """
        with self._ending:  # to its end, whatever goes wrong in one of them
            left = [one for run in (self, self.second) if run for one in jobs_left(run.server.api, run.server.job_ids)]
        return left + (self._process.left() if alone else [])

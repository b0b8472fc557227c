"""The server under test, as far as a run needs it: each thing that has to be there before a promise can be judged.

Asked for with the parts that a run uses, in its order, and of one job, which is then cancelled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from support.address import join
from support.defects.known import known_defects
from support.doctor.sign import OK, PROBLEM, WARNING, Sign
from support.errors import FocusError
from support.rest.adapter import PORTS
from support.screen.job import live_job_request
from support.screen.window import Window, connected, open_window, window_of
from support.security import Trust
from support.security.handshake import fetch_certificate
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.stream.dialects import AUTO, DIALECTS, named, spoken_on
from support.validation.age import LiveDataFresh
from support.wording import plural

_FRAMES = 20
"""Of the job, whose times are compared with this machine's clock."""

_CLOCKS_DIFFER = 2.0
"""Seconds: a date of whole seconds says no less, and servers renew it now and then."""

_SOON = timedelta(days=14)


def signs(settings: Settings) -> Iterator[Sign]:
    """All that can be said of the server; ends with the first problem behind which nothing can be seen."""
    about = "server"
    try:
        with tempfile.TemporaryDirectory() as logs, closing(ServerUnderTest(settings, Path(logs))) as server:
            channels = server.channels
            yield Sign(
                OK,
                about,
                f"{server.name}, version {server.metadata.sw_version or 'unknown'}, channels "
                f"{channels.lowest_channel} to {channels.highest_channel}, PRR {server.metadata.prr:g} Hz",
            )
            about = "way"
            ways = ", ".join(f"{what} {way}" for what, way in server.ways.items())
            yield Sign(OK, about, ways or "no proxy is on it")
            about = "TLS"
            yield security(settings, server.url)
            about = "clock"
            yield clock(server.api.clock_ahead)
            about = "known defects"
            known_defects(settings.known_defects, server.url, server.metadata.sw_version)
            about = "windows"
            request, patience = live_job_request(settings, *server.fibre), settings.idle_removal
            opened = open_window(settings, server.api, request, server.metadata.prr, patience=patience)
            with opened as window:
                yield from _of_job(settings, window)
            over = (
                "is cancelled" if window.job.cancelled else f"cannot be cancelled, and ends within about {patience:g} s"
            )
            yield Sign(OK, about, f"one was free, for job {window.job.answer.job_id}, which {over}")
    except FocusError as error:
        yield Sign(PROBLEM, about, str(error))


def security(settings: Settings, url: str) -> Sign:
    """How the server is trusted, and for how long its certificate can be."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return Sign(OK, "TLS", "plain text, as the address says")
    trust = settings.security.trust
    how = f"trusted by {'system' if trust is Trust.OFF else trust}"
    target = join(parts.hostname or "", parts.port or PORTS["https"])
    try:
        certificate = fetch_certificate(settings.security, target, settings.rest_timeout)
    except OSError:  # it is behind a proxy
        return Sign(OK, "TLS", how)
    words = f"{how}, valid until {certificate.expiry}"
    if certificate.end < datetime.now(UTC) + _SOON:
        return Sign(WARNING, "TLS", f"{words}: have it renewed")
    return Sign(OK, "TLS", words)


def clock(ahead: float | None) -> Sign:
    """The clock of the server against ours, by the date of its answers."""
    if ahead is None:
        return Sign(OK, "clock", "its answers have no date; live data tell, below")
    if abs(ahead) < _CLOCKS_DIFFER:
        return Sign(OK, "clock", "the date of its answers is ours")
    how = f"the date of its answers is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    return Sign(WARNING, "clock", f"{how}: set both clocks, as by NTP")


def _live(view: Window) -> Sign:
    """Whether live data come, and by their times the clock of the server."""
    ages = [float(age) for block in view.stream(_FRAMES) for age in block.ages]
    assert view.verdict is not None, "it has been streamed"
    wrong = [finding for finding in view.verdict.findings() if finding.rule == LiveDataFresh.name]
    if wrong:
        return Sign(PROBLEM, "live data", str(wrong[0]))
    if not ages:
        return Sign(PROBLEM, "live data", "none came, and the stream has ended")
    return Sign(OK, "live data", f"{plural(len(ages), 'frame')} came, the youngest {min(ages):.2f} s old")


def _of_job(settings: Settings, window: Window) -> Iterator[Sign]:
    """What a job shows: its port, the dialect, the schema, and by live data the clock."""
    answer, about = window.job.answer, "job's port"
    try:
        with closing(connected(settings, answer.stream_url, answer.stream_port)) as connection:
            yield Sign(OK, about, f"{connection.target} answers gRPC")
            about = "dialect"
            dialects = DIALECTS if settings.dialect == AUTO else [named(settings.dialect)]
            spoken = spoken_on(connection, answer.job_id, dialects)
        yield Sign(OK, about, str(spoken))
        yield Sign(OK, "schema", str(spoken.schema))
        about = "live data"
        job = replace(window.job, cannot=spoken.dialect.cannot)
        with window_of(job, settings.speaking(spoken.dialect.name)) as view:
            view.connect()
            yield _live(view)
    except FocusError as error:
        yield Sign(PROBLEM, about, str(error))

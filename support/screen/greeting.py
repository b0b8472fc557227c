"""The first window of a run: it finds out which dialect the server speaks, so that all others can, and is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from support.errors import NotReadyError, ProtocolError, RemoteError
from support.reflection.preflight import Preflight
from support.screen.job import Job, live_job_request
from support.screen.overlooked import Overlooked
from support.screen.streamed import Streamed
from support.screen.window import connected, disconnect_soon, open_window, window_of
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.stream.dialect import Dialect
from support.stream.dialects import AUTO, DIALECTS, Spoken, named, spoken_on
from support.validation.finding import Finding, Topic

_FIRST_JOB = "the first job of the run"

_LOOKED_AT = 0.5
"""Seconds of its stream that are judged."""


def greet(settings: Settings, server: ServerUnderTest, overlooked: Overlooked) -> Spoken:
    """The dialect that the server speaks, and with which schema: found out with a job, which is then over.

    Where the settings say the dialect, they are right. Where the job cannot be had, or its port not be reached, the
    first dialect is taken. That, or what the job and its stream break, is kept for the end of the run: it may have been
    the only time. The embedded server is not asked.

    Raises:
        NotReadyError: the server speaks none that is known here.
        SchemaError: it serves a schema that breaks the dialect.
    """
    if server.embedded is not None:
        return Spoken(named(server.embedded.told["dialect"]), "as the embedded server was started")
    is_said = settings.dialect != AUTO
    try:
        spoken = _found_out(settings, server, overlooked, (named(settings.dialect),) if is_said else DIALECTS)
    except RemoteError as error:
        overlooked.add_of_server([_failed(error)], _FIRST_JOB, "with which the dialect was to be found out")
        taken = f"taken as given, for it cannot be found out: {error}"
        spoken = Spoken(named(settings.dialect), taken, Preflight(str(error)))
    return replace(spoken, known_from=settings.origin("dialect")) if is_said else spoken


def _found_out(
    settings: Settings, server: ServerUnderTest, overlooked: Overlooked, dialects: Sequence[Dialect]
) -> Spoken:
    request = live_job_request(settings, *server.fibre)
    patience = settings.idle_removal  # windows may be in use that an earlier run has left
    opened = open_window(
        settings, server.api, request, server.metadata.prr, vacancies=server.vacancies, patience=patience
    )
    with opened as window:
        answer = window.job.answer
        server.job_ids.append(answer.job_id)
        connection = connected(settings, answer.stream_url, answer.stream_port)
        try:
            spoken = spoken_on(connection, answer.job_id, dialects)
        except ProtocolError as error:
            raise NotReadyError(f"the {server.name} cannot be tested: {error}") from error
        finally:
            disconnect_soon(connection.close)
        job = replace(window.job, cannot=spoken.dialect.cannot)
        _judge(job, settings.speaking(spoken.dialect.name), server, overlooked)
        return spoken


def _judge(job: Job, settings: Settings, server: ServerUnderTest, overlooked: Overlooked) -> None:
    """Judges the first job and a moment of its stream; that it cannot be reached or streamed is one more finding."""
    with window_of(job, settings) as window:
        try:
            window.connect()
            window.receive(None, _LOOKED_AT)
        except RemoteError as error:
            if window.verdict is None:
                overlooked.add_of_server([_failed(error)], _FIRST_JOB, str(job))
        streams = [Streamed.of(window)] if window.verdict else []
    overlooked.add(_FIRST_JOB, server.url, [job], streams)


def _failed(error: RemoteError) -> Finding:
    return Finding("first job", Topic.CONFIGURATION, str(error))

"""The first window of a run: it finds out which dialect the server speaks, so that all others can."""

from __future__ import annotations

from support.errors import NotReadyError, ProtocolError, RemoteError
from support.screen.job import live_job_request
from support.screen.window import open_window
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.stream.dialects import AUTO, DIALECTS, Spoken, named


def greet(settings: Settings, server: ServerUnderTest) -> Spoken:
    """The dialect that the server speaks: as the settings say, or else found out with a job, which is then over.

    Where the job cannot be had, or its port not be reached, the first dialect is taken: what is wrong there is for the
    scenarios to say.

    Raises:
        NotReadyError: the server speaks none that is known here.
    """
    if server.embedded is not None:
        return Spoken(named(server.embedded.told["dialect"]), "as the embedded server was started")
    if settings.dialect != AUTO:
        return Spoken(named(settings.dialect), settings.origin("dialect"))
    try:
        return _found_out(settings, server)
    except RemoteError as error:
        return Spoken(DIALECTS[0], f"taken as given, for it cannot be found out: {error}")


def _found_out(settings: Settings, server: ServerUnderTest) -> Spoken:
    request = live_job_request(settings, *server.fibre)
    patience = settings.idle_removal  # windows may be in use that an earlier run has left
    opened = open_window(
        settings, server.api, request, server.metadata.prr, vacancies=server.vacancies, patience=patience
    )
    with opened as window:
        server.job_ids.append(window.job.answer.job_id)
        window.connect()
        try:
            return window.client.find_dialect(window.job.answer.job_id)
        except ProtocolError as error:
            raise NotReadyError(f"the {server.name} cannot be tested: {error}") from error

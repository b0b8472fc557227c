"""Secured servers and the clients that meet them, as scenarios name them: each is an embedded server of its own.

Nothing that a scenario does changes a secured server but its jobs, which end with it; so each kind starts once a run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from support.contract import JobAnswer
from support.errors import NotReadyError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security
from support.security.handshake import SpeaksTlsError
from support.server.embedded import EmbeddedServer
from support.server.under_test import ServerUnderTest
from support.settings import Settings

_WANTS_TOKEN = ("--require-token", "-")

SERVERS = {
    "with a self-signed certificate": ("--tls", "self-signed"),
    "with a certificate that has expired": ("--tls", "expired"),
    "with a certificate of another host": ("--tls", "wrong-host"),
    "that asks its clients for a certificate": ("--tls", "mtls"),
    "that asks its clients for a token": ("--tls", "ca", *_WANTS_TOKEN),
}

_Told = Mapping[str, str]


def _authority(told: _Told) -> dict[str, str]:
    return {"tls": "ca", "tls_ca_file": told["ca_file"]}


TRUSTS: dict[str, Callable[[_Told], dict[str, str]]] = {
    "trusts its certificate on first use": lambda _: {"tls": "first-use"},
    "trusts its pinned certificate alone": lambda told: {"tls": "pin", "tls_fingerprint": told["fingerprint"]},
    "trusts another pinned certificate": lambda _: {"tls": "pin", "tls_fingerprint": secrets.token_hex(32)},
    "trusts its authority": _authority,
    "trusts its authority and shows a certificate": lambda told: (
        _authority(told) | {"tls_client_certificate": told["client_certificate"], "tls_client_key": told["client_key"]}
    ),
    "trusts its authority and shows the token": lambda told: _authority(told) | {"token": told["token"]},
}


class SecuredServers:
    """The secured servers of a run: each starts when a scenario first names it; closed, they and their secrets go.

    Args:
        dialect: the name of the one that they speak.
    """

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._told: dict[str, _Told] = {}
        self._cleanup = ExitStack()

    def told(self, name: str) -> Mapping[str, str]:
        """What a client needs to know of the server of ``SERVERS`` with this name.

        Raises:
            NotReadyError: it did not start.
        """
        if name not in self._told:
            self._told[name] = self._start(*SERVERS[name])
        return self._told[name]

    def close(self) -> None:
        """Ends those that run."""
        self._cleanup.close()

    def _start(self, *options: str) -> _Told:
        token = secrets.token_urlsafe() if options[-2:] == _WANTS_TOKEN else ""
        log_file = Path("reports", f"simulator-{options[1]}.log")
        process = EmbeddedServer((*options, "--dialect", self._dialect), log_file=log_file, secret=token)
        self._cleanup.callback(process.stop)
        return process.told | ({"token": token} if token else {})


class SecuredServer:
    """A secured server as one scenario meets it, and the client that meets it.

    Args:
        told: what a client needs to know of it.
        settings: those of the run: all but the address and the security hold here, too.
        cleanup: at whose end connections to it are closed.

    Attributes:
        told: as given.
        settings: those of the client, from ``trust`` on.
        distrust: why it could not be reached, in words; empty where it could.
    """

    def __init__(self, told: Mapping[str, str], settings: Settings, cleanup: ExitStack) -> None:
        self.told = told
        self.settings = settings
        self.distrust = ""
        self._cleanup = cleanup

    def trust(self, trust: str) -> None:
        """Is met from now on by a client of ``TRUSTS``."""
        self.settings = self.settings.against(self.told["rest_url"], TRUSTS[trust](self.told))

    def reach(self) -> ServerUnderTest:
        """Makes it a server under test.

        Raises:
            NotReadyError: this client and this server do not trust one another.
        """
        server = ServerUnderTest(self.settings)
        self._cleanup.callback(server.close)
        return server

    def try_to_reach(self) -> None:
        """Like ``reach``, and keeps the reason where that is not possible."""
        try:
            self.reach()
        except NotReadyError as refusal:
            self.distrust = str(refusal)

    def refuses_plain_text(self, job: JobAnswer) -> bool:
        """Whether neither its REST side nor the port of this job answers a client that does not encrypt."""
        address = self.told["rest_url"].replace("https://", "http://")
        with FocusServerAPI(address, timeout=self.settings.connection_timeout, retries=0) as api:
            if not _is_refused(api.channels):
                return False
        client = GrpcStreamClient(connection_timeout=self.settings.connection_timeout, security=Security())
        try:
            return _is_refused(lambda: client.connect(job.stream_url, job.stream_port))
        finally:
            client.disconnect()


def _is_refused(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except SpeaksTlsError:
        return True
    return False

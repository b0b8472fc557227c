"""Every kind of server against every kind of trust, over gRPC and REST: real handshakes, and the sentence of each.

``docs/TLS.md`` shows the same table; it is compared with what is said here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.errors import SecurityError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security, Trust
from tests.patience import PATIENCE
from tests.security.conftest import ServerWith
from tests.security.servers import Told, configure
from tests.test_docs import TLS, section, table

ACCEPTED = "accepted"


def off(_told: Told) -> Security:
    return Security()


def system(_told: Told) -> Security:
    return Security(Trust.SYSTEM)


def ca(told: Told) -> Security:
    return Security(Trust.CA, ca_file=Path(told["ca_file"]))


def pin(told: Told) -> Security:
    return Security(Trust.PIN, fingerprints=frozenset({told["fingerprint"]}))


def wrong_pin(_told: Told) -> Security:
    return Security(Trust.PIN, fingerprints=frozenset({"AB" * 32}))


def first_use(_told: Told) -> Security:
    return Security(Trust.FIRST_USE)


def server_name(told: Told) -> Security:
    return Security(Trust.CA, ca_file=Path(told["ca_file"]), server_name="elsewhere.example")


def with_certificate_of(issuer: Told) -> Callable[[Told], Security]:
    def client(told: Told) -> Security:
        files = Path(issuer["client_certificate"]), Path(issuer["client_key"])
        return Security(Trust.CA, Path(told["ca_file"]), client_certificate=files[0], client_key=files[1])

    return client


@dataclass(frozen=True)
class Case:
    """A server, how it is trusted, and what comes of it; ``…`` stands for what differs."""

    server: str
    trust: str
    client: Callable[[Told], Security]
    sentence: str = ACCEPTED
    other_server: str = ""
    """Whose certificates the client has, where not this server's."""

    @property
    def row(self) -> list[str]:
        """As the document shows it."""
        return [f"`{self.server}`", self.trust, self.sentence]


SPEAKS_TLS = (
    "… speaks TLS, and this client plain text: set tls, to system or ca where an authority vouches for its "
    "certificate, else to pin with tls_fingerprint …"
)
NO_TLS = (
    "… does not speak TLS: set tls to off (and http:// in the address of a REST side) where plain text is meant, or "
    "have TLS switched on there"
)
SELF_SIGNED = (
    "the certificate of … is signed by itself alone and not among the roots of this machine: set tls to ca and "
    "tls_ca_file to the certificate of its authority, or tls to pin and tls_fingerprint to …"
)
UNKNOWN_TO_SYSTEM = (
    "the certificate of … is issued by an authority and not among the roots of this machine: set tls to ca and "
    "tls_ca_file to the certificate of its authority, or tls to pin and tls_fingerprint to …"
)
UNKNOWN_TO_FILE = (
    "the certificate of … is issued by an authority and not among tls_ca_file …: set tls to ca and tls_ca_file to the "
    "certificate of its authority, or tls to pin and tls_fingerprint to …"
)
WRONG_PIN = (
    "the certificate of … has the fingerprint …, not …: if it was renewed, set tls_fingerprint to the new one; else "
    "somebody may stand in between"
)
EXPIRED = "the certificate of … expired on …: have it renewed, or set the clock of this machine"
WRONG_HOST = (
    "the certificate of … is for elsewhere.example, not for 127.0.0.1: use that name in the address, or, where you "
    "know it to be the right server, set tls_server_name to it"
)
WANTS_CERTIFICATE = (
    "… wants to see a certificate of this client: set tls_client_certificate and tls_client_key to one that its "
    "authority has issued"
)
OTHER_CERTIFICATE = (
    "… does not accept tls_client_certificate …: use one that its authority has issued and that has not expired"
)

CASES = [
    Case("off", "`off`", off),
    Case("off", "`system`", system, NO_TLS),
    Case("off", "`pin`", wrong_pin, NO_TLS),
    Case("off", "`first-use`", first_use, NO_TLS),
    Case("self-signed", "`off`", off, SPEAKS_TLS),
    Case("self-signed", "`system`", system, SELF_SIGNED),
    Case("self-signed", "`ca`, the certificate itself", ca),
    Case("self-signed", "`pin`", pin),
    Case("self-signed", "`pin`, another fingerprint", wrong_pin, WRONG_PIN),
    Case("self-signed", "`first-use`", first_use),
    Case("ca", "`off`", off, SPEAKS_TLS),
    Case("ca", "`system`", system, UNKNOWN_TO_SYSTEM),
    Case("ca", "`ca`", ca),
    Case("ca", "`ca`, another authority", ca, UNKNOWN_TO_FILE, other_server="mtls"),
    Case("ca", "`pin`", pin),
    Case("ca", "`pin`, another fingerprint", wrong_pin, WRONG_PIN),
    Case("ca", "`first-use`", first_use),
    Case("mtls", "`ca`, no client certificate", ca, WANTS_CERTIFICATE),
    Case("mtls", "`first-use`, no client certificate", first_use, WANTS_CERTIFICATE),
    Case("mtls", "`ca`, client certificate", ca),
    Case("mtls", "`ca`, client certificate of another authority", ca, OTHER_CERTIFICATE),
    Case("expired", "`ca`", ca, EXPIRED),
    Case("expired", "`pin`", pin, EXPIRED),
    Case("expired", "`first-use`", first_use, EXPIRED),
    Case("wrong-host", "`ca`", ca, WRONG_HOST),
    Case("wrong-host", "`ca`, `tls_server_name`", server_name),
    Case("wrong-host", "`pin`", pin),
    Case("wrong-host", "`first-use`", first_use),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.server}: {case.trust}")


@pytest.fixture
def told(case: Case, server_with: ServerWith) -> Told:
    return server_with("--tls", case.server)


@pytest.fixture
def security(case: Case, told: Told, server_with: ServerWith) -> Security:
    if case.trust.endswith(", client certificate"):
        return with_certificate_of(told)(told)
    if "client certificate of another" in case.trust:
        return with_certificate_of(server_with("--tls", "mtls", "--seed", "2"))(told)
    return case.client(server_with("--tls", case.other_server) if case.other_server else told)


@every_case
def test_grpc(case: Case, told: Told, security: Security) -> None:
    job = configure(told)
    client = GrpcStreamClient(connection_timeout=PATIENCE, security=security)

    if case.sentence == ACCEPTED:
        with client.connect_context(job["stream_url"], job["stream_port"]):
            assert len(list(client.stream_spectrograms(job["job_id"], max_frames=1))) == 1
    else:
        with pytest.raises(SecurityError) as caught:
            client.connect(job["stream_url"], job["stream_port"])
        assert reads_as(caught.value, case.sentence)
        assert not client.is_connected()


@every_case
def test_rest(case: Case, told: Told, security: Security) -> None:
    scheme = "https" if security.encrypts else "http"
    url = f"{scheme}://{told['rest_url'].partition('://')[2]}"
    with FocusServerAPI(url, timeout=PATIENCE, security=security) as api:
        if case.sentence == ACCEPTED:
            assert api.channels().highest_channel > 0
        else:
            with pytest.raises(SecurityError) as caught:
                api.channels()
            assert reads_as(caught.value, case.sentence)


def reads_as(error: SecurityError, sentence: str) -> bool:
    """Whether an error says this, with something that is right for each ``…``."""
    parts = [re.escape(part) for part in sentence.split("…")]
    said = re.fullmatch(r"([\w.:/ \-]+?)".join(parts), str(error))
    assert said, f"{error}\n{sentence}"
    return True


def test_the_document_shows_this_table() -> None:
    assert table(section(TLS, "What is refused, and how")) == [case.row for case in CASES]

"""The certificates of the embedded Focus Server: made at the start, kept in a folder of their own, gone with it."""

import hashlib
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Tls = Literal["off", "self-signed", "ca", "mtls", "expired", "wrong-host"]

OTHER_HOST = "elsewhere.example"

_HOSTS = ("127.0.0.1", "localhost")
_LONG_AGO = timedelta(days=30)
_YESTERDAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The server's side, as files.

    Attributes:
        certificate: its chain, PEM.
        key: its key, PEM.
        client_ca: who vouches for clients; None where they show no certificate.
        for_client: what a client is told of it, in the ready line.
    """

    certificate: Path
    key: Path
    client_ca: Path | None
    for_client: dict[str, str]

    def remove(self) -> None:
        """Removes the files at once, for an end that leaves no time for anything else."""
        shutil.rmtree(self.key.parent, ignore_errors=True)


@contextmanager
def made(tls: Tls) -> Iterator[Certificates | None]:
    """The certificates for ``tls``, in a temporary folder that only this user can read; None where it is off."""
    if tls == "off":
        yield None
        return
    with TemporaryDirectory(prefix="focus-simulator-", ignore_cleanup_errors=True) as folder:
        yield _make(tls, Path(folder))


def _make(tls: Tls, folder: Path) -> Certificates:
    authority = trustme.CA(organization_name="Embedded Focus Server")
    if tls == "self-signed":
        certificate, key = _self_signed()
        trusted = certificate
    else:
        server = _issued(authority, tls)
        certificate, key = b"".join(blob.bytes() for blob in server.cert_chain_pems), server.private_key_pem.bytes()
        trusted = authority.cert_pem.bytes()
    ca_file = _write(folder / "ca.pem", trusted)
    for_client = {"ca_file": str(ca_file), "fingerprint": _fingerprint(certificate)}
    if tls == "mtls":
        client = authority.issue_cert("client@focus.example")
        chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
        for_client["client_certificate"] = str(_write(folder / "client.pem", chain))
        for_client["client_key"] = str(_write(folder / "client-key.pem", client.private_key_pem.bytes()))
    return Certificates(
        certificate=_write(folder / "server.pem", certificate),
        key=_write(folder / "server-key.pem", key),
        client_ca=ca_file if tls == "mtls" else None,
        for_client=for_client,
    )


def _issued(authority: trustme.CA, tls: Tls) -> trustme.LeafCert:
    now = datetime.now(UTC)
    if tls == "expired":
        return authority.issue_cert(*_HOSTS, not_before=now - _LONG_AGO, not_after=now - _YESTERDAY)
    return authority.issue_cert(*([OTHER_HOST] if tls == "wrong-host" else _HOSTS))


def _self_signed() -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, as devices in the field have them, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "embedded Focus Server")])
    hosts: list[x509.GeneralName] = [x509.IPAddress(ip_address(_HOSTS[0])), x509.DNSName(_HOSTS[1])]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _YESTERDAY)
        .not_valid_after(now + _LONG_AGO)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def _fingerprint(chain: bytes) -> str:
    """SHA-256 of the first certificate, as usual: pairs of hexadecimal digits with colons between."""
    leaf = chain.decode().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf[0] + leaf[1])).digest().hex(":").upper()


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path

"""The security of a connection: what is trusted at the other end, and what is shown to it.

A fingerprint is trusted the same way by gRPC and by REST: the certificate is fetched once, without trust, and compared;
then it alone is the root of trust of the real connection. So the dates are always checked, and nothing that was not
compared is ever talked to. gRPC knows no other way: it cannot skip verification.
"""

from __future__ import annotations

import logging
import re
import ssl
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import certifi
import grpc
from pydantic import SecretStr

from support.address import is_loopback, split
from support.errors import SecurityError
from support.security.certificate import ServerCertificate

log = logging.getLogger(__name__)

_SHA256_DIGITS = 64

TOKEN_HINT = "; set the token that this server wants as FOCUS_TOKEN"
"""What to do about a refusal for want of one."""


class Trust(StrEnum):
    """Whom a client trusts, as the setting ``tls`` says it."""

    OFF = "off"
    SYSTEM = "system"
    CA = "ca"
    PIN = "pin"
    FIRST_USE = "first-use"


def normalized_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as this library writes it; colons, spaces and case do not matter.

    Raises:
        ValueError: it is none.
    """
    digits = re.sub(r"[\s:]", "", text).upper()
    if not re.fullmatch(f"[0-9A-F]{{{_SHA256_DIGITS}}}", digits):
        raise ValueError(f"expected a SHA-256 fingerprint, {_SHA256_DIGITS} hexadecimal digits, colons or not")
    return ":".join(digits[at : at + 2] for at in range(0, _SHA256_DIGITS, 2))


@dataclass(frozen=True)
class Security:
    """How both clients secure what they say. Frozen, but for what it remembers of first uses.

    Args:
        trust: whom to trust; off is plain text.
        ca_file: certificates of the authorities to trust, PEM; for ``Trust.CA``.
        fingerprints: SHA-256 of the certificates to trust; for ``Trust.PIN``.
        server_name: the name that the certificate must be for, where that is not the host of the address.
        client_certificate: our own certificate, PEM, with ``client_key``; for servers that ask for one.
        client_key: its key, PEM, without a password.
        token: sent as ``Authorization: Bearer TOKEN`` with every request of either side.
        plain_text_secrets: send token and password over plain text to other machines, too.

    Attributes:
        seen: the certificates that were trusted on first use, by target; for the report.

    Raises:
        SecurityError: a file cannot be used; the sentence says which and why.
    """

    trust: Trust = Trust.OFF
    ca_file: Path | None = None
    fingerprints: frozenset[str] = frozenset()
    server_name: str | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    token: SecretStr | None = None
    plain_text_secrets: bool = False
    seen: dict[str, ServerCertificate] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprints", frozenset(map(normalized_fingerprint, self.fingerprints)))
        if self.trust is not Trust.OFF:
            self.context()

    @property
    def encrypts(self) -> bool:
        """Whether connections are encrypted."""
        return self.trust is not Trust.OFF

    @property
    def trusts_one_certificate(self) -> bool:
        """Whether trust is in a certificate itself, whatever names it bears and whoever issued it."""
        return self.trust in (Trust.PIN, Trust.FIRST_USE)

    def trusting(self, trust: Trust) -> Security:
        """The same with another trust, and the same memory."""
        return replace(self, trust=trust)

    def compare(self, certificate: ServerCertificate, target: str) -> None:
        """Compares a certificate with the fingerprints, or with what was trusted on first use.

        Raises:
            SecurityError: it is not the one that is trusted.
        """
        found = certificate.fingerprint
        if self.trust is Trust.PIN and found not in self.fingerprints:
            raise SecurityError(
                f"the certificate of {target} has the fingerprint {found}, not {' or '.join(sorted(self.fingerprints))}"
                ": if it was renewed, set tls_fingerprint to the new one; else somebody may stand in between",
                target=target,
            )
        known = self.seen.get(target)
        if known is not None and known.fingerprint != found:
            raise SecurityError(
                f"the certificate of {target} has changed since its first use in this run, from the fingerprint "
                f"{known.fingerprint} to {found}: if it was renewed, run again; else somebody may stand in between",
                target=target,
            )

    def remember(self, certificate: ServerCertificate, target: str) -> None:
        """A connection stands that trusts this certificate: on first use, says so, and trusts no other from now on."""
        if self.trust is not Trust.FIRST_USE or target in self.seen:
            return
        self.seen[target] = certificate
        log.warning(
            "the certificate of %s is trusted on first use; for no other, set tls to pin and tls_fingerprint to %s",
            target,
            certificate.fingerprint,
        )

    def authorization(self, target: str, *, encrypted: bool) -> str | None:
        """The header that shows the token; None where there is no token.

        Raises:
            SecurityError: the token would go over plain text to another machine.
        """
        if self.token is None:
            return None
        self.refuse_plain_secrets("the token", target, encrypted=encrypted)
        return f"Bearer {self.token.get_secret_value()}"

    def refuse_plain_secrets(self, what: str, target: str, *, encrypted: bool) -> None:
        """Raises SecurityError where ``what``, a secret, would be sent so that others can read it."""
        if encrypted or self.plain_text_secrets or is_loopback(split(target)[0]):
            return
        raise SecurityError(
            f"{what} would go to {target} in plain text: set tls, and https:// in the address, or, where that network "
            "is trusted, plain_text_secrets to true",
            target=target,
        )

    def context(self, certificate: ServerCertificate | None = None, *, verify: bool = True) -> ssl.SSLContext:
        """What Python's TLS needs to connect.

        Args:
            certificate: the one certificate that is trusted, where that is the kind of trust.
            verify: False to look at the certificate of a server without trusting it.

        Raises:
            SecurityError: a file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = verify and not self.trusts_one_certificate
        context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a certificate may be its own root
        if verify and (roots := self._roots(certificate)):
            try:
                context.load_verify_locations(cadata=roots.decode("ascii"))
            except (ssl.SSLError, UnicodeDecodeError) as error:
                raise SecurityError(f"tls_ca_file {self.ca_file} holds no certificate in PEM: {error}") from None
        if self.client_certificate is not None:
            try:
                context.load_cert_chain(self.client_certificate, self.client_key, password=str)
            except (OSError, ValueError) as error:
                raise SecurityError(
                    f"tls_client_certificate {self.client_certificate} with tls_client_key {self.client_key} cannot be "
                    f"used: {error}; both are PEM, belong together, and the key has no password"
                ) from None
        return context

    def grpc_credentials(self, certificate: ServerCertificate | None = None) -> grpc.ChannelCredentials:
        """What gRPC needs to connect, the token included; ``certificate`` as for ``context``."""
        pair = (self._file(self.client_key), self._file(self.client_certificate))
        credentials = grpc.ssl_channel_credentials(self._roots(certificate), *pair)
        if self.token is None:
            return credentials
        bearer = grpc.access_token_call_credentials(self.token.get_secret_value())
        return grpc.composite_channel_credentials(credentials, bearer)

    def grpc_name(self, host: str, certificate: ServerCertificate | None) -> str | None:
        """The name that gRPC looks for in the certificate where that is not ``host``."""
        if certificate is None:
            return self.server_name
        names = certificate.names
        return None if host in names or not names else names[0].replace("*", "any")

    def _roots(self, certificate: ServerCertificate | None) -> bytes:
        if certificate is not None:
            return certificate.pem
        if self.trust is Trust.SYSTEM:
            return _system_roots()
        return self._ca

    @cached_property
    def _ca(self) -> bytes:
        return self._file(self.ca_file) or b""

    def _file(self, path: Path | None) -> bytes | None:
        try:
            return None if path is None else path.read_bytes()
        except OSError as error:
            raise SecurityError(f"{path} cannot be read: {error.strerror}") from None


def _system_roots() -> bytes:
    """The authorities that this machine trusts, PEM: its own list (or SSL_CERT_FILE), else the one that came along."""
    context = ssl.create_default_context()
    roots = context.get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, roots)).encode() or certifi.contents().encode()

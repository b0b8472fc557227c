"""The certificate that a server shows: its fingerprint, its names, its dates."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509

from support.errors import SecurityError


@dataclass(frozen=True)
class ServerCertificate:
    """A server's own certificate, in DER."""

    der: bytes

    @property
    def pem(self) -> bytes:
        """The same in PEM."""
        return ssl.DER_cert_to_PEM_cert(self.der).encode()

    @property
    def fingerprint(self) -> str:
        """SHA-256, as it is usually written: pairs of hexadecimal digits with colons between."""
        return hashlib.sha256(self.der).digest().hex(":").upper()

    @property
    def end(self) -> datetime:
        """The end of its validity."""
        return self._parsed.not_valid_after_utc

    @property
    def expiry(self) -> str:
        """The same for people."""
        return f"{self.end:%Y-%m-%d %H:%M} UTC"

    @property
    def start(self) -> str:
        """The beginning of its validity, for people."""
        return f"{self._parsed.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"

    @property
    def is_self_signed(self) -> bool:
        """Whether nobody vouches for it but itself."""
        return self._parsed.issuer == self._parsed.subject

    @property
    def names(self) -> list[str]:
        """The hosts that it is for; its common name where it names none in the modern way."""
        try:
            extension = self._parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            common = self._parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            return [str(attribute.value) for attribute in common]
        hosts = extension.get_values_for_type(x509.DNSName)
        return [*hosts, *map(str, extension.get_values_for_type(x509.IPAddress))]

    @cached_property
    def _parsed(self) -> x509.Certificate:
        try:
            return x509.load_der_x509_certificate(self.der)
        except ValueError as error:
            raise SecurityError(f"the certificate {self.fingerprint} cannot be read: {error}") from error

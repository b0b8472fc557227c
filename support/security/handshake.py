"""A handshake by hand, to fetch a server's certificate and to find out in words why a connection is refused.

gRPC says of every refusal that the handshake failed, again and again until its time is up. Here the same handshake is
made once more where its reasons can be seen, so that gRPC and REST explain a refusal alike, and at once.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time

from support.address import join, split
from support.errors import SecurityError
from support.security.certificate import ServerCertificate
from support.security.security import Security, Trust

log = logging.getLogger(__name__)

_FIRST_WORD = 1.0
"""Seconds that a server may take after its handshake to say that it misses our certificate."""

_PAUSE = 0.1
"""Seconds between two tries at a port that is not open yet."""

_NOT_YET_VALID, _EXPIRED, _WRONG_NAME = 9, 10, (62, 64)  # OpenSSL's X509_V_ERR_...


def fetch_certificate(security: Security, target: str, timeout: float) -> ServerCertificate:
    """The certificate that a server shows, not yet trusted; waits until the port is open.

    Raises:
        OSError: the port did not open in time.
        SecurityError: it is not the one that ``security`` knows, or the server does not speak TLS.
    """
    host, port = split(target)
    deadline = time.monotonic() + timeout
    while True:
        try:
            certificate = _look(security, host, port, deadline)
        except SecurityError:
            raise
        except OSError as error:
            if time.monotonic() + _PAUSE >= deadline:
                raise
            log.debug("%s: %s", target, error)
            time.sleep(_PAUSE)
        else:
            security.compare(certificate, target)
            return certificate


def refuse_what_cannot_work(security: Security, target: str, timeout: float) -> None:
    """Raises SecurityError, with what to do, where this server and ``security`` do not go together.

    Returns where they do, and where the server cannot be asked: there may be other reasons, and time may mend them.
    """
    host, port = split(target)
    deadline = time.monotonic() + timeout
    try:
        if not security.encrypts:
            _refuse_plain_text(host, port, deadline)
            return
        certificate = _look(security, host, port, deadline)
        security.compare(certificate, target)
        _verify(security, certificate, host, port, deadline)
    except SecurityError:
        raise
    except OSError as error:
        log.debug("%s cannot be asked why: %s", target, error)


def _refuse_plain_text(host: str, port: int, deadline: float) -> None:
    try:
        certificate = _look(Security(Trust.FIRST_USE), host, port, deadline)
    except SecurityError:
        return  # it speaks something else
    raise SpeaksTlsError(
        f"{join(host, port)} speaks TLS, and this client plain text: set tls, to system or ca where an authority "
        f"vouches for its certificate, else to pin with tls_fingerprint {certificate.fingerprint}",
        target=join(host, port),
    )


class SpeaksTlsError(SecurityError):
    """A server that was talked to in plain text speaks TLS."""


def _look(security: Security, host: str, port: int, deadline: float) -> ServerCertificate:
    """The server's certificate, without trust in it."""
    context = security.context(verify=False)
    try:
        with _connected(context, security, host, port, deadline) as connection:
            return ServerCertificate(connection.getpeercert(binary_form=True) or b"")
    except ssl.SSLError as error:
        raise _explained(error, security, host, port) from error


def _verify(security: Security, certificate: ServerCertificate, host: str, port: int, deadline: float) -> None:
    """The handshake of the real connection, and the server's first word after it."""
    context = security.context(certificate if security.trusts_one_certificate else None)
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with _connected(context, security, host, port, deadline) as connection:
            connection.settimeout(min(_FIRST_WORD, max(deadline - time.monotonic(), 0.01)))
            if _hangs_up(connection):
                raise _unwelcome(security, join(host, port), "closed after the handshake")
    except ssl.SSLCertVerificationError as error:
        raise _mistrusted(error, certificate, security, host, port) from error
    except ssl.SSLError as error:
        raise _explained(error, security, host, port) from error


def _hangs_up(connection: ssl.SSLSocket) -> bool:
    """Whether the server ends the connection first thing, which is how many say that they miss a certificate of ours.

    In TLS 1.3 a client is through with the handshake before the server has looked at the client's certificate.
    """
    try:
        return not connection.recv(1)
    except (ConnectionResetError, ssl.SSLEOFError):
        return True


def _connected(context: ssl.SSLContext, security: Security, host: str, port: int, deadline: float) -> ssl.SSLSocket:
    remaining = max(deadline - time.monotonic(), 0.01)
    try:
        plain = socket.create_connection((host, port), timeout=remaining)
    except UnicodeError as error:  # no name that could be looked up
        raise OSError(f"{host!r} is no host: {error}") from error
    try:
        return context.wrap_socket(plain, server_hostname=security.server_name or host)
    except BaseException:
        plain.close()
        raise


def _mistrusted(
    error: ssl.SSLCertVerificationError, certificate: ServerCertificate, security: Security, host: str, port: int
) -> SecurityError:
    """Why the server's certificate is not trusted."""
    which = f"the certificate of {join(host, port)}"
    if error.verify_code == _EXPIRED:
        why = f"expired on {certificate.expiry}: have it renewed, or set the clock of this machine"
    elif error.verify_code == _NOT_YET_VALID:
        why = f"is not valid before {certificate.start}: set the clock of this machine, or of the one that issued it"
    elif error.verify_code in _WRONG_NAME:
        why = (
            f"is for {', '.join(certificate.names)}, not for {security.server_name or host}: use that name in the "
            "address, or, where you know it to be the right server, set tls_server_name to it"
        )
    else:
        where = f"tls_ca_file {security.ca_file}" if security.trust is Trust.CA else "the roots of this machine"
        issuer = "signed by itself alone" if certificate.is_self_signed else "issued by an authority"
        why = (
            f"is {issuer} and not among {where}: set tls to ca and tls_ca_file to the certificate of its authority, or "
            f"tls to pin and tls_fingerprint to {certificate.fingerprint}"
        )
    return SecurityError(f"{which} {why}", details=error.verify_message, target=join(host, port))


def _explained(error: ssl.SSLError, security: Security, host: str, port: int) -> SecurityError | ConnectionResetError:
    """Why the handshake failed, where that was not for the certificate of the server."""
    target, reason = join(host, port), error.reason or ""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectionResetError(f"{target} closed the connection in the middle of the handshake")
    if "ALERT" not in reason:
        return SecurityError(
            f"{target} does not speak TLS: set tls to off (and http:// in the address of a REST side) where plain text "
            "is meant, or have TLS switched on there",
            details=reason,
            target=target,
        )
    return _unwelcome(security, target, reason)


def _unwelcome(security: Security, target: str, details: str) -> SecurityError:
    """The server wants another certificate of ours, or one at all."""
    if security.client_certificate is None:
        sentence = (
            f"{target} wants to see a certificate of this client: set tls_client_certificate and tls_client_key to one "
            "that its authority has issued"
        )
    else:
        sentence = (
            f"{target} does not accept tls_client_certificate {security.client_certificate}: use one that its "
            "authority has issued and that has not expired"
        )
    return SecurityError(sentence, details=details, target=target)

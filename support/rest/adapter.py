"""The transport of the REST client: what ``requests`` would decide about trust, a ``Security`` decides.

Every request passes here, also one that an answer led to: so here is seen to it that secrets go to nobody else.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, parse_url

from support.address import join, split
from support.errors import SecurityError
from support.network.proxy import proxy_to
from support.rest.answer import WATCHED_POOLS, TooLargeError
from support.security.certificate import ServerCertificate
from support.security.handshake import fetch_certificate, refuse_what_cannot_work
from support.security.security import Security, Trust

PORTS = {"http": 80, "https": 443}
_SECRETS = ("Authorization", "Cookie")
"""Headers that are for the server that they were set for, or that set them."""


class SecureAdapter(HTTPAdapter):
    """Connections that trust what ``security`` trusts, whatever the environment names as a bundle of authorities.

    Plain text or TLS is what the address says. Where it says TLS and ``security`` is off, the authorities of this
    machine are trusted.

    Args:
        home: address of the server that secrets are for; whoever it redirects to is shown none.
        security: whom to trust, and what to show.
        timeout: seconds for a handshake of its own.
        retries: as for ``HTTPAdapter``.

    Raises:
        SecurityError: on sending: the server is not trusted, or does not trust us, or a secret would go in plain text.
    """

    def __init__(self, home: str, security: Security, timeout: float, retries: Retry) -> None:
        self._home = home
        self._given = security
        self._timeout = timeout
        self._trusted: dict[str, tuple[ServerCertificate | None, dict[str, Any]]] = {}  # by target
        super().__init__(max_retries=retries)

    @cached_property
    def _security(self) -> Security:
        """Whom to trust at an encrypted address. Reading this machine's authorities takes time: only who asks waits."""
        return self._given if self._given.encrypts else self._given.trusting(Trust.SYSTEM)

    @cached_property
    def _plain(self) -> Security:
        return self._given.trusting(Trust.OFF)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        target, encrypted = where = _target(str(request.url))
        scheme = "https" if encrypted else "http"
        security = self._security if encrypted else self._plain
        if where != _target(parse_url(self._home).url):
            for secret in _SECRETS:
                request.headers.pop(secret, None)
        if "Authorization" in request.headers:
            security.refuse_plain_secrets("a token or password", target, encrypted=encrypted)
        kwargs["proxies"] = {scheme: proxy.url} if (proxy := proxy_to(*split(target), encrypted=encrypted)) else {}
        if encrypted and target not in self._trusted:
            self._trusted[target] = self._trust(target, request)
        try:
            response = super().send(request, *args, **kwargs)
        except requests.ConnectionError as error:
            if not isinstance(error, requests.Timeout):
                refuse_what_cannot_work(security, target, self._timeout)
            raise
        except TooLargeError as error:
            error.request = request
            raise
        certificate, _ = self._trusted.get(target, (None, {}))
        if certificate is not None:
            security.remember(certificate, target)
        return response

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The pools of this adapter hold every answer to one deadline and one size."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = WATCHED_POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As ``init_poolmanager``, on the way through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = WATCHED_POOLS
        return manager

    def close(self) -> None:
        """Closes every connection now; urllib3 waits until nobody holds a pool, and an error that is kept holds one."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
                manager.pools[key].close()
        super().close()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        target, encrypted = _target(str(request.url))
        return host, self._trusted[target][1] if encrypted else {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the attributes of the pool say it all."""

    def _trust(self, target: str, request: requests.PreparedRequest) -> tuple[ServerCertificate | None, dict[str, Any]]:
        """What urllib3 needs to trust this target, and nobody else; and the certificate, where trust is in one."""
        security, certificate = self._security, None
        trusted: dict[str, Any] = {}
        if security.trusts_one_certificate:
            try:
                certificate = fetch_certificate(security, target, self._timeout)
            except SecurityError:
                raise
            except TimeoutError as error:
                raise requests.ConnectTimeout(error, request=request) from error
            except OSError as error:
                raise requests.ConnectionError(error, request=request) from error
            trusted["assert_fingerprint"] = certificate.fingerprint
        if security.server_name is not None:
            trusted["server_hostname"] = security.server_name
        return certificate, trusted | {"ssl_context": security.context(certificate)}


def _target(url: str) -> tuple[str, bool]:
    """``host:port`` of an address, and whether it is encrypted."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return join(parts.hostname or "", parts.port or PORTS[scheme]), scheme == "https"

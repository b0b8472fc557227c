"""The proxy on the way to an address: one decision for REST and gRPC, whose libraries read the environment differently.

Plain text goes by ``http_proxy``, TLS by ``https_proxy``, both else by ``all_proxy``; the port of a job goes by
``grpc_proxy`` first. ``no_proxy`` lists what is reached without: names with all below them, addresses, networks, each
perhaps with a port, or ``*``. Of two spellings the lower case counts. This machine is never reached through a proxy; a
name that only resolves to it has to be listed, since who resolves it is the proxy.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from support.address import ip_of, is_loopback, without_password
from support.errors import ProxyError

_ENTRY = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d+))?")

_PATIENCE = 3.0
"""Seconds for a proxy to say whether it carries."""

_UNREACHED = ("502", "503", "504")
"""What a proxy answers that would carry, and does not reach the server."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that the environment names.

    Attributes:
        url: its address, perhaps with a password.
        variable: where it is named.
    """

    url: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {without_password(self.url)} (from {self.variable})"

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    @property
    def authorization(self) -> str | None:
        """The header that shows user and password; None without."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return None
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return f"Basic {base64.b64encode(secret.encode()).decode()}"

    def broken(self, why: str) -> ProxyError:
        """The error that names it."""
        what = f"{self} {why}"
        return ProxyError(f"{what}: correct that variable, or list the server in no_proxy")

    def refuse_what_it_does(self, target: str) -> None:
        """Asks it for a way to ``target``.

        Raises:
            ProxyError: it gives none, and for a reason of its own.
        """
        try:
            with socket.create_connection(self.address, _PATIENCE) as asked:
                shown = f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""
                asked.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{shown}\r\n".encode())
                said = asked.recv(400).partition(b"\r\n")[0].decode("latin-1")
        except OSError as error:
            raise self.broken(f"cannot be used: {error}") from error
        match = re.match(r"HTTP/1\.[01] (\d{3})( .*)?$", said)
        if match is None:
            raise self.broken(f"answers what is no HTTP, {said[:80]!r}" if said else "hangs up")
        if not match[1].startswith("2") and match[1] not in _UNREACHED:
            raise self.broken(f"refuses to lead to {target}: {match[1]}{match[2] or ''}")


def proxy_to(
    host: str, port: int, *, encrypted: bool, grpc: bool = False, environ: Mapping[str, str] = os.environ
) -> Proxy | None:
    """The proxy on the way to an address; None where it is reached without.

    Raises:
        ProxyError: it is of a kind that cannot be used.
    """
    names = (*(["grpc_proxy"] if grpc else []), "https_proxy" if encrypted else "http_proxy", "all_proxy")
    variable, url = next((found for name in names if (found := _set(name, environ))[1]), ("", ""))
    if not url or is_loopback(host) or _is_listed(host, port, _set("no_proxy", environ)[1]):
        return None
    proxy = Proxy(url if "://" in url else f"http://{url}", variable)
    try:
        kinds = ("http",) if grpc else ("http", "https")
        known = urlsplit(proxy.url).scheme.lower() in kinds and bool(proxy.address[0])
    except ValueError:
        known = False
    if not known:
        raise proxy.broken("is none that leads there: one with http:// is needed")
    return proxy


def _set(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that counts, and its value; empty where there is none."""
    variable = name if name in environ else name.upper()
    return variable, environ.get(variable, "").strip()


def _is_listed(host: str, port: int, listed: str) -> bool:
    address, name = ip_of(host), host.lower().rstrip(".")
    for entry in re.split(r"[\s,]+", listed.lower()):
        parts = _ENTRY.fullmatch(entry)
        which = ((parts["v6"] or parts["name"]) if parts else entry).rstrip(".")
        if not which or (parts and parts["port"] and int(parts["port"]) != port):
            continue
        if which == "*":
            return True
        if address is None:
            below = which.removeprefix("*").lstrip(".")
            if below and (name == below or name.endswith(f".{below}")):
                return True
        elif address == ip_of(which) or _holds(which, address):
            return True
    return False


def _holds(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False

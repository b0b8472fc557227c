"""Hosts and ports, as both clients write them: ``host:port``, and ``[host]:port`` for IPv6."""

from __future__ import annotations

import ipaddress
import re
import socket


def join(host: str, port: int) -> str:
    """``host:port``."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def split(target: str) -> tuple[str, int]:
    """Host, without brackets, and port of ``host:port``."""
    host, _, port = target.rpartition(":")
    return host.strip("[]"), int(port)


def ip_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``host`` spells, as sockets understand it (``127.1``, ``0x7f.1``); None for a name."""
    text = host.strip("[]").partition("%")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(text)) if re.fullmatch("[0-9a-fA-FxX.]+", text) else None
        except OSError:
            return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine by its loopback address, however that is spelled."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_of(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def without_password(url: str) -> str:
    """The address with the user and password in it, if any, replaced by ``***``; also where it is no proper address."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:/+)?.*@", r"\1***@", url, flags=re.IGNORECASE | re.DOTALL)


def target_of(stream_url: str, stream_port: int | str) -> str:
    """``host:port`` from what a server answers: the host may carry a scheme and slashes, the port may be a string.

    Raises:
        ValueError: there is no host, or the port is not a number from 1 to 65535.
    """
    host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", stream_url.strip()).lstrip("/").split("/", 1)[0]
    if not host or not host.isprintable() or " " in host:
        raise ValueError(f"stream_url {stream_url!r} names no host")
    digits = str(stream_port).strip()
    if not re.fullmatch("[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65535:
        raise ValueError(f"stream_port {stream_port!r} is not a port: a number from 1 to 65535 is")
    host = re.sub(r":\d+$", "", host) if host.count(":") == 1 or host.startswith("[") else host
    return join(host, int(digits))

"""Hosts and ports, as both clients write them: ``host:port``, and ``[host]:port`` for IPv6."""

from __future__ import annotations

import ipaddress


def join(host: str, port: int) -> str:
    """``host:port``."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def split(target: str) -> tuple[str, int]:
    """Host, without brackets, and port of ``host:port``."""
    host, _, port = target.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine by its loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""The channel a client opens: where it leads, and how it is tuned for large frames and for pods that start late."""

from __future__ import annotations

import ipaddress
import re

import grpc

_RECONNECT_FIRST_MS = 100
_RECONNECT_AT_MOST_MS = 500
_ATTEMPT_MS = 3000
"""How long one attempt may take: several round trips of a slow network, and several attempts in a usual timeout."""


def target_of(stream_url: str, stream_port: int | str) -> str:
    """``host:port`` from what a server answers: the host may carry a scheme and slashes, the port may be a string.

    Raises:
        ValueError: there is no host, or the port is not a number from 1 to 65535.
    """
    host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", str(stream_url).strip()).lstrip("/").split("/", 1)[0]
    if not host or not host.isprintable() or " " in host:
        raise ValueError(f"stream_url {stream_url!r} names no host")
    digits = str(stream_port).strip()
    if not re.fullmatch("[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65535:
        raise ValueError(f"stream_port {stream_port!r} is not a port: a number from 1 to 65535 is")
    host = re.sub(r":\d+$", "", host) if host.count(":") == 1 or host.startswith("[") else host
    return f"[{host}]:{int(digits)}" if ":" in host and not host.startswith("[") else f"{host}:{int(digits)}"


def open_channel(target: str, max_message_bytes: int) -> grpc.Channel:
    """A plain-text channel to ``target`` that takes frames of this size and retries a refused port twice a second.

    A target on this machine is never reached through an HTTP proxy, whatever the environment says.
    """
    options: list[tuple[str, int]] = [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_FIRST_MS),
        ("grpc.min_reconnect_backoff_ms", _ATTEMPT_MS),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_AT_MOST_MS),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if is_loopback(target.rpartition(":")[0].strip("[]")):
        options.append(("grpc.enable_http_proxy", 0))
    return grpc.insecure_channel(target, options=options)


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine by its loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

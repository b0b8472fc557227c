"""The channel a client opens: where it leads, and how it is tuned for large frames and for pods that start late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from grpc.experimental import ChannelOptions

from support.address import ip_of, join, split
from support.machine.threads import named
from support.network.proxy import proxy_to
from support.security import Security, ServerCertificate
from support.stream.memory import keep_buffers

_RECONNECT_FIRST_MS = 100
_RECONNECT_AT_MOST_MS = 500
_ATTEMPT_MS = 3000
"""How long one attempt may take: several round trips of a slow network, and several attempts in a usual timeout."""

_LOOK = 0.1
"""Seconds of one look at the state of a channel: closing it waits for the end of the look."""

_STATES: dict[int, grpc.ChannelConnectivity] = {state.value[0]: state for state in grpc.ChannelConnectivity}


def open_channel(
    target: str,
    max_message_bytes: int,
    security: Security | None = None,
    certificate: ServerCertificate | None = None,
) -> grpc.Channel:
    """A channel to ``target`` that takes frames of this size and retries a refused port twice a second.

    The way may lead through a proxy, as ``support/network/proxy.py`` decides.

    Args:
        target: ``host:port``.
        security: what is trusted, and what is shown; plain text without it.
        certificate: the one certificate that is trusted, where that is the kind of trust.

    Raises:
        SecurityError: a token would go over plain text to another machine.
        ProxyError: the proxy on the way is of a kind that cannot be used.
    """
    keep_buffers()
    security = security or Security()
    host, port = split(target)
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_FIRST_MS),
        ("grpc.min_reconnect_backoff_ms", _ATTEMPT_MS),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_AT_MOST_MS),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
        (ChannelOptions.SingleThreadedUnaryStream, 1),  # a stream is read by one thread: twice as fast for small frames
    ]
    proxy = proxy_to(host, port, encrypted=security.encrypts, grpc=True)
    if proxy is not None:  # said in gRPC's inner words: by its public ones it would read no_proxy in its own way
        options += [("grpc.http_connect_server", target), ("grpc.default_authority", target)]
        if proxy.authorization:
            options.append(("grpc.http_connect_headers", f"Proxy-Authorization:{proxy.authorization}"))
    spelled = None if ":" in host else ip_of(host)  # gRPC takes 127.1 for a name
    address = join(*proxy.address) if proxy else join(str(spelled or host), port)
    if security.encrypts:
        name = security.grpc_name(host, certificate)
        if name is not None:
            options.append(("grpc.ssl_target_name_override", name))
        return grpc.secure_channel(address, security.grpc_credentials(certificate), options=options)
    authorization = security.authorization(target, encrypted=False)
    channel = grpc.insecure_channel(address, options=options)
    return grpc.intercept_channel(channel, _Authorizing(authorization)) if authorization else channel


def wake(channel: grpc.Channel) -> None:
    """Has an idle channel, not yet closed, connect.

    The public way, to subscribe with ``try_to_connect``, has the faults that ``watch`` tells of.
    """
    _core(channel).check_connectivity_state(True)


def watch(channel: grpc.Channel, told: Callable[[grpc.ChannelConnectivity], None]) -> None:
    """Has a channel connect, and tells the state that it is in and each that follows, in a thread, until it is closed.

    The public way, to subscribe, ends its thread (gRPC 1.85) with an error where the channel is closed between two
    looks, and closing waits for each look: 0.2 s at most.
    """
    core = _core(channel)

    def look() -> None:
        state = None
        while True:
            try:
                if state is not None:
                    core.watch_connectivity_state(state, time.time() + _LOOK)
                before, state = state, core.check_connectivity_state(state is None)
            except ValueError:  # the channel is closed
                return
            if state != before:
                told(_STATES[state])

    threading.Thread(target=look, name=named("connectivity"), daemon=True).start()


def _core(channel: Any) -> Any:
    """What gRPC itself asks for the state of a channel."""
    while hasattr(channel, "_channel"):
        channel = channel._channel
    return channel


class _Authorizing(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor
):
    """Shows a token with every call over plain text, where gRPC's own credentials refuse to."""

    def __init__(self, authorization: str) -> None:
        self._header = ("authorization", authorization)

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(self._authorized(client_call_details), request)

    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return continuation(self._authorized(client_call_details), request_iterator)

    intercept_unary_stream = intercept_unary_unary

    def _authorized(self, details: grpc.ClientCallDetails) -> _Details:
        return _Details(
            details.method,
            details.timeout,
            (*(details.metadata or ()), self._header),
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )


class _Details(NamedTuple):
    """What gRPC asks an interceptor to hand on."""

    method: str
    timeout: float | None
    metadata: tuple[tuple[str, str | bytes], ...]
    credentials: Any
    wait_for_ready: bool | None
    compression: Any

"""A connection to the port of a job: up, as secure as asked for, healthy, and known to be there or gone."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

import grpc

from support.errors import ConnectionError, SecurityError
from support.schema.reflection import Reflection
from support.security import Security
from support.security.handshake import fetch_certificate, refuse_what_cannot_work
from support.security.security import TOKEN_HINT
from support.stream.channel import open_channel
from support.stream.dialect import Dialect

log = logging.getLogger(__name__)

_READY = grpc.ChannelConnectivity.READY

_LAST_WORDS = 0.2
"""Seconds to hear why a channel did not come up; a refusal is known already, and answered at once."""

_HARMLESS = "/grpc.health.v1.Health/Check"
"""A method that can be called whether a server has it or not."""

_LEAST_HEALTH = 0.1
"""Seconds that a health check has, however late the channel was up."""


class Connection:
    """A connection of one client to one job.

    A refused port is tried again until the timeout: the job may still be starting. A server that cannot be asked for
    its health is taken as healthy.

    Args:
        target: ``host:port``.
        security: whom to trust, and what to show.
        dialect: how to ask for the health; None: it is not asked for.
        timeout: seconds that it may take, for sentences.
        deadline: when they are over, by the monotonic clock.
        max_message_bytes: size of the largest message that is taken.

    Attributes:
        channel: for calls.
        reflection: what the server says of itself, if it is asked.
        target: ``host:port``.
        version: of the server; empty where it does not say.
        ready_seconds: how long it took until the channel was ready.
        health_seconds: how long the health check took after that.
        is_open: whether the client still uses it.

    Raises:
        ConnectionError: nothing answers there in time, or the job is not healthy.
        SecurityError: the server is not trusted, or does not trust this client.
    """

    def __init__(
        self,
        target: str,
        security: Security,
        dialect: Dialect | None,
        *,
        timeout: float,
        deadline: float,
        max_message_bytes: int,
    ) -> None:
        self.target = target
        self.is_open = True
        self._security = security
        self._dialect = dialect
        self._timeout = timeout
        self._up, self._lost = threading.Event(), threading.Event()
        self.channel = self._ready_channel(deadline, max_message_bytes)
        self.reflection = Reflection(self.channel)
        ready = time.monotonic()
        try:
            self.version = self._check_health(deadline)
        except BaseException:
            self.channel.close()
            raise
        self.ready_seconds, self.health_seconds = ready - (deadline - timeout), time.monotonic() - ready
        self._up.set()
        self.channel.subscribe(self._changed)
        log.info("connected to %s, %s", target, "encrypted" if security.encrypts else "in plain text")

    @property
    def is_up(self) -> bool:
        """Whether it stands now; it notices by itself when the server goes away."""
        return self.is_open and self._up.is_set()

    def wait_until_up(self, timeout: float) -> None:
        """Returns when the server can be reached again, after ``timeout`` seconds at the latest."""
        self._up.wait(timeout)

    def wait_until_lost(self, timeout: float) -> None:
        """Returns when the server is known to be gone, after ``timeout`` seconds at the latest."""
        self._lost.wait(timeout)

    def leave(self) -> None:
        """The client uses it no more: what ends from now on ends for that reason."""
        self.is_open = False

    def close(self) -> None:
        """Leaves it, and closes the channel."""
        self.leave()
        self.channel.close()
        log.info("disconnected from %s", self.target)

    def _ready_channel(self, deadline: float, max_message_bytes: int) -> grpc.Channel:
        security, target = self._security, self.target
        certificate = None
        if security.trusts_one_certificate:
            try:
                certificate = fetch_certificate(security, target, deadline - time.monotonic())
            except SecurityError:
                raise
            except OSError as error:
                raise self._nothing_answered(str(error)) from error
        channel = open_channel(target, max_message_bytes, security, certificate)
        try:
            self._await_ready(channel, deadline)
        except BaseException:
            channel.close()
            raise
        if certificate is not None:
            security.remember(certificate, target)
        return channel

    def _await_ready(self, channel: grpc.Channel, deadline: float) -> None:
        states: queue.SimpleQueue[grpc.ChannelConnectivity] = queue.SimpleQueue()
        channel.subscribe(states.put, try_to_connect=True)
        try:
            while (state := states.get(timeout=max(deadline - time.monotonic(), 0))) is not _READY:
                if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                    refuse_what_cannot_work(self._security, self.target, deadline - time.monotonic())
        except queue.Empty:
            raise self._nothing_answered(self._why_not_ready(channel)) from None
        finally:
            channel.unsubscribe(states.put)

    def _nothing_answered(self, reason: str) -> ConnectionError:
        return ConnectionError(
            f"nothing at {self.target} answered gRPC within {self._timeout:g} s: {reason}",
            status=grpc.StatusCode.UNAVAILABLE,
            details=reason,
            target=self.target,
        )

    def _why_not_ready(self, channel: grpc.Channel) -> str:
        """The transport's own words about why a channel does not come up."""
        call: Callable[..., bytes] = channel.unary_unary(_HARMLESS)
        try:
            call(b"", timeout=_LAST_WORDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                return "no word came back: what listens there does not speak gRPC, or packets are dropped on the way"
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                return error.details() or error.code().name
        return "it became ready only after that"

    def _check_health(self, deadline: float) -> str:
        """The server's version, empty where it does not say."""
        if self._dialect is None:
            return ""
        try:
            health = self._dialect.health(self.channel, max(deadline - time.monotonic(), _LEAST_HEALTH))
        except grpc.RpcError as error:
            hint = TOKEN_HINT if error.code() is grpc.StatusCode.UNAUTHENTICATED else ""
            raise ConnectionError(
                f"the health check of {self.target} failed with {error.code().name}: {error.details()}{hint}",
                status=error.code(),
                details=error.details() or "",
                target=self.target,
            ) from error
        if health is None:
            log.info("%s has no health check: taken as healthy", self.target)
            return ""
        if not health.healthy:
            raise ConnectionError(
                f"{self.target} says that it is not healthy (version {health.version or 'not given'}): do not stream",
                details="healthy = false",
                target=self.target,
            )
        return health.version

    def _changed(self, connectivity: grpc.ChannelConnectivity) -> None:
        """Keeps ``is_up`` true to the channel; what it says after it was left does not count."""
        if not self.is_open:
            return
        if connectivity is _READY:
            self._lost.clear()
            self._up.set()
        else:
            self._up.clear()
            self._lost.set()

"""A connection to the port of a job: up, as secure as asked for, healthy, and known to be there or gone."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

import grpc

from support.address import split
from support.errors import ConnectionError, SecurityError
from support.network.proxy import proxy_to
from support.reflection.reflection import Reflection
from support.security import Security
from support.security.handshake import fetch_certificate, refuse_what_cannot_work
from support.security.security import TOKEN_HINT
from support.stream.channel import open_channel, wake, watch
from support.stream.dialect import Dialect
from support.stream.unsaid import Unsaid

log = logging.getLogger(__name__)

_READY, _IDLE = grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE

_LAST_WORDS = 0.2
"""Seconds to hear why a channel did not come up; a refusal is known already, and answered at once."""

_HARMLESS = "/grpc.health.v1.Health/Check"
"""A method that can be called whether a server has it or not."""

_LEAST_HEALTH = 0.1
"""Seconds that a health check has, however late the channel was up."""

_FIRST_WORDS = (1.0, 2.0)
"""Seconds for the first word on a channel, and on the one after it; a third has all the time that is left.

gRPC (1.85) takes a connection for good that was ended right after its greeting, and asks on it for ever.
"""

_ASK_AGAIN = 0.2
"""Seconds from one question for the health to the next."""


class Connection:
    """A connection of one client to one job.

    A refused port is tried again until the timeout, and so is one whose connections end early, or whose server is not
    healthy yet: the job may still be starting. A server that cannot be asked for its health is taken as healthy.

    A server or gateway may end a connection at any time: gRPC makes another one for the next call, so that is no loss.

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
        ProxyError: the proxy on the way gives none.
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
        self.is_open = False
        self._security = security
        self._dialect = dialect
        self._timeout = timeout
        self._up, self._lost = threading.Event(), threading.Event()
        self._leaving = threading.Lock()
        self._state = _IDLE
        self.channel, ready, self.version = self._healthy_channel(deadline, max_message_bytes)
        self.reflection = Reflection(self.channel)
        self.ready_seconds, self.health_seconds = ready - (deadline - timeout), time.monotonic() - ready
        self._up.set()
        self.is_open = True
        self._changed(self.channel, self._state)
        log.info("connected to %s, %s", target, "encrypted" if security.encrypts else "in plain text")

    @property
    def is_up(self) -> bool:
        """Whether the next call finds the server; it notices by itself when the server goes away."""
        return self.is_open and self._up.is_set()

    def wait_until_up(self, timeout: float) -> None:
        """Returns when the server can be reached again, after ``timeout`` seconds at the latest."""
        self._up.wait(timeout)

    def wait_until_lost(self, timeout: float) -> None:
        """Returns when the server is known to be gone, after ``timeout`` seconds at the latest."""
        self._lost.wait(timeout)

    def leave(self) -> None:
        """The client uses it no more: what ends from now on ends for that reason."""
        with self._leaving:
            self.is_open = False

    def close(self) -> None:
        """Leaves it, and closes the channel."""
        self.leave()
        self.channel.close()
        log.info("disconnected from %s", self.target)

    def _healthy_channel(self, deadline: float, max_message_bytes: int) -> tuple[grpc.Channel, float, str]:
        """A channel on which the server has said a word, when it was ready, and the server's version."""
        for first_word in (*_FIRST_WORDS, None):
            channel = self._ready_channel(deadline, max_message_bytes)
            ready = time.monotonic()
            try:
                return channel, ready, self._check_health(channel, deadline, first_word)
            except _SilentError:
                log.info("%s says nothing on a connection that it accepted: another one is tried", self.target)
                channel.close()
            except BaseException:
                channel.close()
                raise
        raise AssertionError("unreachable: the last channel returns or raises")

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
        channel = self.channel = open_channel(target, max_message_bytes, security, certificate)
        try:
            self._await_ready(channel, deadline)
        except BaseException:
            channel.close()
            raise
        if certificate is not None:
            security.remember(certificate, target)
        return channel

    def _await_ready(self, channel: grpc.Channel, deadline: float) -> None:
        """Returns when the server can be called: the channel is ready, or was and has been left at once."""
        states: queue.SimpleQueue[grpc.ChannelConnectivity] = queue.SimpleQueue()

        def told(state: grpc.ChannelConnectivity) -> None:
            states.put(state)
            self._changed(channel, state)

        watch(channel, told)
        state = before = _IDLE
        try:
            while state is not _READY and (before, state) != (grpc.ChannelConnectivity.CONNECTING, _IDLE):
                if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                    refuse_what_cannot_work(self._security, self.target, deadline - time.monotonic())
                if state is _IDLE:
                    wake(channel)
                before, state = state, self._next(states, state, deadline)
        except queue.Empty:
            raise self._why_not_ready(channel) from None

    @staticmethod
    def _next(
        states: queue.SimpleQueue[grpc.ChannelConnectivity], state: grpc.ChannelConnectivity, deadline: float
    ) -> grpc.ChannelConnectivity:
        """The state after ``state``, or that one again after a while: gRPC tells nothing of what comes and goes fast.

        Raises:
            queue.Empty: the time is over.
        """
        left = max(deadline - time.monotonic(), 0)
        try:
            return states.get(timeout=min(_ASK_AGAIN, left))
        except queue.Empty:
            if left <= _ASK_AGAIN:
                raise
            return state

    def _nothing_answered(self, reason: str) -> ConnectionError:
        proxy = proxy_to(*split(self.target), encrypted=self._security.encrypts, grpc=True)
        if proxy is not None:
            proxy.refuse_what_it_does(self.target)
            reason = f"{reason}, through {proxy}"
        return ConnectionError(
            f"nothing at {self.target} answered gRPC within {self._timeout:g} s: {reason}",
            status=grpc.StatusCode.UNAVAILABLE,
            details=reason,
            target=self.target,
        )

    def _why_not_ready(self, channel: grpc.Channel) -> ConnectionError:
        """The transport's own words about why a channel did not come up."""
        try:
            _say_anything(channel, _LAST_WORDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                return self._nothing_answered(
                    "no word came back: what listens there does not speak gRPC, is too slow, or packets are dropped on "
                    "the way"
                )
            return self._nothing_answered(error.details() or error.code().name)
        return ConnectionError(
            f"{self.target} answered gRPC only after the {self._timeout:g} s that connecting may take",
            status=grpc.StatusCode.DEADLINE_EXCEEDED,
            target=self.target,
        )

    def _check_health(self, channel: grpc.Channel, deadline: float, first_word: float | None) -> str:
        """The server's version, empty where it does not say.

        Raises:
            _SilentError: nothing came within ``first_word`` seconds, and there is time for another channel.
        """
        asked = None if self._dialect is None or Unsaid.HEALTH in self._dialect.cannot else self._dialect
        while True:
            left = max(deadline - time.monotonic(), _LEAST_HEALTH)
            patience = left if first_word is None else min(first_word, left)
            try:
                health = asked.health(channel, patience) if asked else None
                if asked is None and first_word is not None:
                    _say_anything(channel, patience)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and patience < left:
                    raise _SilentError from error
                if error.code() is not grpc.StatusCode.UNAVAILABLE or _is_over(deadline):
                    raise self._unwell(error) from error
            else:
                if health is None:
                    log.info("%s has no health check: taken as healthy", self.target)
                    return ""
                if health.healthy:
                    return health.version
                if _is_over(deadline):
                    raise ConnectionError(
                        f"{self.target} says that it is not healthy (version {health.version or 'not given'}): "
                        "do not stream",
                        details="healthy = false",
                        target=self.target,
                    )
            time.sleep(_ASK_AGAIN)

    def _unwell(self, error: grpc.RpcError) -> ConnectionError:
        hint = TOKEN_HINT if error.code() is grpc.StatusCode.UNAUTHENTICATED else ""
        return ConnectionError(
            f"the health check of {self.target} failed with {error.code().name}: {error.details()}{hint}",
            status=error.code(),
            details=error.details() or "",
            target=self.target,
        )

    def _changed(self, channel: grpc.Channel, connectivity: grpc.ChannelConnectivity) -> None:
        """Keeps ``is_up`` true to the channel; what it says after it was left does not count.

        A channel that has become idle was left by the other side, and will connect again when it is used. Whether it
        can is found out now.
        """
        with self._leaving:
            if channel is not self.channel:
                return
            self._state = connectivity
            if not self.is_open:
                return
            if connectivity is _READY:
                self._lost.clear()
                self._up.set()
                return
            self._lost.set()
            if connectivity is _IDLE:
                wake(self.channel)
            elif connectivity is not grpc.ChannelConnectivity.CONNECTING:
                self._up.clear()


class _SilentError(Exception):
    """A channel that was ready carries nothing."""


def _is_over(deadline: float) -> bool:
    return time.monotonic() + _ASK_AGAIN >= deadline


def _say_anything(channel: grpc.Channel, timeout: float) -> None:
    """Returns when the server has answered a question, whatever it says.

    Raises:
        grpc.RpcError: it did not: the connection, or the time, is over.
    """
    call: Callable[..., bytes] = channel.unary_unary(_HARMLESS)
    try:
        call(b"", timeout=timeout)
    except grpc.RpcError as error:
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            raise

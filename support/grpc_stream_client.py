"""The shared gRPC client of the suite: connect, stream, metrics, disconnect."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import grpc

from protos.datastream_pb2 import HealthRequest, HealthResponse, StreamRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from support.address import target_of
from support.errors import APIError, ConnectionError, SecurityError
from support.security import Security, Trust
from support.security.handshake import SpeaksTlsError, fetch_certificate, refuse_what_cannot_work
from support.security.security import TOKEN_HINT
from support.stream.block import Block
from support.stream.call import StreamCall
from support.stream.channel import open_channel
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.resume import Blocks, Retries

log = logging.getLogger(__name__)

_READY = grpc.ChannelConnectivity.READY

_LAST_WORDS = 0.2
"""Seconds to hear why a channel did not come up; a refusal is known already, and answered at once."""

_CHANNEL_UP_AGAIN = 1.0
"""Seconds for a channel to notice that its server can be reached again: it looks twice a second."""

_LOSS_NOTICED = 0.1
"""Seconds for a channel to notice that its connection is gone, where a call on it has broken; there may be no loss."""


class GrpcStreamClient:
    """Streams the spectrogram rows of a job.

    Args:
        connection_timeout: seconds to reach the job's port, which may still be starting, and hear that it is healthy.
        stream_timeout: seconds that one stream may take in all.
        retry_attempts: how often a stream is asked for while the answer is a transient error and no frame has come;
            with ``resume``, also how often after each interruption.
        retry_delay: seconds before the second attempt; later ones wait longer, with jitter.
        verify_ssl: True: TLS, with a certificate that an authority of this machine vouches for. False: as the server
            speaks; where that is TLS, exactly the certificate that it shows is trusted, with a warning that names it.
        idle_timeout: seconds of silence after which a stream counts as stalled.
        max_message_bytes: size of the largest frame that is taken; a larger one ends the stream with an APIError.
        security: whom to trust and what to show, exactly, instead of ``verify_ssl``: nothing else is tried then.
        pause_limit: seconds between two frames beyond which the metrics list a pause.
    """

    def __init__(
        self,
        connection_timeout: float = 10,
        stream_timeout: float = 300,
        retry_attempts: int = 3,
        retry_delay: float = 2.0,
        verify_ssl: bool = False,
        *,
        idle_timeout: float = 10,
        max_message_bytes: int = 128 * 2**20,
        security: Security | None = None,
        pause_limit: float = 0.5,
    ) -> None:
        if verify_ssl and security is not None:
            raise ValueError("verify_ssl=True and security both say whom to trust: pass one of them")
        for name, value in (("connection", connection_timeout), ("stream", stream_timeout), ("idle", idle_timeout)):
            if value <= 0:
                raise ValueError(f"{name}_timeout must be above 0 seconds, not {value!r}")
        if retry_attempts < 1 or retry_delay < 0:
            raise ValueError(f"{retry_attempts!r} attempts {retry_delay!r} s apart: at least 1, and 0 s, are needed")
        self.connection_timeout = connection_timeout
        self.stream_timeout = stream_timeout
        self.idle_timeout = idle_timeout
        self.max_message_bytes = max_message_bytes
        self.retry_attempts = retry_attempts
        self.retry_delay = retry_delay
        self.pause_limit = pause_limit
        self.security = security or Security(Trust.SYSTEM if verify_ssl else Trust.OFF)
        self._follows_server = security is None and not verify_ssl
        self.target = ""
        self.server_version = ""
        self._channel: grpc.Channel | None = None
        self._ready, self._lost = threading.Event(), threading.Event()
        self._call: StreamCall | None = None
        self._metrics = StreamMetrics()
        self._connect_seconds: float | None = None
        self._health_seconds: float | None = None

    def connect(self, stream_url: str, stream_port: int | str) -> bool:
        """Connects to a job and makes sure that it is healthy.

        A refused port is tried again until ``connection_timeout``: the job may still be starting. A server without
        ``CheckHealth`` is taken as healthy. An earlier connection of this client is closed first.

        Returns:
            True.

        Raises:
            ConnectionError: the address makes no sense, nothing answers there in time, or the job is not healthy.
            SecurityError: one of these too, at once: the server is not trusted, or does not trust this client.
        """
        self.disconnect()
        try:
            target = target_of(stream_url, stream_port)
        except ValueError as error:
            raise ConnectionError(f"cannot connect: {error}", target=f"{stream_url}:{stream_port}") from error
        began = time.monotonic()
        deadline = began + self.connection_timeout
        channel = self._ready_channel(target, deadline)
        ready = time.monotonic()
        try:
            self.server_version = self._check_health(channel, target, deadline)
        except BaseException:
            channel.close()
            raise
        self._connect_seconds, self._health_seconds = ready - began, time.monotonic() - ready
        self._channel, self.target = channel, target
        self._ready.set()
        self._lost.clear()
        self._watch(channel)
        log.info("connected to %s, %s", target, "encrypted" if self.security.encrypts else "in plain text")
        return True

    def is_connected(self) -> bool:
        """Whether there is a connection now; it notices by itself when the server goes away."""
        return self._channel is not None and self._ready.is_set()

    def disconnect(self) -> None:
        """Cancels what is running, completes its metrics and closes the connection; harmless without one."""
        channel, self._channel = self._channel, None  # first, so that a stream that ends now knows why
        if self._call is not None:
            self._call.close()
            self._call = None
        self._metrics.finish()
        if channel is not None:
            channel.close()
            log.info("disconnected from %s", self.target)

    @contextmanager
    def connect_context(self, stream_url: str, stream_port: int | str) -> Iterator[GrpcStreamClient]:
        """``connect`` on entry, ``disconnect`` on exit, also after an error."""
        self.connect(stream_url, stream_port)
        try:
            yield self
        finally:
            self.disconnect()

    def stream_spectrograms(
        self, job_id: str, max_frames: int | None = None, *, resume: bool = False, lines_dt: float | None = None
    ) -> Generator[Frame]:
        """Asks for the stream of a job and yields its frames as they arrive.

        Every frame that the server sends is yielded, also beyond ``max_frames``: whether it kept to the number is for
        the caller to judge. Leaving the loop early, or closing the iterator, cancels the call.

        Args:
            job_id: as ``/configure`` answered it.
            max_frames: ask the server to end the stream after so many frames; None or 0: no limit.
            resume: go on after a transient error in mid-stream, within the retry budget; no line is yielded twice, and
                ``interruptions`` of the metrics say what was lost. Without it, a stream that breaks has failed.
            lines_dt: seconds from line to line, as ``/configure`` answered it: with it, lost lines are counted.

        Raises:
            ConnectionError: the client is not connected, or is disconnected in mid-stream.
            APIError: the server refused, or the stream failed: then what has been yielded stays valid.
            ValueError: ``max_frames`` is negative.
        """
        return self._frames(*self._asked(job_id, max_frames, resume, lines_dt))

    def stream_blocks(
        self, job_id: str, max_frames: int | None = None, *, resume: bool = False, lines_dt: float | None = None
    ) -> Generator[Block]:
        """Like ``stream_spectrograms``, in blocks: the frames that have arrived since the block before, of one shape.

        Rules judge a block in one go, so that thousands of small frames a second cost little. Nothing waits for a block
        to fill but the few milliseconds that frames which come faster than that are gathered for.
        """
        return self._counted(*self._asked(job_id, max_frames, resume, lines_dt))

    def get_metrics(self) -> StreamMetrics:
        """The metrics of the newest stream, as they are now; later frames do not change what was returned."""
        return self._metrics.snapshot()

    def _asked(
        self, job_id: str, max_frames: int | None, resume: bool, lines_dt: float | None
    ) -> tuple[Generator[Block], StreamMetrics]:
        """The blocks of a new stream, and the metrics that they are to be counted in."""
        if self._channel is None:
            raise ConnectionError("not connected: call connect() before stream_spectrograms()", target=self.target)
        if max_frames is not None and max_frames < 0:
            raise ValueError(f"max_frames is a number of frames, or 0 for no limit, not {max_frames}")
        request = StreamRequest(job_id=job_id, max_frames=max_frames or 0)
        self._metrics = metrics = StreamMetrics(
            connect_seconds=self._connect_seconds, health_seconds=self._health_seconds, pause_limit=self.pause_limit
        )
        return self._blocks(self._channel, request, metrics, resume, lines_dt), metrics

    @staticmethod
    def _counted(blocks: Generator[Block], metrics: StreamMetrics) -> Generator[Block]:
        with closing(blocks):
            for block in blocks:
                for position in range(len(block)):
                    _count(metrics, block, position)
                with _judging(metrics):
                    yield block

    @staticmethod
    def _frames(blocks: Generator[Block], metrics: StreamMetrics) -> Generator[Frame]:
        with closing(blocks):
            for block in blocks:
                for position, frame in enumerate(block.frames):
                    _count(metrics, block, position)
                    with _judging(metrics):
                        yield frame

    def _blocks(
        self,
        channel: grpc.Channel,
        request: StreamRequest,
        metrics: StreamMetrics,
        resume: bool,
        lines_dt: float | None,
    ) -> Generator[Block]:
        deadline = time.monotonic() + self.stream_timeout
        metrics.begin()
        blocks = Blocks(
            lambda asked, again: self._ask(channel, metrics, asked, deadline, again),
            request,
            metrics,
            Retries(self.retry_attempts, self.retry_delay, self.stream_timeout),
            target=self.target,
            resume=resume,
            lines_dt=lines_dt,
        )
        try:
            yield from blocks
        except APIError:
            metrics.errors_count += 1
            raise
        finally:
            metrics.finish(at=blocks.ended)
            blocks.close()

    def _ask(
        self, channel: grpc.Channel, metrics: StreamMetrics, request: StreamRequest, deadline: float, again: bool
    ) -> StreamCall:
        left = max(deadline - time.monotonic(), 0)
        if again:
            self._ready.wait(min(_CHANNEL_UP_AGAIN, left))
        elif metrics.interruptions:
            self._lost.wait(min(_LOSS_NOTICED, left))  # or the call would be made on the connection that is dying
        self._call = StreamCall(
            channel,
            self.target,
            request,
            timeout=self.stream_timeout,
            deadline=deadline,
            idle_timeout=self.idle_timeout,
            in_use=lambda: self._channel is channel,
        )
        return self._call

    def _ready_channel(self, target: str, deadline: float) -> grpc.Channel:
        """A channel that is up, and as secure as asked for."""
        try:
            return self._secure_channel(target, self.security, deadline)
        except SpeaksTlsError:
            if not self._follows_server:
                raise
            self.security, self._follows_server = self.security.trusting(Trust.FIRST_USE), False  # never back again
            return self._secure_channel(target, self.security, deadline)

    def _secure_channel(self, target: str, security: Security, deadline: float) -> grpc.Channel:
        certificate = None
        if security.trusts_one_certificate:
            try:
                certificate = fetch_certificate(security, target, deadline - time.monotonic())
            except OSError as error:
                raise (
                    error if isinstance(error, SecurityError) else self._nothing_answered(target, str(error))
                ) from error
        channel = open_channel(target, self.max_message_bytes, security, certificate)
        try:
            self._await_ready(channel, target, security, deadline)
        except BaseException:
            channel.close()
            raise
        if certificate is not None:
            security.remember(certificate, target)
        return channel

    def _await_ready(self, channel: grpc.Channel, target: str, security: Security, deadline: float) -> None:
        states: queue.SimpleQueue[grpc.ChannelConnectivity] = queue.SimpleQueue()
        channel.subscribe(states.put, try_to_connect=True)
        try:
            while (state := states.get(timeout=max(deadline - time.monotonic(), 0))) is not _READY:
                if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                    refuse_what_cannot_work(security, target, deadline - time.monotonic())
        except queue.Empty:
            raise self._nothing_answered(target, _why_not_ready(channel)) from None
        finally:
            channel.unsubscribe(states.put)

    def _nothing_answered(self, target: str, reason: str) -> ConnectionError:
        return ConnectionError(
            f"nothing at {target} answered gRPC within {self.connection_timeout:g} s: {reason}",
            status=grpc.StatusCode.UNAVAILABLE,
            details=reason,
            target=target,
        )

    def _check_health(self, channel: grpc.Channel, target: str, deadline: float) -> str:
        """The server's version, empty where it has no ``CheckHealth``."""
        try:
            health: HealthResponse = DataStreamServiceStub(channel).CheckHealth(
                HealthRequest(), timeout=max(deadline - time.monotonic(), 0.1)
            )
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                log.info("%s has no CheckHealth: taken as healthy", target)
                return ""
            hint = TOKEN_HINT if error.code() is grpc.StatusCode.UNAUTHENTICATED else ""
            raise ConnectionError(
                f"the health check of {target} failed with {error.code().name}: {error.details()}{hint}",
                status=error.code(),
                details=error.details() or "",
                target=target,
            ) from error
        if not health.healthy:
            raise ConnectionError(
                f"{target} says that it is not healthy (version {health.version or 'not given'}): do not stream",
                details="healthy = false",
                target=target,
            )
        return health.version

    def _watch(self, channel: grpc.Channel) -> None:
        """Keeps ``is_connected`` true to the channel; what a channel says after it was left does not count."""

        def changed(connectivity: grpc.ChannelConnectivity) -> None:
            if self._channel is not channel:
                return
            if connectivity is _READY:
                self._lost.clear()
                self._ready.set()
            else:
                self._ready.clear()
                self._lost.set()

        channel.subscribe(changed)


def _count(metrics: StreamMetrics, block: Block, position: int) -> None:
    message = block.messages[position]
    metrics.frame_arrived(message.size, arrived=message.arrived)
    if block.shape.rows:
        metrics.frame_was_of_age(float(block.ages[position]))


@contextmanager
def _judging(metrics: StreamMetrics) -> Iterator[None]:
    """Counts the time in which the caller has a frame."""
    began = time.monotonic()
    try:
        yield
    finally:
        metrics.judging_seconds += time.monotonic() - began


def _why_not_ready(channel: grpc.Channel) -> str:
    """The transport's own words about why a channel does not come up."""
    try:
        DataStreamServiceStub(channel).CheckHealth(HealthRequest(), timeout=_LAST_WORDS)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return "no word came back: what listens there does not speak gRPC, or packets are dropped on the way"
        return error.details() or error.code().name
    return "it became ready only after that"

"""The shared gRPC client of the suite: connect, stream, metrics, disconnect."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from support.address import target_of
from support.errors import ConnectionError
from support.security import Security, Trust
from support.security.handshake import SpeaksTlsError
from support.stream.block import Block
from support.stream.connection import Connection
from support.stream.dialect import Dialect
from support.stream.dialects import DIALECTS, Spoken, spoken_on
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.part import MOST_STREAMS
from support.stream.story import STORY
from support.stream.stream import Patience, SingleStream, Stream
from support.stream.streams import Streams
from support.stream.tape import Tape


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
        dialect: how to ask for a stream, and how to read it.

    Attributes:
        target: ``host:port`` that was reached last.
        server_version: of the server there; empty where it does not say.
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
        dialect: Dialect = STORY,
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
        self.dialect = dialect
        self.security = security or Security(Trust.SYSTEM if verify_ssl else Trust.OFF)
        self._follows_server = security is None and not verify_ssl
        self.target = ""
        self.server_version = ""
        self._connection: Connection | None = None
        self._stream: Stream[Any] | None = None
        self._metrics = StreamMetrics()

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
        self._connection = self._connected(target)
        self.target, self.server_version = target, self._connection.version
        return True

    def find_dialect(self, job_id: str, dialects: Sequence[Dialect] = DIALECTS) -> Spoken:
        """Finds out which dialect the server of a job speaks, with which schema, and speaks it from now on.

        Args:
            job_id: of the job that the client is connected to.
            dialects: those to choose from.

        Raises:
            ConnectionError: the client is not connected, or the connection breaks.
            SchemaError: the server's schema breaks the dialect.
            ProtocolError: the server speaks none of them.
            APIError: nothing that it says tells which one it speaks.
        """
        spoken = spoken_on(self._connected_now(), job_id, dialects)
        self.dialect = spoken.dialect
        return spoken

    def is_connected(self) -> bool:
        """Whether there is a connection now; it notices by itself when the server goes away."""
        return self._connection is not None and self._connection.is_up

    def disconnect(self) -> None:
        """Cancels what is running, completes its metrics and closes the connection; harmless without one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave()  # first, so that a stream that ends now knows why
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._metrics.finish()
        if connection is not None:
            connection.close()

    @contextmanager
    def connect_context(self, stream_url: str, stream_port: int | str) -> Iterator[GrpcStreamClient]:
        """``connect`` on entry, ``disconnect`` on exit, also after an error."""
        self.connect(stream_url, stream_port)
        try:
            yield self
        finally:
            self.disconnect()

    def stream_spectrograms(
        self,
        job_id: str,
        max_frames: int | None = None,
        *,
        resume: bool = False,
        lines_dt: float | None = None,
        stream_amount: int = 1,
        row_span: float | None = None,
        stream: int = 0,
    ) -> Generator[Frame]:
        """Asks for the stream of a job and yields its frames as they arrive.

        Every frame that the server sends is yielded, also beyond ``max_frames``: whether it kept to the number is for
        the caller to judge. Leaving the loop early, or closing the iterator, cancels the call.

        Args:
            job_id: as ``/configure`` answered it.
            max_frames: ask the server to end the stream after so many frames; None or 0: no limit. Where the dialect
                has no words for that, the client leaves the stream after them.
            resume: go on after a transient error in mid-stream, within the retry budget; no line is yielded twice, and
                ``interruptions`` of the metrics say what was lost. Without it, a stream that breaks has failed.
            lines_dt: seconds from line to line, as ``/configure`` answered it: with it, lost lines are counted.
            stream_amount: how many streams the job has, as ``/configure`` answered it. Of several, all are asked for
                and merged (``support/stream/merged.py`` says what a frame is then); one that ends or breaks alone ends
                all with an APIError that names it.
            row_span: seconds of a row's analysis window, for a dialect whose frames do not say where a row ends.
            stream: which one is asked for where ``stream_amount`` is 1, for a dialect that numbers them.

        Raises:
            ConnectionError: the client is not connected, or is disconnected in mid-stream.
            APIError: the server refused, or the stream failed: then what has been yielded stays valid.
            ValueError: ``max_frames`` is negative, or so many streams are absurd.
        """
        return self._new_stream(job_id, max_frames, resume, lines_dt, stream_amount, row_span, stream).frames()

    def stream_blocks(
        self,
        job_id: str,
        max_frames: int | None = None,
        *,
        resume: bool = False,
        lines_dt: float | None = None,
        stream_amount: int = 1,
        row_span: float | None = None,
        stream: int = 0,
        tape: Tape | None = None,
    ) -> Generator[Block]:
        """Like ``stream_spectrograms``, in blocks: the frames that have arrived since the block before, of one shape.

        Rules judge a block in one go, so that thousands of small frames a second cost little. Nothing waits for a block
        to fill but the few milliseconds that frames which come faster than that are gathered for. A ``tape`` keeps what
        comes, as it comes.
        """
        return self._new_stream(job_id, max_frames, resume, lines_dt, stream_amount, row_span, stream, tape).blocks()

    def get_metrics(self) -> StreamMetrics:
        """The metrics of the newest stream, as they are now; later frames do not change what was returned."""
        return self._metrics.snapshot()

    def _connected(self, target: str) -> Connection:
        """A connection that is as secure as asked for, or as the server speaks."""
        deadline = time.monotonic() + self.connection_timeout
        try:
            return self._connection_to(target, deadline)
        except SpeaksTlsError:
            if not self._follows_server:
                raise
            self.security, self._follows_server = self.security.trusting(Trust.FIRST_USE), False  # never back again
            return self._connection_to(target, deadline)

    def _connection_to(self, target: str, deadline: float) -> Connection:
        return Connection(
            target,
            self.security,
            self.dialect,
            timeout=self.connection_timeout,
            deadline=deadline,
            max_message_bytes=self.max_message_bytes,
        )

    def _connected_now(self) -> Connection:
        if self._connection is None:
            raise ConnectionError("not connected: call connect() before stream_spectrograms()", target=self.target)
        return self._connection

    def _new_stream(
        self,
        job_id: str,
        max_frames: int | None,
        resume: bool,
        lines_dt: float | None,
        stream_amount: int,
        row_span: float | None,
        stream: int,
        tape: Tape | None = None,
    ) -> Stream[Any]:
        connection = self._connected_now()
        if max_frames is not None and max_frames < 0:
            raise ValueError(f"max_frames is a number of frames, or 0 for no limit, not {max_frames}")
        if not 1 <= stream_amount <= MOST_STREAMS:
            raise ValueError(f"a job has 1 to {MOST_STREAMS} streams, not {stream_amount}")
        self._metrics = StreamMetrics(
            connect_seconds=connection.ready_seconds,
            health_seconds=connection.health_seconds,
            pause_limit=self.pause_limit,
        )
        kind = partial(SingleStream, stream) if stream_amount == 1 else partial(Streams, stream_amount)
        self._stream = kind(
            connection,
            self.dialect,
            job_id,
            max_frames or 0,
            Patience(self.retry_attempts, self.retry_delay, self.stream_timeout, self.idle_timeout),
            self._metrics,
            resume=resume,
            lines_dt=lines_dt,
            row_span=row_span,
            tape=tape,
        )
        return self._stream

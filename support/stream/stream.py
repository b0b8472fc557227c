"""One stream, from the bytes of its calls to frames, asked for again where that can help; and the metrics of it."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import grpc
import stamina

from support.errors import APIError, ProtocolError
from support.stream.block import Block, Message
from support.stream.call import StreamCall
from support.stream.connection import Connection
from support.stream.dialect import Dialect, Reader, UnreadableError
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.stream.progress import Progress
from support.stream.tape import Tape

log = logging.getLogger(__name__)

_TRANSIENT = frozenset({grpc.StatusCode.UNAVAILABLE})
"""Statuses after which asking again can help."""

_NO_TIME = 0.001
"""Seconds: one attempt, and no other."""

_UP_AGAIN = 1.0
"""Seconds for a channel to notice that its server can be reached again: it looks twice a second."""

_LOSS_NOTICED = 0.1
"""Seconds for a channel to notice that its connection is gone, where a call on it has broken; there may be no loss."""

_Item = TypeVar("_Item")
_Portion = TypeVar("_Portion")
_Portion_co = TypeVar("_Portion_co", covariant=True)


@dataclass(frozen=True)
class Patience:
    """How often and for how long a stream is asked for, and waited for.

    Attributes:
        attempts: at the beginning, and again after every interruption.
        delay: seconds before the second attempt; later ones wait longer, with jitter.
        timeout: seconds that the whole stream may take.
        idle_timeout: seconds of silence after which it counts as stalled.
    """

    attempts: int
    delay: float
    timeout: float
    idle_timeout: float


class Opened(Protocol[_Portion_co]):
    """What has been asked for, and comes in portions.

    Attributes:
        ended: when it ended, seconds of the monotonic clock; None while it runs.
    """

    @property
    def ended(self) -> float | None: ...
    def __iter__(self) -> Iterator[_Portion_co]: ...
    def close(self) -> None: ...


class Stream(ABC, Generic[_Portion]):
    """A stream that is asked for when its first frame is.

    Args:
        connection: where to ask; it stays open.
        dialect: how to ask and how to read.
        job_id: as ``/configure`` answered it.
        max_frames: frames to ask for; 0: no limit.
        patience: the budget.
        metrics: of this stream alone; written here and nowhere else.
        resume: whether to go on after an interruption.
        lines_dt: seconds from line to line, for the count of lost ones.
        row_span: seconds of a row, for frames that do not say where it ends.
        tape: keeps what comes, as it comes; None: nothing is kept.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        job_id: str,
        max_frames: int,
        patience: Patience,
        metrics: StreamMetrics,
        *,
        resume: bool = False,
        lines_dt: float | None = None,
        row_span: float | None = None,
        tape: Tape | None = None,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._job_id = job_id
        self._patience = patience
        self._metrics = metrics
        self._resume = resume
        self._row_span = row_span
        self._tape = tape
        self._progress = Progress(dialect, max_frames, lines_dt, row_span)
        self._call: Opened[_Portion] | None = None
        self._deadline = 0.0

    def frames(self) -> Generator[Frame]:
        """The frames, one by one, as they come.

        Raises:
            APIError: the stream failed, and asking again did not help or was not allowed.
            ConnectionError: the client left the connection.
        """
        with self._counted():
            for block in self._received():
                for position, frame in enumerate(block.frames):
                    self._metrics.arrived(block, range(position, position + 1))
                    with self._judged():
                        yield frame

    def blocks(self) -> Generator[Block]:
        """The frames, in blocks as they come; raises like ``frames``."""
        with self._counted():
            for block in self._received():
                self._metrics.arrived(block, range(len(block)))
                with self._judged():
                    yield block

    def close(self) -> None:
        """Ends the running call, if there is one; from any thread."""
        if self._call is not None:
            self._call.close()

    def _received(self) -> Iterator[Block]:
        """The new frames of all calls."""
        while self._progress.goes_on:
            new = self._begun()
            try:
                yield from new
            except APIError as error:
                if not self._resume or not _is_transient(error):
                    raise
                self._metrics.errors_count += 1
                self._over(f"{_name(error.status)}: {error.details}")
            else:
                self._over()

    def _over(self, reason: str = "") -> None:
        """The call is over; it broke for this reason, or ended, status OK."""
        at = self._metrics.elapsed
        if self._tape is not None:
            self._tape.over(at, reason)
        self._progress.over(at, reason)

    def _keep(self, stream: int, messages: list[Message]) -> None:
        if self._tape is not None:
            self._tape.came(stream, messages)

    def _begun(self) -> Iterator[Block]:
        """The new frames of a new call, of which the first has come; asked for again until then, while that is safe."""
        for attempt in stamina.retry_context(
            on=_is_transient,
            attempts=self._patience.attempts,
            timeout=max(self._patience.timeout - self._metrics.elapsed, _NO_TIME),
            wait_initial=self._patience.delay,
            wait_max=self._patience.delay * 4,
            wait_jitter=self._patience.delay / 4,
        ):
            with attempt:
                self._metrics.attempts += 1
                if attempt.num > 1:
                    self._metrics.errors_count += 1
                    if self._tape is not None:
                        self._tape.in_vain()
                    of = self._patience.attempts
                    log.warning("asking %s again, attempt %d of %d", self._connection.target, attempt.num, of)
                new = self._new_of(self._ask(again=attempt.num > 1))
                first = next(new, None)
                for broken in self._progress.interruptions[-1:]:
                    log.warning("the stream of job %s at %s was %s", self._job_id, self._connection.target, broken)
                return new if first is None else itertools.chain([first], new)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @abstractmethod
    def _open(self, max_frames: int) -> Opened[_Portion]:
        """Asks for so many frames; 0: no limit."""

    @abstractmethod
    def _read(self, portion: _Portion) -> Iterator[Block]:
        """The frames in what has come.

        Raises:
            UnreadableError: it cannot be read; what came before has been yielded.
        """

    def _new_reader(self) -> Reader:
        return self._dialect.reader(self._row_span)

    def _call_for(
        self,
        max_frames: int,
        stream: int = 0,
        name: str = "the stream",
        arrived: threading.Event | None = None,
    ) -> StreamCall:
        return StreamCall(
            self._connection,
            self._dialect.method,
            self._dialect.request(self._job_id, max_frames, stream),
            job_id=self._job_id,
            timeout=self._patience.timeout,
            deadline=self._deadline,
            idle_timeout=self._patience.idle_timeout,
            name=name,
            arrived=arrived,
        )

    def _ask(self, *, again: bool) -> Iterator[_Portion]:
        left = max(self._deadline - time.monotonic(), 0)
        if again:
            self._connection.wait_until_up(min(_UP_AGAIN, left))
        elif self._progress.interruptions:
            self._connection.wait_until_lost(min(_LOSS_NOTICED, left))  # or the call would be made on a dying one
        self._call = self._open(self._progress.ask())
        return iter(self._call)

    def _new_of(self, call: Iterator[_Portion]) -> Iterator[Block]:
        """The new frames of a call.

        Raises:
            ProtocolError: bytes came that are no frame; what had come before has been yielded.
        """
        for portion in self._timed(call, "waiting_seconds"):
            try:
                for block in self._timed(self._read(portion), "decoding_seconds"):
                    block.began = self._metrics.began
                    yield from self._progress.take(block)
                    if self._progress.call_is_done:  # what came with it is not looked at, however much that was
                        return
            except UnreadableError as error:
                target = self._connection.target
                frame = f"frame {self._progress.delivered} of job {self._job_id!r} from {target}"
                raise ProtocolError(f"{frame} {error}", target=target) from error

    def _timed(self, items: Iterator[_Item], counter: str) -> Iterator[_Item]:
        """The items; a counter of the metrics grows by the seconds that it takes until they come."""
        while True:
            began = time.monotonic()
            try:
                item = next(items, None)
            finally:
                self._spend(counter, began)
            if item is None:
                return
            yield item

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Counts the time in which the caller has a frame."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._spend("judging_seconds", began)

    def _spend(self, counter: str, began: float) -> None:
        setattr(self._metrics, counter, getattr(self._metrics, counter) + time.monotonic() - began)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """From asking to the end, whatever the reason."""
        self._deadline = time.monotonic() + self._patience.timeout
        self._metrics.begin()
        self._metrics.interruptions = self._progress.interruptions
        try:
            yield
        except APIError as error:
            self._metrics.errors_count += 1
            if not self._progress.interruptions:
                raise
            raise type(error)(
                f"{error}; {self._progress}", status=error.status, details=error.details, target=error.target
            ) from error
        finally:
            self._finish()

    def _finish(self) -> None:
        self._metrics.had_enough = self._progress.had_enough
        self._metrics.finish(at=self._call.ended if self._call else None)
        self.close()


class SingleStream(Stream[list[Message]]):
    """The only stream of a job, or one of several, by its number."""

    def __init__(self, number: int, *stream: Any, **keywords: Any) -> None:
        super().__init__(*stream, **keywords)
        self._number = number
        self._reader = self._new_reader()

    def _open(self, max_frames: int) -> StreamCall:
        return self._call_for(max_frames, self._number)

    def _read(self, portion: list[Message]) -> Iterator[Block]:
        self._keep(0, portion)
        return self._reader.blocks(portion)


def _name(status: grpc.StatusCode | int | None) -> str:
    return status.name if isinstance(status, grpc.StatusCode) else str(status)


def _is_transient(error: Exception) -> bool:
    return isinstance(error, APIError) and error.status in _TRANSIENT

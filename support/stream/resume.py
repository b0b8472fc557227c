"""A stream over as many calls as it takes: asked for again when that can help, and every line delivered once."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import grpc
import stamina
from google.protobuf.message import DecodeError

from protos.datastream_pb2 import DataStream, StreamRequest
from support.errors import APIError, ProtocolError
from support.stream.block import Block, Decoder, Message
from support.stream.call import StreamCall
from support.stream.interruption import Interruption
from support.stream.metrics import StreamMetrics
from support.stream.wire import AbsurdError
from support.wording import clock, plural

log = logging.getLogger(__name__)

TRANSIENT = frozenset({grpc.StatusCode.UNAVAILABLE})
"""Statuses after which asking again can help."""

_NO_TIME = 0.001
"""Seconds: one attempt, and no other."""


@dataclass(frozen=True)
class Retries:
    """How often and for how long a stream is asked for.

    Attributes:
        attempts: at the beginning, and again after every interruption.
        delay: seconds before the second attempt; later ones wait longer, with jitter.
        timeout: seconds that the whole stream may take.
    """

    attempts: int
    delay: float
    timeout: float


class Blocks(Iterator[Block]):
    """The frames of one stream, in blocks as they come.

    Until the first one has come, a transient error is answered by asking again. After that only where ``resume`` is
    set: the stream is then gone on with, and rows that are not newer than the newest one delivered before the break are
    left out of the new call's frames, for they have come already. For a stream of so many frames, the rest is asked
    for.

    Args:
        ask: makes a call; True: the channel may need a moment to be ready again.
        request: the job, and the number of frames.
        metrics: where attempts, errors and interruptions are counted.
        retries: the budget.
        target: ``host:port`` of the job, for sentences.
        resume: whether to go on after an interruption.
        lines_dt: seconds from line to line, for the count of lost ones.
    """

    def __init__(
        self,
        ask: Callable[[StreamRequest, bool], StreamCall],
        request: StreamRequest,
        metrics: StreamMetrics,
        retries: Retries,
        *,
        target: str,
        resume: bool,
        lines_dt: float | None,
    ) -> None:
        self._ask = ask
        self._request = request
        self._metrics = metrics
        self._retries = retries
        self._target = target
        self._resume = resume
        self._lines_dt = lines_dt
        self._call: StreamCall | None = None
        self._decoder = Decoder()
        self._decoded: deque[Block] = deque()
        self._undecodable: ProtocolError | None = None  # raised when what came before it has been delivered
        self._delivered = 0
        self._newest: int | None = None
        self._had: int | None = None  # rows up to this one came in an earlier call
        self._interrupted = False
        self._has_surplus = False
        self._asked = self._served = self._stale = 0  # frames of the running call; stale: those that had come

    def __next__(self) -> Block:
        """The next frames with anything new in them.

        Raises:
            StopIteration: the stream is over, status OK.
            APIError: it failed, and asking again did not help or was not allowed.
            ConnectionError: the client left the channel.
        """
        try:
            block = self._first_of_call() if self._call is None else self._next_of_call()
            while block is None and self._stale_took_the_place_of_new():
                self._interrupt(f"{plural(self._stale, 'frame')} of those asked for had come before")
                block = self._first_of_call()
        except APIError as error:
            if not self._metrics.interruptions:
                raise
            raise self._with_how_far_it_came(error) from error
        if block is None:
            raise StopIteration
        self._note(block)
        return block

    @property
    def ended(self) -> float | None:
        """When the last call ended, seconds of the monotonic clock; None while it runs."""
        return self._call.ended if self._call else None

    def close(self) -> None:
        """Ends the running call, if there is one."""
        if self._call is not None:
            self._call.close()

    def _first_of_call(self) -> Block | None:
        """The first new message of a new call, None where there was none; retried while that is safe."""
        for attempt in stamina.retry_context(
            on=_is_transient,
            attempts=self._retries.attempts,
            timeout=max(self._retries.timeout - self._metrics.elapsed, _NO_TIME),
            wait_initial=self._retries.delay,
            wait_max=self._retries.delay * 4,
            wait_jitter=self._retries.delay / 4,
        ):
            with attempt:
                self._metrics.attempts += 1
                if attempt.num > 1:
                    self._metrics.errors_count += 1
                    of = self._retries.attempts
                    log.warning("asking %s again, attempt %d of %d", self._target, attempt.num, of)
                self._has_surplus = self._missing > 0 and self._stale > 0  # room for frames that have come already
                self._asked = self._missing + self._stale if self._has_surplus else self._missing
                self._served = self._stale = 0
                request = StreamRequest(job_id=self._request.job_id, max_frames=self._asked)
                self._call = self._ask(request, attempt.num > 1)
                return self._new_of_call(self._call)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _next_of_call(self) -> Block | None:
        assert self._call is not None, "the first message has come"
        if self._has_surplus and self._is_complete:
            return None
        try:
            return self._new_of_call(self._call)
        except APIError as error:
            if not self._resume or not _is_transient(error):
                raise
            self._metrics.errors_count += 1
            self._stale = 0
            self._interrupt(f"{_name(error.status)}: {error.details}")
        return None if self._is_complete else self._first_of_call()

    def _new_of_call(self, call: StreamCall) -> Block | None:
        while True:
            while self._decoded:
                block = self._decoded.popleft()
                self._served += len(block)
                new = self._new_rows(block)
                if new is not None:
                    return self._due(new) if self._has_surplus else new
            if self._undecodable is not None:
                raise self._undecodable
            messages = self._awaited(call)
            if messages is None:
                return None
            came = time.monotonic()
            self._decode(messages)
            self._metrics.decoding_seconds += time.monotonic() - came

    def _awaited(self, call: StreamCall) -> list[Message] | None:
        began = time.monotonic()
        try:
            return next(call, None)
        finally:
            self._metrics.waiting_seconds += time.monotonic() - began

    def _due(self, block: Block) -> Block:
        """Those of the frames that are still to come; behind them are the ones that make up for stale ones."""
        return block if len(block) <= self._missing else next(Decoder().blocks(block.messages[: self._missing]))

    def _new_rows(self, block: Block) -> Block | None:
        """The frames without rows that came in an earlier call; None where they hold nothing else."""
        if self._had is None or not (block.starts <= self._had).any():
            return block
        new = []
        for message in block.messages:
            parsed = DataStream.FromString(message.data)
            rows = [row for row in parsed.rows if row.startTimestamp > self._had]
            if parsed.rows and not rows:
                self._stale += 1
                continue
            bounds = parsed.current_min_amp, parsed.current_max_amp
            kept = DataStream(rows=rows, current_min_amp=bounds[0], current_max_amp=bounds[1])
            new.append(message._replace(data=kept.SerializeToString()))
        blocks = list(Decoder().blocks(new))
        self._decoded.extendleft(reversed(blocks[1:]))
        self._served -= sum(map(len, blocks[1:]))
        return blocks[0] if blocks else None

    def _note(self, block: Block) -> None:
        block.index, block.began = self._delivered, self._metrics.began
        self._delivered += len(block)
        if not block.starts.size:
            return
        if self._interrupted:
            self._interrupted = False
            broken = self._metrics.interruptions[-1]
            duration = block.messages[0].arrived - self._metrics.began - broken.began
            over = replace(broken, duration=duration, before=int(block.starts[0].min()))
            self._metrics.interruptions[-1] = over
            log.warning("the stream of job %s at %s was %s", self._request.job_id, self._target, over)
        newest = int(block.starts.max())
        self._newest = newest if self._newest is None else max(self._newest, newest)

    def _interrupt(self, reason: str) -> None:
        self._interrupted = True
        self._had = self._newest
        self._metrics.interruptions.append(
            Interruption(self._metrics.elapsed, reason, after=self._newest, lines_dt=self._lines_dt)
        )

    @property
    def _missing(self) -> int:
        """Frames still to come; 0 where there is no limit."""
        return max(self._request.max_frames - self._delivered, 0)

    @property
    def _is_complete(self) -> bool:
        return self._request.max_frames > 0 and not self._missing

    def _stale_took_the_place_of_new(self) -> bool:
        return self._stale > 0 and self._missing > 0 and self._served >= self._asked

    def _decode(self, messages: list[Message]) -> None:
        done = 0
        try:
            for block in self._decoder.blocks(messages):
                self._decoded.append(block)
                done += len(block)
        except (DecodeError, AbsurdError) as error:
            data = messages[done].data
            what = (
                f"is absurd: {error}, and no more are read"
                if isinstance(error, AbsurdError)
                else f"is not a DataStream message: {len(data)} bytes that begin with {data[:16].hex(' ')} ({error})"
            )
            frame = self._delivered + sum(map(len, self._decoded))
            self._undecodable = ProtocolError(
                f"frame {frame} of job {self._request.job_id!r} from {self._target} {what}", target=self._target
            )
            self._undecodable.__cause__ = error

    def _with_how_far_it_came(self, error: APIError) -> APIError:
        newest = "" if self._newest is None else f", the newest line of {clock(self._newest)}"
        interruptions = plural(len(self._metrics.interruptions), "interruption")
        return type(error)(
            f"{error}; in all {plural(self._delivered, 'frame')} came{newest}, with {interruptions}",
            status=error.status,
            details=error.details,
            target=error.target,
        )


def _name(status: grpc.StatusCode | int | None) -> str:
    return status.name if isinstance(status, grpc.StatusCode) else str(status)


def _is_transient(error: Exception) -> bool:
    return isinstance(error, APIError) and error.status in TRANSIENT

"""One call of a stream: raw messages in, our own errors out, and an eye on silence."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

import grpc

from support.errors import APIError, APITimeoutError, ConnectionError, RemoteError
from support.machine.threads import named
from support.security.security import TOKEN_HINT
from support.stream.block import Message
from support.stream.connection import Connection
from support.stream.handover import PLENTY, Handover
from support.wording import clock, plural

_CLOCK_SLACK = 0.1
"""Seconds by which gRPC's deadline may fire before ours: it counts on another clock."""

_MOST_WAITING = 2**23
"""Bytes that may wait for the caller; beyond them nothing is read, and so the server is held back."""


class _Answer(Protocol):
    """The part of a running gRPC call that is used here."""

    def __next__(self) -> bytes: ...
    def cancel(self) -> bool: ...


class StreamCall(Iterator[list[Message]]):
    """The messages of one call, as bytes, in portions: each is what has arrived since the one before.

    A thread of its own takes them from gRPC, so that the time of arrival is true however long the caller takes.

    Args:
        connection: to ask on; a call that ends because the client has left it is nobody's failure.
        method: full name of the method.
        request: its argument, encoded.
        job_id: for sentences.
        timeout: seconds that the whole stream may take.
        deadline: when they are over, by the monotonic clock; an earlier call of the stream may have used some.
        idle_timeout: seconds that the caller may wait for one message.
        name: for sentences; they go on with "of job …".
        arrived: set whenever something has come, for who waits for several calls and ``take``s from each.

    Attributes:
        ended: when the stream ended, seconds of the monotonic clock; None while it runs.

    Raises:
        ConnectionError: the channel has been closed.
    """

    def __init__(
        self,
        connection: Connection,
        method: str,
        request: bytes,
        *,
        job_id: str,
        timeout: float,
        deadline: float,
        idle_timeout: float,
        name: str = "the stream",
        arrived: threading.Event | None = None,
    ) -> None:
        self._connection = connection
        self._target = connection.target
        self._job_id = job_id
        self._name = name
        self._timeout = timeout
        self._idle_timeout = idle_timeout
        self._deadline = deadline
        self._received = 0
        self._last_at = 0.0
        self._went_silent = False
        self._waiting: deque[Message] = deque()
        self._bytes_in = self._bytes_out = 0
        self._wanted = 0 if arrived is None else 1  # bytes for which the caller waits; 0: it does not wait
        self._arrived, self._room = arrived or threading.Event(), threading.Event()
        self._handover = Handover()
        self._end: BaseException | None = None
        self._closed = False
        self.ended: float | None = None
        ask: Callable[..., _Answer] = connection.channel.unary_stream(method)
        try:
            self._answer = ask(request, timeout=max(deadline - time.monotonic(), 0))
        except ValueError as error:  # gRPC's answer on a closed channel
            raise self._left(str(error)) from error
        threading.Thread(target=self._read, name=named(f"stream-reader {self._job_id}"), daemon=True).start()

    def __next__(self) -> list[Message]:
        """The next messages, at least one; waits for it.

        Raises:
            StopIteration: the server ended the stream, status OK.
            APITimeoutError: the stream went silent, or the whole of it took too long.
            APIError: it ended with another status.
            ConnectionError: the client left the channel.
        """
        due = self._handover.due()
        if not self._wait_for(1, self._idle_timeout):
            self.give_up()
        self._wait_for(PLENTY, due - time.monotonic())
        self._handover.is_done()
        return self.take()

    @property
    def received(self) -> int:
        """Messages that have been taken."""
        return self._received

    def wake_for(self, size: int) -> None:
        """Sets ``arrived`` when so many bytes wait to be taken, and at the end."""
        self._wanted = size

    def has(self, size: int) -> bool:
        """Whether so many bytes wait to be taken, or nothing more will come."""
        return self._bytes_in - self._bytes_out >= size or self._end is not None

    def take(self) -> list[Message]:
        """What has come and was not taken, or a part of it where it is much; empty where nothing has. Never waits.

        Raises:
            As for the next messages, where nothing is left and nothing will come.
        """
        is_over = self._end is not None  # first: what had come before the end is there then
        portion: list[Message] = []
        size = 0
        while self._waiting and size < PLENTY:
            message = self._waiting.popleft()
            portion.append(message)
            size += max(message.size, 1)
        if not portion:
            if is_over:
                self._raise_the_end()
            return portion
        self._bytes_out += size
        self._room.set()
        self._received += len(portion)
        self._last_at = portion[-1].received_at
        return portion

    def give_up(self) -> None:
        """Ends the call because it went silent: it raises that, once what had come has been taken."""
        self._went_silent = True
        self._answer.cancel()
        self._wait_for(1, None)

    def ended_alone(self) -> APIError:
        """The error of a call that is over, status OK, while those that belong to it go on."""
        sentence = f"{self._where} ended {self._so_far}, though the others went on"
        return APIError(sentence, target=self._target)

    def close(self) -> None:
        """Ends the call; the server stops sending. Closing twice is harmless."""
        self._closed = True
        self._room.set()
        self._answer.cancel()

    def _wait_for(self, size: int, timeout: float | None) -> bool:
        """Waits until so many bytes are there, or the end; False where the time was over before."""
        self._wanted = size
        try:
            while not self.has(size):
                self._arrived.clear()
                if self.has(size):
                    break
                if timeout is not None and timeout <= 0:
                    return False
                if not self._arrived.wait(timeout):
                    return False
            return True
        finally:
            self._wanted = 0

    def _read(self) -> None:
        """Takes the messages from gRPC as they come; runs in a thread of its own."""
        try:
            while True:
                data = next(self._answer)
                self._waiting.append(Message(data, len(data), time.monotonic(), time.time()))
                self._bytes_in += max(len(data), 1)
                if 0 < self._wanted <= self._bytes_in - self._bytes_out:
                    self._arrived.set()
                while self._bytes_in - self._bytes_out > _MOST_WAITING and not self._closed:
                    self._room.clear()
                    if self._bytes_in - self._bytes_out > _MOST_WAITING and not self._closed:
                        self._room.wait()
        except BaseException as end:  # noqa: BLE001 - whatever it is, the caller is told
            self._end = end.with_traceback(None)  # which would keep this call, and its socket, alive
        finally:
            self.ended = time.monotonic()
            self._arrived.set()
            _take_last_events(self._answer)

    def _raise_the_end(self) -> NoReturn:
        assert self._end is not None, "the wait is over"
        if isinstance(self._end, grpc.RpcError):
            raise self._explained(self._end) from self._end
        if isinstance(self._end, StopIteration):
            raise StopIteration
        raise self._end

    def _explained(self, error: grpc.RpcError) -> RemoteError:
        status, details = error.code(), error.details() or ""
        if self._went_silent:
            return APITimeoutError(
                f"{self._where} went silent: nothing came for {self._idle_timeout:g} s {self._so_far}{self._last}",
                status=grpc.StatusCode.DEADLINE_EXCEEDED,
                details=details,
                target=self._target,
            )
        if not self._connection.is_open:
            return self._left(details)
        kind = APITimeoutError if status is grpc.StatusCode.DEADLINE_EXCEEDED else APIError
        ours = kind is APITimeoutError and time.monotonic() >= self._deadline - _CLOCK_SLACK
        reason = f"it took longer than {self._timeout:g} s" if ours else f"{status.name}: {details or 'no word why'}"
        if status is grpc.StatusCode.UNAUTHENTICATED:
            reason += TOKEN_HINT
        return kind(
            f"{self._where} failed {self._so_far}: {reason}", status=status, details=details, target=self._target
        )

    def _left(self, details: str) -> ConnectionError:
        return ConnectionError(
            f"{self._where} was left {self._so_far}: the client has disconnected",
            status=grpc.StatusCode.CANCELLED,
            details=details,
            target=self._target,
        )

    @property
    def _where(self) -> str:
        return f"{self._name} of job {self._job_id!r} at {self._target}"

    @property
    def _so_far(self) -> str:
        return f"after {plural(self._received, 'frame')}"

    @property
    def _last(self) -> str:
        return f", the last one at {clock(self._last_at * 1000)}" if self._received else ""


def _take_last_events(answer: Any) -> None:
    """Lets gRPC close what a cancelled call had open.

    A call that is read by one thread keeps two files open until its last event has been taken, and gRPC (1.85) itself
    does not take it after a cancellation; there is no public way to ask for that.
    """
    while answer._state.due:
        answer._consume_next_event()

"""One StreamSpectrograms call: raw messages in, our own errors out, and an eye on silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import grpc

from protos.datastream_pb2 import StreamRequest
from support.errors import APIError, APITimeoutError, ConnectionError, RemoteError
from support.security.security import TOKEN_HINT
from support.wording import clock, plural

_METHOD = "/datastream.DataStreamService/StreamSpectrograms"
_CLOCK_SLACK = 0.1
"""Seconds by which gRPC's deadline may fire before ours: it counts on another clock."""


class _Answer(Protocol):
    """The part of a running gRPC call that is used here."""

    def __next__(self) -> bytes: ...
    def cancel(self) -> bool: ...


class StreamCall(Iterator[bytes]):
    """The messages of one call, as bytes: they are parsed where a parse error can be explained.

    Args:
        channel: the channel to ask on.
        target: its ``host:port``, for sentences.
        request: the job and the number of frames.
        timeout: seconds that the whole stream may take.
        deadline: when they are over, by the monotonic clock; an earlier call of the stream may have used some.
        idle_timeout: seconds that the caller may wait for one message.
        in_use: whether the client still uses the channel: a call that ends because it does not is nobody's failure.

    Raises:
        ConnectionError: the channel has been closed.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        target: str,
        request: StreamRequest,
        *,
        timeout: float,
        deadline: float,
        idle_timeout: float,
        in_use: Callable[[], bool],
    ) -> None:
        self._target = target
        self._job_id = request.job_id
        self._timeout = timeout
        self._idle_timeout = idle_timeout
        self._in_use = in_use
        self._received = 0
        self._last_at = 0.0
        self._waiting_since: float | None = None
        self._went_silent = False
        self._over = threading.Event()
        ask: Callable[..., _Answer] = channel.unary_stream(_METHOD, request_serializer=StreamRequest.SerializeToString)
        self._deadline = deadline
        try:
            self._answer = ask(request, timeout=max(deadline - time.monotonic(), 0))
        except ValueError as error:  # gRPC's answer on a closed channel
            raise self._left(str(error)) from error
        threading.Thread(target=self._watch, name=f"silence-watch {self._job_id}", daemon=True).start()

    def __next__(self) -> bytes:
        """The next message.

        Raises:
            StopIteration: the server ended the stream, status OK.
            APITimeoutError: the stream went silent, or the whole of it took too long.
            APIError: it ended with another status.
            ConnectionError: the client left the channel.
        """
        self._waiting_since = time.monotonic()
        try:
            message = next(self._answer)
        except grpc.RpcError as error:
            self.close()
            raise self._explained(error) from error
        except BaseException:  # the end of the stream, or Ctrl-C while waiting for it
            self.close()
            raise
        finally:
            self._waiting_since = None
        self._received += 1
        self._last_at = time.time()
        return message

    def close(self) -> None:
        """Ends the call; the server stops sending. Closing twice is harmless."""
        self._over.set()
        self._answer.cancel()

    def _watch(self) -> None:
        """Cancels the call when the caller has waited too long; time that the caller spends itself does not count."""
        pause = self._idle_timeout
        while not self._over.wait(pause):
            since = self._waiting_since
            waited = 0.0 if since is None else time.monotonic() - since
            if waited >= self._idle_timeout:
                self._went_silent = True
                self._answer.cancel()
                return
            pause = self._idle_timeout - waited

    def _explained(self, error: grpc.RpcError) -> RemoteError:
        status, details = error.code(), error.details() or ""
        if self._went_silent:
            return APITimeoutError(
                f"{self._where} went silent: nothing came for {self._idle_timeout:g} s {self._so_far}{self._last}",
                status=grpc.StatusCode.DEADLINE_EXCEEDED,
                details=details,
                target=self._target,
            )
        if not self._in_use():
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
        return f"the stream of job {self._job_id!r} at {self._target}"

    @property
    def _so_far(self) -> str:
        return f"after {plural(self._received, 'frame')}"

    @property
    def _last(self) -> str:
        return f", the last one at {clock(self._last_at * 1000)}" if self._received else ""

"""One StreamSpectrograms call: raw messages in, our own errors out, and an eye on silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import grpc

from protos.datastream_pb2 import StreamRequest
from support.errors import APIError, APITimeoutError

_METHOD = "/datastream.DataStreamService/StreamSpectrograms"


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
        idle_timeout: seconds that the caller may wait for one message.
    """

    def __init__(
        self, channel: grpc.Channel, target: str, request: StreamRequest, *, timeout: float, idle_timeout: float
    ) -> None:
        self._target = target
        self._job_id = request.job_id
        self._timeout = timeout
        self._idle_timeout = idle_timeout
        self._received = 0
        self._waiting_since: float | None = None
        self._went_silent = False
        self._over = threading.Event()
        ask: Callable[..., _Answer] = channel.unary_stream(_METHOD, request_serializer=StreamRequest.SerializeToString)
        self._answer = ask(request, timeout=timeout)
        threading.Thread(target=self._watch, name=f"silence-watch {self._job_id}", daemon=True).start()

    def __next__(self) -> bytes:
        """The next message.

        Raises:
            StopIteration: the server ended the stream, status OK.
            APITimeoutError: the stream went silent, or the whole of it took too long.
            APIError: it ended with another status.
        """
        self._waiting_since = time.monotonic()
        try:
            message = next(self._answer)
        except StopIteration:
            self.close()
            raise
        except grpc.RpcError as error:
            self.close()
            raise self._explained(error) from error
        finally:
            self._waiting_since = None
        self._received += 1
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

    def _explained(self, error: grpc.RpcError) -> APIError:
        status, details = error.code(), error.details() or ""
        where = f"the stream of job {self._job_id!r} at {self._target}"
        so_far = f"after {self._received} frames"
        if self._went_silent:
            return APITimeoutError(
                f"{where} went silent: nothing came for {self._idle_timeout:g} s {so_far}",
                status=grpc.StatusCode.DEADLINE_EXCEEDED,
                details=details,
                target=self._target,
            )
        kind = APITimeoutError if status is grpc.StatusCode.DEADLINE_EXCEEDED else APIError
        reason = f"it took longer than {self._timeout:g} s" if kind is APITimeoutError else f"{status.name}: {details}"
        return kind(f"{where} failed {so_far}: {reason}", status=status, details=details, target=self._target)

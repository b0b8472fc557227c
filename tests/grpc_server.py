"""A real gRPC server on a real port that plays a script, so that the client is tested against every behaviour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn

import grpc
import numpy as np

from protos.datastream_pb2 import (
    DataStream,
    HealthRequest,
    HealthResponse,
    SensorIntensity,
    SpectrogramRow,
    StreamRequest,
)
from tests.patience import PATIENCE

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Abort:
    """The stream ends with this status."""

    status: grpc.StatusCode
    details: str = ""


Step = DataStream | bytes | threading.Event | Abort
"""A message to send, as it is or as raw bytes; an event to wait for; or the end with an error."""


def silence() -> threading.Event:
    """A step that waits until the client gives up."""
    return threading.Event()


Health = Callable[[HealthRequest, grpc.ServicerContext], HealthResponse]


def healthy(_request: HealthRequest, _context: grpc.ServicerContext) -> HealthResponse:
    return HealthResponse(healthy=True, version="scripted-1")


def unhealthy(_request: HealthRequest, _context: grpc.ServicerContext) -> HealthResponse:
    return HealthResponse(healthy=False, version="scripted-1")


def failing(_request: HealthRequest, context: grpc.ServicerContext) -> NoReturn:
    context.abort(grpc.StatusCode.INTERNAL, "the disk is full")


def unimplemented(_request: HealthRequest, context: grpc.ServicerContext) -> NoReturn:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


@dataclass
class Call:
    """What the server saw of one StreamSpectrograms call."""

    request: StreamRequest
    over: threading.Event = field(default_factory=threading.Event)
    played_to_the_end: bool = False

    def was_cancelled(self) -> bool:
        """Waits for the end of the call; True where the client ended it before the script was through."""
        assert self.over.wait(PATIENCE), "the call is still open"
        return not self.played_to_the_end


class GrpcServer:
    """Serves ``DataStreamService``; the n-th stream plays the n-th script, later ones the last script again.

    Args:
        scripts: what to do with each stream; without any, streams end at once.
        health: the answer to ``CheckHealth``.
        port: the port; 0: any free one.
        streams: of each job; then the first so many scripts are those of its streams, the next so many are those of
            the streams that are asked for again, and a job id ends with "#" and the number of the stream.
    """

    def __init__(
        self,
        *scripts: Iterable[Step],
        health: Health = healthy,
        port: int = 0,
        host: str = HOST,
        streams: int = 1,
    ) -> None:
        self.calls: list[Call] = []
        self._streams = streams
        self._lock = threading.Lock()
        self._scripts = scripts or ((),)
        self._workers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="scripted")
        self._server = grpc.server(
            self._workers, options=[("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)]
        )
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "datastream.DataStreamService",
                    {
                        "StreamSpectrograms": grpc.unary_stream_rpc_method_handler(
                            self._stream, request_deserializer=StreamRequest.FromString
                        ),
                        "CheckHealth": grpc.unary_unary_rpc_method_handler(
                            health,
                            request_deserializer=HealthRequest.FromString,
                            response_serializer=HealthResponse.SerializeToString,
                        ),
                    },
                )
            ]
        )
        self.port = self._server.add_insecure_port(f"{host}:{port}")
        self._server.start()

    @property
    def target(self) -> str:
        return f"{HOST}:{self.port}"

    def close(self) -> None:
        """Goes away at once: the port refuses, and what is running is cut off."""
        self._server.stop(grace=None).wait(PATIENCE)
        self._workers.shutdown()

    def __enter__(self) -> GrpcServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _script(self, call: Call) -> Iterable[Step]:
        with self._lock:
            self.calls.append(call)
            before = len(self.calls) - 1
            if self._streams > 1:
                asked = sum(1 for one in self.calls[:-1] if one.request.job_id == call.request.job_id)
                before = asked * self._streams + int(call.request.job_id.rpartition("#")[2])
        return self._scripts[min(before, len(self._scripts) - 1)]

    def _stream(self, request: StreamRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        call = Call(request)
        context.add_callback(call.over.set)
        for step in self._script(call):
            if isinstance(step, Abort):
                call.played_to_the_end = True
                context.abort(step.status, step.details)
            elif isinstance(step, threading.Event):
                while not step.wait(0.01):
                    if call.over.is_set():
                        return
            else:
                yield step if isinstance(step, bytes) else step.SerializeToString()
        call.played_to_the_end = True


def frame(first: float = 1.0, *, rows: int = 2, sensors: int = 3, bins: int = 4) -> DataStream:
    """A message whose intensities count up from ``first``."""
    values = np.arange(first, first + rows * sensors * bins, dtype=np.float32).reshape(rows, sensors, bins)
    return message(values.tolist())


def message(intensities: list[list[list[float]]]) -> DataStream:
    """A message with these intensities: rows of sensors of bins, ragged where they are."""
    flat = [value for row in intensities for sensor in row for value in sensor]
    return DataStream(
        rows=[
            SpectrogramRow(
                canvasId="canvas",
                sensors=[SensorIntensity(id=number, intensity=bins) for number, bins in enumerate(row)],
                startTimestamp=1_000 + 10 * index,
                endTimestamp=1_512 + 10 * index,
            )
            for index, row in enumerate(intensities)
        ],
        current_max_amp=max(flat, default=0.0),
        current_min_amp=min(flat, default=0.0),
    )

"""A gRPC server that does nothing but send ready bytes, so that it is the receiver that a benchmark measures.

``python -m proving.bench.sender SHAPE…`` serves ``StreamSpectrograms``: the job id names the shape. It prints its
port when it is ready, and ends with its standard input.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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
from support.validation.expectation import Expectation

_VARIANTS = 8
"""Rows of different values, which take turns; the values of the first sensor never come again."""

_START_MS = 1_795_000_000_000
_LINE_MS, _SPAN_MS = 10, 512


@dataclass(frozen=True)
class Shape:
    """What a frame of the benchmark holds, and how many frames are kept ready."""

    sensors: int
    bins: int
    rows: int = 1
    frames: int = 1000

    @property
    def expectation(self) -> Expectation:
        """What rules expect of a stream of such frames."""
        return Expectation(
            sensors=tuple(range(1, self.sensors + 1)),
            frequencies=tuple(float(number) for number in range(self.bins)),
            lines_dt=_LINE_MS / 1000,
            row_span=_SPAN_MS / 1000,
            sample=0.001,
        )

    def messages(self) -> list[bytes]:
        """The messages: correct ones, whose lines go on from each to the next."""
        noise = np.random.default_rng(1)
        variants = [self._row(noise) for _ in range(_VARIANTS)]
        turns = itertools.cycle(variants)
        bounds = DataStream(current_min_amp=0.0, current_max_amp=1e9).SerializeToString()
        lines = itertools.count()
        messages = []
        for _ in range(self.frames):
            rows = [_row(self._fresh(next(turns), noise), next(lines)) for _ in range(self.rows)]
            messages.append(b"".join([*rows, bounds]))
        return messages

    def _row(self, noise: np.random.Generator) -> tuple[bytes, bytes]:
        """The canvas and the first sensor of a row, serialized, and the other sensors of it."""
        values = noise.rayleigh(1.0, (self.sensors, self.bins)).astype(np.float32)
        first, *others = (
            SensorIntensity(id=number, intensity=one.tolist()) for number, one in enumerate(values, start=1)
        )
        return (
            SpectrogramRow(canvasId="canvas-0", sensors=[first]).SerializeToString(),
            SpectrogramRow(sensors=others).SerializeToString(),
        )

    def _fresh(self, row: tuple[bytes, bytes], noise: np.random.Generator) -> bytes:
        """The row with other values of the first sensor, which are the end of its bytes."""
        values = noise.rayleigh(1.0, self.bins).astype("<f4").tobytes()
        return b"".join([row[0][: -len(values)], values, row[1]])


SHAPES = {
    "11 sensors x 257 bins": Shape(11, 257, frames=20_000),
    "200 x 513": Shape(200, 513, frames=3_000),
    "2,222 x 513": Shape(2222, 513, frames=300),
    "200 x 257, 10 rows": Shape(200, 257, rows=10, frames=600),
    "11 x 257, for long": Shape(11, 257, frames=100_000),
}


def _row(sensors: bytes, line: int) -> bytes:
    """A row as a field of its message; messages that are joined are merged, says the wire format."""
    start = _START_MS + line * _LINE_MS
    body = sensors + SpectrogramRow(startTimestamp=start, endTimestamp=start + _SPAN_MS).SerializeToString()
    return b"\x0a" + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    """A number in the wire format: what the official serializer writes for it, without its tag."""
    return StreamRequest(max_frames=number).SerializeToString()[1:]


def main(names: list[str]) -> None:
    """Serves the shapes until standard input ends."""
    ready = {name: SHAPES[name].messages() for name in names}

    def stream(request: StreamRequest, _context: grpc.ServicerContext) -> Iterator[bytes]:
        return itertools.islice(ready[request.job_id], request.max_frames or None)

    def health(_request: HealthRequest, _context: grpc.ServicerContext) -> HealthResponse:
        return HealthResponse(healthy=True)

    with ThreadPoolExecutor(4) as workers:
        server = grpc.server(workers, options=[("grpc.so_reuseport", 0)])
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "StreamSpectrograms": grpc.unary_stream_rpc_method_handler(
                stream, request_deserializer=StreamRequest.FromString
            ),
            "CheckHealth": grpc.unary_unary_rpc_method_handler(
                health,
                request_deserializer=HealthRequest.FromString,
                response_serializer=HealthResponse.SerializeToString,
            ),
        }
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("datastream.DataStreamService", handlers)]
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.stop(grace=None).wait()


if __name__ == "__main__":
    main(sys.argv[1:])

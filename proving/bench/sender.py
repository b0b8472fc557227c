"""A gRPC server that does nothing but send ready bytes, so that it is the receiver that a benchmark measures.

``python -m proving.bench.sender SHAPE…`` serves the shapes, each in its dialect: in the story's the job id names the
shape, in production's the stream is its position in ``SHAPES``. It prints its port when it is ready, and ends with its
standard input.
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
from numpy.typing import NDArray

from protos.datastream_pb2 import (
    DataStream,
    HealthRequest,
    HealthResponse,
    SensorIntensity,
    SpectrogramRow,
    StreamRequest,
)
from protos.pandadatastream_pb2 import DataStream as ReadyStream
from protos.pandadatastream_pb2 import StreamDataRequest
from support.stream.dialect import Dialect
from support.stream.production import Production
from support.stream.story import STORY
from support.validation.expectation import Expectation

_VARIANTS = 8
"""Rows of different values, which take turns; the values of the first sensor never come again."""

_START_MS = 1_795_000_000_000
_LINE_MS, _SPAN_MS = 10, 512


class ByShape(Production):
    """Production's dialect, but that one port has the streams of all shapes."""

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:  # noqa: ARG002 - it says the shape
        return StreamDataRequest(stream_id=list(SHAPES).index(job_id)).SerializeToString()


READY = ByShape()


@dataclass(frozen=True)
class Shape:
    """What a frame of the benchmark holds, in which dialect, and how many frames are kept ready."""

    sensors: int
    bins: int
    rows: int = 1
    frames: int = 1000
    dialect: Dialect = STORY

    @property
    def expectation(self) -> Expectation:
        """What rules expect of a stream of such frames."""
        return Expectation(
            sensors=tuple(range(1, self.sensors + 1)),
            frequencies=tuple(float(number) for number in range(self.bins)),
            lines_dt=_LINE_MS / 1000,
            row_span=_SPAN_MS / 1000,
            sample=0.001,
            cannot=self.dialect.cannot,
        )

    def messages(self) -> list[bytes]:
        """The messages: correct ones, whose lines go on from each to the next."""
        if self.dialect is READY:
            return self._ready()
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

    def _ready(self) -> list[bytes]:
        """The same values in production's dialect, in one piece a frame."""
        noise = np.random.default_rng(1)
        turns = itertools.cycle([self._noise(noise).tobytes() for _ in range(_VARIANTS)])
        messages = []
        for first in range(0, self.frames * self.rows, self.rows):
            rows = range(first, first + self.rows)
            others = [row[4 * self.bins :] for row in itertools.islice(turns, self.rows)]
            values = b"".join(part for row in others for part in (_fresh(noise, self.bins), row))
            frame = ReadyStream(
                start_channel=1,
                end_channel=self.sensors,
                timestamp_in_milis=[_START_MS + row * _LINE_MS for row in rows],
                row_index=rows,
                data_shape_x=self.sensors * self.bins,
                data_shape_y=self.rows,
                global_maximum=1e9,
                main_data=[values],
                job_id=1,
            )
            messages.append(frame.SerializeToString())
        return messages

    def _noise(self, noise: np.random.Generator) -> NDArray[np.float32]:
        return noise.rayleigh(1.0, (self.sensors, self.bins)).astype("<f4")

    def _row(self, noise: np.random.Generator) -> tuple[bytes, bytes]:
        """The canvas and the first sensor of a row, serialized, and the other sensors of it."""
        first, *others = (
            SensorIntensity(id=number, intensity=one.tolist()) for number, one in enumerate(self._noise(noise), start=1)
        )
        return (
            SpectrogramRow(canvasId="canvas-0", sensors=[first]).SerializeToString(),
            SpectrogramRow(sensors=others).SerializeToString(),
        )

    def _fresh(self, row: tuple[bytes, bytes], noise: np.random.Generator) -> bytes:
        """The row with other values of the first sensor, which are the end of its bytes."""
        values = _fresh(noise, self.bins)
        return b"".join([row[0][: -len(values)], values, row[1]])


READY_SHAPES = {
    "11 x 257, ready bytes": Shape(11, 257, frames=20_000, dialect=READY),
    "200 x 513, ready bytes": Shape(200, 513, frames=3_000, dialect=READY),
    "2,222 x 513, ready bytes": Shape(2222, 513, frames=300, dialect=READY),
    "200 x 257, 10 rows, ready bytes": Shape(200, 257, rows=10, frames=600, dialect=READY),
}
"""In production's dialect."""

SHAPES = {
    "11 sensors x 257 bins": Shape(11, 257, frames=20_000),
    "200 x 513": Shape(200, 513, frames=3_000),
    "2,222 x 513": Shape(2222, 513, frames=300),
    "200 x 257, 10 rows": Shape(200, 257, rows=10, frames=600),
    **READY_SHAPES,
    "11 x 257, for long": Shape(11, 257, frames=100_000),
}
"""The one for long is measured by itself."""


def _fresh(noise: np.random.Generator, bins: int) -> bytes:
    """Values that never come again, for one sensor."""
    values: bytes = noise.rayleigh(1.0, bins).astype("<f4").tobytes()
    return values


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

    def data(request: StreamDataRequest, _context: grpc.ServicerContext) -> Iterator[bytes]:
        return iter(ready[list(SHAPES)[request.stream_id]])

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
            [
                grpc.method_handlers_generic_handler("datastream.DataStreamService", handlers),
                grpc.method_handlers_generic_handler(
                    "pandadatastream.DataStreamService",
                    {
                        "StreamData": grpc.unary_stream_rpc_method_handler(
                            data, request_deserializer=StreamDataRequest.FromString
                        )
                    },
                ),
            ]
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.stop(grace=None).wait()


if __name__ == "__main__":
    main(sys.argv[1:])

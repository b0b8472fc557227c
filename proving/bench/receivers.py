"""The ways of receiving a stream that a benchmark compares; each runs in a process of its own.

``python -m proving.bench.receivers WAY PORT SHAPE FRAMES [WARM_UP]`` prints what receiving so many frames cost,
as JSON.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field

import grpc
import numpy as np
import psutil

from protos.datastream_pb2 import DataStream, StreamRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from protos.pandadatastream_pb2 import DataStream as ReadyStream
from protos.pandadatastream_pb2 import StreamDataRequest
from protos.pandadatastream_pb2_grpc import DataStreamServiceStub as ReadyStreamServiceStub
from proving.bench.sender import READY, SHAPES
from support.errors import FocusError
from support.grpc_stream_client import GrpcStreamClient
from support.stream.channel import open_channel
from support.validation.expectation import Limits
from support.validation.verdict import Verdict, stream_rules

LARGEST = 128 * 2**20
"""Bytes of the largest message that is taken."""

WARM_UP = 20
"""Frames received before the measurement."""

_MEMORY_SAMPLES = 10
_BUFFERS_FILLED = 1.0

ANY_TIME = Limits(max_pause=1e9, frame_rate_above=1e-9, data_age_within=1e9, clock_skew=1e9, age_growth=1e9)
"""Limits for frames that were made before they are asked for, and are sent as fast as they are taken."""


@dataclass
class Cost:
    """What receiving cost.

    Attributes:
        seconds: from asking to the last frame.
        frames: frames received.
        bytes: their size.
        cpu: processor time of the process, seconds.
        peak: largest resident memory of the process, MiB.
        findings: what the rules found, as it should not.
        memory: resident memory on the way, MiB.
    """

    seconds: float = 0.0
    frames: int = 0
    bytes: int = 0
    cpu: float = 0.0
    peak: float = 0.0
    findings: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def _messages(channel: grpc.Channel, shape: str, frames: int) -> Iterable[bytes]:
    dialect = SHAPES[shape].dialect
    ask: Callable[..., Iterable[bytes]] = channel.unary_stream(dialect.method)
    return itertools.islice(ask(dialect.request(shape, frames)), frames)


def plain(port: int, shape: str, frames: int) -> Iterable[int]:
    """Bytes that nobody looks at, on a channel as grpcio opens it."""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", LARGEST)]) as channel:
        yield from map(len, _messages(channel, shape, frames))


def untouched(port: int, shape: str, frames: int) -> Iterable[int]:
    """Bytes that nobody looks at, on our channel: the ceiling."""
    with open_channel(f"127.0.0.1:{port}", LARGEST) as channel:
        yield from map(len, _messages(channel, shape, frames))


def parsed(port: int, shape: str, frames: int) -> Iterable[int]:
    """Messages parsed by protocol buffers, on our channel; their values are not read."""
    with open_channel(f"127.0.0.1:{port}", LARGEST) as channel:
        schema = ReadyStream if SHAPES[shape].dialect is READY else DataStream
        for data in _messages(channel, shape, frames):
            schema.FromString(data)
            yield len(data)


def idiom(port: int, shape: str, frames: int) -> Iterable[int]:
    """The usual way: a generated stub, and an array of each row's intensities, or of each piece of ready bytes."""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", LARGEST)]) as channel:
        if SHAPES[shape].dialect is READY:
            request = StreamDataRequest(stream_id=list(SHAPES).index(shape))
            for said in itertools.islice(ReadyStreamServiceStub(channel).StreamData(request), frames):
                for piece in said.main_data:
                    np.frombuffer(piece, dtype="<f4")
                yield said.ByteSize()
            return
        for message in DataStreamServiceStub(channel).StreamSpectrograms(
            StreamRequest(job_id=shape, max_frames=frames)
        ):
            for row in message.rows:
                np.array([sensor.intensity for sensor in row.sensors])
            yield message.ByteSize()


def ours(port: int, shape: str, frames: int) -> Iterable[int]:
    """Our frames, not judged."""
    with GrpcStreamClient(dialect=SHAPES[shape].dialect).connect_context("127.0.0.1", port) as client:
        for block in client.stream_blocks(shape, frames):
            yield from (message.size for message in block.messages)


def judged(port: int, shape: str, frames: int) -> Iterable[int]:
    """Our frames, and every rule."""
    verdict = Verdict(stream_rules(SHAPES[shape].expectation, ANY_TIME))
    with GrpcStreamClient(dialect=SHAPES[shape].dialect).connect_context("127.0.0.1", port) as client:
        for block in client.stream_blocks(shape, frames):
            verdict.see(block)
            yield from (message.size for message in block.messages)
    if verdict.findings():
        raise AssertionError(f"the benchmark's own frames are judged wrong: {verdict.findings()[0]}")


WAYS: dict[str, Callable[[int, str, int], Iterable[int]]] = {
    way.__name__: way for way in (plain, untouched, parsed, idiom, ours, judged)
}


def measure(way: str, port: int, shape: str, frames: int, warm_up: int = WARM_UP) -> Cost:
    """What receiving ``frames`` frames costs, after a few to warm up.

    A longer warm-up pauses once, so that every buffer on the way is as full as it gets before memory is measured.
    """
    for number, _ in enumerate(WAYS[way](port, shape, warm_up)):
        if number == WARM_UP:
            time.sleep(_BUFFERS_FILLED)
    cost = Cost()
    every = max(frames // _MEMORY_SAMPLES, 1)
    process = psutil.Process()
    began, cpu_began = time.perf_counter(), time.process_time()
    ended, cpu_ended = began, cpu_began
    for size in WAYS[way](port, shape, frames):
        cost.frames += 1
        cost.bytes += size
        if cost.frames % every == 0:
            cost.memory.append(process.memory_info().rss / 2**20)
            ended, cpu_ended = time.perf_counter(), time.process_time()
    cost.seconds, cost.cpu = ended - began, cpu_ended - cpu_began
    cost.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return cost


def main(arguments: Sequence[str]) -> int:
    """The cost as JSON, and 0; or a sentence, and 1."""
    if len(arguments) not in (4, 5) or arguments[0] not in WAYS or arguments[2] not in SHAPES:
        sys.stderr.write(
            f"expected WAY PORT SHAPE FRAMES [WARM_UP]; ways: {', '.join(WAYS)}; shapes: {'; '.join(SHAPES)}\n"
        )
        return 1
    way, port, shape, frames, *warm_up = arguments
    try:
        cost = measure(way, int(port), shape, int(frames), *map(int, warm_up))
    except (grpc.RpcError, FocusError, AssertionError) as error:
        words = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.Call) else str(error)
        sys.stderr.write(f"receiving {frames} frames of {shape!r} at port {port} failed: {words}\n")
        return 1
    if cost.frames != int(frames):
        sys.stderr.write(f"the sender ended after {cost.frames} of {frames} frames of {shape!r}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(cost)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

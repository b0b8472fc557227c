"""Drives a simulator in production's dialect from outside, with plain requests and the generated stubs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import requests

from protos.pandadatastream_pb2 import DataStream, StreamDataRequest
from protos.pandadatastream_pb2_grpc import DataStreamServiceStub
from support.simulator.options import Options
from tests.patience import PATIENCE, eventually
from tests.simulator.driver import REQUEST, Simulator, connected, in_thread

EIGHT: dict[str, Any] = REQUEST | {"channels": {"min": 1, "max": 8}}


@dataclass(frozen=True)
class RunningJob:
    """The answer of ``/configure``, and the streams that it leads to."""

    answer: dict[str, Any]
    channel: grpc.Channel

    def open(self, stream_id: int, patience: float = PATIENCE) -> Any:
        stub: Any = DataStreamServiceStub(self.channel)
        return stub.StreamData(StreamDataRequest(stream_id=stream_id), timeout=patience, wait_for_ready=True)

    @contextmanager
    def streams(self) -> Iterator[list[Any]]:
        """All of them, opened one after the other; left at the end."""
        calls = [self.open(stream) for stream in range(self.answer["stream_amount"])]
        try:
            yield calls
        finally:
            for call in calls:
                call.cancel()

    def frames(self, amount: int) -> list[list[DataStream]]:
        """So many frames of each stream."""
        with self.streams() as calls:
            return [[next(call) for _ in range(amount)] for call in calls]


class Production(Simulator):
    """A simulator that speaks production's dialect."""

    def configure(self, **changes: Any) -> requests.Response:
        return self.call("POST", "/configure", EIGHT | changes)

    @contextmanager
    def job(self, **changes: Any) -> Iterator[RunningJob]:  # type: ignore[override]
        response = self.configure(**changes)
        assert response.status_code == 200, response.text
        answer = response.json()
        with connected(int(answer["stream_port"])) as channel:
            yield RunningJob(answer, channel)

    @contextmanager
    def next_job(self, **changes: Any) -> Iterator[RunningJob]:
        """The same once a window is free."""
        answers: list[requests.Response] = []

        def has_begun() -> bool:
            answers.append(self.configure(**changes))
            return answers[-1].status_code == 200

        eventually(has_begun, "a window is free")
        answer = answers[-1].json()
        with connected(int(answer["stream_port"])) as channel:
            yield RunningJob(answer, channel)


@contextmanager
def production(**options: Any) -> Iterator[Production]:
    """A server on a thread of this process, reached over its sockets only."""
    with in_thread(Options(dialect="production", **options)) as simulator:
        yield Production(simulator.rest_url)


def values(frame: DataStream) -> np.ndarray[Any, Any]:
    """Shape (rows, values of a row)."""
    return np.frombuffer(b"".join(frame.main_data), "<f4").reshape(frame.data_shape_y, -1)


def lines(frames: list[DataStream]) -> dict[int, int]:
    """The time of each line, by its index."""
    return {
        index: time for frame in frames for index, time in zip(frame.row_index, frame.timestamp_in_milis, strict=True)
    }

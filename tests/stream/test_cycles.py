"""Hundreds of connections, good ones and failed ones, and this process is as it was before."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from support.errors import APIError, ConnectionError
from support.grpc_stream_client import GrpcStreamClient
from support.network.hop import Hop
from tests.conftest import Serve
from tests.grpc_server import Health, Step, failing, frame, healthy, silence
from tests.patience import PATIENCE, eventually

Cycle = Callable[[GrpcStreamClient, int], None]

WARM_UP = 10
"""Cycles after which gRPC has the threads and buffers that it keeps."""

GROWTH = 16 * 2**20
"""Bytes that resident memory may move by: less than the connections would hold, if they held on."""


def streams(client: GrpcStreamClient, port: int, amount: int = 1) -> None:
    with client.connect_context("127.0.0.1", port):
        assert len(list(client.stream_spectrograms("1-1", stream_amount=amount))) == 2


def is_refused(client: GrpcStreamClient, port: int) -> None:
    with pytest.raises(ConnectionError):
        client.connect("127.0.0.1", port)


def breaks(client: GrpcStreamClient, port: int, amount: int = 1) -> None:
    with Hop(("127.0.0.1", port)) as hop, client.connect_context(hop.host, hop.port):
        stream = client.stream_spectrograms("1-1", stream_amount=amount)
        next(stream)
        hop.reset()
        with pytest.raises(APIError):
            next(stream)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("cycles", [20, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("cycle", "health", "script"),
    [
        pytest.param(streams, healthy, (frame(), frame()), id="streams"),
        pytest.param(is_refused, failing, (), id="refused"),
        pytest.param(breaks, healthy, (frame(), silence()), id="breaks"),
        pytest.param(partial(streams, amount=3), healthy, (frame(), frame()), id="three streams"),
        pytest.param(partial(breaks, amount=3), healthy, (frame(), silence()), id="three break"),
    ],
)
def test_nothing_is_left_of_many_connections(
    serve: Serve, capsys: pytest.CaptureFixture[str], cycle: Cycle, health: Health, script: tuple[Step], cycles: int
) -> None:
    port = serve(script, health=health).port
    client = GrpcStreamClient(connection_timeout=PATIENCE, idle_timeout=PATIENCE)
    for _ in range(WARM_UP):
        cycle(client, port)
    before, memory = settled(None), resident()

    for _ in range(cycles):
        cycle(client, port)

    after, grown = settled(before), resident() - memory
    with capsys.disabled():
        sys.stdout.write(f" {cycles} times: files, threads {before} -> {after}, memory {grown / 2**20:+.1f} MiB ")
    assert grown < GROWTH


def held() -> tuple[int, int]:
    """Open files and sockets, and threads, of this process, but for those of the server that is tested against."""
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith("scripted")]
    count = getattr(psutil.Process(), "num_fds", None) or psutil.Process().num_handles  # type: ignore[attr-defined]
    return count(), len(threads)


def settled(limit: tuple[int, int] | None) -> tuple[int, int]:
    """What is held when nothing is closing any more: the same for a while, or not above ``limit``."""
    last = [held()] * 19 + [(-1, -1)]

    def is_still() -> bool:
        gc.collect()
        last.append(held())
        return last[-1] == last[-20] if limit is None else last[-1][0] <= limit[0] and last[-1][1] <= limit[1]

    eventually(is_still, f"no more is held than {limit}")
    return last[-1]


def resident() -> int:
    return int(psutil.Process().memory_info().rss)

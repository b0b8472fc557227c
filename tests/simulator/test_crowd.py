"""More connections than the server has descriptors, which say nothing: REST answers again, and the log stays short."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from support.contract import JobRequest
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security, Trust
from support.server.embedded import EmbeddedServer
from tests.patience import PATIENCE, eventually

DESCRIPTORS = 400
MOST_LOGGED = 50_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descriptors of another process are bounded here alone")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "simulator.log"


@pytest.fixture(params=["off", "self-signed"])
def server(request: pytest.FixtureRequest, log: Path) -> Iterator[EmbeddedServer]:
    running = EmbeddedServer(["--tls", request.param], log_file=log)
    psutil.Process(running.pid).rlimit(psutil.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    yield running
    running.stop()


def silent(crowd: ExitStack, port: int) -> None:
    """A connection that says nothing."""
    connection = crowd.enter_context(socket.socket())
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))


def trusting(server: EmbeddedServer) -> Security:
    known = server.told.get("fingerprint")
    return Security(Trust.PIN, fingerprints=frozenset([known])) if known else Security()


def answers(server: EmbeddedServer) -> bool:
    try:
        with FocusServerAPI(server.rest_url, timeout=2, retries=0, security=trusting(server)) as api:
            return api.channels().highest_channel > 0
    except RemoteError:
        return False


@pytest.mark.parametrize("at", ["rest", "a job"])
def test_a_crowd_is_let_go(server: EmbeddedServer, log: Path, at: str) -> None:
    with FocusServerAPI(server.rest_url, security=trusting(server)) as api, ExitStack() as crowd:
        job = api.configure(JobRequest(channels_min=0, channels_max=1))
        client = GrpcStreamClient(connection_timeout=PATIENCE, security=trusting(server))
        with client.connect_context(job.stream_url, job.stream_port):
            for _ in range(DESCRIPTORS * 3):
                silent(crowd, int(job.stream_port) if at == "a job" else int(urlsplit(server.rest_url).port or 0))
            eventually(lambda: answers(server), "REST answers, beside them or after them")
            eventually(
                lambda: psutil.Process(server.pid).num_fds() < DESCRIPTORS / 2, "those that say nothing are let go"
            )
            assert len(list(client.stream_spectrograms(job.job_id, max_frames=3))) == 3

    assert log.stat().st_size < MOST_LOGGED


def test_one_that_says_nothing_or_half_is_hung_up_on(server: EmbeddedServer) -> None:
    port = int(urlsplit(server.rest_url).port or 0)
    for said in (b"", b"GET /channels HTTP/1.1\r\nHost: "):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(said)
            assert connection.recv(100) == b""

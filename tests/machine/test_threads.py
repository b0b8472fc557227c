"""Each kind of thread of this project is found when it is left behind, and none is started without a name."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from support import ROOT
from support.contract import JobRequest
from support.grpc_stream_client import GrpcStreamClient
from support.machine.heartbeat import heartbeat
from support.machine.leftovers import Process
from support.network.hop import Hop
from support.screen import window
from support.screen.many import Windows
from support.server.embedded import EmbeddedServer
from support.settings import Settings
from tests.grpc_server import GrpcServer, frame
from tests.patience import PATIENCE, eventually

Left = Callable[[EmbeddedServer, Path], AbstractContextManager[None]]

STARTERS = {"Thread": "name", "Timer": "name", "ThreadPoolExecutor": "thread_name_prefix"}


@contextmanager
def stream_that_is_read(_: EmbeddedServer, __: Path) -> Iterator[None]:
    with (
        GrpcServer([frame(), threading.Event()]) as server,
        GrpcStreamClient().connect_context("127.0.0.1", server.port) as client,
        closing(client.stream_spectrograms("1-1")) as frames,
    ):
        next(frames)
        yield


@contextmanager
def hop_that_stands(_: EmbeddedServer, __: Path) -> Iterator[None]:
    with Hop(("127.0.0.1", 9)):
        yield


@contextmanager
def windows_that_are_open(embedded: EmbeddedServer, _: Path) -> Iterator[None]:
    asked = [JobRequest(channels_min=0, channels_max=1)]
    with Windows(Settings(), embedded.rest_url, asked, 2000.0) as windows:
        windows.open()
        yield


@contextmanager
def client_that_disconnects(_: EmbeddedServer, __: Path) -> Iterator[None]:
    over = threading.Event()

    class Slow(GrpcStreamClient):
        def disconnect(self) -> None:
            over.wait(PATIENCE)

    window.disconnect_soon(Slow().disconnect)
    try:
        yield
    finally:
        over.set()


@contextmanager
def heart_that_beats(_: EmbeddedServer, __: Path) -> Iterator[None]:
    with heartbeat():
        yield


@contextmanager
def server_that_starts(_: EmbeddedServer, folder: Path) -> Iterator[None]:
    started: list[EmbeddedServer] = []
    starting = threading.Thread(target=lambda: started.append(EmbeddedServer(log_file=folder / "server.log")))
    starting.start()
    try:
        yield
    finally:
        starting.join(PATIENCE)
        started[0].stop()


@pytest.mark.parametrize(
    ("left", "name"),
    [
        (stream_that_is_read, "focus-stream-reader 1-1"),
        (hop_that_stands, "focus-network-hop"),
        (windows_that_are_open, "focus-window_0"),
        (client_that_disconnects, "focus-disconnect"),
        (server_that_starts, "focus-embedded-server"),
        (heart_that_beats, "focus-heartbeat"),
    ],
)
def test_a_thread_that_is_left_behind_is_named(left: Left, name: str, embedded: EmbeddedServer, tmp_path: Path) -> None:
    process = Process()
    with left(embedded, tmp_path):
        eventually(lambda: name in "".join(process.left(patience=0)), f"{name} is told")
    assert process.left() == []


def unnamed(source: str) -> list[int]:
    """The lines that start a thread, or make a pool of them, whose name is not one of ours."""

    def is_ours(call: ast.Call, argument: str) -> bool:
        given = next((one.value for one in call.keywords if one.arg == argument), None)
        return isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "named"

    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (starter := ast.unparse(node.func).rpartition(".")[2]) in STARTERS
        and not is_ours(node, STARTERS[starter])
    ]


def test_no_thread_of_the_client_side_is_started_without_its_name() -> None:
    library = ROOT / "support"
    ours = [path for path in library.rglob("*.py") if library / "simulator" not in path.parents]
    found = {str(path.relative_to(ROOT)): lines for path in ours if (lines := unnamed(path.read_text("utf-8")))}
    assert found == {}
    assert sum("named(" in path.read_text("utf-8") for path in ours) > 5, "the library has been read"


@pytest.mark.parametrize(
    "source",
    [
        "threading.Thread(target=work)",
        "Thread(target=work, name='stream-reader')",
        "ThreadPoolExecutor(2)",
        "futures.ThreadPoolExecutor(thread_name_prefix='window')",
        "threading.Timer(1, work)",
    ],
)
def test_a_thread_without_its_name_is_seen(source: str) -> None:
    assert unnamed(source) == [1]

"""A machine that stood still is told from a server that paused: processes are really stopped in mid-stream."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support import ROOT
from support.server.embedded import EmbeddedServer
from tests.patience import RUN_PATIENCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows cannot stop a process for a while")

Stop = Callable[[psutil.Process, psutil.Process], None]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """One that can be stopped: no other test waits for it."""
    started = EmbeddedServer(log_file=tmp_path / "server.log")
    yield started
    started.stop()


def stopped(*processes: psutil.Process, seconds: float) -> None:
    for process in processes:
        process.suspend()
    time.sleep(seconds)
    for process in processes:
        process.resume()


def judged(server: EmbeddedServer, stop: Stop) -> dict[str, Any]:
    """What the rules say of a stream in the middle of which ``stop`` was done to client and server."""
    command = [sys.executable, "-m", "tests.screen.streams_once", server.rest_url, "8"]
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    try:
        assert client.stdout.readline() == "streaming\n"
        stop(psutil.Process(client.pid), psutil.Process(server.pid))
        output, _ = client.communicate(timeout=RUN_PATIENCE)
    finally:
        client.kill()
        client.communicate()
    told: dict[str, Any] = json.loads(output)
    return told


def longest(what: str, sentences: Iterable[str]) -> float:
    """Seconds that such a sentence tells at most; 0 where none does. A busy machine makes them longer."""
    found = (re.search(rf"{what} for (\d+\.\d+) s", sentence) for sentence in sentences)
    return max((float(match[1]) for match in found if match), default=0)


@pytest.mark.parametrize("together", [False, True], ids=["the client alone", "the server, too"])
def test_a_client_that_is_stopped_blames_nobody(server: EmbeddedServer, together: bool) -> None:
    def stop(client: psutil.Process, other: psutil.Process) -> None:
        stopped(client, *([other] if together else []), seconds=3)

    told = judged(server, stop)
    assert told["findings"] == []
    assert longest("the stream paused", told["doubts"]) >= 3
    assert longest("this machine stood still", [told["standstill"]]) >= 3


def test_a_server_that_is_stopped_is_blamed(server: EmbeddedServer) -> None:
    told = judged(server, lambda _, other: stopped(other, seconds=3))
    assert longest("the stream paused", told["findings"]) >= 3
    assert not any("paused" in doubt for doubt in told["doubts"])


def test_a_short_standstill_does_not_excuse_a_longer_pause(server: EmbeddedServer) -> None:
    def stop(client: psutil.Process, other: psutil.Process) -> None:
        other.suspend()
        stopped(client, seconds=1)
        time.sleep(3)
        other.resume()

    told = judged(server, stop)
    assert longest("the stream paused", told["findings"]) >= 4
    assert 1 <= longest("this machine stood still", [told["standstill"]]) < 4

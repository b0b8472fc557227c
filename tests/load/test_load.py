"""The load test as its users start it: a real master, real workers, real servers; gevent stays in their processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from load import __main__ as load
from support.focus_server_api import FocusServerAPI
from support.server.embedded import EmbeddedServer
from support.server.under_test import jobs_left
from tests.patience import RUN_PATIENCE, TOLERANT, eventually

pytestmark = pytest.mark.usefixtures("measured")

Server = Callable[..., EmbeddedServer]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "load", "--output", "out", *arguments]


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=os.environ | TOLERANT | environment,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def server(tmp_path: Path, cleanup: ExitStack) -> Server:
    """Starts servers that are not the load test's own."""

    def start(*options: str) -> EmbeddedServer:
        started = EmbeddedServer(options, log_file=tmp_path / "server.log")
        cleanup.callback(started.stop)
        return started

    return start


def test_more_streams_than_gevent_has_threads_progress_evenly_on_one_worker(tmp_path: Path) -> None:
    """With ten threads for twelve windows, two threads each, frames would come at half of their rate."""
    result = run(tmp_path, "--users", "12", "--workers", "1", "--run-time", "6s")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "left behind" not in result.stdout
    windows = rows(tmp_path / "out" / "load_windows.csv")
    assert len(windows) == 12
    assert len({window["Worker"] for window in windows}) == 1
    assert min(float(window["Frames/s"]) for window in windows) > 15, "of the 20 that the server sends"
    assert {(window["State"], window["Lines lost"], window["Findings"]) for window in windows} == {("left", "0", "0")}
    frames = sum(int(window["Frames"]) for window in windows)
    stats = {row["Name"]: row for row in rows(tmp_path / "out" / "load_stats.csv")}
    assert int(stats["first frame"]["Request Count"]) == 12
    assert int(stats["frame interval"]["Request Count"]) == frames - 12
    assert int(stats["configure"]["Request Count"]) == int(stats["close"]["Request Count"]) == 12
    assert (tmp_path / "out" / "load.html").stat().st_size > 0
    summary = json.loads((tmp_path / "out" / "load.json").read_text("utf-8"))
    assert (summary["finished"], summary["green"]) == (True, True)
    assert (summary["frames"], summary["lines_lost"]) == (frames, 0)


def test_a_fault_fails_the_run_and_is_named(tmp_path: Path, server: Server) -> None:
    faulty = server("--fault", "line-lost=3")
    result = run(tmp_path, "--users", "2", "--workers", "2", "--run-time", "3s", FOCUS_SERVER_URL=faulty.rest_url)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "finding lines continuous, 2 failures, the first: job" in result.stdout
    assert "3 lines are missing after" in result.stdout
    failures = rows(tmp_path / "out" / "load_failures.csv")
    found = [row["Name"] for row in failures if row["Method"] == "finding"]
    assert found.count("lines continuous") == 2
    assert set(found) <= {"lines continuous", "machine stood still"}, "a busy machine may have explained some"
    windows = rows(tmp_path / "out" / "load_windows.csv")
    assert len({window["Worker"] for window in windows}) == 2, "the figures of both workers reached the master"
    assert all(int(window["Lines lost"]) > 0 for window in windows)


def test_a_run_without_frames_is_not_green(tmp_path: Path, server: Server) -> None:
    asleep = server("--pod-start", "60")
    result = run(
        tmp_path,
        *("--users", "31", "--workers", "1", "--run-time", "4s"),
        FOCUS_SERVER_URL=asleep.rest_url,
        FOCUS_CONNECTION_TIMEOUT="5",
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 of 31 users will be refused" in result.stdout
    assert "all 30 windows are in use" in result.stdout
    assert "NOT GREEN: no frame was received, so nothing was tested" in result.stdout
    with FocusServerAPI(asleep.rest_url) as api:
        assert jobs_left(api, json.loads((tmp_path / "out" / "load.json").read_text("utf-8"))["jobs"]) == []


@pytest.fixture
def running(tmp_path: Path, embedded: EmbeddedServer) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A run without an end in sight, in mid-stream, and the processes that it has started."""
    environment = os.environ | TOLERANT | {"FOCUS_SERVER_URL": embedded.rest_url}
    started = subprocess.Popen(
        command("--users", "2", "--workers", "1", "--run-time", "1h"),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: len(psutil.Process(started.pid).children()) == 2, "a master and a worker run")
        eventually(lambda: served(embedded), "a window streams")
        eventually(lambda: len(served(embedded)) == 2, "both windows stream")
        yield started, psutil.Process(started.pid).children(recursive=True)
    finally:
        for process in psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []:
            process.kill()
        started.kill()
        started.communicate()


def served(server: EmbeddedServer) -> Sequence[object]:
    """Connections of clients to the jobs of a server."""
    connections = psutil.Process(server.pid).net_connections()
    rest = urlsplit(server.rest_url).port
    jobs = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN} - {rest}
    return [c for c in connections if c.status == psutil.CONN_ESTABLISHED and c.laddr.port in jobs]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_closes_every_window_and_ends_every_process(
    running: tuple[subprocess.Popen[str], list[psutil.Process]], tmp_path: Path, api: FocusServerAPI
) -> None:
    started, processes = running
    assert len(processes) == 2, "a master and a worker"
    summary = tmp_path / "out" / "load.json"
    eventually(lambda: summary.exists() and json.loads(summary.read_text("utf-8"))["frames"], "the figures come")
    told = json.loads(summary.read_text("utf-8"))
    assert (told["finished"], told["green"]) == (False, False), "what a run that is killed leaves"
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=RUN_PATIENCE)
    assert started.returncode == 130
    assert "interrupted by SIGINT: the windows are being closed" in output
    assert [process for process in processes if process.is_running()] == []
    told = json.loads(summary.read_text("utf-8"))
    assert not told["finished"]
    assert told["problems"] == ["the run was interrupted before its end"]
    assert len(told["jobs"]) == 2
    assert jobs_left(api, told["jobs"]) == []


_INTERRUPTED_WHILE_HEARING = """
import os, signal
from locust.rpc.zmqrpc import Server
from load.locustfile import Operator

hear, once = Server.recv_from_client, [signal.SIGINT]

def interrupted(self):
    client, message = hear(self)
    if once and message.type == "stats" and message.data["windows"]["figures"]:
        os.kill(os.getpid(), once.pop())
    return client, message

Server.recv_from_client = interrupted
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interrupt_while_a_worker_reports_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    """Locust's greenlet that hears the workers goes on after a ``KeyboardInterrupt`` of its own."""
    hearing = tmp_path / "hearing.py"
    hearing.write_text(_INTERRUPTED_WHILE_HEARING, "utf-8")
    monkeypatch.setattr(load, "_LOCUSTFILE", hearing)
    monkeypatch.setenv("FOCUS_SERVER_URL", server().rest_url)
    output = tmp_path / "out"
    assert load.main(["--users", "1", "--workers", "1", "--run-time", "10s", "--output", str(output)]) == 1
    told = json.loads((output / "load.json").read_text("utf-8"))
    assert not told["finished"]
    assert "the run was interrupted before its end" in told["problems"]


def test_without_locust_nothing_is_started(tmp_path: Path) -> None:
    script = "import runpy, sys; sys.modules['locust'] = None; sys.argv = ['load']; "
    script += "runpy.run_module('load', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=RUN_PATIENCE, check=False
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("the load test needs Locust, which is not installed: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--users", "0"], "a number from 1 is needed, not '0'"),
        (["--workers", "two"], "a number from 1 is needed, not 'two'"),
        (["--run-time", "soon"], "a time like 90s, 2m or 1h30m is needed, not 'soon'"),
        (["--run-time", "0s"], "a time like 90s"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit):
        load.main(arguments)
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"FOCUS_NFTT": "512"}, "unknown setting 'nftt'"),
        ({"FOCUS_SERVER_URL": "http://user:secret@127.0.0.1:1"}, "NOT READY: "),
    ],
)
def test_what_cannot_be_tested_is_refused_with_a_sentence(
    tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    result = run(tmp_path, **environment)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stdout + result.stderr


def test_only_locusts_processes_are_patched() -> None:
    script = "import sys, load.__main__, load.figures; sys.exit('gevent' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=RUN_PATIENCE).returncode == 0

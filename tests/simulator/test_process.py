"""The door ``python -m support.simulator``: what it prints, and how it ends."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import grpc
import pytest
import requests

from support.simulator.__main__ import main
from support.simulator.command_line import parse
from support.simulator.options import Options
from support.simulator.registry import DRAIN
from support.simulator.watch import when_closed
from tests.patience import PATIENCE
from tests.simulator.driver import in_process

pytestmark = pytest.mark.usefixtures("measured")


def test_one_line_when_ready_and_the_end_on_sigterm_with_open_streams() -> None:
    with in_process() as simulator:
        told = json.loads(simulator.ready_line)
        assert told.pop("known_sources").startswith("3 at 125 Hz, 11 at 62.5 Hz, ")
        assert told == {"rest_url": simulator.rest_url, "dialect": "story"}
        assert simulator.rest_url.startswith("http://127.0.0.1:")
        jobs = [simulator.configure().json() for _ in range(3)]
        with simulator.job() as job:
            stream = job.open()
            next(stream)
            simulator.process.terminate()
            begin = time.monotonic()
            code, out, err = simulator.end()
            took = time.monotonic() - begin
            list(stream)
            assert stream.code() is grpc.StatusCode.OK
            simulator.call = lambda *_, **__: None  # type: ignore[method-assign,assignment]
        assert code == (0 if sys.platform != "win32" else 1)
        assert out == ""
        assert "Traceback" not in err
        assert all(answer["job_id"] in err for answer in jobs)
        assert took < DRAIN, "nobody is waited for at the end"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a single child")
def test_the_end_on_ctrl_c() -> None:
    with in_process() as simulator:
        simulator.process.send_signal(signal.SIGINT)
        code, out, err = simulator.end()
        assert (code, out) == (0, "")
        assert "Traceback" not in err


def test_the_end_when_stdin_closes() -> None:
    with in_process("--exit-on-stdin-eof") as simulator:
        simulator.configure()
        assert simulator.process.stdin is not None
        simulator.process.stdin.write("anything else is ignored\n")
        simulator.process.stdin.flush()
        assert simulator.call("GET", "/channels").status_code == 200
        begin = time.monotonic()
        code, _, err = simulator.end()  # closes stdin
        assert code == 0
        assert "stdin closed" in err
        assert time.monotonic() - begin < DRAIN


def test_nobody_is_left_when_who_started_it_is_killed() -> None:
    starter = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'support.simulator', '--exit-on-stdin-eof'],"
        " stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        rest_url = json.loads(parent.stdout.readline())["rest_url"]
        assert requests.get(f"{rest_url}/channels", timeout=PATIENCE).status_code == 200
        parent.kill()
        parent.wait(PATIENCE)
        assert parent.stdout.read() == ""  # ends only when the simulator, which holds the other end, is gone
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{rest_url}/channels", timeout=PATIENCE)


def test_a_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"python -m support.simulator: port {port} of 127.0.0.1 is in use; choose another, or 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "x"], "--port: 'x' is not a whole number"),
        (["--port", "70000"], "--port: 70000 is not within 0 to 65535"),
        (["--prr", "0"], "--prr: 0 is not within 1 to"),
        (["--frame-rate", "0"], "--frame-rate: 0 is not within 0.1 to 1000"),
        (["--frame-rate", "nan"], "--frame-rate: nan is not within"),
        (["--idle-removal", "-1"], "--idle-removal: -1 is not within"),
        (["--pod-start", "soon"], "--pod-start: 'soon' is not a number"),
        (["--seed", "1.5"], "--seed: '1.5' is not a whole number"),
        (["--channel-count", "0"], "--channel-count: 0 is not within"),
        (["--lowest-channel", "-1"], "--lowest-channel: -1 is not within"),
        (["--unheard-of"], "unrecognized arguments: --unheard-of"),
    ],
)
def test_a_wrong_argument_is_one_sentence(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(arguments)
    assert refused.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_options_are_what_the_arguments_say() -> None:
    assert parse([]) == Options()
    assert parse(["--port", "8080", "--no-fibre", "--idle-removal", "0.5", "--prr", "1000"]) == Options(
        port=8080, no_fibre=True, idle_removal=0.5, prr=1000
    )


class Ready(io.StringIO):
    """A stdout that tells when a line came."""

    def __init__(self) -> None:
        super().__init__()
        self.line = threading.Event()

    def flush(self) -> None:
        super().flush()
        self.line.set()


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
def test_main_returns_0_on_sigterm(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Ready()
    monkeypatch.setattr(sys, "stdout", out)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end_when_ready() -> None:
        assert out.line.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end_when_ready)
    thread.start()
    try:
        assert main(["--seed", "5"]) == 0
    finally:
        thread.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert json.loads(out.getvalue())["rest_url"].startswith("http://127.0.0.1:")


def test_a_watch_acts_when_the_pipe_closes_and_not_before() -> None:
    read, write = os.pipe()
    closed = threading.Event()
    when_closed(read, closed.set)
    os.write(write, b"still there")
    assert not closed.wait(0.05)
    os.close(write)
    assert closed.wait(PATIENCE)
    os.close(read)


def test_a_watch_on_nothing_acts_at_once() -> None:
    read, write = os.pipe()
    os.close(write)
    os.close(read)
    closed = threading.Event()
    when_closed(read, closed.set)
    assert closed.wait(PATIENCE)

"""``make load``: starts a Focus Server where none is named, a Locust master and its workers, and ends them all again.

This process is none of Locust's: gevent changes the standard library of a process, and only theirs is changed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from proving.page import positive
from support.errors import NotReadyError, SettingsError
from support.machine.ending import Interrupted, interruptible
from support.screen.greeting import greet
from support.screen.job import live_job_request
from support.screen.overlooked import Overlooked
from support.server.under_test import ServerUnderTest, jobs_left
from support.settings import Settings
from support.settings_sources import load
from support.wording import legible, plural

_HOST = "127.0.0.1"
_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_USERS_A_SECOND = 10
_CONNECT_SECONDS = 60
_END_SECONDS = 90.0
"""For the master to end once it has been asked to: the windows are closed first."""
_WORKER_END_SECONDS = 10.0
_TELL_EVERY = 10.0
_SPREADS = ("frame_rate", "first_frame_ms")


class Locust:
    """The master and the workers of one run; they see Ctrl-C only through this process.

    Args:
        options: of the command line.
        server_url: the server under test; it goes to the processes in their environment, for it may hold a password.
        dialect: the name of the one that it speaks.
    """

    def __init__(self, options: argparse.Namespace, server_url: str, dialect: str) -> None:
        self._folder: Path = options.output
        self._run_time: str = options.run_time
        told = {"FOCUS_SERVER_URL": server_url, "FOCUS_DIALECT": dialect}
        told["PYTHONUTF8"] = "1"  # the name of the project's folder goes from process to process
        self._environment = os.environ | told
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            port = str(probe.getsockname()[1])
        prefix = str(self._folder / "load")
        master = ["--master", "--master-bind-host", _HOST, "--master-bind-port", port, "--users", str(options.users)]
        master += ["--spawn-rate", str(_USERS_A_SECOND), "--run-time", options.run_time]
        master += ["--expect-workers", str(options.workers), "--expect-workers-max-wait", str(_CONNECT_SECONDS)]
        master += ["--csv", prefix, "--csv-full-history", "--html", f"{prefix}.html", "--only-summary"]
        if options.web:
            master += ["--autostart", "--web-host", _HOST, "--web-port", str(options.web_port)]
        else:
            master.append("--headless")
        worker = ["--worker", "--master-host", _HOST, "--master-port", port, "--loglevel", "WARNING"]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.master = self._start("master", master)
        try:
            for number in range(1, options.workers + 1):
                self.workers.append(self._start(f"worker-{number}", worker))
        except BaseException:
            self.stop()
            raise

    def wait(self) -> int:
        """The master's exit code, when it has ended; 1 where a worker ended before it, which ends it, too."""
        told = time.monotonic()
        while self.master.poll() is None:
            if time.monotonic() - told > _TELL_EVERY and (so_far := _summary(self._folder)):
                told = time.monotonic()
                _say(f"{so_far['seconds']:.0f} s of {self._run_time}: {_figures(so_far)}")
            ended = [number for number, worker in enumerate(self.workers, 1) if worker.poll() is not None]
            if ended and self._outlived(ended[0]):
                return 1
            time.sleep(0.1)
        return self.master.returncode

    def stop(self) -> None:
        """Ends what still runs: the master first, for it has the windows closed; harmless when all have ended."""
        if self.master.poll() is None:
            if sys.platform == "win32":  # where nothing asks a process to end
                self.master.terminate()
            else:
                self.master.send_signal(signal.SIGINT)
            _end(self.master, _END_SECONDS)
        for worker in self.workers:
            _end(worker, _WORKER_END_SECONDS)

    def _outlived(self, worker: int) -> bool:
        """Whether the master goes on although a worker ended; both end together at the end of a run."""
        try:
            self.master.wait(_WORKER_END_SECONDS)
        except subprocess.TimeoutExpired:
            log = self._log(f"worker-{worker}").read_text(encoding="utf-8", errors="replace").strip()
            _say(f"worker {worker} has ended before its time: {log[-500:] or 'its log is empty'}")
            return True
        return False

    def _start(self, name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "locust", "--locustfile", str(_LOCUSTFILE), *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=None if name == "master" else log,
                stderr=log,
                start_new_session=True,
            )

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def run(options: argparse.Namespace) -> int:
    """One load test; its exit code.

    Raises:
        SettingsError: a setting is wrong, or asks for what the fibre of this server does not have.
        NotReadyError: the server cannot be tested.
    """
    settings = load({}, os.environ)
    with ExitStack() as cleanup:
        server = ServerUnderTest(settings)
        cleanup.callback(server.close)
        live_job_request(settings, server.metadata, server.channels)
        spoken = greet(settings, server, Overlooked())
        _say(
            f"server: {server.name}",
            f"dialect: {spoken}",
            f"load: {plural(options.users, 'user')} on {plural(options.workers, 'worker')} for {options.run_time}",
        )
        if options.users > settings.windows:
            _say(
                f"the server has {settings.windows} windows: {options.users - settings.windows} of {options.users} "
                "users will be refused at a time, and each refusal is a failure of this run"
            )
        if options.web:
            _say(f"page: http://{_HOST}:{options.web_port}, until Ctrl-C")
        options.output.mkdir(parents=True, exist_ok=True)
        for file in options.output.glob("load*"):
            file.unlink()
        locust = Locust(options, server.url, spoken.dialect.name)
        try:
            exit_code = locust.wait()
        except Interrupted as interruption:
            _say(f"{interruption}: the windows are being closed")
            exit_code = interruption.exit_code
        finally:
            locust.stop()
        told = _summary(options.output)
        if told is None:
            _say(f"no result: {(options.output / 'master.log').read_text(encoding='utf-8', errors='replace')[-500:]}")
            return exit_code or 1
        _say(*_in_words(told), *(f"left behind: {sentence}" for sentence in jobs_left(server.api, told["jobs"])))
        _say(f"results: {options.output}/load.html, load.json, load_stats.csv, load_windows.csv")
        return exit_code


def _summary(folder: Path) -> dict[str, Any] | None:
    """What the master has written of the run until now; None where it has not begun to."""
    file = folder / "load.json"
    told: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return told


def _figures(told: dict[str, Any]) -> str:
    return (
        f"{plural(told['windows'], 'window')}: {told['frames']} frames, {told['mb_per_second']} MB/s, "
        f"{told['lines']} lines, {told['lines_lost']} lost"
    )


def _in_words(told: dict[str, Any]) -> list[str]:
    """The outcome for the console: one line in all, and one for each kind of failure, with its first sentence."""
    failures: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in told["failures"]:
        failures[one["name"]].append(one)
    rate, first = (" ".join(f"{name} {value:g}" for name, value in told[key].items()) for key in _SPREADS)
    return [
        _figures(told),
        f"frames/s of a window: {rate or 'none'}; first frame in ms: {first or 'none'}",
        *(
            f"{name}, {plural(sum(one['occurrences'] for one in same), 'failure')}, the first: {same[0]['error']}"
            for name, same in failures.items()
        ),
        *(f"NOT GREEN: {problem}" for problem in told["problems"]),
    ]


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{legible(line)}\n" for line in lines))
    sys.stdout.flush()


def _run_time(text: str) -> str:
    if not re.fullmatch(r"(?=\d)(\d+h)?(\d+m)?(\d+s?)?", text) or not re.search(r"[1-9]", text):
        raise argparse.ArgumentTypeError(f"a time like 90s, 2m or 1h30m is needed, not {text!r}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where frames came and nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--users", type=positive, default=Settings().windows, help="windows at a time (%(default)s)")
    parser.add_argument("--workers", type=positive, default=2, help="processes that stream (%(default)s)")
    parser.add_argument("--run-time", type=_run_time, default="2m", help="90s, 2m, 1h30m (%(default)s)")
    parser.add_argument("--web", action="store_true", help="with Locust's page, which stays until Ctrl-C")
    parser.add_argument("--web-port", type=positive, default=8089, help="port of the page (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("reports", "load"), help="folder of results (%(default)s)")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("locust") is None:
        sys.stderr.write(
            "the load test needs Locust, which is not installed: python -m pip install -r requirements-load.txt, "
            "or `make load`, which does that\n"
        )
        return 1
    try:
        with interruptible():
            return run(options)
    except Interrupted as interruption:
        return interruption.exit_code
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
    except NotReadyError as error:
        sys.stderr.write(f"NOT READY: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from support import ROOT
from support.errors import NotReadyError
from support.focus_server_api import FocusServerAPI
from support.server.embedded import EmbeddedServer
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from tests.patience import PATIENCE, eventually

STARTER = """
import sys, time
from pathlib import Path
from support.server.embedded import EmbeddedServer
from support.focus_server_api import FocusServerAPI
server = EmbeddedServer(log_file=Path(sys.argv[1]))
print(server.pid, flush=True)
time.sleep(600)
"""


def test_it_answers_while_it_runs(embedded: EmbeddedServer) -> None:
    assert requests.get(embedded.rest_url + "/channels", timeout=PATIENCE).ok


def test_stopping_ends_the_process(tmp_path: Path) -> None:
    server = EmbeddedServer(log_file=tmp_path / "deep" / "simulator.log")

    server.stop()

    assert not psutil.pid_exists(server.pid)
    assert "over" in (tmp_path / "deep" / "simulator.log").read_text(encoding="utf-8")


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    server = EmbeddedServer(log_file=tmp_path / "simulator.log")

    server.stop()
    server.stop()


def test_stopping_a_process_that_was_killed_is_harmless(tmp_path: Path) -> None:
    server = EmbeddedServer(log_file=tmp_path / "simulator.log")
    psutil.Process(server.pid).kill()

    server.stop()

    assert not psutil.pid_exists(server.pid)


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot halt a process")
def test_one_that_has_to_be_killed_leaves_no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.server.embedded._STOP_SECONDS", 0.1)
    server = EmbeddedServer(["--tls", "ca"], log_file=tmp_path / "simulator.log")
    folder = Path(server.told["ca_file"]).parent
    assert folder.exists()
    psutil.Process(server.pid).suspend()

    server.stop()

    assert not folder.exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--port", "x"], "'x' is not a whole number"),
    ],
)
def test_a_start_that_fails_is_told_in_the_simulators_words(tmp_path: Path, option: list[str], words: str) -> None:
    with pytest.raises(NotReadyError, match=f"the embedded Focus Server did not start: .*{words}"):
        EmbeddedServer(option, log_file=tmp_path / "simulator.log")


def test_a_start_that_takes_too_long_is_told_and_ended(tmp_path: Path) -> None:
    before = set(psutil.Process().children())

    with pytest.raises(NotReadyError, match=r"was not ready within 0\.001 s: its log .* is empty"):
        EmbeddedServer(log_file=tmp_path / "simulator.log", start_seconds=0.001)

    assert set(psutil.Process().children()) <= before


def test_options_reach_the_simulator(tmp_path: Path) -> None:
    server = EmbeddedServer(["--no-fibre"], log_file=tmp_path / "simulator.log")
    try:
        answer = requests.get(server.rest_url + "/live_metadata", timeout=PATIENCE).json()
    finally:
        server.stop()

    assert answer["prr"] == 0


def test_nothing_survives_a_suite_that_was_killed(tmp_path: Path) -> None:
    suite = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "simulator.log")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with suite:
        assert suite.stdout is not None
        simulator = psutil.Process(json.loads(suite.stdout.readline()))
        assert simulator.is_running()

        suite.send_signal(signal.SIGKILL)

    eventually(lambda: not _lives(simulator), "the simulator ends")


def test_a_deviation_lasts_until_the_next_one(tmp_path: Path) -> None:
    server = EmbeddedServer(log_file=tmp_path / "simulator.log")
    try:
        with FocusServerAPI(server.rest_url) as api:
            server.deviate(variants=["lowest-channel-1"])
            assert api.channels().lowest_channel == 1
            server.deviate()
            assert api.channels().lowest_channel == 0
    finally:
        server.stop()


def test_what_it_has_logged_since_is_told(embedded: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = embedded.log_size
    assert embedded.logged(before) == ""
    embedded.deviate()
    told = embedded.logged(before)
    assert told.endswith("active deviations: none\n")
    monkeypatch.setattr("support.server.embedded._MOST_LOGGED", len(told) + 5)
    embedded.deviate()
    assert re.fullmatch(
        r"\(lines before these: .*simulator.*\.log\)\n(?:.*\n)*.*active deviations: none\n", embedded.logged(before)
    )


def test_a_deviation_that_nobody_knows_is_told(tmp_path: Path) -> None:
    server = EmbeddedServer(log_file=tmp_path / "simulator.log")
    try:
        with pytest.raises(ValueError, match=r"refuses these deviations: .*dead-sensr"):
            server.deviate(faults=["dead-sensr"])
    finally:
        server.stop()


def test_without_an_address_the_embedded_server_is_under_test() -> None:
    server = ServerUnderTest(Settings())
    try:
        assert server.embedded is not None
        assert server.name == f"embedded Focus Server at {server.embedded.rest_url}"
        assert server.metadata.prr == 2000
    finally:
        server.close()

    assert not psutil.pid_exists(server.embedded.pid)


def _lives(process: psutil.Process) -> bool:
    """A process that nobody has collected is dead, too."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

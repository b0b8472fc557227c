"""The features against a server that shares nothing with the suite: another language, another author's schema."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_behave_runs import behave, scenarios, wrong

FOLDER = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed here"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / ".package-lock.json").exists(),
        reason="the npm packages of tests/foreign are not installed here: make test does it",
    ),
]


@pytest.fixture
def foreign_server() -> Iterator[Callable[..., str]]:
    """Starts the server in Node.js, with a fault or without one, and answers its address."""
    servers: list[subprocess.Popen[str]] = []

    def start(*fault: str) -> str:
        command = ["node", "server.mjs", *fault]
        server = subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        return str(json.loads(server.stdout.readline())["rest_url"])

    yield start
    for server in servers:
        server.communicate()


def test_the_criteria_pass(tmp_path: Path, foreign_server: Callable[..., str]) -> None:
    run = behave(tmp_path, "-D", f"focus_server_url={foreign_server()}", feature="acceptance_criteria")
    assert run.returncode == 0, wrong(run)
    assert "dialect: production (its stream answers, and no other)" in run.stdout
    assert "REMARK: the frequencies say that the fibre is sampled 2004 times a second" in run.stdout
    assert scenarios(run.stdout, "passed") >= 15, "all but what is about a limit of frames, or a job that can be ended"


def test_configurations_are_judged(tmp_path: Path, foreign_server: Callable[..., str]) -> None:
    run = behave(tmp_path, "-D", f"focus_server_url={foreign_server()}", feature="jobs/configuration.feature")
    assert run.returncode == 0, wrong(run)
    assert scenarios(run.stdout, "passed") > 12


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("half-a-line-late", "streams on the same lines: stream 3 of 3 lacks "),
        ("x-too-large", "says 766 values a row for 3 channels, which cannot be shared out"),
    ],
)
def test_a_fault_of_one_stream_is_found(
    tmp_path: Path, foreign_server: Callable[..., str], fault: str, sentence: str
) -> None:
    url = ("-D", f"focus_server_url={foreign_server(fault)}", "-D", "idle_timeout=3")
    run = behave(tmp_path, *url, "--name", "can be drawn", feature="acceptance_criteria/data.feature")
    assert run.returncode == 1, run.stdout
    assert sentence in run.stdout

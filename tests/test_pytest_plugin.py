"""The plugin as other teams use it: sessions of their own, of the page's example and on servers that are wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT
from support.server.embedded import EmbeddedServer
from tests.patience import RUN_PATIENCE, TOLERANT

pytestmark = pytest.mark.usefixtures("measured")

CONFTEST, EXAMPLE = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "docs" / "PYTEST.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
)

UNWARY = """
import pytest

def test_of_a_stream(live_stream):
    live_stream.stream(max_frames=10)

def test_that_fails_by_itself(live_stream):
    live_stream.stream(max_frames=10)
    pytest.fail("of its own accord")

def test_without_a_frame(live_stream):
    pass

def test_of_the_past(historic_stream):
    historic_stream.stream()

def test_of_the_answer_alone(live_job):
    assert live_job.answer.job_id

def test_without_a_server():
    pass
"""


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server one of whose sensors is another's twin."""
    server = EmbeddedServer(["--fault", "twin-sensors"], log_file=tmp_path_factory.mktemp("wrong") / "simulator.log")
    yield server.rest_url
    server.stop()


def run(folder: Path, tests: str, *arguments: str) -> tuple[dict[str, str], str]:
    """The outcome of each of these tests, in a session of its own, and all that it printed."""
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "test_story.py").write_text(tests, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "-v", "-rN", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | TOLERANT, capture_output=True, text=True, timeout=RUN_PATIENCE
    )
    outcomes = re.findall(r"^test_story\.py::(\S+) (PASSED|FAILED|ERROR|SKIPPED)", done.stdout, flags=re.MULTILINE)
    assert outcomes, done.stdout + done.stderr
    return dict(outcomes), done.stdout


def test_the_example_of_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    outcomes, told = run(tmp_path, EXAMPLE)
    assert set(outcomes.values()) == {"PASSED"}, told
    assert len(outcomes) == 5


def test_what_the_rules_find_fails_a_test_that_did_not_ask(tmp_path: Path, wrong: str) -> None:
    outcomes, told = run(tmp_path, UNWARY, "--focus", f"focus_server_url={wrong}")
    assert outcomes == {
        "test_of_a_stream": "FAILED",
        "test_that_fails_by_itself": "FAILED",
        "test_without_a_frame": "FAILED",
        "test_of_the_past": "FAILED",
        "test_of_the_answer_alone": "PASSED",
        "test_without_a_server": "PASSED",
    }
    assert len(re.findall(r"^  - no twin sensors: .*sensor", told, flags=re.MULTILINE)) == 2
    assert re.search(r"found by the rules.*\nno twin sensors: ", told)
    assert "no row was received, so there is nothing to judge" in told


def test_a_server_that_is_merely_different_passes(tmp_path: Path) -> None:
    server = EmbeddedServer(["--dialect", "production", "--prr", "800"], log_file=tmp_path / "simulator.log")
    try:
        outcomes, told = run(tmp_path, EXAMPLE, "--focus", f"focus_server_url={server.rest_url}")
    finally:
        server.stop()
    assert outcomes.pop("test_a_cancelled_job_is_told_as_such") == "SKIPPED", told
    assert set(outcomes.values()) == {"PASSED"}, told


@pytest.mark.parametrize("setting", ["nfft=1000", "focus_server_url=http://127.0.0.1:{closed}"])
def test_settings_that_allow_no_verdict_are_told_in_a_sentence(tmp_path: Path, setting: str, closed_port: int) -> None:
    outcomes, told = run(tmp_path, UNWARY, "--focus", setting.format(closed=closed_port))
    assert outcomes.pop("test_without_a_server") == "PASSED"
    assert set(outcomes.values()) == {"ERROR"}
    assert told.count("NOT READY: ") >= len(outcomes)
    assert "Traceback" not in told

"""A long command ends when it is asked to: promptly, with all that it started, and with a report that says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from support import ROOT
from tests.patience import PATIENCE, RUN_PATIENCE, eventually

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")

BENCH = ["bench", "bench", "--shape", "11 sensors x 257 bins", "--way", "untouched", "--short"]
BENCH += ["--repeats", "500", "--scale", "0.01"]
NAMES = ["correct server", "canvas-empty", "dead-sensor", "line-lost", "port-as-string"]
TOOLS = [
    ["fault_matrix", "fault-matrix", *NAMES, "--jobs", "1", "--tags", "@task-1.4.1"],
    ["soak", "soak", "--runs", "100", "--tags", "@task-1.4.1"],
    ["baselines", "baselines", "--slowed", "0", "--frames", "10", "--jobs", "1"],
    BENCH,
]

JUST_BEGUN = """
import sys, time
from pathlib import Path
from proving.forked import Forked

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for number in range(40):
        process = Forked("behave", ["--version"], folder, folder / f"{number}.log")
        time.sleep(number * 3e-4)
        process.interrupt()
        process.wait(60)
"""


class Tool:
    """A tool that has work for a long time, as its users start it."""

    def __init__(self, folder: Path, module: str, name: str, *arguments: str) -> None:
        self._json, self.page = folder / f"{name}.json", folder / f"{name}.md"
        command = [sys.executable, "-m", f"proving.{module}", "--output", str(folder), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def data(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._json.read_text("utf-8"))
        return told

    def works(self) -> bool:
        """Waits, as long as it runs, until its first step has ended; whether that came."""
        assert self.process.stdout is not None
        return any(line.startswith("[1/") for line in self.process.stdout)

    def children(self) -> Sequence[psutil.Process]:
        found: Sequence[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found


@pytest.fixture
def start(tmp_path: Path, cleanup: ExitStack) -> Any:
    """Starts a tool, and ends what it and its test leave."""

    def started(*command: str) -> Tool:
        tool = Tool(tmp_path, *command)
        cleanup.enter_context(tool.process)
        cleanup.callback(tool.process.kill)
        assert tool.works()
        return tool

    return started


@pytest.mark.parametrize(("command", "number"), [*((tool, signal.SIGINT) for tool in TOOLS), (BENCH, signal.SIGTERM)])
def test_a_tool_that_is_interrupted_leaves_its_report_and_nothing_else(
    start: Any, command: list[str], number: signal.Signals, tmp_path: Path
) -> None:
    tool = start(*command)
    children = tool.children()
    assert children
    tool.process.send_signal(number)
    tool.process.send_signal(number)  # whoever is impatient does not spoil it
    words, _ = tool.process.communicate(timeout=PATIENCE)

    assert tool.process.returncode == 128 + number, words
    assert "Traceback" not in words
    assert f"interrupted by {number.name}" in words
    told = tool.data()
    assert (told["finished"], told["ending"]) == (False, f"interrupted by {number.name}")
    assert 0 < told["done"] < told["total"]
    assert f"**Not finished**: {told['done']} of {told['total']}; interrupted by" in tool.page.read_text("utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {tool.page.name, tool.page.with_suffix(".json").name}
    eventually(lambda: not any(child.is_running() for child in children), "all that it started has ended")


def test_a_tool_that_is_killed_has_left_its_report(start: Any) -> None:
    tool = start(*BENCH)
    tool.process.kill()
    tool.process.communicate()

    told = tool.data()
    assert (told["finished"], told["ending"]) == (False, "it still runs, or was ended without a word")
    assert len(told["turns"]) == told["done"] > 0
    assert "**Not finished**" in tool.page.read_text("utf-8")


def test_what_has_only_just_begun_ends_without_a_word(tmp_path: Path) -> None:
    script = tmp_path / "just_begun.py"
    script.write_text(JUST_BEGUN, "utf-8")
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert all("Traceback" not in log.read_text("utf-8") for log in tmp_path.glob("*.log"))

"""Baselines as people use them: behave against real servers, recorded, compared, and slowed down."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proving import baselines
from support import ROOT
from support.server.embedded import EmbeddedServer
from tests.patience import RUN_PATIENCE, TOLERANT


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts servers; each call takes options and answers the address."""
    servers: list[EmbeddedServer] = []

    def start(*options: str) -> str:
        servers.append(EmbeddedServer(options, log_file=tmp_path / f"server-{len(servers)}.log"))
        return servers[-1].rest_url

    yield start
    for one in servers:
        one.stop()


def behave(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "behave", "--no-color", "--format", "json", "--tags=baseline", *arguments]
    feature = str(ROOT / "features" / "capacity" / "speed_over_time.feature")
    return subprocess.run(
        [*command, feature], cwd=folder, env=os.environ | TOLERANT, capture_output=True, text=True, timeout=RUN_PATIENCE
    )


def test_recorded_then_compared_then_slowed(tmp_path: Path, server: Callable[..., str]) -> None:
    url = server()
    recorded = behave(tmp_path, "-D", f"focus_server_url={url}", "-D", "baseline=record")
    assert recorded.returncode == 0, recorded.stdout
    assert "1 scenario passed, 0 failed, 2 skipped" in recorded.stdout, "only that nothing else was wrong"
    (path,) = (tmp_path / "baselines").iterdir()

    same = behave(tmp_path, "-D", f"focus_server_url={url}", "-D", "baseline=compare")
    assert "2 scenarios passed" in same.stdout, same.stdout

    slow = server("--slowed", "60")
    text = path.read_text("utf-8").replace(url, slow)  # a server of another address makes other circumstances
    path.write_text(text, "utf-8")
    slowed = behave(tmp_path, "-D", f"focus_server_url={slow}", "-D", "baseline=compare")
    assert slowed.returncode == 1
    assert "interval between frames" in slowed.stdout, slowed.stdout


def test_nothing_is_compared_by_default_nor_without_a_baseline(tmp_path: Path, server: Callable[..., str]) -> None:
    url = server()
    default = behave(tmp_path, "-D", f"focus_server_url={url}")
    assert "0 failed, 2 skipped" in default.stdout
    alone = behave(tmp_path, "-D", f"focus_server_url={url}", "-D", "baseline=compare")
    assert "0 failed, 2 skipped" in alone.stdout


def test_the_door_makes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--slowed", "0", "200", "--comparisons", "2", "--baselines", "1", "--frames", "20", "--jobs", "4"]
    assert baselines.main([*arguments, "--output", str(tmp_path)]) == 0
    table = (tmp_path / "baselines.md").read_text("utf-8")
    assert re.search(r"^\| 0 % \| 2 \| [012] \| ", table, re.MULTILINE), "how many is a fact of this machine"
    assert "| 200 % | 2 | 2 | 100.0% " in table
    assert table in capsys.readouterr().out


def test_the_door_refuses_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        baselines.main(["--comparisons", "0"])
    assert "a number from 1 is needed" in capsys.readouterr().err

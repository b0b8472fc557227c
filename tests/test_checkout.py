"""The project in a folder whose name the locale has no characters for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT
from tests.patience import RUN_PATIENCE, TOLERANT

LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PARTS = ("environments", "features", "load", "protos", "steps", "support")


@pytest.mark.parametrize(
    "command",
    [
        ["behave", "features/acceptance_criteria/connectivity.feature", "--tags=task-1.3.2"],
        ["load", "--users", "1", "--workers", "1", "--run-time", "4s"],
    ],
    ids=["behave", "load"],
)
def test_a_checkout_may_stand_anywhere(tmp_path: Path, command: list[str]) -> None:
    checkout = tmp_path / "שלום"
    for part in PARTS:
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    for file in ("behave.ini", "environment.py"):
        shutil.copy(ROOT / file, checkout)

    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=checkout,
        env=os.environ | TOLERANT | LOCALE,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr

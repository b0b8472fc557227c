"""Small behave suites: written to a folder, run for real in a process of their own, read back from Allure's files."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.patience import RUN_PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
FORMATTER = "support.reporting.allure_formatter:FocusAllureFormatter"


@dataclass(frozen=True)
class Run:
    """What one run of behave left behind."""

    exit_code: int
    output: str
    results: Path

    @property
    def all(self) -> list[dict[str, Any]]:
        return sorted(self._read("result"), key=lambda result: (result["start"], result["stop"]))

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        results = self.all
        named = {result["name"]: result for result in results}
        assert len(named) == len(results), f"two results of one name: {sorted(result['name'] for result in results)}"
        return named

    @property
    def errors(self) -> list[str]:
        """The messages of problems that belong to the run, not to a scenario."""
        return [error["message"] for globals_ in self._read("globals") for error in globals_.get("errors", ())]

    @property
    def attachments(self) -> dict[str, str]:
        """Text attachments of the run, name to content."""
        found = [item for globals_ in self._read("globals") for item in globals_.get("attachments", ())]
        return {item["name"]: (self.results / item["source"]).read_text() for item in found}

    def _read(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text("utf-8")) for path in self.results.glob(f"*-{kind}.json")]


def write_suite(folder: Path, *, steps: str, environment: str = "", **features: str) -> Path:
    """Write ``features/NAME.feature`` for each feature given, the steps and the hooks."""
    for name in ("features", "steps"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "steps" / "steps.py").write_text(steps, "utf-8")
    (folder / "environment.py").write_text(environment, "utf-8")
    for name, text in features.items():
        (folder / "features" / f"{name}.feature").write_text(text, "utf-8")
    return folder


def run_behave(suite: Path, *arguments: str, formatter: str = FORMATTER) -> Run:
    """Run the suite; its results go to ``allure-results`` inside it."""
    results = suite / "allure-results"
    command = [sys.executable, "-m", "behave", "-f", formatter, "-o", str(results), "-f", "progress3", *arguments]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        command,
        cwd=suite,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
        encoding="utf-8",
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, results)


def verdict(result: dict[str, Any]) -> tuple[str, str]:
    """Status and message of a result."""
    return result["status"], result.get("statusDetails", {}).get("message", "")

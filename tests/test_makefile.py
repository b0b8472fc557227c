"""The Makefile sets itself up: a ``.venv`` that is not whole is made again, and never left half made.

Each test has a folder of its own with the Makefile and requirements that name nothing. The Python that makes the
environment is a script: what it makes has a pip that notes what it was asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support import ROOT
from tests.patience import PATIENCE, RUN_PATIENCE, eventually

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no make")

AGAIN = ".venv is half made, or was made elsewhere or for another Python: it is made again\n"
NO_VENV = "cannot make a virtual environment: install its venv module (Debian: python3-venv)\n"

_PYTHON = """#!/bin/sh
case "$*" in
  -c*) exit 0 ;;
  "-m venv --clear .venv") ;;
  *) exec {python} "$@" ;;
esac
rm -rf .venv; mkdir -p .venv/bin
printf '#!/bin/sh\\ncase "$*" in "-m pip"*) echo pip >> pips; . ./pip.sh ;; esac\\n' > .venv/bin/python
[ ! -e no-ensurepip ] || {{ echo "ensurepip is not available" >&2; exit 1; }}
echo "#!$PWD/.venv/bin/python" > .venv/bin/pip
chmod +x .venv/bin/*
"""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
"""That of a make of its own, also where these tests run under ``make test``."""


class Project:
    """A folder with the Makefile, and what can happen to it.

    Attributes:
        folder: Where it stands.
        python: What makes its environment.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("requirements.txt", "requirements.lock", "constraints.txt", "pyproject.toml", "pip.sh"):
            (folder / name).touch()
        self.python = "./python"
        (folder / self.python).write_text(_PYTHON.format(python=sys.executable), "utf-8")
        (folder / self.python).chmod(0o755)

    def command(self) -> list[str]:
        return ["make", "--no-print-directory", ".venv/installed", f"PYTHON={self.python}"]

    def make(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(),
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=RUN_PATIENCE,
            check=False,
        )

    def pips(self) -> int:
        """How often pip was asked for something."""
        noted = self.folder / "pips"
        return len(noted.read_text("utf-8").splitlines()) if noted.exists() else 0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "a project")


def test_what_is_whole_is_made_once(project: Project) -> None:
    assert project.make().stdout == ""
    assert project.make().stdout == "make: '.venv/installed' is up to date.\n"
    assert project.pips() == 2


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="runs in an environment that make did not make")
def test_the_environment_of_this_run_is_whole() -> None:
    planned = subprocess.run(
        ["make", "--dry-run", ".venv/installed"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-m venv" not in planned.stdout


def test_without_ensurepip_nothing_is_left_and_the_next_make_begins_anew(project: Project) -> None:
    (project.folder / "no-ensurepip").touch()
    for _ in range(2):
        made = project.make()
        assert made.returncode == 2
        assert NO_VENV in made.stderr
        assert "No module named pip" not in made.stderr
        assert not (project.folder / ".venv").exists()
    (project.folder / "no-ensurepip").unlink()
    assert project.make().returncode == 0


def _take_pip(venv: Path) -> None:
    (venv / "bin" / "pip").unlink()


def _upgrade_the_system(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/usr/bin/python3.0")


def _break_its_python(venv: Path) -> None:
    (venv / "bin" / "python").write_text("#!/bin/sh\ntest -e again\n", "utf-8")


def _kill_an_install(venv: Path) -> None:
    (venv / "installing").touch()


def _make_it_elsewhere(venv: Path) -> None:
    (venv / "bin" / "pip").write_text("#!/elsewhere/.venv/bin/python\n", "utf-8")


def _leave_a_file(venv: Path) -> None:
    shutil.rmtree(venv)
    (venv / "bin").mkdir(parents=True)


@pytest.mark.parametrize(
    "spoil",
    [_take_pip, _upgrade_the_system, _break_its_python, _kill_an_install, _make_it_elsewhere, _leave_a_file],
)
def test_what_is_not_whole_is_made_again(project: Project, spoil: Callable[[Path], None]) -> None:
    project.make()
    spoil(project.folder / ".venv")
    made = project.make()
    assert (made.returncode, made.stdout) == (0, AGAIN)
    assert project.pips() == 4
    assert "up to date" in project.make().stdout


def test_a_folder_that_was_moved_is_set_up_again(project: Project, tmp_path: Path) -> None:
    project.make()
    project.folder = project.folder.rename(tmp_path / "moved")
    assert project.make().stdout == AGAIN
    assert "up to date" in project.make().stdout


def test_an_install_that_is_interrupted_begins_anew(project: Project) -> None:
    # no command before the one that waits: a shell goes on after one that an interruption did not end
    (project.folder / "pip.sh").write_text(": > begun; exec sleep 60", "utf-8")
    run = subprocess.Popen(
        project.command(), cwd=project.folder, env=ENVIRONMENT, stderr=subprocess.PIPE, start_new_session=True
    )
    eventually((project.folder / "begun").exists, "pip has begun")
    os.killpg(run.pid, signal.SIGINT)
    run.communicate(timeout=PATIENCE)
    assert run.returncode != 0
    (project.folder / "pip.sh").write_text("", "utf-8")
    assert project.make().stdout == AGAIN


def test_an_install_that_fails_is_tried_again_in_the_same_environment(project: Project) -> None:
    (project.folder / "pip.sh").write_text("exit 1", "utf-8")
    assert project.make().returncode == 2
    (project.folder / "pip.sh").write_text("", "utf-8")
    made = project.make()
    assert (made.returncode, made.stdout) == (0, "")


def test_help_lists_every_door() -> None:
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    ).stdout
    [doors] = re.findall(r"^\.PHONY: (\w.*)$", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(re.findall(r"^make (\w+) +\w", helped, flags=re.MULTILINE)) == sorted(doors.split())


def test_the_hooks_of_pre_commit_lint_what_make_test_lints() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    [recipe] = re.findall(r"^test:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    lints = [line for line in recipe.replace("$(BIN)", ".venv/bin").split("\n\t") if "coverage erase" not in line]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == [line.strip() for line in lints if "/pytest" not in line]

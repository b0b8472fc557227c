"""The walls of docs/ARCHITECTURE.md: the tree is the one that is drawn, and imports go the way that it says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT
from support.stream import dialects

PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
SUPPORT = ROOT / "support"
JUDGES = "validation", "truth"


def modules() -> list[Path]:
    return [path for path in sorted(SUPPORT.rglob("*.py")) if "node_modules" not in path.parts]


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def importers(*names: str) -> set[str]:
    """The modules of the library that import one of these, or what is in them."""
    found = (each for each in modules() if any(f"{it}.".startswith(f"{n}.") for it in imports(each) for n in names))
    return {path.relative_to(SUPPORT).as_posix() for path in found}


def room(folder: Path) -> set[str]:
    """What stands in a folder, as the page writes it."""
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return files | {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}


def test_the_tree_is_the_one_that_is_drawn() -> None:
    [tree] = re.findall(r"^```text\nsupport/\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    drawn: dict[str, set[str]] = {}
    for line in tree.splitlines():
        if line.startswith("      "):
            drawn[list(drawn)[-1]] |= {name for name in re.split(r",\s*", line.strip()) if name}
        else:
            drawn[line.split()[0].removesuffix(".py")] = set()
    assert drawn == {name: room(SUPPORT / name) if name.endswith("/") else set() for name in room(SUPPORT)}


def test_the_library_knows_none_of_its_users() -> None:
    assert importers("proving", "load", "tests", "steps") == set()


def test_client_and_simulator_do_not_know_each_other() -> None:
    inside = {path for path in importers("support") if path.startswith("simulator/")}
    beyond = {path for path in inside for it in imports(SUPPORT / path) if f"{it}.".startswith("support.simulator.")}
    assert {
        (path, it)
        for path in inside
        for it in imports(SUPPORT / path)
        if it.startswith("support") and not f"{it}.".startswith("support.simulator.")
    } == set()
    assert beyond
    assert {path for path in importers("support.simulator") if not path.startswith("simulator/")} == set()


def test_the_rooms_of_the_dialects_alone_know_which_is_spoken() -> None:
    inside = ("stream/story/", "stream/production/", "simulator/")
    importing = importers("support.stream.story", "support.stream.production")
    assert {path for path in importing if not path.startswith(inside)} == {
        "stream/dialects.py",
        "grpc_stream_client.py",
    }
    naming = {
        path.relative_to(SUPPORT).as_posix()
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in dialects.NAMES
    }
    chooses_the_second = {"reporting/acceptance.py"}
    assert {path for path in naming if not path.startswith(inside)} == chooses_the_second


@pytest.mark.parametrize(
    "module", sorted(f"{room}.{path.stem}" for room in JUDGES for path in (SUPPORT / room).glob("[a-z]*.py"))
)
def test_what_judges_reaches_no_client(module: str) -> None:
    script = f"import sys, support.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = r"support\.(?:focus_server_api|grpc_stream_client|rest|security|reporting|simulator)"
    reached = re.findall(rf"(?<!\S)(?:grpc|requests|urllib3|behave|hamcrest|{ours})(?!\S)", loaded.stdout)
    assert f"support.{module}" in loaded.stdout
    assert reached == []


def test_hamcrest_behave_and_the_report_stay_in_their_rooms() -> None:
    assert importers("hamcrest") == {"matchers.py"}
    behave = {path for path in importers("behave") if not path.startswith("reporting/")}
    assert behave <= {"world.py", "gherkin.py"}
    told = {path for path in importers("support.reporting") if not path.startswith("reporting/")}
    assert told == {"world.py", "doctor/machine.py", "replay/__main__.py"}

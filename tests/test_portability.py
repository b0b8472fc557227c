"""What users run works on Windows, too: the types say what is not there, and what they do not see is looked for."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support import ROOT
from tests.patience import RUN_PATIENCE

FOR_USERS = ("support", "steps", "load", "environment.py")
"""What runs on the machines of users; what proves the suite, as proving/, may take more."""

NOT_THERE = {"add_signal_handler", "fork", "forkpty", "killpg", "mkfifo", "openpty", "preexec_fn", "setsid"}
"""Names that types know on Windows, or of objects that have none, and that do not work there."""


def test_its_types_fit_windows() -> None:
    command = [sys.executable, "-m", "mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/win32", *FOR_USERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=RUN_PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_calls_nothing_that_windows_lacks() -> None:
    found = [
        path for name in FOR_USERS for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    sources = {path: path.read_text("utf-8") for path in found if "node_modules" not in path.parts}
    assert len(sources) > 200
    assert [f"{path.relative_to(ROOT)}, {wrong}" for path, source in sources.items() for wrong in unfit(source)] == []


def unfit(source: str) -> Iterator[str]:
    """What types let pass, and Windows, or its other encoding of files, does not."""
    tree = ast.parse(source)
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)]
    guarded = {each for condition in asked for each in ast.walk(condition)}
    for node in set(ast.walk(tree)) - guarded:
        if isinstance(node, ast.Attribute | ast.keyword) and _name(node) in NOT_THERE:
            yield f"line {node.lineno}: {_name(node)}"
        if isinstance(node, ast.Call):
            yield from (f"line {node.lineno}: {wrong}" for wrong in (_of_text(node), _of_signal(node)) if wrong)


def _name(node: ast.AST) -> str:
    return str(next((getattr(node, key) for key in ("attr", "arg", "id") if hasattr(node, key)), ""))


def _of_text(call: ast.Call) -> str:
    """Text is read and written in UTF-8, whatever the machine prefers."""
    name, said = _name(call.func), [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    modes = [mode for mode in said if isinstance(mode, str) and re.fullmatch("[rwax+bt]{1,3}", mode)]
    opens = name == "open" and (isinstance(call.func, ast.Name) or modes) and not any("b" in mode for mode in modes)
    is_told = any(keyword.arg == "encoding" for keyword in call.keywords) or {"utf-8", "ascii"} & set(said)
    return f"{name} without an encoding" if (opens or name in ("read_text", "write_text")) and not is_told else ""


def _of_signal(call: ast.Call) -> str:
    """A process can be sent nothing there but its end."""
    arguments = {"send_signal": 1, "kill": 2}.get(_name(call.func))
    return _name(call.func) if arguments == len(call.args) else ""


def test_what_windows_skips_is_listed() -> None:
    """Tests that ask which platform this is are those of the guide, and no others."""
    asks = {path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__) and asks_for_platform(path)}
    section = (ROOT / "docs" / "GRPC_TESTING_GUIDE.md").read_text("utf-8").partition("but for what is skipped there")[2]
    listed = re.findall(r"`(tests/[\w/]+\.py)`", section.partition("\n## ")[0])
    assert sorted(listed) == sorted(path.relative_to(ROOT).as_posix() for path in asks)


def asks_for_platform(path: Path) -> bool:
    """Whether a file compares the name of its platform with another one."""
    compared = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Compare)]
    return any(ast.unparse(node.left) in ("os.name", "sys.platform") for node in compared)


def test_what_is_unfit_is_found() -> None:
    source = "import os\nPath('a').read_text()\nopen('a')\nopen('a', 'rb')\nos.kill(1, 9)\nloop.add_signal_handler(1)\n"
    source += "if sys.platform != 'win32':\n    os.kill(1, 9)\n"
    assert sorted(unfit(source)) == [
        "line 2: read_text without an encoding",
        "line 3: open without an encoding",
        "line 5: kill",
        "line 6: add_signal_handler",
    ]

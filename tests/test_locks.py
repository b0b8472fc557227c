"""What is installed is what was pinned, file by file: a lock has every pin of its requirements, with hashes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))


def pins(path: Path) -> dict[str, str]:
    """Name, as the index writes it, and version of all that a file pins."""
    found = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([^\s;]+)", path.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def named(path: Path) -> dict[str, str]:
    """The pins of a file, and of those that it refers to."""
    others = re.findall(r"^-r (\S+)", path.read_text("utf-8"), flags=re.MULTILINE)
    return {name: version for other in others for name, version in named(path.with_name(other)).items()} | pins(path)


def test_all_requirements_have_a_lock() -> None:
    named_so = {path.with_suffix(".lock").name for path in ROOT.glob("requirements*.txt")}
    assert {path.name for path in LOCKS} == named_so - {"requirements-fuzz.lock"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_is_as_new_as_what_it_locks(lock: Path) -> None:
    locked = pins(lock)
    assert named(lock.with_suffix(".txt")).items() <= locked.items(), "run scripts/lock.sh"
    along = pins(ROOT / "constraints.txt")
    assert {name: along[name] for name in locked.keys() & along.keys()}.items() <= locked.items(), "run scripts/lock.sh"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_in_a_lock_has_a_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[\w.-]+(?:\[\w+\])?==)", lock.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []

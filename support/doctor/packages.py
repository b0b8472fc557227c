"""Python and the packages, against what the project asks for. Read by any Python, and without any package."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from support import ROOT
from support.doctor.sign import OK, PROBLEM, WARNING, Sign

_SHOWN = 5
"""Packages in a sentence."""

_PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def python() -> Sign:
    """Whether this Python is new enough."""
    asked = re.findall(
        r'^requires-python = ">=(\d+)\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    least = tuple(map(int, asked[0]))
    here = f"{sys.version.split()[0]}, {sys.executable}"
    if sys.version_info < least:
        return Sign(
            PROBLEM, "Python", f"{here}: {'.'.join(asked[0])} or newer is needed; .venv is made by make acceptance"
        )
    return Sign(OK, "Python", here)


def packages(requirements: Path = ROOT / "requirements.txt") -> Sign:
    """Whether they are there, and of the versions that are pinned."""
    pinned = dict(_PINNED.findall(requirements.read_text("utf-8")))
    project = re.findall(r'^name = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[0]
    found = {name: _version(name) for name in (*pinned, project)}
    missing = [name for name, version in found.items() if version is None]
    others = [
        f"{name} {found[name]} instead of {version}" for name, version in pinned.items() if found[name] != version
    ]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        install = f"use the Python of .venv, or pip install -r {requirements.name}"
        return Sign(PROBLEM, "packages", f"missing: {', '.join(missing[:_SHOWN])}{more}; {install}")
    if others:
        return Sign(WARNING, "packages", f"{', '.join(others)}; pip install -r {requirements.name}")
    return Sign(OK, "packages", f"{len(pinned)} as {requirements.name} pins them")


def signs() -> Iterator[Sign]:
    """Both."""
    yield python()
    yield packages()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

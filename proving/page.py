"""What the pages of the proving tools share: the options that make them, their tables, the way they are written."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def parser(module: str, about: str | None) -> argparse.ArgumentParser:
    """The options that every tool has."""
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    made.set_defaults(tool=module)
    made.add_argument("--output", type=Path, default=Path("reports"), help="folder of the report (%(default)s)")
    return made


def positive(text: str) -> int:
    """An option's number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 is needed, not {text!r}")
    return int(text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: int = 0) -> list[str]:
    """A table of Markdown; its last ``right`` columns hold numbers."""
    rule = ["---"] * (len(head) - right) + ["---:"] * right
    return [f"| {' | '.join(map(str, row))} |" for row in (head, rule, *rows)]


def write_whole(file: Path, text: str) -> None:
    """Writes a file so that nobody ever reads half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)

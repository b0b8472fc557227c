"""The sheet as an output of a run: there from before its first scenario, and right whatever ends it."""

from __future__ import annotations

import os
from pathlib import Path

from support.reporting.sheet import told
from support.reporting.sheet.summary import Summary
from support.reporting.sheet.words import Language, Words

PAGE = "index.html"


def write(folder: Path, run: Summary, language: Language = Language.EN) -> None:
    """Puts the sheet there, in place of the one that was.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / PAGE, told.as_page(run, Words(language)))


def _replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    try:
        beside.write_text(text, "utf-8", newline="\n")
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    os.replace(beside, path)

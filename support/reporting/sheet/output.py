"""The sheet as an output of a run: there from before its first scenario, and right whatever ends it."""

from __future__ import annotations

from pathlib import Path

from support.reporting.folders import replace_text
from support.reporting.sheet import told
from support.reporting.sheet.summary import Summary
from support.reporting.sheet.words import Words
from support.settings import Language

PAGE, TEXT, TRACE = "index.html", "summary.md", "traceability.html"


def write(folder: Path, run: Summary, language: Language) -> None:
    """Puts the sheet there, as a page and as text, in place of the one that was.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    say = Words(language)
    replace_text(folder / PAGE, told.as_page(run, say))
    replace_text(folder / TEXT, told.as_text(run, say))


def write_trace(folder: Path, run: Summary, language: Language) -> None:
    """Puts the page there that leads from the requirements to their verdicts, in place of the one that was.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    replace_text(folder / TRACE, told.as_trace(run, Words(language)))


def last_lines(folder: Path, run: Summary) -> str:
    """What the console says of it, in its own language."""
    return "\n".join(told.as_lines(run, Words(Language.EN), folder / PAGE))

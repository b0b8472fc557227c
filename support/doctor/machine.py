"""This machine: where a run leaves its reports, and what renders their page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from support.doctor.sign import OK, PROBLEM, WARNING, Sign
from support.errors import ReportsError
from support.reporting import html
from support.reporting.folders import held

_REPORTS = Path("reports")

_LEAST, _AMPLE = 100 * 2**20, 2**30
"""Bytes: a run leaves some ten megabytes, many runs more."""


def signs() -> Iterator[Sign]:
    """The folder of the reports, room on its disk, and the tools of the page."""
    try:
        with held([_REPORTS, *(path for path in _REPORTS.glob("*") if path.is_dir())]):
            yield Sign(OK, "reports", f"{_REPORTS.resolve()} can be written")
            yield room(shutil.disk_usage(_REPORTS).free)
    except ReportsError as error:
        yield Sign(PROBLEM, "reports", str(error))
    if html.tools() is None:
        yield Sign(WARNING, "page", html.NO_NODE.format(results=_REPORTS / "allure-results"))
    else:
        yield Sign(OK, "page", "Node.js and npm are there")


def room(free: int) -> Sign:
    """Whether so many free bytes are enough."""
    words = f"{free / 2**30:.1f} GiB are free for reports"
    if free >= _AMPLE:
        return Sign(OK, "disk", words)
    return Sign(WARNING if free >= _LEAST else PROBLEM, "disk", f"{words}; remove what is not needed")

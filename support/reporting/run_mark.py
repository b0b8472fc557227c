"""The mark of a run beside its reports: while it stands, what stands there is no verdict.

``unfinished-run.json`` from before the first scenario on; ``run.json`` in its place once the run has come to its end.
So a run that is killed, or whose disk is full, needs to do nothing more to be known.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from support.reporting.folders import replace_text

STILL = "it still runs, or was ended without a word"
"""Why a run is not finished that has said nothing of its end."""

_UNFINISHED, _FINISHED = "unfinished-run.json", "run.json"


@dataclass(frozen=True)
class RunMark:
    """A run, as its mark tells it.

    Attributes:
        began: epoch seconds.
        planned: the scenarios that were chosen.
        ran: those of them that have an outcome; 0 as long as it has not come to an end of some kind.
        ending: why it is no verdict, in words; empty where it has finished.
    """

    began: float
    planned: int
    ran: int = 0
    ending: str = STILL

    @property
    def sentence(self) -> str:
        """``16 of 33 scenarios ran: the run was interrupted by SIGTERM``; empty where it has finished."""
        if self.ending in ("", STILL):
            return self.ending
        return f"{self.ran} of {self.planned} scenarios ran: {self.ending}"


def begin(folder: Path, planned: int) -> RunMark:
    """Sets up the mark of a run that begins, in place of the one before.

    Raises:
        OSError: it cannot be written.
    """
    mark = RunMark(time.time(), planned)
    _write(folder / _UNFINISHED, mark)
    (folder / _FINISHED).unlink(missing_ok=True)
    return mark


def end(folder: Path, mark: RunMark) -> RunMark:
    """Says how the run ended: the mark goes where it has finished, and stands where it has not.

    Returns:
        The mark: with another ending where somebody has removed the reports during the run.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = folder / _UNFINISHED
    if not unfinished.exists():
        mark = replace(mark, ending=mark.ending or f"{folder} was removed during the run")
    _write(unfinished, mark)
    if not mark.ending:
        unfinished.replace(folder / _FINISHED)
    return mark


def read(folder: Path) -> RunMark | None:
    """The mark of the last run there; None where there is none."""
    for name in (_UNFINISHED, _FINISHED):
        try:
            return RunMark(**json.loads((folder / name).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            continue
    return None


def _write(path: Path, mark: RunMark) -> None:
    replace_text(path, json.dumps(asdict(mark), indent=1, ensure_ascii=False) + "\n")

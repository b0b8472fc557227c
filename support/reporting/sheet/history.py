"""The runs before this one: one line of JSON for each that came to its end, in one file that can be kept and moved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from support.reporting.folders import replace_text

FILE = "history.jsonl"
WRONG = ("failed", "broken")
"""Outcomes of scenarios in which something is wrong."""

_KEPT = 50
_SHOWN = 20


@dataclass(frozen=True)
class Record:
    """What is kept of a run.

    Attributes:
        began: epoch seconds.
        server: what was tested; the suite's own server is the same in every run.
        version: of the server.
        release: what was said of it.
        figures: of each criterion, by its number, what was measured, by kind; the worst.
        outcomes: of each scenario that ran, by a digest of its names.
    """

    began: float
    server: str
    version: str
    release: str
    figures: Mapping[str, Mapping[str, float | None]]
    outcomes: Mapping[str, str]


def key_of(*names: str) -> str:
    """By what the outcome of a scenario is kept."""
    return hashlib.md5("\0".join(names).encode(errors="surrogateescape"), usedforsecurity=False).hexdigest()[:10]


def read(folder: Path) -> list[Record]:
    """The runs that are kept in this folder, oldest first; what cannot be read of them is left out."""
    try:
        lines = (folder / FILE).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [record for record in map(_record, lines) if record is not None]


def append(folder: Path, records: Sequence[Record]) -> None:
    """Keeps the newest of these runs.

    Raises:
        OSError: the file cannot be written; what was there stands.
    """
    replace_text(folder / FILE, "".join(f"{json.dumps(asdict(record))}\n" for record in records[-_KEPT:]))


def trend(past: Sequence[Record], number: str, kind: str) -> list[float]:
    """What was measured in the runs before, oldest first."""
    measured = (record.figures.get(number, {}).get(kind) for record in past)
    return [value for value in measured if value is not None][-_SHOWN:]


def is_flaky(records: Iterable[Record], key: str) -> bool:
    """Whether a scenario went from right to wrong and back, or from wrong to right and back, in these runs."""
    found = (record.outcomes.get(key) for record in records)
    wrong = [outcome in WRONG for outcome in found if outcome in ("passed", *WRONG)]
    return sum(one is not other for one, other in pairwise(wrong)) > 1


def _record(line: str) -> Record | None:
    try:
        return Record(**json.loads(line))
    except (ValueError, TypeError):
        return None

"""A draft of ``known_defects.yaml`` from what failed in the last run: a person judges, and fills in the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from support.defects.known import pieces_of, title

_RULE = re.compile(r"(?P<rule>[a-z][a-z -]+): (?P<sentence>.*?)(?:, in '|$)", re.DOTALL)
_OF_THE_RUN = "Nothing else was wrong in any stream of this run"


def proposal(results: Path) -> str:
    """The draft: an entry for each problem of each scenario that failed, without its key and reason.

    Args:
        results: Allure's results of a run.

    Raises:
        FileNotFoundError: there are none.
    """
    files = sorted(results.glob("*-result.json"))
    if not files:
        raise FileNotFoundError(f"there are no results in {results}: run the suite first")
    failed = sorted((one for one in map(_read, files) if one["status"] == "failed"), key=lambda one: one["start"])
    entries = list(dict.fromkeys(_entries(failed)))
    today = datetime.now(tz=UTC).date()
    return "".join(
        f"# {' '.join(sentence.split())}\n"
        f"- key:  # the issue in your tracker\n"
        f"  promise: {_quoted(promise)}\n"
        f"  says: {_quoted(_words(sentence))}\n"
        f"  version:  # or server\n"
        f"  reason:\n"
        f"  since: {today}\n"
        for promise, sentence in entries
    )


def _read(file: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return result


def _entries(failed: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """A promise and a sentence for each problem."""
    for result in failed:
        message = result["statusDetails"]["message"].split("but:", 1)[-1].strip()
        for piece in pieces_of(f"\n{message}" if message.startswith("- ") else message):
            of_rule = _RULE.match(piece) if result["name"] == _OF_THE_RUN else None
            yield (of_rule["rule"], of_rule["sentence"]) if of_rule else (_title(result), piece)


def _title(result: dict[str, Any]) -> str:
    """The title of the scenario; the name of the result may have the values of the row behind it."""
    full: str = result["fullName"]
    feature = next(name for name in result["titlePath"] if full.startswith(f"{name}: "))
    return title(full.removeprefix(f"{feature}: "))


def _words(sentence: str) -> str:
    """The longest part of a sentence that holds no number: what is said whenever it happens again."""
    parts = re.split(r"\S*\d\S*", " ".join(sentence.split()))
    return max((part.strip(" ,;:()'") for part in parts), key=len)


def _quoted(text: str) -> str:
    return str(yaml.safe_dump(text, width=1000, allow_unicode=True)).removesuffix("\n...\n").strip()

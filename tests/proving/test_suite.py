"""What came of a run of the suite, as the proofs read it from behave's own results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proving.suite import BROKEN, FAILED, PASSED, ScenarioResult, _scenarios


def read(folder: Path, status: str, *results: dict[str, Any]) -> ScenarioResult:
    """What is read of a scenario that ended so, with steps of these results."""
    scenario = {"type": "scenario", "name": "It works", "tags": ["critical"], "status": status}
    features = [{"tags": ["live"], "elements": [scenario | {"steps": [{"result": result} for result in results]}]}]
    (folder / "results.json").write_text(json.dumps(features), encoding="utf-8")
    (found,) = _scenarios(folder / "results.json")
    return found


@pytest.mark.parametrize(
    ("status", "results", "outcome", "words"),
    [
        ("passed", [{"status": "passed"}], PASSED, ""),
        ("failed", [{"error_message": ["ASSERT FAILED: too", "late"]}], FAILED, "too late"),
        ("error", [{"error_message": "Traceback: no"}], BROKEN, "Traceback: no"),
        ("hook_error", [{"status": "passed"}], BROKEN, "none of its steps failed, and it ended as hook_error"),
    ],
)
def test_whatever_did_not_pass_has_a_sentence(
    tmp_path: Path, status: str, results: list[dict[str, Any]], outcome: str, words: str
) -> None:
    found = read(tmp_path, status, *results)
    assert (found.outcome, found.sentence[: len(words)], bool(found.sentence)) == (outcome, words, bool(words))
    assert found.tags == {"critical", "live"}

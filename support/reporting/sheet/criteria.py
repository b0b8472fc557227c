"""The acceptance criteria of AUTO-001, by number and in their own words, as the feature files have them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from behave.parser import parse_file

from support import ROOT
from support.reporting.outcome import rule_of

STORY = "AUTO-001"
_FOLDER = ROOT / "features" / "acceptance_criteria"


@cache
def criteria() -> dict[str, str]:
    """All of them, whatever a run has chosen: number to words."""
    rules = [rule for path in sorted(Path(_FOLDER).glob("*.feature")) for rule in parse_file(str(path)).rules]
    return dict(rule.name.split(maxsplit=1) for rule in rules)


def criterion_of(scenario: Any) -> str:
    """The number of the criterion that a scenario of behave's model is about; empty where it is about none."""
    rule = rule_of(scenario)
    number = rule.name.split()[0] if rule is not None and STORY in scenario.feature.tags else ""
    return number if number in criteria() else ""

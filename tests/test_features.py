"""The features find their reader: folders that say for whom, the ten criteria by number, tags that are short."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from behave.model import Rule

from support.gherkin import dialect_tag
from support.reporting import keys
from support.stream import dialects
from support.stream.unsaid import Unsaid
from tests.feature_files import features, titled

TASKS = ["1.3.1", "1.3.2", "1.3.3", "1.3.4", "1.4.1", "1.4.2", "1.4.3", "1.4.4", "1.5.1", "1.5.2"]
SEVERITIES = {"critical", "normal"}
USES = {f"uses.{unsaid.name.lower()}" for unsaid in Unsaid}
ANY_JOB = "any_job"
OTHER_TAGS = {
    "configurations",
    "AUTO-001",
    "simulator",
    "load",
    "slow",
    "baseline",
    "historic",
    "truth",
    "live",
    ANY_JOB,
    *map(dialect_tag, dialects.NAMES),
}


def test_the_criteria_run_first_and_what_looks_back_last() -> None:
    folders = list(dict.fromkeys(Path(feature.filename).parent.name for feature in features()))
    assert folders == [
        "acceptance_criteria",
        *("capacity", "client", "jobs", "playback", "selftest", "truth"),
        "whole_run",
    ]


def test_each_criterion_is_a_rule_with_its_number() -> None:
    criteria = [feature for feature in features() if "AUTO-001" in feature.tags]
    assert all(isinstance(item, Rule) for feature in criteria for item in feature.run_items)
    rules = [rule for feature in criteria for rule in feature.rules]
    assert [rule.name.split()[0] for rule in rules] == TASKS
    for rule in rules:
        scenarios = list(titled(rule))
        assert scenarios, rule.name
        for scenario in scenarios:
            assert f"task-{rule.name.split()[0]}" in scenario.tags, scenario.name


def keyless(tags: Iterable[str]) -> set[str]:
    """Tags but for the keys of issues, which every team has of its own."""
    return {tag for tag in tags if not (keys.requirements_of([tag]) or keys.tests_of([tag]))}


def test_a_scenario_shows_its_task_and_its_severity() -> None:
    for feature in features():
        assert keyless(feature.tags) <= OTHER_TAGS, feature.filename
        for scenario in titled(feature):
            tasks = [tag for tag in scenario.tags if re.fullmatch(r"task-\d\.\d\.\d", tag)]
            assert sorted(keyless(scenario.tags) - {*tasks, "slow", ANY_JOB} - USES) in [
                [severity] for severity in SEVERITIES
            ], scenario.name
            assert len(tasks) == ("AUTO-001" in feature.tags), scenario.name


def test_a_feature_with_rules_has_no_background() -> None:
    """behave's JSON gives the outcome of the scenario before a rule to the rule's background."""
    for feature in features():
        rules = list(feature.rules)
        assert not (rules and (feature.background or any(rule.background for rule in rules))), feature.filename

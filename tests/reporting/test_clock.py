"""The last line of a run is its time by the clock, not the time of its steps alone; and no step is left out of that."""

import re
import time

import psutil
import pytest
from behave.parser import parse_feature

from support.reporting.clock import ClockTime, count_rules


def test_it_counts_from_the_start_of_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time() - psutil.Process().create_time()
    ClockTime(None).end()
    line = capsys.readouterr().out
    found = re.fullmatch(r"By the clock, from start to end: (\d+) s\n", line)
    assert found, line
    assert before - 0.5 <= int(found[1]) <= time.time() - psutil.Process().create_time() + 0.5


def test_scenarios_of_rules_take_time_too() -> None:
    count_rules()
    feature = parse_feature("""
        Feature: Two scenarios, one of them in a rule
          Scenario: outside
            When it takes a second
          Rule: R
            Scenario: inside
              When it takes a second
    """)
    for scenario in feature.walk_scenarios():
        for step in scenario.steps:
            step.duration = 1.0
    assert feature.duration == 2.0
    assert feature.rules[0].duration == 1.0

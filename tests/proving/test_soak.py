"""The soak counts honestly: what failed is named, what is left behind is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proving import soak
from proving.soak import Footprint, Round, as_markdown
from proving.suite import FAILED, PASSED, ScenarioResult, SuiteRun


def one_round(outcome: str, number: int = 1) -> Round:
    scenario = ScenarioResult("Data are alive", frozenset(), outcome, "sensor 2 is dead", 0.5)
    return Round(number, 0, SuiteRun(outcome != PASSED, 2.0, "", (scenario,)), Footprint(5, 1, 90.0, 0))


def test_a_flaky_scenario_is_named_with_its_words() -> None:
    page = "\n".join(as_markdown([one_round(PASSED), one_round(FAILED, 2), one_round(PASSED, 3)]))
    assert "2 of 3 runs green" in page
    assert "| Data are alive | 2/3 |" in page
    assert "- run 2: Data are alive (failed): sensor 2 is dead" in page


def test_a_run_without_results_is_not_green() -> None:
    assert not Round(1, 0, SuiteRun(0, 1.0, "", ()), Footprint(5, 1, 90.0, 0)).is_green


def test_the_door_runs_the_suite_again_and_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--runs", "3", "--jobs", "2", "--tags", "@task-1.4.1", "--output", str(tmp_path)]
    assert soak.main(arguments) == 0
    assert "3 of 3 runs green, 0 jobs left" in capsys.readouterr().out
    rounds = json.loads((tmp_path / "soak.json").read_text("utf-8"))["rounds"]
    assert [round_["scenarios"]["The frames of a live job can be drawn"][0] for round_ in rounds] == [PASSED] * 3
    assert all(round_["footprint"]["jobs"] == 0 for round_ in rounds)


def test_the_door_refuses_no_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--runs", "0"])
    assert "a number from 1 is needed" in capsys.readouterr().err

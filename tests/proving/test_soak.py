"""The soak counts honestly: what failed is named, what is left behind is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proving import soak
from proving.soak import Footprint, Round, as_markdown, pass_rate
from proving.suite import FAILED, PASSED, ScenarioResult, SuiteRun


def one_round(outcome: str, jobs: int = 0) -> Round:
    scenario = ScenarioResult("Data are alive", frozenset(), outcome, "sensor 2 is dead", 0.5)
    return Round(0, SuiteRun(outcome != PASSED, 2.0, "", (scenario,)), Footprint(5, 1, 90.0, jobs))


def test_a_rate_comes_with_its_interval() -> None:
    # 1 - 0.025 ** (1 / 100), the closed form of Clopper and Pearson where all passed
    assert pass_rate(100, 100) == "100.0% (96.4% to 100.0%)"


def test_a_flaky_scenario_is_named_with_its_words() -> None:
    page = as_markdown([one_round(PASSED), one_round(FAILED), one_round(PASSED)], 6)
    assert "2 of 3 runs green" in page
    assert "| Data are alive | 2/3 |" in page
    assert "- run 2: Data are alive (failed): sensor 2 is dead" in page


def test_a_run_without_results_is_not_green() -> None:
    assert not Round(0, SuiteRun(0, 1.0, "", ()), Footprint(5, 1, 90.0, 0)).is_green


def test_the_door_runs_the_suite_again_and_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--runs", "3", "--jobs", "2", "--tags", "@task-1.4.1", "--output", str(tmp_path)]
    assert soak.main(arguments) == 0
    assert "3 of 3 runs green, 0 jobs left" in capsys.readouterr().out
    rounds = json.loads((tmp_path / "soak.json").read_text("utf-8"))["rounds"]
    assert [round_["scenarios"]["A job id is never given twice"][0] for round_ in rounds] == [PASSED] * 3
    assert all(round_["footprint"]["jobs"] == 0 for round_ in rounds)


def test_the_door_refuses_no_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        soak.main(["--runs", "0"])
    assert "at least 1" in capsys.readouterr().err

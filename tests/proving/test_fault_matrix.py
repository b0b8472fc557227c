"""The matrix asks the right question of each fault, and says no where the answer is an accident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from behave.tag_expression import make_tag_expression

from proving import fault_matrix
from proving.crew import Crew
from proving.fault_matrix import as_data, as_markdown
from proving.owners import WHOLE
from proving.suite import BROKEN, FAILED, LIGHT, PASSED, SKIPPED, ScenarioResult, SuiteRun
from proving.trial import CORRECT, Deviation, Trial, attempt, deviations, scenarios

FAULT = Deviation("dead-sensor", "One sensor holds nothing but zeros", "life")
LATE = Deviation("dead-sensor@from-frame=30", "One sensor holds nothing but zeros", "life", ("from-frame",))
IN_LIVE = Deviation("prr-off@last-frame", "The PRR is lower", "truth", ("last-frame",))
VARIANT = Deviation("port-as-string", "The port is text")


OWNER, OTHER, LAST = "No sensor is dead, and no value is made up", "Live delivery is fast enough", WHOLE[0]
TASKS = {OWNER: "task-1.4.4", OTHER: "task-1.5.2", LAST: "critical"}


def scenario(name: str, outcome: str) -> ScenarioResult:
    return ScenarioResult(name, frozenset({TASKS[name]}), outcome, "not so" if outcome != PASSED else "", 0.1)


def trial(deviation: Deviation, *scenarios: ScenarioResult, output: str = "", acts: int = 0) -> Trial:
    return Trial(deviation, SuiteRun(0, 1.0, output, scenarios), acts)


@pytest.mark.parametrize(
    ("tried", "problem"),
    [
        (trial(FAULT, scenario(OWNER, FAILED), scenario(OTHER, PASSED)), ""),
        (trial(FAULT, scenario(OWNER, PASSED), scenario(OTHER, PASSED)), "survived"),
        (trial(FAULT, scenario(OWNER, PASSED), scenario(OTHER, FAILED)), "by accident"),
        (trial(FAULT, scenario(OWNER, BROKEN), scenario(OTHER, PASSED)), "by accident"),
        (trial(FAULT, output="NOT READY: nothing answers"), "no results: NOT READY: nothing answers"),
        (trial(VARIANT, scenario(OWNER, PASSED), scenario(OTHER, SKIPPED)), ""),
        (trial(VARIANT, scenario(OWNER, FAILED)), f"refused: {OWNER}: not so"),
        (trial(CORRECT, scenario(OWNER, BROKEN)), f"refused: {OWNER}"),
        (trial(LATE, scenario(OWNER, FAILED), acts=1), ""),
        (trial(LATE, scenario(OWNER, PASSED), scenario(LAST, FAILED), acts=1), ""),
        (trial(LATE, scenario(OWNER, PASSED), scenario(OTHER, FAILED), acts=1), f"noticed by others: failed: {OTHER}"),
        (replace(trial(LATE, scenario(OTHER, FAILED), acts=1), second_look=True), ""),
        (trial(LATE, scenario(OWNER, PASSED), scenario(OTHER, PASSED), acts=3), "survived, and acted 3 times"),
        (trial(LATE, scenario(OWNER, PASSED), scenario(OTHER, PASSED)), ""),
        (trial(IN_LIVE, scenario(OWNER, PASSED), acts=3), ""),
        (replace(trial(IN_LIVE, scenario(OWNER, PASSED), acts=3), acts_in_past=1), "survived, and acted 3 times"),
        (trial(LATE, scenario(OWNER, FAILED)), "the fault has not acted, and still failed: "),
        (trial(LATE, scenario(OWNER, BROKEN), acts=1), "noticed by others: broken: "),
    ],
)
def test_what_counts_as_a_problem(tried: Trial, problem: str) -> None:
    assert problem in tried.problem
    assert bool(problem) == bool(tried.problem)


def test_what_is_doubtful_gets_one_more_look() -> None:
    survivor = trial(LATE, scenario(OWNER, PASSED), acts=3)
    assert survivor.is_doubtful
    assert not replace(survivor, second_look=True).is_doubtful
    assert not trial(LATE, scenario(OWNER, PASSED)).is_doubtful, "it never came about"


@pytest.mark.parametrize(
    ("deviation", "second_look", "configurations", "others"),
    [
        (FAULT, False, False, True),
        (LATE, False, False, True),
        (LATE, True, True, True),
        (VARIANT, True, False, True),
        (Deviation("dead-sensor@channels=200", "", "life"), False, True, False),
        (Deviation("dead-sensor@channels=200", "", "life"), True, True, True),
    ],
)
def test_the_windows_of_every_kind_are_asked_where_they_have_room(
    deviation: Deviation, second_look: bool, configurations: bool, others: bool
) -> None:
    asked = make_tag_expression(scenarios(deviation, LIGHT, second_look))
    assert asked.check(["configurations", "critical"]) == configurations
    assert asked.check(["critical"]) == others
    assert not asked.check(["slow", "critical"])


def test_what_opens_many_windows_has_no_other_crowd() -> None:
    assert Deviation("window-kept", "", "window").needs_many
    assert Deviation("dead-sensor@channels=200", "", "life").needs_many
    assert not LATE.needs_many


def test_the_page_shows_who_failed_and_what_was_said() -> None:
    page = "\n".join(as_markdown([trial(FAULT, scenario(OWNER, FAILED), scenario(OTHER, PASSED))]))
    assert "1 of 1 faults caught by the criterion that owns the broken promise" in page
    assert "| dead-sensor | life | F | · | not so |" in page


def test_the_page_tells_what_survived_by_fault_and_by_condition() -> None:
    unseen = trial(LATE, scenario(OWNER, PASSED), acts=3)
    seen = trial(Deviation("stall@job=2", "", "rate"), scenario(OTHER, FAILED), acts=1)
    never = trial(Deviation("stall@job=3", "", "rate"), scenario(OTHER, PASSED))
    page = "\n".join(as_markdown([unseen, seen, never]))
    assert "3 faults under a condition: 2 acted, of which 1 were caught and 0 cannot be seen" in page
    assert "| from-frame | 1 | 1 | 0 | 1 |" in page
    assert "| job | 2 | 1 | 1 | 0 |" in page
    assert "| dead-sensor@from-frame=30 | 3 | **survived, and acted 3 times** |" in page
    assert "| dead-sensor | 1 | 1 | 0 | 1 |" in page
    assert f"| stall@job=2 | rate | 1 | {OTHER} | not so |" in page
    assert "| stall@job=3 | rate | 0 | never came about |  |" in page


def test_the_data_hold_every_outcome() -> None:
    data: Any = as_data([trial(FAULT, scenario(OWNER, FAILED))])
    assert data["trials"][0]["scenarios"] == {OWNER: {"outcome": "failed", "sentence": "not so"}}


def test_there_are_enough_faults_and_variants_to_mean_something() -> None:
    known = deviations()
    assert sum(bool(deviation.promise) for deviation in known) >= 45
    assert sum(not deviation.promise for deviation in known) > 11


def test_a_fault_fails_its_owner_on_a_real_server(tmp_path: Path) -> None:
    with Crew(1) as crew:
        tried = attempt(crew, Deviation("canvas-empty", "", "canvas"), tmp_path / "fault", "@task-1.4.1")
    assert tried.problem == ""
    assert "the canvas id is empty" in tried.sentence


@pytest.mark.parametrize(("asks_others", "second_look"), [(False, False), (True, False), (False, True)])
def test_owners_are_asked_first_and_all_where_they_find_nothing(
    tmp_path: Path, asks_others: bool, second_look: bool
) -> None:
    fault = Deviation("canvas-empty", "", "canvas")
    with Crew(1) as crew:
        folder, both = tmp_path / "fault", "@task-1.4.1 or @task-1.3.2"
        tried = attempt(crew, fault, folder, both, second_look=second_look, asks_others=asks_others)
    asked = {one.name for one in tried.run.scenarios if one.outcome != SKIPPED}
    assert tried.problem == ""
    assert "The frames of a live job can be drawn" in asked
    assert ("The screen does not stay empty" in asked) == (asks_others or second_look)


def test_a_server_that_does_not_start_is_no_caught_fault(tmp_path: Path) -> None:
    with Crew(1) as crew:
        tried = attempt(crew, Deviation("no-such-fault", "", "life"), tmp_path / "fault", "@task-1.4.1")
    assert "no results" in tried.problem


def test_the_door_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["correct server", "canvas-empty", "--tags", "@task-1.4.1", "--output", str(tmp_path)]
    assert fault_matrix.main(arguments) == 0
    assert "2 trials, 0 problems" in capsys.readouterr().out
    assert "1 of 1 faults caught" in (tmp_path / "fault-matrix.md").read_text("utf-8")


def test_the_door_fails_where_a_fault_survives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["max-frames-ignored", "--tags", "@task-1.3.1", "--output", str(tmp_path)]
    assert fault_matrix.main(arguments) == 1
    assert "max-frames-ignored: survived" in capsys.readouterr().out


def test_a_fault_under_a_condition_is_tried_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["canvas-empty@job=2", "canvas-empty@job=9"]
    assert fault_matrix.main([*names, "--tags", "@task-1.4.1", "--output", str(tmp_path)]) == 0
    assert "canvas-empty@job=9: never came about" in capsys.readouterr().out
    page = (tmp_path / "fault-matrix.md").read_text("utf-8")
    assert "2 faults under a condition: 1 acted, of which 1 were caught" in page


def test_the_door_refuses_a_name_that_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fault_matrix.main(["dead-sensr"])
    assert "unknown: dead-sensr" in capsys.readouterr().err

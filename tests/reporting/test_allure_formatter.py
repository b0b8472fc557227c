"""Each test is a report that lied before it was mended: run for real, read from the files that Allure reads."""

from pathlib import Path
from typing import Any

import pytest

from tests.reporting.suite import Run, run_behave, write_suite

STEPS = """
import allure
from behave import step, fixture, use_fixture

@step("it works")
def _(context): pass

@step("the promise is broken")
def _(context): assert False, "3 lines missing after 12:00:01.250 (row 125)"

@step("a bare assertion fails")
def _(context): assert 1 + 1 == 3

@step("our code raises")
def _(context): raise KeyError("job_id")

@step("this step finds out that it cannot run")
def _(context): context.scenario.skip("the server has no recordings")

@step("it is not written yet")
def _(context): raise NotImplementedError("soon")

@step("it says more")
def _(context):
    allure.dynamic.title("A better title")
    allure.dynamic.label("owner", "ops")
    allure.dynamic.severity(allure.severity_level.BLOCKER)
    allure.dynamic.story("AUTO-001")
    allure.dynamic.parameter("channels", 11)
    allure.dynamic.parameter("host", "focus", excluded=True, mode=allure.parameter_mode.MASKED)
    with allure.step("inner"):
        allure.attach("inside", name="note")

@step("an inner step fails")
def _(context):
    with allure.step("inner"):
        assert False, "inner promise"

@step("the user presses Ctrl-C")
def _(context): raise KeyboardInterrupt
"""

ENVIRONMENT = """
import allure

def before_all(context):
    allure.attach("resolved settings", name="settings")
    allure.dynamic.title("nobody's title")

def before_feature(context, feature):
    allure.attach("seen before " + feature.name, name=feature.name)
    with allure.step("outside of any scenario"):
        pass
    if "before_feature_fails" in feature.tags:
        raise RuntimeError("no server at 127.0.0.1:5000")
    if "skip_feature" in feature.tags:
        feature.skip("needs the simulator's controls")

def after_feature(context, feature):
    if "feature_ends_badly" in feature.tags:
        context.add_cleanup(fail_to_clean)
        raise RuntimeError("the job is still there")

def fail_to_clean():
    raise OSError("the port stays open")

def before_rule(context, rule):
    if "before_rule_fails" in rule.tags:
        raise RuntimeError("the rule has no ground")

def before_tag(context, tag):
    if tag == "fixture.broken":
        raise RuntimeError("no such fixture")

def before_scenario(context, scenario):
    if "before_fails" in scenario.tags:
        assert False, "no free window"
    if "cleanup_fails" in scenario.tags:
        context.add_cleanup(fail_to_clean)
    if "skip_me" in scenario.tags:
        scenario.skip("needs a fibre")

def after_scenario(context, scenario):
    if "after_fails" in scenario.tags:
        raise RuntimeError("the job cannot be cancelled")

def before_step(context, step):
    if step.name == "it works" and "before_step_fails" in context.tags:
        assert False, "the hook's own assertion"

def after_step(context, step):
    if "after_step_fails" in context.tags and step.name == "the promise is broken":
        raise RuntimeError("after the step")
"""

OUTCOMES = """
@critical @allure.label.epic:E2E
Feature: Outcomes
  Background:
    Given it works

  Scenario: passes
    Then it works
  Scenario: fails
    When the promise is broken
    Then it works
  Scenario: fails barely
    When a bare assertion fails
  Scenario: breaks
    When our code raises
  Scenario: is undefined
    When nobody has written this
    Then it works
  Scenario: is pending
    When it is not written yet
  @before_fails
  Scenario: before fails
    When the promise is broken
  @after_fails
  Scenario: after fails
    Then it works
  @cleanup_fails
  Scenario: cleanup fails
    Then it works
  @after_fails @cleanup_fails
  Scenario: fails and then more
    When the promise is broken
  @before_step_fails
  Scenario: before step fails
    Then it works
  @after_step_fails
  Scenario: after step fails
    When the promise is broken
  @fixture.broken
  Scenario: tag hook fails
    Then it works
  @skip_me
  Scenario: is skipped
    Then it works
  Scenario: skips itself
    When this step finds out that it cannot run
    Then it works
  Scenario: says more
    When it says more
  Scenario: inner fails
    When an inner step fails
  Scenario: is last
    Then it works
"""

RULES = """
@minor
Feature: Rules
  @blocker @allure.label.story:AUTO-001 @allure.issue:7
  Rule: One
    Background:
      Given it works
    Scenario: same name
      Then it works
    @trivial
    Scenario: same name
      When the promise is broken
    Scenario Outline: many
      Then it works
      Examples:
        | channels |
        | 11       |
        | 2222     |
  Rule: Two
    Scenario: same name
      Then it works
  @before_rule_fails
  Rule: Three
    Scenario: without ground
      Then it works
"""

BROKEN_FEATURE = """
@before_feature_fails
Feature: Cannot begin
  Scenario: never begins
    Then it works
  Rule: R
    Scenario: never begins in a rule
      Then it works
"""

SKIPPED_FEATURE = """
@skip_feature
Feature: Skipped whole
  Scenario: skipped with its feature
    Then it works
"""

BAD_END = """
@feature_ends_badly
Feature: Ends badly
  Scenario: passes before the bad end
    Then it works
@deselected
  Scenario: not chosen
    Then it works
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    suite = write_suite(
        tmp_path_factory.mktemp("all"),
        steps=STEPS,
        environment=ENVIRONMENT,
        a_outcomes=OUTCOMES,
        b_rules=RULES,
        c_broken=BROKEN_FEATURE,
        d_skipped=SKIPPED_FEATURE,
        e_end=BAD_END,
    )
    return run_behave(suite, "--no-skipped", "--tags=not @deselected")


def verdict(result: dict[str, Any]) -> tuple[str, str]:
    return result["status"], result.get("statusDetails", {}).get("message", "")


MISSING = "3 lines missing after 12:00:01.250 (row 125)"


@pytest.mark.parametrize(
    ("scenario", "status", "message"),
    [
        ("passes", "passed", ""),
        ("fails", "failed", MISSING),
        ("fails barely", "failed", "An assertion without a message failed: def _(context): assert 1 + 1 == 3"),
        ("breaks", "broken", "KeyError: 'job_id'"),
        ("is undefined", "broken", 'No step is defined for "When nobody has written this".'),
        ("is pending", "broken", "NotImplementedError: soon"),
        ("before fails", "broken", "The before_scenario hook failed: no free window"),
        ("after fails", "broken", "The after_scenario hook failed: RuntimeError: the job cannot be cancelled"),
        ("cleanup fails", "broken", "A cleanup after the scenario failed: OSError: the port stays open"),
        ("fails and then more", "failed", MISSING),
        ("before step fails", "broken", "A hook around the step failed: the hook's own assertion"),
        ("after step fails", "failed", MISSING),
        ("tag hook fails", "broken", "The before_tag hook (tag fixture.broken) failed: RuntimeError: no such fixture"),
        ("is skipped", "skipped", "needs a fibre"),
        ("skips itself", "skipped", "the server has no recordings"),
        ("inner fails", "failed", "inner promise"),
        ("is last", "passed", ""),
        ("without ground", "broken", "The before_rule hook failed: RuntimeError: the rule has no ground"),
        ("never begins", "broken", "The before_feature hook failed: RuntimeError: no server at 127.0.0.1:5000"),
        (
            "never begins in a rule",
            "broken",
            "The before_feature hook failed: RuntimeError: no server at 127.0.0.1:5000",
        ),
        ("skipped with its feature", "skipped", "needs the simulator's controls"),
        ("passes before the bad end", "passed", ""),
    ],
)
def test_says_how_a_scenario_ended_and_why(run: Run, scenario: str, status: str, message: str) -> None:
    [result] = [result for result in run.all if result["name"] == scenario]
    assert verdict(result) == (status, message)


def test_reports_every_chosen_scenario_once_in_the_order_of_the_run(run: Run) -> None:
    names = [result["name"].strip() for result in run.all]
    assert names[:18] == [
        "passes", "fails", "fails barely", "breaks", "is undefined", "is pending", "before fails", "after fails",
        "cleanup fails", "fails and then more", "before step fails", "after step fails", "tag hook fails", "is skipped",
        "skips itself", "A better title", "inner fails", "is last",
    ]  # fmt: skip
    assert sorted(names[18:24]) == [
        "many -- @1.1",
        "many -- @1.2",
        "same name",
        "same name",
        "same name",
        "without ground",
    ]
    assert sorted(names[24:]) == [
        "never begins", "never begins in a rule", "passes before the bad end", "skipped with its feature"
    ]  # fmt: skip


def test_a_scenario_has_its_own_steps_only(run: Run) -> None:
    steps = {result["name"]: [step["name"] for step in result["steps"]] for result in run.all}
    assert steps["fails"] == ["Given it works", "When the promise is broken", "Then it works"]
    assert steps["is last"] == ["Given it works", "Then it works"]
    assert steps["passes before the bad end"] == ["Then it works"]
    assert steps["never begins"] == ["Then it works"]


def test_steps_end_as_they_ended_and_in_their_time(run: Run) -> None:
    [failed] = [result for result in run.all if result["name"] == "fails"]
    assert [step["status"] for step in failed["steps"]] == ["passed", "failed", "skipped"]
    times = [time for step in failed["steps"] for time in (step["start"], step["stop"])]
    assert [failed["start"], *times, failed["stop"]] == sorted([failed["start"], *times, failed["stop"]])


def test_keeps_the_traceback_beside_the_sentence(run: Run) -> None:
    traces = {result["name"]: result.get("statusDetails", {}).get("trace", "") for result in run.all}
    assert traces["breaks"].startswith("Traceback")
    assert 'raise KeyError("job_id")' in traces["breaks"]
    assert "steps.py" in traces["fails"]
    assert "fail_to_clean" in traces["cleanup fails"]
    assert "@when" in traces["is undefined"]


def test_dynamic_labels_reach_the_result(run: Run) -> None:
    [result] = [result for result in run.all if result["name"] == "A better title"]
    labels = {label["name"]: label["value"] for label in result["labels"]}
    assert (labels["owner"], labels["severity"], labels["story"]) == ("ops", "blocker", "AUTO-001")
    assert sum(label["name"] == "severity" for label in result["labels"]) == 1
    assert result["parameters"] == [
        {"name": "channels", "value": "11"},
        {"name": "host", "value": "focus", "excluded": True, "mode": "masked"},
    ]
    assert "nobody's title" in run.output


def test_an_attachment_in_an_inner_step_stays_there(run: Run) -> None:
    [result] = [result for result in run.all if result["name"] == "A better title"]
    [inner] = result["steps"][1]["steps"]
    assert (inner["name"], inner["status"]) == ("inner", "passed")
    assert (run.results / inner["attachments"][0]["source"]).read_text() == "inside"


def test_scenarios_of_one_name_are_not_each_others_retries(run: Run) -> None:
    assert len({result["historyId"] for result in run.all}) == len(run.all)
    assert len({result["testCaseId"] for result in run.all}) == len(run.all)


def test_tags_of_a_rule_count_between_feature_and_scenario(run: Run) -> None:
    labels = [
        (result["titlePath"][-1], {label["name"]: label["value"] for label in result["labels"]})
        for result in run.all
        if result["name"] == "same name"
    ]
    assert sorted((rule, found["severity"], found.get("story")) for rule, found in labels) == [
        ("One", "blocker", "AUTO-001"),
        ("One", "trivial", "AUTO-001"),
        ("Two", "minor", None),
    ]
    [link] = next(result["links"] for result in run.all if result["name"] == "many -- @1.1 ")
    assert (link["type"], link["url"]) == ("issue", "7")


def test_what_is_attached_outside_scenarios_belongs_to_the_run(run: Run) -> None:
    assert run.attachments["settings"] == "resolved settings"
    assert run.attachments["Rules"] == "seen before Rules"


def test_what_fails_after_a_feature_is_an_error_of_the_run(run: Run) -> None:
    assert sorted(run.errors) == [
        "A cleanup after the feature failed: OSError: the port stays open",
        "The after_feature hook failed: RuntimeError: the job is still there",
    ]


ONE = """
Feature: One
  Scenario: first
    Then it works
  Scenario: second
    When {second}
  Scenario: third
    Then it works
"""
TWO = """
Feature: Two
  Scenario: fourth
    Then it works
  @deselected
  Scenario: fifth
    Then it works
"""


def write_two(folder: Path, second: str, environment: str = "") -> Path:
    return write_suite(folder, steps=STEPS, environment=environment, one=ONE.format(second=second), two=TWO)


def verdicts(run: Run) -> dict[str, tuple[str, str]]:
    return {name: verdict(result) for name, result in run.by_name.items()}


def test_an_interrupted_run_passes_nothing_that_never_ran(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "the user presses Ctrl-C"))
    assert run.exit_code != 0
    never = ("skipped", "Never ran: the run was aborted before this.")
    assert verdicts(run) == {
        "first": ("passed", ""),
        "second": ("broken", "The run was interrupted from the keyboard."),
        "third": never,
        "fourth": never,
        "fifth": never,
    }


def test_an_interrupt_between_steps_ends_a_scenario_as_broken(tmp_path: Path) -> None:
    hooks = """
def interrupt():
    raise KeyboardInterrupt

def before_scenario(context, scenario):
    if scenario.name == "second":
        context.add_cleanup(interrupt)
"""
    run = run_behave(write_two(tmp_path, "it works", hooks))
    assert verdicts(run)["second"] == ("broken", "The run was interrupted from the keyboard.")
    assert verdicts(run)["fourth"][0] == "skipped"


def test_a_hook_left_by_an_interrupt_breaks_its_scenario(tmp_path: Path) -> None:
    hooks = """
def before_scenario(context, scenario):
    if scenario.name == "second":
        raise KeyboardInterrupt
"""
    run = run_behave(write_two(tmp_path, "it works", hooks))
    assert verdicts(run)["second"] == ("broken", "A hook was interrupted.")


def test_an_abort_in_a_hook_is_no_pass(tmp_path: Path) -> None:
    hooks = """
def before_scenario(context, scenario):
    if scenario.name == "second":
        context.abort("enough")
"""
    run = run_behave(write_two(tmp_path, "it works", hooks))
    assert verdicts(run)["second"] == ("skipped", "Never ran: the run was aborted before this.")


def test_the_reason_why_a_run_cannot_begin_breaks_its_scenarios(tmp_path: Path) -> None:
    hooks = """
from support.reporting.attachments import report_run_stopped

def before_all(context):
    report_run_stopped("The Focus Server at http://127.0.0.1:1 is not ready: waiting for fiber.")
    raise SystemExit(1)
"""
    run = run_behave(write_two(tmp_path, "it works", hooks), "--tags=not @deselected")
    reason = "The Focus Server at http://127.0.0.1:1 is not ready: waiting for fiber."
    assert run.errors == [reason]
    told = verdicts(run)
    assert told.pop("fifth") == ("skipped", "Not selected by the tags or names of this run.")
    assert told == dict.fromkeys(["first", "second", "third", "fourth"], ("broken", reason))


def test_a_run_that_ended_before_it_began_is_broken_also_without_a_reason(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "it works", "def before_all(context):\n    raise OSError('no')\n"))
    assert set(verdicts(run).values()) == {
        ("broken", "The run ended before its first scenario: a hook failed or was interrupted.")
    }


def test_a_run_that_stops_at_the_first_failure_says_so(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "the promise is broken"), "--stop")
    never = ("skipped", "Never ran: the run stops at its first failure, and one came before.")
    assert verdicts(run) == {
        "first": ("passed", ""),
        "second": ("failed", MISSING),
        "third": never,
        "fourth": never,
        "fifth": never,
    }


def test_deselected_scenarios_show_as_skipped_or_not_at_all(tmp_path: Path) -> None:
    suite = write_two(tmp_path, "it works")
    shown = verdicts(run_behave(suite, "--name=first", "--name=fifth", "--tags=not @deselected"))
    excluded = ("skipped", "Not selected by the tags or names of this run.")
    assert shown == {"first": ("passed", "")} | dict.fromkeys(["second", "third", "fourth", "fifth"], excluded)
    hidden = verdicts(run_behave(suite, "--name=first", "-D", "AllureFormatter.hide_excluded=true"))
    assert hidden == {"first": ("passed", "")}


def test_a_dry_run_passes_nothing(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "nobody has written this"), "--dry-run")
    assert verdicts(run)["first"] == ("skipped", "Never ran: this was a dry run.")
    assert verdicts(run)["second"][0] == "broken"
    assert [step["name"] for step in run.by_name["second"]["steps"]] == ["When nobody has written this"]


def test_what_fails_after_the_run_is_an_error_of_the_run(tmp_path: Path) -> None:
    hooks = """
def note(context, cleanup, error):
    print("seen by the suite's own handler:", error)

def stop_server():
    raise OSError("the server does not end")

def before_all(context):
    context.on_cleanup_error = note
    context.add_cleanup(stop_server)

def after_all(context):
    raise RuntimeError("late")
"""
    run = run_behave(write_two(tmp_path, "it works", hooks))
    assert run.exit_code != 0
    assert sorted(run.errors) == [
        "A cleanup after the run failed: OSError: the server does not end",
        "The after_all hook failed; the console says how.",
    ]
    assert "seen by the suite's own handler: the server does not end" in run.output


def test_a_folder_describes_one_run_and_only_allures_files_go(tmp_path: Path) -> None:
    suite = write_two(tmp_path, "it works")
    first = run_behave(suite)
    old = {path.name for path in first.results.iterdir()}
    kept = first.results / "notes-result.json"
    kept.write_text("a person's own file", "utf-8")
    (first.results / "environment.properties").write_text("of=the run before", "utf-8")
    below = first.results / "captures" / next(iter(old))
    below.parent.mkdir()
    below.write_text("{}", "utf-8")

    both = run_behave(suite, "-D", "AllureFormatter.keep_results=true")
    assert len(list(both.results.glob("*-result.json"))) == 2 * len(old) + 1

    again = run_behave(suite)
    assert kept.exists()
    assert below.exists()
    assert not (again.results / "environment.properties").exists()
    assert len(list(again.results.glob("*-result.json"))) == len(old) + 1
    assert not old & {path.name for path in again.results.iterdir()}

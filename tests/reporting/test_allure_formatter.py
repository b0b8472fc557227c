"""Each test is a report that lied before it was mended: run for real, read from the files that Allure reads."""

import pytest

from tests.reporting.lies import (
    BAD_END,
    BROKEN_FEATURE,
    ENVIRONMENT,
    MISSING,
    OUTCOMES,
    RULES,
    SKIPPED_FEATURE,
    STEPS,
)
from tests.reporting.suite import Run, run_behave, verdict, write_suite


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
        ("without ground", "broken", "Not run: The before_rule hook failed: RuntimeError: the rule has no ground"),
        (
            "never begins",
            "broken",
            "Not run: The before_feature hook failed: RuntimeError: no server at 127.0.0.1:5000",
        ),
        (
            "never begins in a rule",
            "broken",
            "Not run: The before_feature hook failed: RuntimeError: no server at 127.0.0.1:5000",
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
        "many (channels: 11)",
        "many (channels: 2222)",
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
    assert not [line for line in traces["fails"].splitlines() if "site-packages" in line or "runner.py" in line]
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
    for what in ('title "nobody\'s title"', "label 'severity'", 'parameter "nobody\'s"'):
        assert f"No scenario is running: the report leaves out the {what}." in run.output


def test_an_attachment_in_an_inner_step_stays_there(run: Run) -> None:
    [result] = [result for result in run.all if result["name"] == "A better title"]
    [inner] = result["steps"][1]["steps"]
    assert (inner["name"], inner["status"]) == ("inner", "passed")
    assert (run.results / inner["attachments"][0]["source"]).read_text() == "inside"
    [file] = result["steps"][1]["attachments"]
    assert (run.results / file["source"]).read_text("utf-8") == STEPS


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
        ("Two", "minor", "Two"),
    ]
    [link] = next(result["links"] for result in run.all if result["name"] == "many (channels: 11)")
    assert (link["type"], link["url"]) == ("issue", "7")


def test_without_a_tag_the_report_files_a_scenario_by_its_folder_and_its_rule(run: Run) -> None:
    filed = {
        result["name"]: {label["name"]: label["value"] for label in result["labels"]}
        for result in run.all
        if result["name"] in ("without ground", "skipped with its feature")
    }
    assert {name: (found["epic"], found["feature"], found.get("story")) for name, found in filed.items()} == {
        "without ground": ("Features", "Rules", "Three"),
        "skipped with its feature": ("Features", "Skipped whole", None),
    }


def test_a_result_says_its_epic_in_words_and_why_its_feature_exists(run: Run) -> None:
    [result] = [result for result in run.all if result["name"] == "passes"]
    assert {"name": "epic", "value": "E2E Testing Framework"} in result["labels"]
    assert result["description"] == "The report must not lie."


def test_what_is_attached_outside_scenarios_belongs_to_the_run(run: Run) -> None:
    assert run.attachments["settings"] == "resolved settings"
    assert run.attachments["Rules"] == "seen before Rules"
    assert run.attachments["hooks"] == ENVIRONMENT


def test_what_fails_after_a_feature_is_an_error_of_the_run(run: Run) -> None:
    assert sorted(run.errors) == [
        "A cleanup after the feature failed: OSError: the port stays open",
        "The after_feature hook failed: RuntimeError: the job is still there",
    ]

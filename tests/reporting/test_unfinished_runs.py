"""Runs that end early, or choose: what never ran is never passed, and says why."""

from pathlib import Path

from tests.reporting.lies import MISSING, STEPS
from tests.reporting.suite import Run, run_behave, verdict, write_suite

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
    never = ("broken", "Not run: the run was aborted before this.")
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
    assert verdicts(run)["fourth"] == ("broken", "Not run: the run was aborted before this.")


def test_a_step_that_leaves_python_leaves_a_broken_scenario(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "a step leaves Python"))
    assert verdicts(run) == {"first": ("passed", ""), "second": ("broken", "SystemExit: 3")}
    assert [step["status"] for step in run.by_name["second"]["steps"]] == ["broken"]


def test_a_failed_cleanup_is_broken_also_where_the_suite_handles_it(tmp_path: Path) -> None:
    hooks = """
def fail():
    raise OSError("no")

def before_feature(context, feature):
    context.on_cleanup_error = lambda *whatever: None

def before_scenario(context, scenario):
    if scenario.name == "second":
        context.add_cleanup(fail)
"""
    run = run_behave(write_two(tmp_path, "it works", hooks))
    assert verdicts(run)["second"] == ("broken", "A cleanup after the scenario failed; the console says how.")


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
    assert verdicts(run)["second"] == ("broken", "Not run: the run was aborted before this.")


def test_the_reason_why_a_run_cannot_begin_breaks_its_scenarios(tmp_path: Path) -> None:
    hooks = """
from support.reporting.attachments import report_run_stopped

def before_all(context):
    report_run_stopped("The Focus Server at http://127.0.0.1:1 is not ready: waiting for fiber")
    raise SystemExit(1)
"""
    run = run_behave(write_two(tmp_path, "it works", hooks), "--tags=not @deselected")
    reason = "The Focus Server at http://127.0.0.1:1 is not ready: waiting for fiber"
    assert run.errors == [reason]
    told = verdicts(run)
    assert told.pop("fifth") == ("skipped", "Not selected by the tags or names of this run.")
    assert told == dict.fromkeys(["first", "second", "third", "fourth"], ("broken", f"Not run: {reason}."))


def test_a_run_that_ended_before_it_began_is_broken_also_without_a_reason(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "it works", "def before_all(context):\n    raise OSError('no')\n"))
    assert set(verdicts(run).values()) == {
        ("broken", "Not run: the run ended before its first scenario: a hook failed or was interrupted.")
    }


def test_a_run_that_stops_at_the_first_failure_says_so(tmp_path: Path) -> None:
    run = run_behave(write_two(tmp_path, "the promise is broken"), "--stop")
    never = ("broken", "Not run: the run stops at its first failure, and one came before.")
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

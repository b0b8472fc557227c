"""What people read while a run goes on, and afterwards: a line a scenario, and how to run again what failed."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.machine import threads
from support.reporting.progress import Progress
from tests.patience import RUN_PATIENCE, eventually
from tests.reporting.suite import write_suite
from tests.reporting.test_words import run_in

pytestmark = pytest.mark.usefixtures("measured")

STEPS = """
from pathlib import Path
from behave import step

@step("all is well")
def _(context): pass

@step("the rate is {rate:d}")
def _(context, rate):
    assert Path("mended").exists(), f"Expected: 10 frames a second\\n     but: {rate}\\x1b[31m a second"

@step("our code fails")
def _(context): raise OSError("no such thing")

@step("it cannot be tried")
def _(context): context.scenario.skip("there is no fibre")
"""
FEATURE = """
Feature: Delivery
  Scenario: Good
    Then all is well
  Scenario: Impossible
    Given it cannot be tried
    Then all is well
  Scenario Outline: At rate <rate>
    Then the rate is <rate>
    Examples:
      | rate |
      | 4    |
      | 5    |
  @other
  Scenario: Broken
    Then our code fails
  Rule: 1.5.2 Ten frames a second
    Scenario: Slow
      When all is well
      Then the rate is 3
"""
SHOWN = r"""
  ✗ At rate 5  failed 0.0 s
      promise:  Then the rate is 5
      happened: Expected: 10 frames a second but: 5\x1b[31m a second
      look at:  behave features/one.feature:13, reports/allure-report/index.html
  ✗ Slow  failed 0.0 s
      promise:  1.5.2 Ten frames a second
      happened: Expected: 10 frames a second but: 3\x1b[31m a second
      look at:  behave features/one.feature:18, reports/allure-report/index.html
"""
UTF8 = {"PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return write_suite(
        tmp_path, steps=STEPS, one=FEATURE, other="Feature: Other\n  Scenario: One\n    Then all is well\n"
    )


def timeless(shown: str) -> str:
    return re.sub(r"\b\d+\.\d s", "0.0 s", shown)


def test_a_line_a_scenario_and_three_more_for_one_that_failed(suite: Path) -> None:
    exit_code, shown = run_in(suite, "--tags=not @other", **UTF8)

    assert exit_code == 1
    assert "\nDelivery\n  ✓ Good  0.0 s\n" in timeless(shown)
    assert "  - Impossible  skipped: there is no fibre\n" in shown
    assert SHOWN in timeless(shown)
    assert "Broken" not in shown, "nobody has chosen it"
    assert "Other\n  ✓ One  0.0 s\n" in timeless(shown)
    assert "2 scenarios passed, 3 failed, 2 skipped\n" in shown


def test_a_dry_run_says_what_would_run(suite: Path) -> None:
    (suite / "features" / "one.feature").write_text(f"{FEATURE}  Scenario: New\n    Then it is new\n", "utf-8")
    exit_code, shown = run_in(suite, "--dry-run", "--tags=not @other", **UTF8)

    assert exit_code == 1
    assert "\nDelivery\n  - Good  would run\n  - Impossible  would run\n" in shown
    assert "  ! New  would not run: nothing knows the step 'it is new'\n" in shown
    assert "broken" not in shown


def test_what_is_no_failure_of_the_server_has_another_mark(suite: Path) -> None:
    _, shown = run_in(suite, "features/one.feature:15", **UTF8)

    assert "  ! Broken  broken 0.0 s\n      promise:  Then our code fails\n" in timeless(shown)
    assert "      happened: OSError: no such thing\n" in shown


def test_a_console_without_such_marks_has_others(suite: Path) -> None:
    _, shown = run_in(suite, "--tags=not @other", PYTHONIOENCODING="ascii")

    assert SHOWN.replace("✓", "+").replace("✗", "x") in timeless(shown)


@pytest.mark.parametrize("asked", ["progress3", "pretty"])
def test_other_formats_can_be_asked_for(suite: Path, asked: str) -> None:
    exit_code, shown = run_in(suite, "-f", asked, **UTF8)

    assert exit_code == 1
    assert "promise:" not in shown
    assert "OSError: no such thing" in shown


def test_what_failed_runs_again_by_one_command_until_it_has_passed(suite: Path) -> None:
    _, shown = run_in(suite, **UTF8)
    [again] = re.findall(r"^What did not pass, once more \(with .+\): behave \"(.+)\"$", shown, re.MULTILINE)
    assert again == f"@{Path('reports', 'rerun.txt')}"

    exit_code, shown = run_in(suite, again, **UTF8)
    assert (exit_code, "0 scenarios passed, 3 failed, 1 error, 2 skipped\n" in shown) == (1, True), shown

    (suite / "mended").touch()
    exit_code, shown = run_in(suite, again, **UTF8)
    assert "3 scenarios passed, 0 failed, 1 error, 2 skipped\n" in shown
    assert len((suite / "reports" / "rerun.txt").read_text("utf-8").splitlines()) == 1, "what has passed is done with"

    exit_code, shown = run_in(suite, "--tags=not @other", **UTF8)
    assert (exit_code, "What did not pass" in shown) == (0, False), shown
    assert not (suite / "reports" / "rerun.txt").exists()


def test_what_never_ran_is_told_so(suite: Path) -> None:
    _, shown = run_in(suite, "--stop", **UTF8)

    assert "  ✗ At rate 4" in shown
    assert "At rate 5" not in shown
    assert len((suite / "reports" / "rerun.txt").read_text("utf-8").splitlines()) == 5
    assert "NO VERDICT: 2 of 7 scenarios ran: the run stops at its first failure, and one came before" in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_a_terminal_has_colours_and_a_line_of_what_is_under_way(suite: Path, variables: dict[str, str]) -> None:
    (suite / "behave.ini").write_bytes((Path(__file__).parents[2] / "behave.ini").read_bytes())
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | UTF8
    environment |= {"TERM": "xterm", "COLUMNS": "80"}
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        command = [sys.executable, "-m", "behave", "--tags=not @other"]
        run = subprocess.Popen(command, cwd=suite, env=environment | variables, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while piece := screen.read(65536):
                shown += piece
        except OSError:  # so Linux says that nobody writes there any more
            pass
        assert run.wait(RUN_PATIENCE) == 1
    text = shown.decode().replace("\r\n", "\n")

    assert ("\r\x1b[K[===                 ] 0:00 2 of 6: Impossible" in text) == (not variables), text
    assert ("  \x1b[31m✗\x1b[0m Slow  " in text) == (not variables), text
    assert ("\x1b" in text) == (not variables)
    assert r"but: 3\x1b[31m a second" in text, "what others say is not obeyed"


def test_a_log_says_now_and_then_what_takes_its_time() -> None:
    log = io.StringIO()
    progress = Progress(log, is_live=False, every=0.01)
    progress.begin(0.5, lambda: "3 of 6: It is watched for long")
    eventually(lambda: log.getvalue().count("\n") > 2, "it is told again")
    progress.end("  + It is watched for long\n")

    assert set(log.getvalue().splitlines()[:-1]) == {"    0 min: 3 of 6: It is watched for long"}
    assert log.getvalue().splitlines()[-1] == "  + It is watched for long"
    assert threads.running() == set()

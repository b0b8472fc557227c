"""Whatever ends a run: its outputs count the same, it is cleaned up, and only one that came to its end is a verdict."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from support import ROOT
from support.reporting import html, run_mark
from support.reporting.run_mark import RunMark
from tests.patience import RUN_PATIENCE, eventually
from tests.reporting import outputs
from tests.reporting.suite import write_suite

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")

STEPS = """
import os, shutil
from behave import then
from hooks import reached

@then("it works")
def _(context):
    pass

@then("the promise is broken")
def _(context):
    raise AssertionError("a promise is broken")

@then("something happens")
def _(context):
    reached("step")
"""

HOOKS = '''
"""Every place of a run says that it was reached; what happens there is in the environment's hands."""
import os, shutil, sys, time
from pathlib import Path

class Held:
    """Tells where it is let go as late as Python ends: what then waits for another thread, waits for ever."""

    def __del__(self, is_late=sys.is_finalizing, tell=os.mkdir):
        if is_late():
            tell("let go too late")

def reached(place):
    if place not in os.environ:
        return
    what = os.environ.pop(place)
    if what == "wait":
        held = Held()
        Path("reached").touch()
        try:
            while not Path("go").exists():
                time.sleep(0.01)
        except BaseException as interruption:
            noted = interruption  # which holds this frame
            raise
    elif what == "raise":
        raise RuntimeError(f"trouble in {place}")
    elif what == "leave":
        sys.exit(3)
    elif what.startswith("remove "):
        shutil.rmtree(what.removeprefix("remove "))
'''

ENVIRONMENT = """
import os
from pathlib import Path
from hooks import reached

def before_all(context):
    context.add_cleanup(Path("cleaned").touch)
    if "stopped" in os.environ:
        context.why_stopped = "the server waits for its fibre"
        context.abort("not ready")
    reached("before_all")

def before_feature(context, feature):
    reached("before_feature")

def before_scenario(context, scenario):
    if "skipped" in os.environ:
        scenario.skip("it is not for this server")
    if "aborted" in os.environ and scenario.name == "one b":
        context.abort("enough")
    context.add_cleanup(reached, "clean-up")
    reached("before_scenario")

def after_scenario(context, scenario):
    reached("after_scenario")

def after_feature(context, feature):
    reached("after_feature")

def after_all(context):
    reached("after_all")
"""

FORMATTER = """
from behave.formatter.base import Formatter
from hooks import reached

class Weak(Formatter):
    name = "weak"

    def scenario(self, scenario):
        reached("formatter.scenario")

    def result(self, step):
        reached("formatter.result")

    def eof(self):
        reached("formatter.eof")

    def close(self):
        reached("formatter.close")
"""

FEATURE = """
Feature: {name}
  Scenario: {name} a
    Then it works
  @chosen
  Scenario: {name} b
    Then it works
    And something happens
    And it works
  Scenario: {name} c
    Then {last}
"""
EVERYTHING = 6


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    exit_code: int
    console: str
    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def counts(self) -> Counter[str]:
        """What JUnit, Allure's results and the sheet count, which is the same; and the console, where there is one."""
        of_junit, of_allure = outputs.junit(self.reports), outputs.allure(self.reports)
        assert of_junit == of_allure == outputs.sheet(self.reports), self.console
        assert outputs.verdict(self.reports) == ("May not be released" if self.has_failed else "No verdict")
        of_console = outputs.console(self.console)
        assert of_console in (of_junit, Counter()), (of_console, of_junit, self.console)
        return of_junit

    @property
    def mark(self) -> RunMark:
        """How the run says that it stands, and whether its mark does."""
        mark = run_mark.read(self.reports)
        assert mark is not None
        assert (self.reports / "unfinished-run.json").exists() == bool(mark.ending)
        page = (self.reports / "allure-report" / "index.html").read_text("utf-8")
        assert f"<h1>This run {'is not' if mark.ending else 'has'} finished</h1>" in page or 'id="allure' in page
        return mark

    @property
    def has_failed(self) -> bool:
        """Whether it has come to its end, and found a broken promise; in neither case it is one about the criteria."""
        return bool(outputs.junit(self.reports)["failed"]) and not self.mark.ending

    @property
    def is_cleaned_up(self) -> bool:
        return (self.folder / "cleaned").exists()


class Suite:
    """Two features of three scenarios each, in a folder of their own, with the settings of this project."""

    def __init__(self, folder: Path, cleanup: ExitStack) -> None:
        one, two = FEATURE.format(name="one", last="it works"), FEATURE.format(name="two", last="it works")
        self.folder = write_suite(folder, steps=STEPS, environment=ENVIRONMENT, one=one, two=two)
        (folder / "hooks.py").write_text(HOOKS, "utf-8")
        (folder / "weak.py").write_text(FORMATTER, "utf-8")
        shutil.copy(ROOT / "behave.ini", folder)
        self._cleanup = cleanup

    def begin(self, *arguments: str, module: str = "behave", **happens: str) -> subprocess.Popen[str]:
        """Starts a run in which this happens at these places."""
        for name in ("reached", "go", "cleaned"):
            (self.folder / name).unlink(missing_ok=True)
        command = [sys.executable, "-m", module, "--no-color", *arguments]
        run = subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | happens | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._cleanup.callback(run.kill)
        return run

    def end(self, run: subprocess.Popen[str]) -> Ended:
        console, _ = run.communicate(timeout=RUN_PATIENCE)
        assert "Traceback" not in console, console
        return Ended(run.returncode, console, self.folder)

    def run(self, *arguments: str, **happens: str) -> Ended:
        return self.end(self.begin(*arguments, **happens))

    def waits(self, *arguments: str, at: str) -> subprocess.Popen[str]:
        """A run that waits at this place."""
        run = self.begin(*arguments, **{at: "wait"})
        eventually(lambda: (self.folder / "reached").exists() or run.poll() is not None, f"the run reaches {at}")
        return run

    def renders(self, run: subprocess.Popen[str]) -> bool:
        """Whether a process of Allure runs below this one."""
        with suppress(psutil.NoSuchProcess):
            return any("node" in child.name() for child in psutil.Process(run.pid).children(recursive=True))
        return False

    def go_on(self) -> None:
        (self.folder / "go").touch()


@pytest.fixture
def suite(tmp_path: Path, cleanup: ExitStack) -> Suite:
    return Suite(tmp_path, cleanup)


def test_a_run_that_came_to_its_end_is_a_verdict(suite: Suite) -> None:
    ended = suite.run()
    assert (ended.exit_code, ended.counts) == (0, {"passed": EVERYTHING}), ended.console
    assert (ended.mark.planned, ended.mark.ran, ended.mark.ending) == (EVERYTHING, EVERYTHING, "")
    assert ended.is_cleaned_up
    assert "NO VERDICT" not in ended.console


SIGNALS = {
    "before_all": {"not run": 6},
    "step": {"passed": 1, "broken": 1, "not run": 4},
    "after_feature": {"passed": 3, "not run": 3},
    "clean-up": {"passed": 1, "not run": 5},
}
"""What is counted after a signal at these places: what had not begun is not run, and a clean-up is not cut off."""


@pytest.mark.parametrize("at", SIGNALS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_in_order(suite: Suite, number: signal.Signals, at: str) -> None:
    run = suite.waits(at=at)
    run.send_signal(number)
    run.send_signal(number)  # whoever is impatient does not spoil it
    suite.go_on()
    ended = suite.end(run)
    assert (ended.exit_code, ended.counts) == (128 + number, SIGNALS[at]), ended.console
    assert outputs.console(ended.console) == ended.counts
    assert ended.mark.ending == f"the run was interrupted by {number.name}"
    assert f"NO VERDICT: {ended.mark.sentence}" in ended.console
    assert ended.is_cleaned_up


@pytest.mark.parametrize("at", ["before_all", "step"])
def test_what_a_signal_cut_off_is_let_go_before_python_ends(suite: Suite, at: str) -> None:
    run = suite.waits(at=at)
    run.send_signal(signal.SIGTERM)
    ended = suite.end(run)
    assert (ended.exit_code, ended.counts) == (128 + signal.SIGTERM, SIGNALS[at]), ended.console
    assert not (ended.folder / "let go too late").exists()


KILLED = {**SIGNALS, "step": {"passed": 1, "not run": 5}, "clean-up": {"not run": 6}}
"""What is counted after SIGKILL: a scenario in the middle of anything has not come to its end."""


@pytest.mark.parametrize("at", KILLED)
def test_a_run_that_is_killed_is_none_and_says_so(suite: Suite, at: str) -> None:
    run = suite.waits(at=at)
    run.kill()
    ended = suite.end(run)
    assert ended.counts == KILLED[at], ended.console
    assert ended.mark.ending == "it still runs, or was ended without a word"


TROUBLE = {
    "before_feature": {"passed": 3, "not run": 3},
    "before_scenario": {"passed": 5, "broken": 1},
    "after_scenario": {"passed": 5, "broken": 1},
    "clean-up": {"passed": 5, "broken": 1},
    "step": {"passed": 5, "broken": 1},
}


@pytest.mark.parametrize("at", TROUBLE)
def test_trouble_in_the_suite_is_counted_alike(suite: Suite, at: str) -> None:
    command = suite.begin(**{at: "raise"})
    console, _ = command.communicate(timeout=RUN_PATIENCE)
    ended = Ended(command.returncode, console, suite.folder)
    assert (ended.exit_code, ended.counts) == (1, TROUBLE[at]), console
    assert outputs.console(console) == ended.counts
    assert bool(ended.mark.ending) == ("not run" in TROUBLE[at])
    assert ended.is_cleaned_up


@pytest.mark.parametrize(
    ("place", "counts"),
    [
        ("formatter.scenario", {"not run": 6}),
        ("formatter.result", {"passed": 1, "not run": 5}),
        ("formatter.eof", {"passed": 3, "not run": 3}),
        ("formatter.close", {"passed": 6}),
    ],
)
def test_a_formatter_that_fails_ends_the_run_in_order(suite: Suite, place: str, counts: Mapping[str, int]) -> None:
    ended = suite.run("--format", "weak:Weak", **{place: "raise"})
    assert (ended.exit_code, ended.counts) == (1, counts), ended.console
    assert ended.mark.ending == f"the formatter weak failed: RuntimeError: trouble in {place}"
    assert f"NO VERDICT: {ended.mark.sentence}" in ended.console
    assert ended.is_cleaned_up


NEVER = {
    "before_all": "the run was aborted, and the console says why",
    "stopped": "the server waits for its fibre",
}


@pytest.mark.parametrize("at", NEVER)
def test_a_run_that_cannot_begin_has_run_nothing(suite: Suite, at: str) -> None:
    ended = suite.run(**{at: "raise"})
    assert (ended.exit_code, ended.counts) == (1, {"not run": EVERYTHING}), ended.console
    assert outputs.console(ended.console) == ended.counts
    assert ended.mark.sentence == f"0 of {EVERYTHING} scenarios ran: {NEVER[at]}"
    assert ended.is_cleaned_up


def test_a_step_that_leaves_python_ends_the_run_in_order(suite: Suite) -> None:
    ended = suite.run(step="leave")
    assert (ended.exit_code, ended.counts) == (1, {"passed": 1, "broken": 1, "not run": 4}), ended.console
    assert ended.mark.ending == "SystemExit: 3"
    assert ended.is_cleaned_up


def test_a_run_that_stops_at_its_first_failure_has_not_run_the_rest(suite: Suite) -> None:
    (suite.folder / "features" / "one.feature").write_text(
        FEATURE.format(name="one", last="the promise is broken"), "utf-8"
    )
    ended = suite.run("--stop")
    assert (ended.exit_code, ended.counts) == (1, {"passed": 2, "failed": 1, "not run": 3}), ended.console
    assert ended.mark.ending == "the run stops at its first failure, and one came before"
    whole = suite.run()
    assert (whole.exit_code, whole.counts) == (1, {"passed": 5, "failed": 1}), whole.console
    assert whole.mark.ending == ""


def test_an_abort_is_no_verdict(suite: Suite) -> None:
    ended = suite.run(aborted="yes")
    assert (ended.exit_code, ended.counts) == (1, {"passed": 1, "not run": 5}), ended.console
    assert ended.mark.ending


@pytest.mark.parametrize("removed", ["reports", "reports/junit", "reports/allure-results"])
def test_reports_that_are_removed_in_the_middle_are_no_verdict(suite: Suite, removed: str) -> None:
    ended = suite.run(step=f"remove {removed}")
    assert ended.counts.total() == EVERYTHING, ended.console
    assert outputs.console(ended.console) == ended.counts
    if removed == "reports/junit":  # it is written again, and nothing is lost
        assert (ended.exit_code, ended.counts, ended.mark.ending) == (0, {"passed": EVERYTHING}, "")
    else:
        assert (ended.exit_code, ended.counts["passed"]) == (1, 2)
        assert ended.mark.ending
        assert f"NO VERDICT: {ended.mark.sentence}" in ended.console
    assert ended.is_cleaned_up


def test_a_console_that_is_closed_ends_the_run_in_order(suite: Suite) -> None:
    run = suite.begin("--format", "weak:Weak", "--format", "plain", step="wait")
    assert run.stdout is not None
    eventually((suite.folder / "reached").exists, "the run is in its step")
    run.stdout.close()
    suite.go_on()
    run.wait(RUN_PATIENCE)
    ended = Ended(run.returncode, "", suite.folder)
    assert ended.exit_code == 1
    assert ended.counts.total() == EVERYTHING
    assert ended.mark.ending == "the console cannot be written: Broken pipe"
    assert ended.is_cleaned_up


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_console_that_is_full_ends_the_run_in_order(suite: Suite) -> None:
    command = [sys.executable, "-m", "behave", "--no-color"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            command,
            cwd=suite.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=RUN_PATIENCE,
            check=False,
        )
    ended = Ended(done.returncode, "", suite.folder)
    assert ended.exit_code == 1
    assert ended.counts.total() == EVERYTHING
    assert ended.mark.ending == "the console cannot be written: No space left on device"
    assert "NO VERDICT" in done.stderr
    assert ended.is_cleaned_up


NOTHING = [
    ["--tags=@typo"],
    ["--name", "no such"],
    ["--wip"],
    ["--tags=@chosen", "--tags=not @chosen"],
    ["features/one.feature:99"],
    ["features/once.feature"],
    ["feature"],
    ["--dry-run"],
]


@pytest.mark.parametrize("arguments", NOTHING, ids=" ".join)
def test_a_command_that_runs_nothing_says_so_and_leaves_the_last_results(suite: Suite, arguments: list[str]) -> None:
    before = suite.run("features/one.feature")
    files = {path: path.stat().st_mtime_ns for path in before.reports.rglob("*")}
    ended = suite.run(*arguments)
    assert ended.exit_code == 1
    assert "NO VERDICT: " in ended.console
    assert "the results of the last run stand" in ended.console
    assert {path: path.stat().st_mtime_ns for path in before.reports.rglob("*")} == files


def test_a_run_that_skips_everything_is_no_verdict(suite: Suite) -> None:
    ended = suite.run("--tags=@chosen", skipped="yes")
    assert (ended.exit_code, ended.counts) == (1, {"skipped": EVERYTHING}), ended.console
    assert "all 2 scenarios that were chosen were skipped: it is not for this server" in ended.console
    assert ended.mark.ending


def test_what_was_skipped_may_be_left_out(suite: Suite) -> None:
    ended = suite.run("--tags=@chosen", "--no-skipped", skipped="yes")
    assert "failed: IndexError" not in ended.console
    assert "all 2 scenarios that were chosen were skipped" in ended.console


def test_a_part_of_the_suite_is_a_verdict_on_that_part(suite: Suite) -> None:
    suite.run()
    ended = suite.run("features/one.feature", "--tags=@chosen")
    assert (ended.exit_code, ended.counts) == (0, {"passed": 1, "skipped": 2}), ended.console
    assert ended.mark.ending == ""


def test_a_second_run_into_the_same_folder_is_refused(suite: Suite) -> None:
    run = suite.waits(at="step")
    second = subprocess.run(
        [sys.executable, "-m", "behave"],
        cwd=suite.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
        check=False,
    )
    assert second.returncode == 1
    assert f"NOT READY: another run writes into {suite.folder / 'reports'}" in second.stderr
    suite.go_on()
    ended = suite.end(run)
    assert (ended.exit_code, ended.counts, ended.mark.ending) == (0, {"passed": EVERYTHING}, "")


TAKEN = ["reports", "reports/junit", "reports/allure-results", "reports/allure-report", "out"]


@pytest.mark.parametrize("taken", TAKEN)
def test_a_folder_that_cannot_be_written_is_told_before_the_first_scenario(suite: Suite, taken: str) -> None:
    (suite.folder / taken).parent.mkdir(exist_ok=True)
    (suite.folder / taken).write_text("a file, and no folder", "utf-8")
    ended = suite.run("--format", "json", "--outfile", "out/results.json", before_all="raise")
    assert ended.exit_code == 1
    assert f"NOT READY: {suite.folder / taken} cannot be written: " in ended.console
    assert "trouble" not in ended.console


needs_tools = pytest.mark.skipif(not html.PACKAGE.joinpath("node_modules").exists(), reason="npm packages are missing")


@needs_tools
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_page_that_is_not_rendered_is_not_the_one_before(suite: Suite, number: signal.Signals) -> None:
    run = suite.begin(module="support.reporting.acceptance")
    eventually(lambda: suite.renders(run) or run.poll() is not None, "the page is being rendered")
    run.send_signal(number)
    ended = suite.end(run)
    assert ended.exit_code == (-number if number == signal.SIGKILL else 128 + number)
    assert (ended.counts, ended.mark.ending) == ({"passed": EVERYTHING}, "")
    again = suite.end(suite.begin(module="support.reporting.acceptance"))
    assert again.exit_code == 0, again.console
    assert outputs.page(again.reports) == again.counts
    assert not (again.reports / "allure-report.new").exists()


@needs_tools
def test_the_page_of_a_run_that_was_cut_off_says_so(suite: Suite) -> None:
    run = suite.waits(at="step")
    run.kill()
    ended = suite.end(run)
    options = ["--results", str(ended.reports / "allure-results"), "--output", str(ended.reports / "allure-report")]
    assert html.main(options) == 1
    assert outputs.page(ended.reports) == {"passed": 1, "broken": 5}
    text = (ended.reports / "allure-report" / "index.html").read_text("utf-8")
    assert "<title> Focus Server stream acceptance: NO VERDICT, it still runs, or was ended without a word" in text
    assert not (ended.reports / "allure-history.jsonl").exists()


@needs_tools
@pytest.mark.usefixtures("measured")
def test_the_share_in_the_page_is_that_of_all_scenarios(suite: Suite) -> None:
    ended = suite.end(suite.begin("--tags=@chosen", module="support.reporting.acceptance"))
    assert ended.exit_code == 0, ended.console
    assert outputs.page(ended.reports) == ended.counts == {"passed": 2, "skipped": 4}
    assert outputs.share(ended.reports) == pytest.approx(33.33)


@pytest.mark.usefixtures("measured")
def test_a_run_that_does_not_begin_shows_no_page_of_the_one_before(suite: Suite) -> None:
    suite.run()
    ended = suite.end(suite.begin("features/once.feature", module="support.reporting.acceptance"))
    assert ended.exit_code == 1
    assert "No HTML page: this run has not begun" in ended.console

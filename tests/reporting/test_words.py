"""Whatever words a run meets: its console takes them, and its outputs are whole and count the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support import ROOT
from tests.patience import RUN_PATIENCE
from tests.reporting import outputs
from tests.reporting.suite import write_suite

HOSTILE = "\0\x1b[2J\x1b]0;mine\x07\x7f\x9b31m\r\u202e\u2066\u200f\u2028\u200b\ufeff\ufffe\ud83d שלום 😀 ]]> <b>&amp;"
SHOWN = r"\x00\x1b[2J\x1b]0;mine\x07\x7f\x9b31m\r\u202e\u2066\u200f\u2028\u200b\ufeff\ufffe\ud83d שלום 😀 ]]> <b>&amp;"
LONG = "a/long\\name: 😀 שלום " * 15

STEPS = f"""
import sys, allure
from behave import step

HOSTILE = {HOSTILE!a}

@step('it says "{{words}}"')
def _(context, words): pass

@step("a promise is broken in such words")
def _(context):
    print(HOSTILE)
    sys.stderr.write(HOSTILE)
    allure.attach(HOSTILE, name=HOSTILE)
    allure.dynamic.parameter(HOSTILE, HOSTILE)
    with allure.step(HOSTILE):
        assert False, HOSTILE

@step("our code raises such words")
def _(context): raise ValueError(HOSTILE)

@step("it is skipped in such words")
def _(context): context.scenario.skip(HOSTILE)
"""
ENVIRONMENT = f"""
HOSTILE = {HOSTILE!a}

def before_scenario(context, scenario):
    if "before_fails" in scenario.tags:
        raise RuntimeError(HOSTILE)
    if "cleanup_fails" in scenario.tags:
        context.add_cleanup(fail)

def fail(): raise OSError(HOSTILE)
"""
CHARACTERS = "\x1b[31m\0\u202e\ufffe שלום 😀"
FEATURE = f"""
Feature: {CHARACTERS}
  Scenario: {CHARACTERS} passes
    Then it says "{CHARACTERS}"
  Scenario: {LONG}
    Then a promise is broken in such words
  Scenario: raises
    Then our code raises such words
  Scenario: is skipped
    Then it is skipped in such words
  Scenario: undefined {CHARACTERS}
    Then nobody has written {CHARACTERS}
  @before_fails
  Scenario: before fails
    Then it says "a"
  @cleanup_fails
  Scenario: cleanup fails
    Then it says "a"
  Scenario Outline: rows
    Then it says "<cell>"
    Examples: {CHARACTERS}
      | cell         |
      | {CHARACTERS} |
"""
COUNTS = Counter(passed=2, failed=1, broken=4, skipped=1)

CONSOLES = {
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252:strict"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def run_in(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """A run of behave in this folder; what its console shows."""
    shutil.copy(ROOT / "behave.ini", folder)
    done = subprocess.run(
        [sys.executable, "-m", "behave", "--no-color", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=RUN_PATIENCE,
        check=False,
    )
    console = done.stdout.decode(environment.get("PYTHONIOENCODING", "ascii").partition(":")[0])
    return done.returncode, console


def unseen(text: str) -> set[str]:
    """The characters of a text that nobody sees, but for line ends."""
    joiners = "\u200c\u200d"
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in f"\n\t{joiners}"}


def are_legible(folder: Path) -> None:
    """What stands in the outputs of a run is what their readers take, and what a person sees."""
    for path in (folder / "junit").glob("*.xml"):
        ElementTree.parse(path)
        assert unseen(path.read_text("utf-8")) == set()
    for path in folder.glob("allure-results*/*.json"):
        json.loads(path.read_text("utf-8"))
        assert unseen(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(("console", "asked"), [*((console, ()) for console in CONSOLES), ("C", ("-f", "plain"))])
def test_whatever_steps_and_scenarios_say_the_outputs_are_whole(
    tmp_path: Path, console: str, asked: tuple[str, ...]
) -> None:
    suite = write_suite(tmp_path, steps=STEPS, environment=ENVIRONMENT, one=FEATURE)

    exit_code, shown = run_in(suite, *asked, **CONSOLES[console])

    assert exit_code == 1
    assert unseen(shown) == set()
    assert outputs.console(shown) == outputs.junit(suite / "reports") == outputs.allure(suite / "reports") == COUNTS
    are_legible(suite / "reports")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names of files")
def test_the_name_of_a_feature_file_may_be_any(tmp_path: Path) -> None:
    names = ["שלום 😀 <&>'\"", "\x1b[31m", "a\n\u202eb", "x" * 180]
    identities = set()
    for console in ("utf-8", "C"):
        suite = write_suite(tmp_path / console, steps=STEPS, **dict.fromkeys(names, PASSES))

        exit_code, shown = run_in(suite, "-f", "progress", **CONSOLES[console])

        assert exit_code == 0, shown
        assert unseen(shown) == set()
        assert outputs.console(shown) == outputs.junit(suite / "reports") == outputs.allure(suite / "reports")
        are_legible(suite / "reports")
        results = (suite / "reports" / "allure-results").glob("*-result.json")
        identities.add(frozenset(json.loads(path.read_text("utf-8"))["historyId"] for path in results))
    [ids] = identities  # whatever the locale
    assert len(ids) == len(names)


def test_colours_stay_where_they_are_asked_for(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, steps=STEPS, environment=ENVIRONMENT, one=FEATURE)
    _, shown = run_in(suite, "-f", "pretty", "--color=always", PYTHONIOENCODING="utf-8")
    assert "\x1b[32m" in shown
    assert unseen(re.sub(r"\x1b\[\d+[mA]", "", shown)) == set()


PASSES = 'Feature: F\n  Scenario: S\n    Then it says "שלום"\n'
STANDARD = "allure_behave.formatter:AllureFormatter"


@pytest.mark.parametrize(
    ("arguments", "folders"),
    [
        (["-f", STANDARD, "-o", "results/standard"], ["reports/allure-results", "results/standard"]),
        (["-f", STANDARD, "-o", "./reports/allure-results"], ["reports/allure-results"]),
        (["-f", "allure", "-o", "again"], ["reports/allure-results", "again"]),
        (["-f", "allure"], ["reports/allure-results"]),
        (["-f", "json", "-o", "f.json", "-f", STANDARD, "-o", "b", "-f", "progress3"], ["reports/allure-results", "b"]),
    ],
    ids=str,
)
def test_allures_results_are_whole_in_every_folder_that_is_named(
    tmp_path: Path, arguments: list[str], folders: list[str]
) -> None:
    suite = write_suite(tmp_path, steps=STEPS, environment=ENVIRONMENT, one=PASSES)

    exit_code, shown = run_in(suite, *arguments)

    assert exit_code == 0, shown
    found = {path.parent.relative_to(suite).as_posix() for path in suite.rglob("*-result.json")}
    assert found == set(folders), shown
    for folder in folders:
        [result] = [json.loads(path.read_text("utf-8")) for path in (suite / folder).glob("*-result.json")]
        assert (result["name"], result["status"]) == ("S", "passed")
        assert [step["name"] for step in result["steps"]] == ['Then it says "שלום"']


def test_a_file_of_a_formatter_takes_every_character(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, steps=STEPS, environment=ENVIRONMENT, one=FEATURE)

    _, shown = run_in(suite, "-f", "plain", "-o", "plain.txt", "-f", "json", "-o", "f.json", **CONSOLES["cp1252"])

    assert outputs.console(shown) == COUNTS
    text = (suite / "plain.txt").read_text("utf-8")
    assert unseen(text) == set()
    assert f"ASSERT FAILED: {SHOWN}" in text
    json.loads((suite / "f.json").read_text("utf-8"))


def test_two_formatters_for_allure_are_refused_where_the_runner_is_behaves_own(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, steps=STEPS, environment=ENVIRONMENT, one=PASSES)
    exit_code, shown = run_in(suite, "--runner", "behave.runner:Runner", "-f", STANDARD, "-o", "b")
    assert exit_code == 1
    assert f"ConfigError: allure and {STANDARD} beside each other take the runner that behave.ini names" in shown

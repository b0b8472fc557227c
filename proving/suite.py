"""One run of the suite, as a process of its own, with its results as data."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proving.crew import Crew
from support import ROOT

PASSED, FAILED, SKIPPED, BROKEN = "passed", "failed", "skipped", "broken"

CRITERIA = "not @simulator and not @load and not @slow"
"""The acceptance criteria: every scenario that can be run against any server, in seconds."""

LIGHT = f"{CRITERIA} and not @configurations"
"""Those of them that many runs can try at once; the others need a core for themselves."""

CONFIGURATIONS = "@configurations"
"""The windows of every kind."""

_RUNNER = "support.reporting.runner:AcceptanceRunner"
"""That of behave.ini, which is not in the folders of these runs."""

SLOW = "@slow and @normal"
"""The slow scenarios that take many jobs, and no minutes."""


@dataclass(frozen=True)
class ScenarioResult:
    """How a scenario ended.

    Attributes:
        name: its name, with the values of its example.
        tags: its tags and those of its feature, without the ``@``.
        outcome: passed, failed (the server broke a promise), broken (our code or the environment) or skipped.
        sentence: why it did not pass; empty where it did.
        seconds: how long its steps took.
    """

    name: str
    tags: frozenset[str]
    outcome: str
    sentence: str
    seconds: float


@dataclass(frozen=True)
class SuiteRun:
    """A finished run: its exit code, how long it took in seconds, its console output, and its scenarios."""

    exit_code: int
    seconds: float
    output: str
    scenarios: tuple[ScenarioResult, ...]

    @property
    def unhappy(self) -> list[ScenarioResult]:
        """The scenarios that failed or broke."""
        return [scenario for scenario in self.scenarios if scenario.outcome in (FAILED, BROKEN)]


def run_suite(
    crew: Crew,
    folder: Path,
    definitions: Sequence[str] = (),
    *,
    tags: str = CRITERIA,
    names: Sequence[str] = (),
    timeout: float = 600.0,
) -> SuiteRun:
    """Runs behave on the project's features from ``folder``, which keeps whatever the run leaves behind.

    Args:
        crew: whose process it is.
        folder: an existing folder for this run alone.
        definitions: ``key=value`` settings, as for ``-D``.
        tags: a tag expression that chooses the scenarios.
        names: regular expressions, of which one has to be found in a scenario's name; none: it may have any.
        timeout: seconds after which the run is ended and counts as broken.
    """
    results = folder / "results.json"
    command = ["--no-color", "--runner", _RUNNER, "--format", "json", "--outfile", str(results)]
    command += [argument for definition in definitions for argument in ("-D", definition)]
    command += [argument for name in names for argument in ("--name", name)]
    began = time.monotonic()
    exit_code, output = crew.run("behave", [*command, "--tags", tags, str(ROOT / "features")], folder, timeout)
    return SuiteRun(exit_code, time.monotonic() - began, output, tuple(_scenarios(results)))


def _scenarios(results: Path) -> list[ScenarioResult]:
    try:
        features = json.loads(results.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the run ended before behave wrote them; its output says why
        return []
    return [
        _result(scenario, feature["tags"])
        for feature in features
        for scenario in feature.get("elements", ())
        if scenario["type"] == "scenario"
    ]


def _result(scenario: dict[str, Any], feature_tags: list[str]) -> ScenarioResult:
    results = [step["result"] for step in scenario["steps"] if "result" in step]
    errors = [" ".join(_text(result["error_message"]).split()) for result in results if "error_message" in result]
    outcome = {"passed": PASSED, "failed": FAILED, "skipped": SKIPPED}.get(scenario["status"], BROKEN)
    if outcome == BROKEN and not errors:  # a hook or a clean-up has failed, of which behave's JSON has no words
        errors = [f"none of its steps failed, and it ended as {scenario['status']}; the output of the run says why"]
    return ScenarioResult(
        name=scenario["name"],
        tags=frozenset([*scenario["tags"], *feature_tags]),
        outcome=outcome,
        sentence=errors[0].removeprefix("ASSERT FAILED: ") if errors else "",
        seconds=sum(result.get("duration", 0.0) for result in results),
    )


def _text(message: str | list[str]) -> str:
    return message if isinstance(message, str) else "\n".join(message)

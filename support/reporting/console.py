# mypy: allow-untyped-calls
"""The console as people read it: a line a scenario, why one was skipped, and three more lines where one failed.

Every step, with its table and the whole of what went wrong: ``-f plain``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allure_commons.model2 import Status
from behave.formatter.ansi_escapes import escapes
from behave.formatter.base import Formatter

from support.gherkin import dialects_of
from support.machine.console import can_take_back
from support.reporting.allure_formatter import results_folders
from support.reporting.allure_listener import title_of
from support.reporting.epilogue import is_epilogue
from support.reporting.outcome import KNOWN, never_ran, of_scenario, of_step, rule_of
from support.reporting.plan import scenarios_of
from support.reporting.progress import Progress
from support.wording import legible, short

_HAPPENED = 400
"""Characters of what went wrong; the report has all of it."""

_MARKS = {
    Status.PASSED: ("✓", "passed"),
    Status.FAILED: ("✗", "failed"),
    Status.BROKEN: ("!", "failed"),
    Status.SKIPPED: ("-", "skipped"),
    KNOWN: ("~", "undefined"),
}
"""An outcome's mark, and the name of its colour."""

_PLAIN = {"✓": "+", "✗": "x"}
"""Marks for a console that cannot show the others."""


class ConsoleFormatter(Formatter):  # type: ignore[misc]
    """behave's formatter for people; behave.ini makes it the one that is used where no other is named."""

    name = "console"
    description = "A line a scenario, why one was skipped, three more lines where one failed"

    def __init__(self, stream_opener: Any, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.stream = self.open()
        self._is_coloured: bool = config.has_colored_mode(self.stream)
        self._progress = Progress(self.stream, is_live=self._is_coloured and can_take_back(self.stream))
        self._number, self._planned = 0, 0
        self._heading = ""
        self._scenario: Any = None
        self._why: Callable[[], str] = str

    def begin(self, features: Iterable[Any], why: Callable[[], str]) -> None:
        """Learns of the whole run; ``why`` tells what came before a scenario that never ran."""
        self._why = why
        self.expect(features)

    def expect(self, features: Iterable[Any]) -> None:
        """Learns of more of it."""
        self._planned += sum(bool(scenario.should_run(self.config)) for scenario in scenarios_of(features))

    def end(self, features: Iterable[Any], ending: str) -> None:
        """Nothing: the run says by itself why it is none."""

    def feature(self, feature: Any) -> None:
        self._tell()
        self._heading = f"{legible(feature.name)}\n"

    def scenario(self, scenario: Any) -> None:
        self._tell()
        self._scenario = scenario
        if scenario.should_run(self.config):
            self._number += 1
            self._progress.begin((self._number - 1) / max(self._planned, 1), self._under_way)

    def eof(self) -> None:
        self._tell()

    def close(self) -> None:
        self._tell()
        self.close_stream()

    def _under_way(self) -> str:
        """``3 of 124: the scenario: the step``."""
        scenario = self._scenario
        step = next((f": {one.keyword} {one.name}" for one in scenario.all_steps if one.status.is_untested()), "")
        return legible(f"{self._number} of {self._planned}: {title_of(scenario)}{step}")

    def _tell(self) -> None:
        """Says of the scenario before how it has ended."""
        scenario, self._scenario = self._scenario, None
        if scenario is None:
            return
        told = "" if _is_left_out(scenario) else "\n".join(self._lines(scenario)) + "\n"
        if told:
            told, self._heading = self._heading + told, ""
        self._progress.end(told)

    def _lines(self, scenario: Any) -> list[str]:
        if self.config.dry_run:
            return [self._would_run(scenario)]
        outcome, took = of_scenario(scenario), self._painted("comments", f"{scenario.duration:.1f} s")
        if scenario.status.is_untested():
            outcome = never_ran(scenario, self._why())
        message = " ".join(legible(outcome.message or "").split())
        mark, colour = _MARKS[KNOWN if message.startswith(KNOWN) else outcome.status]
        line = f"  {self._mark(mark, colour)} {legible(title_of(scenario))}  "
        if not outcome.is_problem:
            reason = message if message.startswith(KNOWN) else f"{outcome.status}: {message}"
            return [line + (self._painted(colour, reason) if message else took)]
        return [
            f"{line}{self._painted(colour, outcome.status)} {took}",
            f"      promise:  {legible(_promise(scenario))}",
            f"      happened: {short(message, _HAPPENED)}",
            f"      look at:  {self._place(scenario)}",
        ]

    def _would_run(self, scenario: Any) -> str:
        unknown = [step.name for step in scenario.all_steps if step.status.is_undefined()]
        words = f"would not run: nothing knows the step {unknown[0]!r}" if unknown else "would run"
        return legible(f"  {self._mark('!' if unknown else '-', 'skipped')} {title_of(scenario)}  {words}")

    def _mark(self, mark: str, colour: str) -> str:
        try:
            mark.encode(getattr(self.stream, "encoding", None) or "ascii")
        except UnicodeError:
            mark = _PLAIN[mark]
        return self._painted(colour, mark)

    def _painted(self, colour: str, text: str) -> str:
        return f"{escapes[colour]}{text}{escapes['reset']}" if self._is_coloured and text else text

    def _place(self, scenario: Any) -> str:
        """How to run it alone, and where the report lies."""
        pages = [str(folder.parent / "allure-report" / "index.html") for folder in results_folders(self.config)]
        if is_epilogue(scenario.feature):  # it runs after others only
            return ", ".join(pages)
        dialect = "".join(f" -D dialect={name}" for name in dialects_of(scenario.effective_tags))
        return ", ".join([f"behave{dialect} {scenario.location}", *pages])


def _is_left_out(scenario: Any) -> bool:
    """Whether tags, names or lines did not choose it: it is nobody's business."""
    return scenario.status.name == "skipped" and not (scenario.should_skip or scenario.skip_reason)


def _promise(scenario: Any) -> str:
    """The rule that the scenario stands in, or else the step that did not pass."""
    rule = rule_of(scenario)
    if rule is not None:
        return str(rule.name)
    wrong = (f"{step.keyword} {step.name}" for step in scenario.all_steps if of_step(step).is_problem)
    return next(wrong, scenario.name)

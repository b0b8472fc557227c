# mypy: allow-untyped-calls
"""Allure results that say what happened.

allure-behave knows neither rules nor failed hooks and cleanups, loses scenarios that were skipped or never reached, and
ignores half of ``allure.dynamic``: a run that it shows as green need not have been. This formatter reports every
scenario of every feature, from the moment behave is done with it, with the outcome that ``support.reporting.outcome``
reads from behave's model. behave.ini names it.

Options, as userdata (``-D name=value``, or ``[behave.userdata]``):

- ``AllureFormatter.keep_results=true`` keeps the results of earlier runs in the folder; by default it describes one.
- ``AllureFormatter.hide_excluded=true`` leaves out the scenarios that tags or names deselected, as ``--no-skipped``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import allure_commons
from allure_behave.formatter import AllureFormatter
from allure_behave.utils import is_planned_scenario
from allure_commons.model2 import Status
from allure_commons.utils import get_testplan
from behave.exception import ConfigError
from behave.formatter._registry import select_formatter_class
from behave.formatter.base import Formatter, StreamOpener
from behave.model import Rule
from behave.reporter.base import Reporter

from support.reporting.allure_files import AllureFiles
from support.reporting.allure_listener import FocusAllureListener
from support.reporting.outcome import Outcome, failed_before, never_ran, of_error, of_hook, rule_of
from support.reporting.plan import scenarios_of

_DEFAULT_FOLDER = "reports/allure-results"
_OWN_FILES = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-(result|container|globals|attachment)\.\w+(\.tmp)?"
    r"|environment\.properties|categories\.json|executor\.json"
)


def remove_stale_results(folder: Path) -> None:
    """Removes the files of an earlier run from this folder: only those that Allure's own names mark, nothing below."""
    for path in folder.glob("*"):
        if path.is_file() and _OWN_FILES.fullmatch(path.name):
            path.unlink()


def results_folders(config: Any) -> list[Path]:
    """The folders that this run of behave writes Allure results into: none where no formatter of this kind is on."""
    outputs = chain((output.name for output in config.outputs), repeat(None))
    named = zip(config.format or (), outputs, strict=False)
    folders = (Path(output or _DEFAULT_FOLDER) for name, output in named if writes_allure(name))
    return list({folder.resolve(): folder for folder in folders}.values())


def writes_allure(name: str) -> bool:
    """Whether this is the formatter here, by one name or another, or the one that it stands for, allure-behave's."""
    formatter = select_formatter_class(name)
    return isinstance(formatter, type) and issubclass(formatter, AllureFormatter)


class FocusAllureFormatter(AllureFormatter):  # type: ignore[misc]
    """behave's formatter that writes Allure results into the folder given as its outfile.

    Args:
        is_only_one: no other one will be made for the run: then this one writes into the folders of all.
    """

    name = "allure"
    description = "Allure results; the outfile names the folder"

    def __init__(self, stream_opener: Any, config: Any, *, is_only_one: bool = False) -> None:
        opener = stream_opener if stream_opener.name else StreamOpener(_DEFAULT_FOLDER)
        # Past the parent, which would register a listener of its own beside ours.
        Formatter.__init__(self, opener, config)
        asked = list(filter(writes_allure, config.format))
        if len(asked) > 1 and not is_only_one:
            raise ConfigError(f"{' and '.join(asked)} beside each other take the runner that behave.ini names")
        folders = results_folders(config)
        if not config.userdata.getbool("AllureFormatter.keep_results", False):
            for folder in folders:
                remove_stale_results(folder)
        self.listener = FocusAllureListener(config)
        self.file_logger = AllureFiles(folders)
        self.testplan = get_testplan()
        for plugin in (self.listener, self.file_logger):
            allure_commons.plugin_manager.register(plugin)
        config.reporters.append(_EndOfFeature(config, self))
        self._known: set[int] = set()
        self._runner: Any = None
        self._hook_failures = 0
        self._why: Callable[[], str] | None = None

    def begin(self, features: Iterable[Any], why: Callable[[], str]) -> None:
        """Says of every chosen scenario of the run that it was not run: whatever ends the run leaves it at that.

        Args:
            features: of the run.
            why: why a scenario was not run, in words, as it is known when it is asked.
        """
        self._why = why
        self.expect(features)

    def expect(self, features: Iterable[Any]) -> None:
        """Says of features that the run has more of that they were not run."""
        for feature in features:
            self._know(feature)
            for scenario in feature.walk_scenarios():
                self.listener.report(scenario, self._why_it_never_ran(scenario))

    def end(self, features: Iterable[Any], ending: str) -> None:
        """Writes again what somebody has removed meanwhile, and says why the run is none, where it is none."""
        self.file_logger.make_folders()
        for scenario in scenarios_of(features):
            if self.file_logger.lack(f"{self.listener.uuid_of(scenario)}-result.json"):
                self.listener.start_scenario(scenario)
                self.listener.stop_scenario(scenario, self._why_it_never_ran(scenario))
        if ending and ending != self.listener.run_error:
            self.listener.report_problem(Outcome(Status.BROKEN, f"This run is not finished: {ending}."))

    def feature(self, feature: Any) -> None:
        self._know(feature)
        for scenario in feature.walk_scenarios():
            scenario.run = self._reported(scenario)
            is_planned_scenario(scenario, self.testplan)

    def step(self, step: Any) -> None:
        """Nothing: the listener takes the steps from the scenario, also where behave announces none."""

    def feature_over(self, feature: Any) -> None:
        """Reports what is left of a feature, run or not: scenarios that never ran, and hooks that failed after it."""
        self._know(feature)
        for scenario in feature.walk_scenarios():
            if not self.listener.has_reported(scenario):
                self.listener.start_scenario(scenario)
                self.listener.stop_scenario(scenario, self._why_it_never_ran(scenario))
        for statement in (feature, *(item for item in feature.run_items if isinstance(item, Rule))):
            if statement.hook_failed and not failed_before(statement):
                self.listener.report_problem(of_hook(statement))
        self._hook_failures = self._runner.hook_failures if self._runner else 0

    def close(self) -> None:
        if self._runner and self._runner.hook_failures > self._hook_failures:
            allure_commons.plugin_manager.hook.global_error(
                message="The after_all hook failed; the console says how.", trace=None
            )
        super().close()

    def _know(self, feature: Any) -> None:
        """Tells scenarios of one name apart, once a feature: Allure takes results of one identity for retries."""
        if id(feature) in self._known:
            return
        self._known.add(id(feature))
        seen: Counter[tuple[str, ...]] = Counter()
        for scenario in feature.walk_scenarios():
            rule = rule_of(scenario)
            cells = scenario._row.cells if scenario._row else ()
            key = (scenario.filename, feature.name, rule.name if rule else "", scenario.name.split(" -- @")[0], *cells)
            self.listener.identify(scenario, (*key, str(seen[key])))
            seen[key] += 1

    def _reported(self, scenario: Any) -> Callable[[Any], bool]:
        run = scenario.run

        def run_and_report(runner: Any) -> bool:
            self._watch(runner)
            self.listener.start_scenario(scenario)
            try:
                failed: bool = run(runner)
            except BaseException as error:
                self.listener.stop_scenario(scenario, of_error(error))
                raise
            self.listener.stop_scenario(scenario, self._why_it_never_ran(scenario))
            return failed

        return run_and_report

    def _watch(self, runner: Any) -> None:
        """Learns what cleanups raise: behave tells nobody but its ``on_cleanup_error``."""
        if self._runner is runner:
            return
        self._runner = runner
        context = runner.context
        report = getattr(context, "on_cleanup_error", context.print_cleanup_error)

        def on_cleanup_error(context: Any, cleanup: Any, error: BaseException) -> None:
            self.listener.cleanup_failed(error, context._stack[0].get("@layer", "run"))
            report(context, cleanup, error)

        context._set_root_attribute("on_cleanup_error", on_cleanup_error)

    def _why_it_never_ran(self, scenario: Any) -> Outcome | None:
        """None where the scenario's own state says it: run, skipped or deselected."""
        if self.config.dry_run or not scenario.should_run(self.config) or not scenario.status.is_untested():
            return None
        return never_ran(scenario, self._why() if self._why else self._guessed())

    def _guessed(self) -> str:
        """Why the run ended, where the runner is behave's own, which does not say it."""
        if self.listener.run_error:
            return self.listener.run_error
        if self._runner is None:
            return "the run ended before its first scenario: a hook failed or was interrupted"
        if self.config.stop and not self._runner.aborted:
            return "the run stops at its first failure, and one came before"
        return "the run was aborted before this"


class _EndOfFeature(Reporter):  # type: ignore[misc]
    """behave tells reporters of every feature, also of one that never ran; formatters it does not."""

    def __init__(self, config: Any, formatter: FocusAllureFormatter) -> None:
        super().__init__(config)
        self._formatter = formatter

    def feature(self, feature: Any) -> None:
        self._formatter.feature_over(feature)

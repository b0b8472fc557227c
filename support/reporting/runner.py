# mypy: allow-untyped-calls
"""behave's runner, with an end: only a run that has come to it is a verdict. behave.ini names it.

behave's own counts what it did, and says nothing of what it did not: a run that a signal, a full disk, a closed
console or an error in one of its outputs cuts off looks as good as it was until then. This one knows beforehand what it
will run, and says so in all outputs before it begins. Whatever ends it, it cleans up, and what never ran is told so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from traceback import clear_frames
from typing import Any

from behave.configuration import COLOR_ON_VALUES
from behave.exception import ConfigError, InvalidFileLocationError, InvalidFilenameError
from behave.exception import FileNotFoundError as NoSuchFileError
from behave.model_type import Status
from behave.reporter.junit import JUnitReporter
from behave.runner import Context, Runner, the_step_registry
from behave.runner_util import parse_features

from support.errors import ReportsError
from support.machine.console import hush, keep_legible, say
from support.machine.ending import Interrupted, interruptible, leave_in_peace, raise_soon
from support.reporting import formatters, html, plan, run_mark
from support.reporting.again import list_unpassed
from support.reporting.allure_formatter import FocusAllureFormatter, results_folders, writes_allure
from support.reporting.console import ConsoleFormatter
from support.reporting.epilogue import is_epilogue
from support.reporting.folders import check_writable, held
from support.reporting.junit import RunJUnitReporter
from support.reporting.known import did_nothing, excusing_known
from support.reporting.outcome import sentence
from support.reporting.scenario_report import Report
from support.reporting.sheet import history
from support.reporting.sheet import output as sheet
from support.reporting.sheet.gather import gather
from support.reporting.sheet.summary import Summary, Told
from support.reporting.xray import execution
from support.wording import plural


class AcceptanceRunner(Runner):  # type: ignore[misc]
    """A run of behave that ends in order, whatever ends it.

    A signal interrupts a step, or the hook before all; anywhere else, it is noted, and the run ends at the next step.
    So a clean-up that has begun is never cut off.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if os.environ.get("NO_COLOR") and config.color not in COLOR_ON_VALUES:
            config.color = "never"
        for console in filter(None, (sys.stdout, sys.stderr)):
            keep_legible(console, coloured=config.has_colored_mode())
        config.reporters = [
            RunJUnitReporter(config) if type(reporter) is JUnitReporter else reporter for reporter in config.reporters
        ]
        self._interruption: Interrupted | None = None
        self._may_interrupt = False
        self._problems: list[str] = []
        self._stops = False
        self._outputs: list[Any] = []
        self._planned: list[Any] = []
        self._past: list[history.Record] = []
        self._told: dict[int, list[Told]] = {}
        self.features: list[Any] = []
        self.step_registry: Any = None

    def run(self) -> bool:
        """Runs the features.

        Returns:
            Whether this is no verdict, or a bad one.

        Raises:
            SystemExit: a signal has ended the run; with the exit code that a shell expects.
        """
        with interruptible(self._interrupt):
            try:
                failed = bool(super().run())
            except (NoSuchFileError, InvalidFilenameError) as error:
                failed = self._refuse(f"there is no feature file {error}")
            except (InvalidFileLocationError, ConfigError) as error:
                failed = self._refuse(str(error))
        if self._interruption is not None:
            clear_frames(self._interruption.__traceback__)  # a channel that it kept would hang gRPC as Python ends
            raise SystemExit(self._interruption.exit_code)
        return failed

    def feature_locations(self) -> list[Any]:
        """The locations that the command names.

        Raises:
            InvalidFileLocationError: one of them has a line that is not there: behave would take another scenario.
            FileNotFoundError: behave's own: one of them is not there.
        """
        locations: list[Any] = super().feature_locations()
        for location in locations:
            if not Path(location.filename).is_file():
                raise NoSuchFileError(location.filename)
            lines = len(Path(location.filename).read_text("utf-8").splitlines())
            if location.line and location.line > lines:
                raise InvalidFileLocationError(
                    f"{location.filename} has {plural(lines, 'line')}, and no line {location.line}"
                )
        return locations

    def run_with_paths(self) -> bool:
        """Runs what the paths name, unless there is nothing to run, or nowhere to report it."""
        self.context = Context(self)
        self.aborted = self._interruption is not None
        self.load_hooks()
        self.load_step_definitions()
        locations = [location for location in self.feature_locations() if not self.config.exclude(location)]
        self.features.extend(parse_features(locations, language=self.config.lang))
        if self.config.dry_run:
            return self._run_dry()
        nothing = plan.why_nothing(self.features, self.config)
        if nothing:
            return self._refuse(nothing)
        try:
            with held(self._folders()):
                return self.run_model()
        except ReportsError as error:
            say(f"NOT READY: {error}")
            return True

    def run_model(self, features: Iterable[Any] | None = None) -> bool:
        """Runs these features, or those of the paths, and tells all outputs how that ended.

        Raises:
            ReportsError: an output cannot be written; nothing ran.
        """
        self.features = list(self.features if features is None else features)
        self._planned = plan.chosen(self.features, self.config)
        self._begin()
        self.step_registry = _InterruptibleSteps(self.step_registry or the_step_registry, self._interrupts)
        undefined = len(self.undefined_steps)
        self._prepare()
        failed = [self._ran(feature) for feature in self.features]
        cleaned = self._clean_up()
        good = cleaned and not any(failed) and self.hook_failures == 0 and len(self.undefined_steps) == undefined
        self._end(is_good=good)
        return not good or self._is_over or bool(self._problems)

    def run_hook(self, hook_name: str, *args: Any) -> bool:
        """Runs a hook as behave does; the one before all, which starts servers, can be interrupted."""
        if hook_name != "before_all":
            return bool(super().run_hook(hook_name, *args))
        try:
            with self._interrupts():
                return bool(super().run_hook(hook_name, *args))
        except Interrupted:
            return False

    def _refuse(self, why: str) -> bool:
        say(f"NO VERDICT: {why}; nothing ran, and the results of the last run stand")
        return True

    def _folders(self) -> Iterator[Path]:
        """The folders that belong to this run alone."""
        outputs = zip(self.config.format, self.config.outputs, strict=False)
        for parent in {Path(output.name).parent for name, output in outputs if output.name and not writes_allure(name)}:
            check_writable(parent)
        yield self._home
        if results_folders(self.config):
            yield self._page.parent
        yield from results_folders(self.config)
        if self.config.junit:
            yield Path(self.config.junit_directory)

    @property
    def _home(self) -> Path:
        """Where the mark of the run stands: beside Allure's results."""
        return next((folder.parent for folder in results_folders(self.config)), Path("reports"))

    @property
    def _page(self) -> Path:
        return self._home / "allure-report" / "index.html"

    def _begin(self) -> None:
        """Sets up the mark, and says in all outputs that nothing was run yet."""
        try:
            self._mark = run_mark.begin(self._home, len(self._planned))
            self._past = history.read(self._home)
            (self._home / execution.FILE).unlink(missing_ok=True)
            self._announce("This run is not finished", run_mark.STILL)
            self._tell_trace(self._tell_sheet())
            for reporter in self.config.reporters:
                if isinstance(reporter, RunJUnitReporter):
                    reporter.remove_stale()
            made = formatters.made(self.config)
            self._outputs = [output for output in (*made, *self.config.reporters) if isinstance(output, _OF_A_RUN)]
            for output in self._outputs:
                output.begin(self.features, self._ending)
        except OSError as error:
            raise ReportsError(f"the reports cannot be written: {error}") from error
        self.formatters = [_Guarded(formatter, self._noting) for formatter in made]

    def _prepare(self) -> None:
        """Runs the hook before all, which may add features to the run."""
        before = {id(feature) for feature in self.features}
        self.run_hook("before_all")
        for output in self._outputs:
            with self._noting(type(output).__name__):
                output.expect(feature for feature in self.features if id(feature) not in before)
        self._planned = plan.chosen(self.features, self.config)
        self._told.clear()
        with self._noting("the sheet"):
            self._tell_trace(self._tell_sheet())

    def _ran(self, feature: Any) -> bool:
        """Runs a feature, unless the run is over, and reports it in any case; whether it failed."""
        failed = not self._is_over and self._run_feature(feature)
        self._told.pop(id(feature), None)
        self._stops = self._stops or (failed and self.config.stop)
        for reporter in self.config.reporters:
            with self._noting(type(reporter).__name__):
                reporter.feature(feature)
        return failed

    def _run_feature(self, feature: Any) -> bool:
        self.feature = feature
        for scenario in feature.walk_scenarios():
            if scenario.should_run(self.config):
                scenario.run = self._written(scenario)
        try:
            for formatter in self.formatters:
                formatter.uri(feature.filename)
            return bool(feature.run(self))
        except BaseException as error:  # noqa: BLE001  Whatever it is, the run ends in order.
            self._broke(error)
            for formatter in self.formatters:
                formatter.eof()
            return True

    def _written(self, scenario: Any) -> Callable[[Any], bool]:
        """Runs the scenario, and then writes what JUnit and the sheet have to know of it."""
        run = scenario.run

        def run_and_write(runner: Any) -> bool:
            failed = bool(run(runner))
            for output in self._outputs:
                if isinstance(output, RunJUnitReporter):
                    with self._noting("JUnit"):
                        output.feature(scenario.feature)
            with self._noting("the sheet"):
                self._told.pop(id(scenario.feature), None)
                self._tell_sheet()
            return failed

        return run_and_write

    def _broke(self, error: BaseException) -> None:
        """Something came between a scenario and its end: it is broken, and the run is over."""
        self.stop_capture()
        self.teardown_capture()
        scenario = getattr(self.context, "scenario", None)
        if scenario is not None:
            scenario.store_exception_context(error)
            scenario.error_message = sentence(error)
            scenario.set_status(Status.error)
        self._note(_console_problem() or sentence(error))

    def _clean_up(self) -> bool:
        """Ends what was started, whatever happened; whether that went well."""
        self._check_console()
        with self._noting("the after_all hook"):
            self.run_hook_with_capture("after_all")
        try:
            self.context._do_remaining_cleanups()
        except Exception:  # noqa: BLE001  behave has said it.
            return False
        return True

    def _end(self, *, is_good: bool) -> None:
        """Tells all outputs how the run ended, and takes the mark away if it has finished."""
        if all(map(did_nothing, self._planned)):
            self._note(plan.why_all_skipped(self._planned))
        for output in self._outputs:
            with self._noting(type(output).__name__):
                output.end(self.features, self._ending(over=True))
        again = ""
        with self._noting("the list of what did not pass"):
            again = list_unpassed(self._home, self.features, self.config)
        for closing in [*(each.close for each in self.formatters), *(each.end for each in self.config.reporters)]:
            with self._noting("the end of the report"):
                closing()
        if again:
            say(f"What did not pass, once more (with the settings of this run): {again}")
        self._check_console()
        with self._noting("the mark of the run"):
            everything = [*self._planned, *plan.scenarios_of(filter(is_epilogue, self.features))]
            ran = [one for one in everything if not (one.status.is_untested() or did_nothing(one))]
            self._mark = replace(self._mark, planned=len(everything), ran=len(ran), ending=self._ending(over=True))
            self._mark = run_mark.end(self._home, self._mark)
            self._announce(*_words(self._mark))
        with self._noting("the sheet"):
            self._end_sheet(is_good=is_good)
        if self._mark.ending:
            self._note(self._mark.ending)
            say(f"NO VERDICT: {self._mark.sentence}")

    def _announce(self, heading: str, words: str) -> None:
        """Puts a page in place of the last run's that says how this one stands."""
        if results_folders(self.config):
            html.announce(self._page, heading, words)

    @property
    def _report(self) -> Report:
        """What is known of the scenarios; nothing, where the hooks keep no report."""
        return getattr(self.context, "report", None) or Report(attaches=False)

    def _tell_sheet(self, *, is_good: bool = False) -> Summary:
        """Puts a sheet in place of the last one that says what this run has come to."""
        report = self._report
        run = gather(
            self.features, self._planned, self._mark, report, self._past, self._result_of, self._told, is_good=is_good
        )
        sheet.write(self._home, run, report.language)
        return run

    def _tell_trace(self, run: Summary) -> None:
        """The same for the page on requirements: at the beginning and the end only, for it is long."""
        sheet.write_trace(self._home, run, self._report.language)

    def _end_sheet(self, *, is_good: bool) -> None:
        """Tells of a run that is over, and keeps it for the next ones where it has come to its end."""
        self._told.clear()
        run = self._tell_sheet(is_good=is_good and not self._problems)
        self._tell_trace(run)
        if not run.ending:
            history.append(self._home, [*self._past, run.record])
        sys.stdout.write(f"\n{sheet.last_lines(self._home, run)}\n")
        if self._report.xray is not None:
            folder = next(iter(results_folders(self.config)), None)
            execution.write(self._home, run, self._report.xray, folder)

    def _result_of(self, scenario: Any) -> str:
        """By what Allure's results know a scenario; empty where there are none."""
        formatters = (one for one in self._outputs if isinstance(one, FocusAllureFormatter))
        return next((one.listener.uuid_of(scenario) or "" for one in formatters), "")

    def _ending(self, *, over: bool = False) -> str:
        """Why the run is no verdict, in words; what is unknown as long as it is not over."""
        if self._interruption is not None:
            return f"the run was {self._interruption}"
        stopped = getattr(self.context, "why_stopped", "")
        if stopped or self._problems:
            return stopped or self._problems[0]
        if self.aborted:
            return "the run was aborted, and the console says why"
        if self._stops and plan.not_run(self.features, self.config):
            return "the run stops at its first failure, and one came before"
        if not over:
            return run_mark.STILL
        return "hooks failed before scenarios" if plan.not_run(self.features, self.config) else ""

    @property
    def _is_over(self) -> bool:
        return bool(self.aborted or self._stops)

    def _note(self, problem: str) -> None:
        """Ends the run for this reason; the first one is the one that is told."""
        self._problems.append(problem)
        self.aborted = True

    def _check_console(self) -> None:
        problem = _console_problem()
        if problem:
            self._note(problem)

    @contextmanager
    def _noting(self, what: str, stream: Any = None) -> Iterator[None]:
        """An output that fails, and writes into this stream, ends the run and nothing else."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  An output may fail in any way.
            console = _console_problem(error if stream is sys.__stdout__ else None)
            self._note(console or f"{what} failed: {sentence(error)}")
            if len(self._problems) == 1:  # others come of the same
                say(self._problems[0])

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Here a signal interrupts at once, also one that came before."""
        before, self._may_interrupt = self._may_interrupt, True
        try:
            if self._interruption is not None:
                raise self._interruption
            yield
        finally:
            self._may_interrupt = before
            leave_in_peace()

    def _interrupt(self, interruption: Interrupted) -> None:
        self._interruption = interruption
        if self.context is not None:
            self.aborted = True
        if self._may_interrupt:
            raise_soon(interruption, again=True)

    def _run_dry(self) -> bool:
        """Shows what would run, and leaves the results of the last run where they are."""
        outputs = [*self.config.outputs, *[None] * len(self.config.format)]
        kept = [one for one in zip(self.config.format, outputs, strict=False) if not writes_allure(one[0])]
        self.config.format = [name for name, _ in kept]
        self.config.outputs = [output for _, output in kept if output]
        self.config.reporters = []
        self.formatters = formatters.made(self.config)
        super().run_model()
        count = len(plan.chosen(self.features, self.config))
        say(
            f"NO VERDICT: a dry run runs nothing; {plural(count, 'scenario')} would run, "
            f"{plural(len(self.undefined_steps), 'step')} of them unknown; the results of the last run stand"
        )
        return True


_OF_A_RUN = (ConsoleFormatter, FocusAllureFormatter, RunJUnitReporter)
"""The outputs that know a run as a whole."""


class _Guarded:
    """A formatter that cannot end the run: behave calls it in the middle of scenarios."""

    def __init__(self, formatter: Any, noting: Callable[[str, Any], Any]) -> None:
        self._formatter, self._noting = formatter, noting

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._formatter, name)
        return self._guarded(found) if callable(found) else found

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            with self._noting(f"the formatter {self._formatter.name}", self._formatter.stream):
                return function(*args, **named)

        return call


class _InterruptibleSteps:
    """The steps of behave's registry: each can be interrupted while it runs, and not while behave looks after it."""

    def __init__(self, registry: Any, interrupts: Callable[[], Any]) -> None:
        self._registry, self._interrupts = registry, interrupts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry, name)

    def find_match(self, step: Any) -> Any:
        """The function for a step; None where there is none."""
        match = self._registry.find_match(step)
        if match is not None:
            match.run = self._interruptible(match.run, step)
        return match

    def _interruptible(self, run: Callable[[Any], None], step: Any) -> Callable[[Any], None]:
        def run_interruptibly(context: Any) -> None:
            with self._interrupts(), excusing_known(context, step):
                run(context)

        return run_interruptibly


def _console_problem(met: Exception | None = None) -> str:
    """Why nobody reads the console any more, in words; empty where it can be written. Asked once, it is hushed.

    Args:
        met: what was raised when it was written.
    """
    try:
        if isinstance(met, OSError):
            raise met
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
    except OSError as error:
        hush(sys.__stdout__)
        return f"the console cannot be written: {error.strerror}"
    return ""


def _words(mark: run_mark.RunMark) -> tuple[str, str]:
    """Heading and sentence of the page that stands until it is rendered."""
    if mark.ending:
        return "This run is not finished", mark.sentence
    return "This run has finished", f"{mark.ran} of {plural(mark.planned, 'scenario')} ran"

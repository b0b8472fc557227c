"""How a scenario or a step ended: failed, broken, skipped or passed, and the sentence that says why.

behave spreads the answer over statuses, exceptions, hook flags and error texts. Here it becomes one of three outcomes
that are never mixed: failed (the server broke a promise: an assertion in a step), broken (our code or the environment:
everything else that raised) and skipped, with the reason in words.
"""

import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from allure_commons.model2 import Status
from allure_commons.model2 import StatusDetails as Details
from behave.model import Rule
from behave.model_type import Status as BehaveStatus
from behave.runner_util import make_undefined_step_snippet

from support.wording import legible

_RUNS_IT = re.compile(r"site-packages[/\\](behave|hamcrest)[/\\]|support[/\\]reporting[/\\]runner\.py$")
"""Files whose lines in a traceback say nothing of what went wrong."""

_FAILED_HOOK = re.compile(r"HOOK-ERROR in (?P<hook>\w+)(?:\(tag=(?P<tag>[^)]*)\))?:")


@dataclass(frozen=True)
class Outcome:
    """An Allure status; a sentence for people and a traceback for developers where something went wrong."""

    status: str
    message: str | None = None
    trace: str | None = None

    @property
    def name(self) -> str:
        """The status, but for what Allure has none for: not run, and known."""
        message = self.message or ""
        return "not run" if message.startswith(NOT_RUN) else "known" if message.startswith(KNOWN) else str(self.status)

    @property
    def is_problem(self) -> bool:
        return self.status in (Status.FAILED, Status.BROKEN)

    @property
    def details(self) -> Details | None:
        return Details(message=self.message, trace=self.trace) if self.message else None


PASSED = Outcome(Status.PASSED)

NOT_RUN = "Not run: "
"""How the sentence of a scenario begins that was to run and did not."""

KNOWN = "Known: "
"""How the sentence of a scenario begins that has shown known defects, and nothing else that is wrong."""


def sentence(error: BaseException) -> str:
    """The error in words: an assertion's own sentence, any other error's with its type before it."""
    text = legible(str(error)).strip()
    if isinstance(error, KeyboardInterrupt):
        return f"The run was {text or 'interrupted from the keyboard'}."
    if not isinstance(error, AssertionError):
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    if text:
        return text
    frames = traceback.extract_tb(error.__traceback__)
    return f"An assertion without a message failed: {frames[-1].line}" if frames else "An assertion failed."


def of_error(error: BaseException) -> Outcome:
    """Failed for an assertion, broken for everything else."""
    status = Status.FAILED if isinstance(error, AssertionError) else Status.BROKEN
    return Outcome(status, sentence(error), _trace(error))


def of_step(step: Any) -> Outcome:
    """The outcome of a behave step, run or not."""
    status = step.status
    if status is BehaveStatus.undefined:
        return Outcome(
            Status.BROKEN, f'No step is defined for "{step.keyword} {step.name}".', make_undefined_step_snippet(step)
        )
    if status is BehaveStatus.hook_error and not step.error_message:
        # behave empties the text where the step itself was fine, and keeps the step's own where it failed before.
        return _broken("A hook around the step failed", step.exception)
    if step.exception is not None and status is not BehaveStatus.pending_warn:
        return of_error(step.exception)
    if status.is_passed():
        return PASSED
    return Outcome(Status.SKIPPED)


def of_hook(statement: Any) -> Outcome:
    """Broken by a hook of this feature, rule or scenario."""
    match = _FAILED_HOOK.match(statement.error_message or "")
    if match is None:
        return Outcome(Status.BROKEN, "A hook was interrupted.")
    tag = f" (tag {match['tag']})" if match["tag"] else ""
    return _broken(f"The {match['hook']} hook{tag} failed", statement.exception)


def failed_before(statement: Any) -> bool:
    """Whether a hook that runs before this feature or rule failed, so that none of its scenarios ran."""
    match = _FAILED_HOOK.match(statement.error_message or "")
    return match is not None and match["hook"].startswith("before_")


def rule_of(scenario: Any) -> Any | None:
    """The rule that a scenario, or its outline, stands in."""
    parent = scenario.parent
    while parent is not None and not isinstance(parent, Rule):
        parent = getattr(parent, "parent", None)
    return parent


def never_ran(scenario: Any, why: str) -> Outcome:
    """Broken, since it was to run and did not: by a hook before it, or for the reason why the run ended.

    Args:
        scenario: of behave's model.
        why: the run ended before this one, in words, without a full stop.
    """
    for statement in (scenario.feature, rule_of(scenario)):
        if statement is not None and failed_before(statement):
            hook = of_hook(statement)
            return Outcome(Status.BROKEN, f"{NOT_RUN}{hook.message}", hook.trace)
    return Outcome(Status.BROKEN, f"{NOT_RUN}{why.rstrip('.')}.")


def of_scenario(scenario: Any, cleanup_errors: Sequence[BaseException] = ()) -> Outcome:
    """The outcome of a scenario that behave is done with.

    The first step with a problem decides: what a hook or a cleanup does after it does not hide it.

    Args:
        scenario: of behave's model.
        cleanup_errors: what the scenario's cleanups raised; behave itself keeps only that something did.
    """
    problems = (outcome for outcome in map(of_step, scenario.all_steps) if outcome.is_problem)
    problem = next(problems, None)
    if problem is not None:
        return problem
    if scenario.hook_failed:
        return of_hook(scenario)
    if scenario.status is BehaveStatus.cleanup_error:
        return _broken("A cleanup after the scenario failed", cleanup_errors[0] if cleanup_errors else None)
    if scenario.exception is not None:
        return of_error(scenario.exception)  # between its steps, or beyond what behave catches
    if scenario.status.is_passed():
        return PASSED
    return Outcome(Status.SKIPPED, scenario.skip_reason)


def of_cleanup(error: BaseException, layer: str) -> Outcome:
    """Broken by a cleanup of something larger than a scenario: a feature, a rule, the run."""
    return _broken(f"A cleanup after the {layer} failed", error)


def _broken(what: str, error: BaseException | None) -> Outcome:
    if error is None:
        return Outcome(Status.BROKEN, f"{what}; the console says how.")
    return Outcome(Status.BROKEN, f"{what}: {sentence(error)}", _trace(error))


def _trace(error: BaseException) -> str:
    """What a developer needs: of a broken promise the sentence, and then where it was asked about."""
    told = traceback.TracebackException.from_exception(error)
    cause: traceback.TracebackException | None = told
    while cause is not None:
        cause.stack = traceback.StackSummary.from_list(one for one in cause.stack if not _RUNS_IT.search(one.filename))
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, AssertionError) and error.__context__ is None:
        return f"{sentence(error)}\n\n{''.join(told.stack.format())}"
    return "".join(told.format())

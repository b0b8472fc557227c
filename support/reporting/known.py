"""Known defects in a run: steps that fail by them alone, scenarios that show them, the last lines of the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from behave.model_type import Status

from support.defects.known import KnownDefect, KnownDefects
from support.reporting.outcome import KNOWN


@contextmanager
def excusing_known(context: Any, step: Any) -> Iterator[None]:
    """Lets a step fail by known defects alone: the scenario goes on, unless the step had to bring what the others need.

    Args:
        context: behave's.
        step: of behave's model.
    """
    try:
        yield
    except AssertionError as failure:
        world = getattr(context, "world", None)
        defects = world.excuse(context.scenario.name, failure) if world is not None else ()
        if not defects:
            raise
        if step.step_type != "then":
            context.scenario.skip(_reason(defects))


def mark_known(scenario: Any, world: Any) -> None:
    """Shows a scenario as known that would have failed by known defects, and by nothing else.

    It counts as skipped, as a failure that is expected does elsewhere: in the console, JUnit and the report alike.
    """
    known = world.excused
    if known and not scenario.status.has_failed():
        scenario.skip_reason = _reason(known)
        scenario.set_status(Status.skipped)
    if not did_nothing(scenario):
        world.has_ended(scenario.name)


def did_nothing(scenario: Any) -> bool:
    """Whether a scenario was skipped, and not for what it has shown."""
    return scenario.status is Status.skipped and not (scenario.skip_reason or "").startswith(KNOWN)


def told_at_end(known: KnownDefects) -> Iterable[str]:
    """A line for each known defect that showed in the run, or did not, though it was looked for."""
    return dict.fromkeys(_told(known))


def _told(known: KnownDefects) -> Iterator[str]:
    for defect in known.seen:
        yield f"KNOWN DEFECT {defect} (since {defect.since})"
    for defect in known.overdue:
        yield f"OVERDUE: known defect {defect} was to be gone by {defect.until}, and shows"
    for defect in known.missed:
        yield f"NOT SEEN: known defect {defect} did not show in this run: if it is mended, take it out of the file"


def _reason(defects: Iterable[KnownDefect]) -> str:
    return KNOWN + "; ".join(map(str, defects))

"""From behave's scenarios, as a run has left them so far, to what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.gherkin import dialects_of
from support.reporting.allure_listener import title_of
from support.reporting.epilogue import is_epilogue
from support.reporting.keys import requirements_of, tests_of
from support.reporting.outcome import Outcome, never_ran, of_scenario
from support.reporting.run_mark import RunMark
from support.reporting.scenario_report import Report
from support.reporting.sheet.criteria import criterion_of
from support.reporting.sheet.facts import Facts
from support.reporting.sheet.history import Record
from support.reporting.sheet.summary import Known, Summary, Told

_SELF_TEST = "simulator"
"""The tag of scenarios that need the controls of the embedded server: they say nothing of any other."""


def gather(
    features: Collection[Any],
    planned: Iterable[Any],
    mark: RunMark,
    report: Report,
    past: Iterable[Record],
    result_of: Callable[[Any], str],
    unchanged: dict[int, list[Told]],
    *,
    is_good: bool,
) -> Summary:
    """What a run came to, or has come to so far.

    Args:
        features: of behave's model.
        planned: its scenarios that were chosen.
        mark: how the run stands.
        report: what happened in its scenarios.
        past: the runs before, oldest first.
        result_of: by what the report knows a scenario.
        unchanged: what was told of features before, by their ``id``; the others are told anew, and added.
        is_good: whether its exit code will say so.
    """

    chosen = {id(scenario) for scenario in planned}

    def told(scenario: Any) -> Told:
        is_chosen = id(scenario) in chosen or is_epilogue(scenario.feature)
        outcome = outcome_of(scenario, mark.ending, is_chosen=is_chosen)
        facts = report.facts.get(id(scenario), Facts())
        criterion = criterion_of(scenario)
        tags = scenario.effective_tags
        return Told(
            title=title_of(scenario),
            feature=scenario.feature.name,
            outcome=outcome.name,
            why=outcome.message or "",
            result=result_of(scenario),
            criterion=criterion,
            dialect=next(iter(dialects_of(tags)), "") if criterion else "",
            is_chosen=is_chosen,
            is_self_test=_SELF_TEST in tags,
            figures=facts.figures,
            judged=facts.judged,
            file="/".join(Path(scenario.filename).with_suffix("").parts[-2:]),
            requirements=requirements_of(tags),
            tests=tests_of(tags),
            defects=facts.defects,
            captures=facts.captures,
        )

    for feature in features:
        if id(feature) not in unchanged:
            unchanged[id(feature)] = [told(scenario) for scenario in feature.walk_scenarios()]
    known = report.known
    summary = Summary(
        began=mark.began,
        seconds=time.time() - mark.began,
        ending=mark.ending,
        is_good=is_good,
        about=report.about,
        passes=report.passes,
        is_embedded=report.is_embedded,
        known=Known(*([*map(str, each)] for each in (known.seen, known.overdue, known.missed))),
        scenarios=[one for feature in features for one in unchanged[id(feature)]],
        links=report.links,
    )
    return replace(summary, past=[record for record in past if record.server == summary.server])


def outcome_of(scenario: Any, ending: str, *, is_chosen: bool) -> Outcome:
    """The outcome of a scenario of behave's model, also of one that never ran."""
    if is_chosen and scenario.status.is_untested():
        return never_ran(scenario, ending)
    return of_scenario(scenario)

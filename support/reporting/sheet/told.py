"""What a run came to, told: as a page, as text, and as the last lines of the console."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from support.reporting.sheet.facts import KINDS, Figure
from support.reporting.sheet.summary import Kept, Release, Summary, Told
from support.reporting.sheet.words import Words
from support.wording import legible, short

OUTCOMES = ("passed", "failed", "broken", "not run", "known", "skipped")
"""Of scenarios, in the order in which they are told."""

_MOST_PROBLEMS = 8
_MOST_LINES = 5
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


def as_page(run: Summary, say: Words) -> str:
    """The sheet as a page of HTML that needs nothing beside it, but for the links into the report."""
    return _told("template.html", run, say)


def sentences(run: Summary, say: Words) -> list[str]:
    """Why a server may be released, or may not."""
    return [*_reasons(run, say)]


def _told(template: str, run: Summary, say: Words) -> str:
    seconds = round(run.seconds)
    text = _TEMPLATES.get_template(template).render(
        run=run,
        say=say,
        sentences=sentences(run, say),
        began=datetime.fromtimestamp(run.began, tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
        took=say("minutes", minutes=seconds // 60, seconds=seconds % 60),
        measured=lambda figure: measured(figure, say),
        outcomes=OUTCOMES,
        number=_number,
        link=link,
        shown=_shown,
        most=_MOST_PROBLEMS,
    )
    return legible(text)


def _reasons(run: Summary, say: Words) -> Iterator[str]:
    numbers, there = run.broken(), len(run.criteria)
    failed = [one for one in run.about_server if one.outcome == "failed"]
    others = [one for one in failed if not one.criterion]
    if run.ending:
        yield say("unfinished", ending=run.ending, ran=run.ran, of=len(run.scenarios))
        if failed:
            yield say("broken_by_then", count=len(failed))
        return
    if numbers:
        yield say("criteria_broken", numbers=", ".join(numbers))
    if others:
        yield say("others_broken", count=len(others))
    bad_tests = run.self_tests["failed"] + run.self_tests["broken"]
    if bad_tests:
        yield say("self_tests_bad", count=bad_tests, of=run.self_tests.total())
    broke = sum(one.outcome == "broken" for one in run.about_server)
    if broke:
        yield say("scenarios_broke", count=broke)
    if not run.is_good and not failed and not bad_tests and not broke:
        yield say("around")
    if run.is_good:
        yield from _kept(run, say, there)


def _kept(run: Summary, say: Words, there: int) -> Iterator[str]:
    """What is said of a run in which nothing went wrong."""
    kept = sum(one.worst_kept in (Kept.KEPT, Kept.KNOWN) for one in run.criteria)
    if run.release is Release.NO_VERDICT:
        yield say("partial", chosen=kept, of=there)
    else:
        yield say("all_kept" if kept == there else "some_kept", kept=kept, of=there)
    if run.known.seen:
        yield say("with_known", count=len(run.known.seen))
    if run.is_embedded:
        yield say("embedded")


def measured(figure: Figure, say: Words) -> str:
    """A figure in words."""
    unit = KINDS[figure.kind].unit
    return say(figure.kind, measured=_amount(figure.measured, unit), asked=_amount(figure.asked, unit))


def link(one: Told) -> str:
    """Where the report shows a scenario."""
    return f"allure-report/index.html#{hashlib.md5(one.result.encode(), usedforsecurity=False).hexdigest()}"


def _shown(why: str) -> str:
    """The beginning of a long reason: the report has all of it."""
    lines = [short(line) for line in why.splitlines()]
    return "\n".join(lines[:_MOST_LINES] + (["..."] if lines[_MOST_LINES:] else []))


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if not unit:
        return _number(value)
    if unit == "/s":
        return f"{value:.1f}" if value != int(value) else f"{value:g}"
    return f"{round(value, 2 if value >= 0.1 else 3):g} {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}"

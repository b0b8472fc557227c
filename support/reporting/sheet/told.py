"""What a run came to, told: as a page, as text, and as the last lines of the console."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from support.reporting.sheet.criteria import STORY
from support.reporting.sheet.facts import JUDGED, KINDS, Figure, Sense
from support.reporting.sheet.history import trend
from support.reporting.sheet.summary import Kept, Release, Summary, Told
from support.reporting.sheet.trace import Trace
from support.reporting.sheet.words import Said, Words
from support.wording import legible, short

OUTCOMES = ("passed", "failed", "broken", "not run", "known", "skipped")
"""Of scenarios, in the order in which they are told."""

_SIGNS = {Kept.KEPT: "✓", Kept.KNOWN: "!", Kept.BROKEN: "✗", Kept.UNJUDGED: "?", Kept.UNCHECKED: "-"}

_MOST_PROBLEMS = 8
_MOST_LINES = 5


def _harmless(value: object) -> object:
    """Whatever is not said in the words of this suite shows what nobody sees as escapes."""
    return legible(value) if isinstance(value, str) and not isinstance(value, Said | Markup) else value


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=lambda name: str(name).endswith(".html"),
    finalize=_harmless,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    auto_reload=False,
)


def as_page(run: Summary, say: Words) -> str:
    """The sheet as a page of HTML that needs nothing beside it, but for the links into the report."""
    return _told("template.html", run, say)


def as_text(run: Summary, say: Words) -> str:
    """The same in Markdown, for pull requests and chat."""
    return _told("template.md", run, say)


def as_trace(run: Summary, say: Words) -> str:
    """What leads from the requirements to their verdicts, as a page of the same kind."""
    trace = Trace(run)
    return _told(
        "trace.html",
        run,
        say,
        trace=trace,
        asked=sum(len(parts) for parts in trace.requirements.values()),
        without=sum(len(part.scenarios) for part in trace.without),
    )


def as_lines(run: Summary, say: Words, page: Path) -> list[str]:
    """The last lines of the console.

    Args:
        run: the run.
        say: in which language.
        page: where the sheet is.
    """
    judged = ", ".join(f"{_number(run.judged[name])} {say(name)}" for name in JUDGED)
    counts = Counter(one.worst_kept for one in run.criteria)
    criteria = ", ".join(f"{counts[kept]} {say(kept)}" for kept in Kept if counts[kept])
    return [
        f"{say('sheet')}: {' '.join([f'{say(run.release)}.', *sentences(run, say)])}",
        f"  {say('criteria')}: {criteria}",
        f"  {say('judged')}: {judged}",
        f"  {say('not_checked')}: {_number(run.unchecked.total())}",
        f"  {page}",
    ]


def sentences(run: Summary, say: Words) -> list[str]:
    """Why a server may be released, or may not."""
    return [*_reasons(run, say)]


def _told(template: str, run: Summary, say: Words, **more: object) -> str:
    seconds = round(run.seconds)
    return _TEMPLATES.get_template(template).render(
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
        cell=_cell,
        trend=lambda number, figure: _trend(run, number, figure, say),
        most=_MOST_PROBLEMS,
        signs=_SIGNS,
        judged=JUDGED,
        story=STORY,
        day=_day,
        **more,
    )


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, tz=UTC).strftime("%Y-%m-%d")


def _reasons(run: Summary, say: Words) -> Iterator[str]:
    numbers, there = run.broken(), len(run.criteria)
    failed = [one for one in run.about_server if one.outcome == "failed"]
    others = [one for one in failed if not one.criterion and one in (cause.first for cause in run.causes)]
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
    if len(run.causes) < len(run.problems):
        yield say("causes", scenarios=len(run.problems), causes=len(run.causes))
    if run.is_good:
        yield from _kept(run, say, there)


def _kept(run: Summary, say: Words, there: int) -> Iterator[str]:
    """What is said of a run in which nothing went wrong."""
    numbers = {kept: [one.number for one in run.criteria if one.worst_kept is kept] for kept in Kept}
    kept, known, unchecked = (numbers[each] for each in (Kept.KEPT, Kept.KNOWN, Kept.UNCHECKED))
    if run.release is Release.NO_VERDICT:
        yield say("partial", chosen=len(kept + known), of=there)
    else:
        yield say("all_kept" if len(kept) == there else "some_kept", kept=len(kept), of=there)
        if unchecked:
            yield say("criteria_unchecked", numbers=", ".join(unchecked))
    if known:
        yield say("criteria_known", numbers=", ".join(known))
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


def _cell(words: str) -> Said:
    """Words in a cell of Markdown, or in a list: on one line, and taken as they are."""
    return Said(re.sub(r"([\\`*_{}\[\]<>|#!~&])", r"\\\1", " ".join(str(_harmless(words)).split())))


@dataclass(frozen=True)
class _Trend:
    """A figure over the runs, as a line: points for SVG, 60 wide and 14 high, and the same in words."""

    points: str
    words: str


def _trend(run: Summary, number: str, figure: Figure, say: Words) -> _Trend | None:
    """How a figure was in the runs before and is in this one; None where there is nothing to compare."""
    before = trend(run.past, number, figure.kind)
    if figure.measured is None or not before or KINDS[figure.kind].sense is Sense.NONE_OF:
        return None
    values = [*before, figure.measured]
    low, high = min(values), max(values)
    step, height = 58 / (len(values) - 1), (high - low) or 1.0
    points = " ".join(f"{1 + at * step:.1f},{13 - 12 * (value - low) / height:.1f}" for at, value in enumerate(values))
    unit = KINDS[figure.kind].unit
    lowest, highest = _amount(low, unit), _amount(high, unit)
    return _Trend(points, say("trend", runs=len(values), lowest=lowest, highest=highest))


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if not unit:
        return _number(value)
    if unit == "/s":
        return f"{value:.1f}" if value != int(value) else f"{value:g}"
    rounded = round(value, 2 if value >= 0.1 else 3) or float(f"{value:.2g}")
    return f"{rounded:g} {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}"

"""Faults of historic ranges: their first and last rows, seams between neighbours, and the same range asked again."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np

from support.simulator.deviations.bent import Bent
from support.simulator.deviations.edits import with_values
from support.simulator.deviations.stages import FRAME, REST, TIMELINE, Answer, At, Exchange, Proceed
from support.simulator.frame import Frame, Row, Timeline, rounded
from support.simulator.models import TASK_TIME
from support.simulator.plan import Plan


@TIMELINE.fault("range")
def last_row_missing(timeline: Timeline, plan: Plan) -> Timeline:
    """The last row of a historic range is missing."""
    return _with_rows(timeline, plan, timeline.start, -1)


@TIMELINE.fault("range")
def first_row_missing(timeline: Timeline, plan: Plan) -> Timeline:
    """The first row of a historic range is missing: there is a seam between it and the range before."""
    return _with_rows(timeline, plan, lambda row: timeline.start(row + 1), -1)


@TIMELINE.fault("range")
def row_beyond(timeline: Timeline, plan: Plan) -> Timeline:
    """A historic range has a row more, which ends after the range."""
    return _with_rows(timeline, plan, timeline.start, 1)


def _with_rows(timeline: Timeline, plan: Plan, start: Callable[[int], Fraction], more: int) -> Timeline:
    """So many rows more, which begin elsewhere; a timeline without an end, or without a row, stays as it is."""
    if not timeline.rows:
        return timeline
    bent = Bent(timeline, plan, start)
    bent.rows = timeline.rows + more
    return bent


@FRAME.fault("range")
def seam_repeated(frame: Frame, at: At) -> Frame:
    """The first row of a range that begins where another ended holds the values of the last row of that one."""
    if at.row or at.plan.between is None:
        return frame
    known = at.of_jobs.get(_shown_until(at.plan, at.plan.between[0]))
    numbers = itertools.count()
    return frame if known is None else with_values(frame, lambda values: values if next(numbers) else known)


@FRAME.watch("seam-repeated")
def _watch_ends(frame: Frame, at: At) -> Frame:
    if at.plan.between is not None and at.rows_of(frame).stop == at.timeline.rows:
        at.of_jobs[_shown_until(at.plan, at.plan.between[1])] = frame.rows[-1].values
    return frame


@FRAME.fault("hole")
def hole_closed(frame: Frame, at: At) -> Frame:
    """What was recorded after a hole is shown right after what was before it."""
    if at.plan.between is None:
        return frame
    first, line_ms = at.timeline.start(0), at.plan.lines_dt * 1000

    def without_hole(place: int, row: Row) -> Row:
        number = at.row + place
        late = rounded(at.timeline.start(number) - first - number * line_ms)
        return replace(row, start_ms=row.start_ms - late, end_ms=row.end_ms - late)

    return replace(frame, rows=tuple(without_hole(place, row) for place, row in enumerate(frame.rows)))


@REST.fault("task", "story")
async def task_times_late(exchange: Exchange, proceed: Proceed) -> Answer:
    """The times of a range that is asked for as a task are taken to be a second later."""
    asked = json.loads(exchange.body) if exchange.path.startswith("/config/") else {}
    if not isinstance(asked.get("start_time"), str):
        return await proceed(exchange)
    times = {name: _later(asked[name]) for name in ("start_time", "end_time")}
    return await proceed(exchange.asking(asked | times))


def _later(time: str) -> str:
    late = datetime.strptime(time, TASK_TIME).replace(tzinfo=UTC) + timedelta(seconds=1)
    return late.strftime(TASK_TIME)


@FRAME.fault("same-request")
def answer_differs(frame: Frame, at: At) -> Frame:
    """A historic range that is streamed again has values that differ from those of the first time in their last bit."""
    if at.plan.between is None:
        return frame
    if "asked" not in at.memory:
        at.memory["asked"] = next(at.of_jobs.setdefault(f"streams of {at.plan}", itertools.count()))
    return with_values(frame, lambda values: np.nextafter(values, np.float32(np.inf))) if at.memory["asked"] else frame


def _shown_until(plan: Plan, end: Fraction) -> str:
    return f"last row of {plan.channels}, {plan.bins} of {plan.nfft}, until {end}"

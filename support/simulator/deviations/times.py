"""Faults of time: of a row, between rows, and against the clock."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from support.simulator.deviations.bent import Bent
from support.simulator.deviations.catalogue import Lines, Milliseconds, Percent, PercentASecond, Seconds
from support.simulator.deviations.edits import numbered, with_rows
from support.simulator.deviations.stages import FEED, FRAME, PLAN, TIMELINE, At, Payloads
from support.simulator.frame import Frame, Row, Timeline
from support.simulator.job import Job
from support.simulator.plan import Plan

EVERY = 8  # lines from one fault to the next: the first shows in ten frames of one line
FRAMES_BETWEEN = 4  # frames from one fault to the next


@FRAME.fault("row-time", "story")
def row_ends_before_start(frame: Frame, _at: At) -> Frame:
    """Start and end of every row have changed places."""
    return with_rows(frame, lambda row: replace(row, start_ms=row.end_ms, end_ms=row.start_ms))


@FRAME.fault("row-time", "story")
def wrong_window(frame: Frame, _at: At, longer: Milliseconds = 100) -> Frame:
    """Every row spans more time than the analysis window."""
    return with_rows(frame, lambda row: replace(row, start_ms=row.start_ms - longer))


@FRAME.fault("row-time", "story")
def timestamps_in_seconds(frame: Frame, _at: At) -> Frame:
    """All times are in seconds in place of milliseconds."""
    return _retimed(frame, lambda time: time // 1000)


@FRAME.fault("line-time", "production")
def times_in_seconds(frame: Frame, _at: At) -> Frame:
    """All times are in seconds in place of milliseconds."""
    return _retimed(frame, lambda time: time // 1000)


@FRAME.fault("line-time", "production")
def times_in_microseconds(frame: Frame, _at: At) -> Frame:
    """All times are in microseconds in place of milliseconds."""
    return _retimed(frame, lambda time: time * 1000)


@FRAME.fault("row-time", "story")
def timestamps_in_microseconds(frame: Frame, _at: At) -> Frame:
    """All times are in microseconds in place of milliseconds."""
    return _retimed(frame, lambda time: time * 1000)


@TIMELINE.fault("line-time")
def line_lost(timeline: Timeline, plan: Plan, lines: Lines = 1) -> Timeline:
    """Lines are missing after every eighth."""
    return Bent(timeline, plan, lambda row: timeline.start(row + row // EVERY * lines))


@TIMELINE.fault("line-time")
def line_repeated(timeline: Timeline, plan: Plan) -> Timeline:
    """Every eighth line comes twice."""
    return Bent(timeline, plan, lambda row: timeline.start(row - row // EVERY))


@TIMELINE.fault("line-time")
def lines_swapped(timeline: Timeline, plan: Plan) -> Timeline:
    """Two of every eight lines have changed places."""

    def line(row: int) -> int:
        return row + {2: 1, 3: -1}.get(row % EVERY, 0)

    return Bent(
        timeline,
        plan,
        lambda row: timeline.start(line(row)),
        due=lambda row: timeline.due_ns(max(row, line(row))),
    )


@TIMELINE.fault("line-time")
def line_rate_drift(timeline: Timeline, plan: Plan, slower: Percent = 1.0) -> Timeline:
    """The lines are further apart than the answer says."""
    factor = 1 + Fraction(slower) / 100
    return Bent(timeline, plan, lambda row: timeline.t0_ms + (timeline.start(row) - timeline.t0_ms) * factor)


@TIMELINE.fault("line-time")
def lines_uneven(timeline: Timeline, plan: Plan, late: Milliseconds = 4) -> Timeline:
    """Every second line is late, but never as late as half a line."""
    by = min(Fraction(late), plan.lines_dt * 1000 * Fraction(9, 20))
    return Bent(timeline, plan, lambda row: timeline.start(row) + row % 2 * by)


@FRAME.fault("line-time")
def time_stands_still(frame: Frame, at: At) -> Frame:
    """The time of the rows stands still for eight lines, and then jumps."""
    lines = [number - number % EVERY for number in range(at.row, at.row + len(frame.rows))]
    rows = tuple(
        replace(row, start_ms=at.timeline.start_ms(line), end_ms=at.timeline.end_ms(line))
        for row, line in zip(frame.rows, lines, strict=True)
    )
    return replace(frame, rows=rows)


@FEED.fault("line-time")
async def frame_lost(payloads: Payloads, _job: Job) -> Payloads:
    """Every fourth frame is not sent."""
    async for number, payload in numbered(payloads):
        if number % FRAMES_BETWEEN != 2:
            yield payload


@FEED.fault("line-time")
async def frame_repeated(payloads: Payloads, _job: Job) -> Payloads:
    """Every fourth frame is sent twice."""
    async for number, payload in numbered(payloads):
        yield payload
        if number % FRAMES_BETWEEN == 2:
            yield payload


@FEED.fault("line-time")
async def frames_swapped(payloads: Payloads, _job: Job) -> Payloads:
    """Every fourth frame is sent after the one that follows it."""
    held = b""
    async for number, payload in numbered(payloads):
        if number % FRAMES_BETWEEN == 2:
            held = payload
            continue
        yield payload
        if held:
            yield held
            held = b""
    if held:
        yield held


@FRAME.fault("live")
def clock_ahead(frame: Frame, _at: At, ahead: Seconds = 5.0) -> Frame:
    """The clock of the server is ahead: rows come from the future."""
    return _retimed(frame, lambda time: time + round(ahead * 1000))


@TIMELINE.fault("live")
def stale_data(timeline: Timeline, plan: Plan, late: Seconds = 5.0) -> Timeline:
    """The data are old when they are sent."""
    by = round(late * 1000)
    return Bent(timeline, plan, lambda row: timeline.start(row) - by, due=timeline.due_ns)


LAG = Fraction(1, 2)


@TIMELINE.fault("live")
def growing_lag(timeline: Timeline, plan: Plan) -> Timeline:
    """The server falls behind: each second the data get half a second older, in frames that come evenly."""
    begin = timeline.due_ns(0)
    return Bent(
        timeline, plan, timeline.start, due=lambda row: begin + round((timeline.due_ns(row) - begin) / (1 - LAG))
    )


@TIMELINE.fault("live")
def creeping_lag(timeline: Timeline, plan: Plan, behind: PercentASecond = 10) -> Timeline:
    """The server falls behind little by little: each second the data get a tenth of a second older."""
    begin, slower = timeline.due_ns(0), 1 - Fraction(behind) / 100
    return Bent(timeline, plan, timeline.start, due=lambda row: begin + round((timeline.due_ns(row) - begin) / slower))


@PLAN.also("growing-lag")
def _smaller_frames(plan: Plan) -> Plan:
    return replace(plan, rows_per_frame=-int(-plan.rows_per_frame * (1 - LAG) // 1))


def _retimed(frame: Frame, edit: Callable[[int], int]) -> Frame:
    def edited(row: Row) -> Row:
        return replace(row, start_ms=edit(row.start_ms), end_ms=edit(row.end_ms))

    return with_rows(frame, edited)

"""Faults that grow: what they do is next to nothing at any moment, and much after minutes."""

from support.simulator.deviations.bent import Bent
from support.simulator.deviations.catalogue import PercentASecond
from support.simulator.deviations.edits import frames_per_second, numbered, with_sensor, with_values
from support.simulator.deviations.stages import FEED, FRAME, TIMELINE, At, Payloads
from support.simulator.frame import Frame, Timeline
from support.simulator.job import Job
from support.simulator.plan import Plan

THIRD = 3
FEWER = 0.35  # share of the frames that are missing at the end, their rows in those before: the rate is kept


@FRAME.fault("long")
def picture_fades(frame: Frame, at: At, loss: PercentASecond = 0.1) -> Frame:
    """All values get smaller, by a share a second."""
    return with_values(frame, lambda values: values * _left(at, loss))


@FRAME.fault("long")
def sensor_fades(frame: Frame, at: At, loss: PercentASecond = 0.3) -> Frame:
    """The values of the third sensor get smaller, by a share a second."""
    return with_sensor(frame, THIRD, lambda values: values * _left(at, loss))


@FEED.fault("long")
async def frames_get_fewer(payloads: Payloads, job: Job, loss: PercentASecond = 0.05) -> Payloads:
    """The frames get larger and fewer, by a share a second, but never fewer than a live stream has."""
    rate = frames_per_second(job.plan)
    owed, held = 0.0, b""
    async for number, payload in numbered(payloads):
        joined = job.dialect.wire.merged([held, payload]) if held else payload
        owed += min(number / rate * loss / 100, FEWER)
        held = joined if owed >= 1 else b""
        if held:
            owed -= 1
            continue
        yield joined
    if held:
        yield held


@TIMELINE.fault("long")
def slow_lag(timeline: Timeline, plan: Plan, behind: PercentASecond = 0.1) -> Timeline:
    """The data get older, by a share of each second."""
    begin = timeline.due_ns(0)
    return Bent(
        timeline,
        plan,
        timeline.start,
        due=lambda row: timeline.due_ns(row) + round((timeline.due_ns(row) - begin) * behind / 100),
    )


def _left(at: At, loss: float) -> float:
    left: float = (1 - loss / 100) ** (at.row * float(at.plan.lines_dt))
    return left

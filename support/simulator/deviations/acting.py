"""Functions of deviations that act under conditions alone: how they are put in at each kind of stage.

Where the conditions do not hold, a thing passes as it is. Where they begin to hold in the midst of a stream, the
function sees what is left of it as a stream of its own.
"""

import math
import threading
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from support.simulator.deviations.bent import Bent
from support.simulator.deviations.condition import ONCE, Condition
from support.simulator.deviations.situation import Situation
from support.simulator.deviations.trace import Trace
from support.simulator.frame import Timeline, rounded
from support.simulator.job import Job
from support.simulator.plan import Plan

FAR = 10_000_000  # rows; conditions that do not hold until there never do
ROUNDING_MS = 1  # times are sent in whole milliseconds
A_MOMENT = 0.25  # seconds that a message may lie somewhere before it is read

Thing = TypeVar("Thing")


class Acting:
    """A function of a deviation, and when it acts. Safe to use from several threads.

    Attributes:
        hook: the function.
        acts: how often it has made a difference.
        acts_in_past: how often of these in what is shown of the past.
    """

    def __init__(self, hook: Callable[..., Any], conditions: Sequence[Condition]) -> None:
        self.hook = hook
        self.acts = self.acts_in_past = 0
        self._conditions = conditions
        self._once = any(condition.kind.name == ONCE for condition in conditions)
        self._taken = False
        self._newest = (0, -math.inf)  # the stream that it acted in: of which job, and when
        self._lock = threading.Lock()

    def holds(self, situation: Situation) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(situation) for condition in self._conditions)

    def may_begin(self, situation: Situation) -> bool:
        """Whether it would act now."""
        return not self._taken and self.holds(situation)

    def begins(self, situation: Situation) -> bool:
        """Whether it acts now; ``ended`` tells, afterwards, what came of it."""
        with self._lock:
            if not self.may_begin(situation):
                return False
            self._taken = self._once
            return True

    def ended(self, situation: Situation, acted: bool, since: float | None = None) -> None:
        """What acts only once, and made no difference, may try again.

        Args:
            situation: that it began in.
            acted: whether it has made a difference.
            since: when, on the monotonic clock; None: now.
        """
        with self._lock:
            self.acts += acted
            self.acts_in_past += acted and situation.is_past
            self._taken = self._once and acted
            if acted and situation.stream:
                self._newest = situation.job, time.monotonic() if since is None else since

    def left(self, job: int) -> None:
        """A client has left a stream: once is not yet over where it may not have read what was done a moment ago."""
        with self._lock:
            acted_in, when = self._newest
            if acted_in == job and time.monotonic() - when < A_MOMENT:
                self._taken = False


def value(acting: Acting, situation: Situation, thing: Thing, *context: Any) -> Thing:
    """One thing, or another one in its place."""
    return seen(_itself, acting, situation, thing, *context)


def seen(sight: Callable[[Thing], Any], acting: Acting, situation: Situation, thing: Thing, *context: Any) -> Thing:
    """The same where it makes no difference to have another thing, but only to see another one."""
    if not acting.begins(situation):
        return thing
    acted = True
    try:
        made: Thing = acting.hook(thing, *context)
        acted = sight(made) != sight(thing)
    finally:
        acting.ended(situation, acted)
    return made


def _itself(thing: Thing) -> Thing:
    return thing


async def awaited(acting: Acting, situation: Situation, thing: Thing, *context: Any) -> Thing:
    """The same where it takes its time."""
    if not acting.begins(situation):
        return thing
    acted = True
    try:
        made: Thing = await acting.hook(thing, *context)
        acted = made != thing
    finally:
        acting.ended(situation, acted)
    return made


async def around(
    acting: Acting, situation: Situation, exchange: Thing, proceed: Callable[[Thing], Awaitable[Any]]
) -> Any:
    """A request, and what is answered to it."""
    if not acting.begins(situation):
        return await proceed(exchange)
    asked: list[tuple[Thing, Any]] = []

    async def watched(one: Thing) -> Any:
        answer = await proceed(one)
        asked.append((one, answer))
        return answer

    acted = True
    try:
        answer = await acting.hook(exchange, watched)
        acted = asked != [(exchange, answer)]
    finally:
        acting.ended(situation, acted)
    return answer


async def course(
    acting: Acting, situation: Situation, payloads: AsyncGenerator[bytes, None], job: Job
) -> AsyncGenerator[bytes, None]:
    """The messages of a stream, as they are until the conditions hold, and as the function wants from there on."""
    number = 0
    while not acting.begins(here := situation.at_frame(number)):
        try:
            yield await anext(payloads)
        except StopAsyncIteration:
            return
        number += 1
    trace = Trace(payloads)
    try:
        async for payload in trace.outgoing(acting.hook(trace.incoming(), job)):
            yield payload
    finally:
        acting.ended(here, trace.acted is not None, trace.acted)


def timeline(acting: Acting, situation: Situation, straight: Timeline, plan: Plan) -> Timeline:
    """The rows of a stream, as they are until the conditions hold, and as the function wants from there on."""
    begin = bisect_left(range(FAR), True, key=lambda row: acting.holds(situation.at_row(row)))
    if begin >= (FAR if straight.rows is None else straight.rows):
        return straight
    rest = Bent(straight, plan, lambda row: straight.start(row + begin), due=lambda row: straight.due_ns(row + begin))
    rest.t0_ms = rounded(straight.start(begin))
    rest.rows = None if straight.rows is None else straight.rows - begin
    return _Joined(acting, situation, plan, straight, acting.hook(rest, plan), begin)


class _Joined(Bent):
    """A timeline that goes on as another one, from the first row after ``begin`` that is elsewhere there.

    When a row is due is also asked of rows that are never sent, because the client has left; it acts when the first one
    is made. Where it has more rows or fewer, it acts from the beginning.
    """

    def __init__(
        self, acting: Acting, situation: Situation, plan: Plan, straight: Timeline, other: Timeline, begin: int
    ) -> None:
        super().__init__(straight, plan, start=self._made, due=self._due)
        self._acting, self._situation = acting, situation
        self._other, self._begin = other, begin
        self._has_joined = False
        if other.rows is not None and begin + other.rows != straight.rows and self._joins(begin):
            self.rows = begin + other.rows

    def _due(self, row: int) -> int:
        joins = self._has_joined or (self._differs(row) and self._acting.may_begin(self._situation.at_row(row)))
        return self._there(row)[1] if joins and row >= self._begin else self._straight.due_ns(row)

    def _made(self, row: int) -> Fraction:
        joined = self._has_joined or (self._differs(row) and self._joins(row))
        return self._there(row)[0] if joined and row >= self._begin else self._straight.start(row)

    def _joins(self, row: int) -> bool:
        """Whether it goes on as the other one from now on."""
        self._has_joined = self._acting.begins(self._situation.at_row(row))
        if self._has_joined:
            self._acting.ended(self._situation, True)
        return self._has_joined

    def _differs(self, row: int) -> bool:
        """Whether the row is elsewhere there, or sent at another time, by what can be told after rounding."""
        if row < self._begin:
            return False
        start, due_ns = self._there(row)
        moved = abs(start - self._straight.start(row)) >= ROUNDING_MS
        return moved or abs(due_ns - self._straight.due_ns(row)) >= ROUNDING_MS * 1_000_000

    def _there(self, row: int) -> tuple[Fraction, int]:
        """Where the other one has the row, and when it is due."""
        return self._other.start(row - self._begin), self._other.due_ns(row - self._begin)

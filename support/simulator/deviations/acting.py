"""Functions of deviations that act under conditions alone: how they are put in at each kind of stage.

Where the conditions do not hold, a thing passes as it is. Where they begin to hold in the midst of a stream, the
function sees what is left of it as a stream of its own.
"""

import threading
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

Thing = TypeVar("Thing")


class Acting:
    """A function of a deviation, and when it acts. Safe to use from several threads.

    Attributes:
        hook: the function.
        acts: how often it has made a difference.
    """

    def __init__(self, hook: Callable[..., Any], conditions: Sequence[Condition]) -> None:
        self.hook = hook
        self.acts = 0
        self._conditions = conditions
        self._once = any(condition.kind.name == ONCE for condition in conditions)
        self._taken = False
        self._lock = threading.Lock()

    def holds(self, situation: Situation) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(situation) for condition in self._conditions)

    def begins(self, situation: Situation) -> bool:
        """Whether it acts now; ``ended`` tells, afterwards, what came of it."""
        with self._lock:
            if self._taken or not self.holds(situation):
                return False
            self._taken = self._once
            return True

    def ended(self, acted: bool) -> None:
        """What acts only once, and made no difference, may try again."""
        with self._lock:
            self.acts += acted
            self._taken = self._once and acted


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
        acting.ended(acted)
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
        acting.ended(acted)
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
        acting.ended(acted)
    return answer


async def course(
    acting: Acting, situation: Situation, payloads: AsyncGenerator[bytes, None], job: Job
) -> AsyncGenerator[bytes, None]:
    """The messages of a stream, as they are until the conditions hold, and as the function wants from there on."""
    number = 0
    while not acting.begins(situation.at_frame(number)):
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
        acting.ended(trace.acted)


def timeline(acting: Acting, situation: Situation, straight: Timeline, plan: Plan) -> Timeline:
    """The rows of a stream, as they are until the conditions hold, and as the function wants from there on."""
    begin = bisect_left(range(FAR), True, key=lambda row: acting.holds(situation.at_row(row)))
    if begin == FAR:
        return straight
    rest = Bent(straight, plan, lambda row: straight.start(row + begin), due=lambda row: straight.due_ns(row + begin))
    rest.t0_ms = rounded(straight.start(begin))
    return _Joined(acting, situation, plan, straight, acting.hook(rest, plan), begin)


class _Joined(Bent):
    """A timeline that goes on as another one, from the first row after ``begin`` that is elsewhere there."""

    def __init__(
        self, acting: Acting, situation: Situation, plan: Plan, straight: Timeline, other: Timeline, begin: int
    ) -> None:
        super().__init__(straight, plan, start=lambda row: self._at(row)[0], due=lambda row: self._at(row)[1])
        self._acting, self._situation = acting, situation
        self._other, self._begin = other, begin
        self._has_joined = False

    def _at(self, row: int) -> tuple[Fraction, int]:
        """Where the row is, and when it is due."""
        here = self._straight.start(row), self._straight.due_ns(row)
        if row < self._begin:
            return here
        there = self._other.start(row - self._begin), self._other.due_ns(row - self._begin)
        if not self._has_joined and here != there and self._acting.begins(self._situation.at_row(row)):
            self._acting.ended(True)
            self._has_joined = True
        return there if self._has_joined else here

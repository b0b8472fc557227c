"""The deviations that are active: the server passes what it does through them, stage by stage."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, Self, TypeVar

from protos.datastream_pb2 import HealthResponse
from support.simulator.deviations import stages
from support.simulator.deviations.catalogue import Chosen, Stage, find
from support.simulator.deviations.situation import Situation
from support.simulator.deviations.stages import Answer, At, Exchange, Proceed
from support.simulator.options import DialectName
from support.simulator.plan import Plan

Thing = TypeVar("Thing")


class Deviations:
    """A composition of deviations: each stage is the functions of those that have one there, in their order.

    Variants come first: a fault is one of the server that they make.

    Attributes:
        situation: what they are asked about; ``of_exchange``, ``of_job`` and so on are the same deviations, asked about
            something else.

    Raises:
        UnknownDeviationError: there is none of that name in the dialect, or none with such an argument or condition.
    """

    def __init__(
        self, faults: Sequence[str] = (), variants: Sequence[str] = (), dialect: DialectName = "story"
    ) -> None:
        self.faults = tuple(find("fault", spec, dialect) for spec in faults)
        self.variants = tuple(find("variant", spec, dialect) for spec in variants)
        self.situation = Situation()

    def __str__(self) -> str:
        return ", ".join(chosen.spec for chosen in self._chosen) or "none"

    @property
    def acts(self) -> dict[str, int]:
        """How often each fault under conditions has made a difference until now."""
        return {one.spec: sum(acting.acts for acting in one.acting.values()) for one in self.faults if one.acting}

    @property
    def acts_in_past(self) -> dict[str, int]:
        """How often of these in what is shown of the past."""
        return {
            one.spec: sum(acting.acts_in_past for acting in one.acting.values()) for one in self.faults if one.acting
        }

    def of_exchange(self, exchange: Exchange) -> Self:
        """About a request of the REST side, which is counted if it asks for a job."""
        course = self.situation.course
        if exchange.configures:
            course.asked += 1
            return self._about(replace(self.situation, job=course.asked, asked=_content(exchange.body)))
        return self._about(course.jobs.get(exchange.job_id, self.situation))

    def of_job(self, asked: dict[str, Any]) -> Self:
        """About the job that is asked for, which is counted."""
        course = self.situation.course
        course.read += 1
        return self._about(replace(self.situation, turn=course.read, asked=asked))

    def of_stream(self, plan: Plan, number: int, limit: int | None) -> Self:
        """About a stream of the job: which one, from 1, and how many frames were asked for."""
        return self._about(replace(self.situation, plan=plan, stream=number, limit=limit or 0))

    def of_frame(self, at: At) -> Self:
        """About a frame of the stream."""
        row = at.row + at.plan.rows_per_frame
        return self._about(replace(self.situation, frame=at.number + 1, row=row)) if self._chosen else self

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Counts the job as one that streams."""
        job = self.situation.job
        try:
            with self.situation.course.streaming(job):
                yield
        except asyncio.CancelledError:  # the client has left
            for fault in self.faults:
                fault.left(job)
            raise

    def through(self, stage: Stage[Any], thing: Thing, *context: Any) -> Thing:
        """What the active deviations make of a thing at a stage; ``stages`` says what else they are told there."""
        for hook in self._hooks(stage):
            thing = hook(thing, *context)
        return thing

    def act_at(self, stage: Stage[Any]) -> bool:
        """Whether any of them has something to do at a stage."""
        return bool(self._hooks(stage))

    async def health(self, response: HealthResponse) -> HealthResponse:
        """The same for the stage HEALTH, which waits."""
        for hook in self._hooks(stages.HEALTH):
            response = await hook(response)
        return response

    def rest(self, proceed: Proceed) -> Proceed:
        """The REST side with its deviations around it; ``proceed`` itself where there are none."""
        if any(one.acting for one in self.faults):
            proceed = partial(self._noted, proceed)
        if self._hooks(stages.ANSWER):
            proceed = partial(self._configured, proceed)
        for hook in self._hooks(stages.REST):
            proceed = partial(_around, hook, proceed)
        return proceed

    async def _noted(self, proceed: Proceed, exchange: Exchange) -> Answer:
        answer, course = await proceed(exchange), self.situation.course
        if exchange.configures and answer.status == HTTPStatus.OK:
            course.jobs[answer.content["job_id"]] = self.situation
        course.refused |= exchange.configures and 400 <= answer.status < 500
        course.cancelled |= exchange.method == "DELETE" and answer.status == HTTPStatus.OK
        return answer

    async def _configured(self, proceed: Proceed, exchange: Exchange) -> Answer:
        answer = await proceed(exchange)
        if not exchange.configures or answer.status != HTTPStatus.OK:
            return answer
        return answer.holding(self.through(stages.ANSWER, answer.content))

    @property
    def _chosen(self) -> tuple[Chosen, ...]:
        return self.variants + self.faults

    def _hooks(self, stage: Stage[Any]) -> list[Any]:
        return [hook for chosen in self._chosen for hook in chosen.at(stage, self.situation)]

    def _about(self, situation: Situation) -> Self:
        about = copy(self)
        about.situation = situation
        return about


def _content(body: bytes) -> dict[str, Any]:
    """The JSON object that a request holds; an empty one where it holds none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


async def _around(hook: Any, proceed: Proceed, exchange: Exchange) -> Answer:
    answer: Answer = await hook(exchange, proceed)
    return answer

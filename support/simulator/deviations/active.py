"""The deviations that are active: the server passes what it does through them, stage by stage."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from protos.datastream_pb2 import HealthResponse
from support.simulator.deviations import stages
from support.simulator.deviations.catalogue import Chosen, Stage, find
from support.simulator.deviations.stages import Answer, At, Exchange, Payloads, Proceed, Refusal
from support.simulator.frame import Frame, Timeline
from support.simulator.job import Job
from support.simulator.options import Options
from support.simulator.plan import Plan

Thing = TypeVar("Thing")


class Deviations:
    """A composition of deviations: each stage is the functions of those that have one there, in their order."""

    def __init__(self, faults: Sequence[str] = (), variants: Sequence[str] = ()) -> None:
        """Raises UnknownDeviationError. Variants come first: a fault is one of the server that they make."""
        self.faults = tuple(find("fault", spec) for spec in faults)
        self.variants = tuple(find("variant", spec) for spec in variants)

    def __str__(self) -> str:
        return ", ".join(chosen.spec for chosen in self._chosen) or "none"

    @property
    def _chosen(self) -> tuple[Chosen, ...]:
        return self.variants + self.faults

    def options(self, options: Options) -> Options:
        """See `stages`, here and below."""
        return self._through(stages.OPTIONS, options)

    def plan(self, plan: Plan) -> Plan:
        return self._through(stages.PLAN, plan)

    def job_id(self, job_id: str) -> str:
        return self._through(stages.JOB_ID, job_id)

    def offers(self, offers: frozenset[str]) -> frozenset[str]:
        return self._through(stages.OFFERS, offers)

    def timeline(self, timeline: Timeline, plan: Plan) -> Timeline:
        return self._through(stages.TIMELINE, timeline, plan)

    def frame(self, frame: Frame, at: At) -> Frame:
        return self._through(stages.FRAME, frame, at)

    def message(self, payload: bytes, at: At) -> bytes:
        return self._through(stages.MESSAGE, payload, at)

    def feed(self, payloads: Payloads, job: Job) -> Payloads:
        return self._through(stages.FEED, payloads, job)

    def limit(self, limit: int | None) -> int | None:
        return self._through(stages.LIMIT, limit)

    def delivery(self, payloads: Payloads, job: Job) -> Payloads:
        return self._through(stages.DELIVERY, payloads, job)

    def unknown_job(self, refusal: Refusal, job: Job) -> Refusal:
        return self._through(stages.UNKNOWN_JOB, refusal, job)

    async def health(self, response: HealthResponse) -> HealthResponse:
        for hook in self._hooks(stages.HEALTH):
            response = await hook(response)
        return response

    def rest(self, proceed: Proceed) -> Proceed:
        """The REST side with its deviations around it; `proceed` itself where there are none."""
        if self._hooks(stages.ANSWER):
            proceed = partial(self._configured, proceed)
        for hook in self._hooks(stages.REST):
            proceed = partial(_around, hook, proceed)
        return proceed

    async def _configured(self, proceed: Proceed, exchange: Exchange) -> Answer:
        answer = await proceed(exchange)
        if not exchange.configures or answer.status != HTTPStatus.OK:
            return answer
        return answer.holding(self._through(stages.ANSWER, answer.content))

    def _through(self, stage: Stage[Any], thing: Thing, *context: Any) -> Thing:
        for hook in self._hooks(stage):
            thing = hook(thing, *context)
        return thing

    def _hooks(self, stage: Stage[Any]) -> list[Any]:
        return [chosen.hooks[stage.name] for chosen in self._chosen if stage.name in chosen.hooks]


async def _around(hook: Any, proceed: Proceed, exchange: Exchange) -> Answer:
    answer: Answer = await hook(exchange, proceed)
    return answer


CORRECT = Deviations()

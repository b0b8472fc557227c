"""The deviations that are active: the server passes what it does through them, stage by stage."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar

from protos.datastream_pb2 import HealthResponse
from support.simulator.deviations import stages
from support.simulator.deviations.catalogue import Chosen, Stage, find
from support.simulator.deviations.stages import Answer, Exchange, Proceed

Thing = TypeVar("Thing")


class Deviations:
    """A composition of deviations: each stage is the functions of those that have one there, in their order.

    Variants come first: a fault is one of the server that they make.

    Raises:
        UnknownDeviationError: there is none of that name, or none with such an argument.
    """

    def __init__(self, faults: Sequence[str] = (), variants: Sequence[str] = ()) -> None:
        self.faults = tuple(find("fault", spec) for spec in faults)
        self.variants = tuple(find("variant", spec) for spec in variants)

    def __str__(self) -> str:
        return ", ".join(chosen.spec for chosen in self._chosen) or "none"

    @property
    def _chosen(self) -> tuple[Chosen, ...]:
        return self.variants + self.faults

    def through(self, stage: Stage[Any], thing: Thing, *context: Any) -> Thing:
        """What the active deviations make of a thing at a stage; ``stages`` says what else they are told there."""
        for hook in self._hooks(stage):
            thing = hook(thing, *context)
        return thing

    async def health(self, response: HealthResponse) -> HealthResponse:
        """The same for the stage HEALTH, which waits."""
        for hook in self._hooks(stages.HEALTH):
            response = await hook(response)
        return response

    def rest(self, proceed: Proceed) -> Proceed:
        """The REST side with its deviations around it; ``proceed`` itself where there are none."""
        if self._hooks(stages.ANSWER):
            proceed = partial(self._configured, proceed)
        for hook in self._hooks(stages.REST):
            proceed = partial(_around, hook, proceed)
        return proceed

    async def _configured(self, proceed: Proceed, exchange: Exchange) -> Answer:
        answer = await proceed(exchange)
        if not exchange.configures or answer.status != HTTPStatus.OK:
            return answer
        return answer.holding(self.through(stages.ANSWER, answer.content))

    def _hooks(self, stage: Stage[Any]) -> list[Any]:
        return [chosen.hooks[stage.name] for chosen in self._chosen if stage.name in chosen.hooks]


async def _around(hook: Any, proceed: Proceed, exchange: Exchange) -> Answer:
    answer: Answer = await hook(exchange, proceed)
    return answer

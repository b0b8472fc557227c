"""The desk where jobs are asked for: what the REST sides of all dialects have in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from pydantic import BaseModel

from support.simulator.deviations import stages
from support.simulator.deviations.middleware import DEVIATIONS
from support.simulator.job import Job
from support.simulator.models import ErrorAnswer
from support.simulator.plan import Plan
from support.simulator.present import Present, State
from support.simulator.registry import Registry
from support.simulator.slowness import stretch

WAITING = "waiting for fiber"

_STATUSES = {
    400: "The request is wrong: which field, and what is allowed",
    401: "The token is missing, or another one",
    404: "There is no such job",
    500: "A field is missing that the server cannot do without",
    501: "What the contract allows, and this simulator does not do yet",
    503: "No fibre is attached, or all windows are in use",
}

Responses = dict[int | str, dict[str, Any]]


class WaitingForFibreError(RuntimeError):
    """No fibre is attached."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk.

    Attributes:
        present: what the server is at the moment.
        registry: the jobs.
        attached: whether the server has its fibre, or waits for one.
    """

    present: Present
    registry: Registry
    attached: bool

    async def require_fibre(self) -> None:
        """Raises WaitingForFibreError where there is none."""
        if not self.attached:
            raise WaitingForFibreError

    async def job(self, request: BaseModel, exchange: Request, plan: Callable[[State], Plan]) -> Job:
        """Starts a job.

        Args:
            request: what is asked for.
            exchange: how that came.
            plan: makes the numbers that it follows, or raises RequestError.
        """
        began, now, asked = time.monotonic(), self.present.now, request.model_dump(exclude_unset=True)
        deviations = exchange.scope.get(DEVIATIONS, now.deviations).of_job(asked)
        planned = deviations.through(stages.PLAN, now.dialect.spread(plan(now)))
        job = await self.registry.create(planned, asked, replace(now, deviations=deviations))
        await stretch(began, now.options.slowed)
        return job


def errors(*statuses: int) -> Responses:
    """What an endpoint may answer in place of what was asked for."""
    return {status: {"model": ErrorAnswer, "description": _STATUSES[status]} for status in statuses}

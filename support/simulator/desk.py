"""The desk where jobs are asked for: what the REST sides of all dialects have in common."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request
from pydantic import BaseModel

from support.simulator.deviations import stages
from support.simulator.deviations.middleware import DEVIATIONS
from support.simulator.fibre import Measured
from support.simulator.job import Job
from support.simulator.lines import Lines
from support.simulator.models import ErrorAnswer, RangeRequest, Recorded
from support.simulator.plan import Between, NoRecordingError, Plan, asked_range
from support.simulator.present import Present, State
from support.simulator.registry import Registry
from support.simulator.slowness import stretch

WAITING = "waiting for fiber"

_STATUSES = {
    400: "The request is wrong: which field, and what is allowed",
    401: "The token is missing, or another one",
    404: "There is no such job, or nothing was recorded in the range",
    500: "A field is missing that the server cannot do without",
    503: "No fibre is attached, or all windows are in use",
}

Making = Callable[[State, Measured], Plan]
"""Makes the numbers that a job follows, of the server and of what was measured, or raises RequestError."""

Responses = dict[int | str, dict[str, Any]]


class WaitingForFibreError(RuntimeError):
    """No fibre is attached."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk.

    Attributes:
        present: what the server is at the moment.
        registry: the jobs.
    """

    present: Present
    registry: Registry

    async def require_fibre(self) -> None:
        """Raises WaitingForFibreError where there is none."""
        if not self.present.attached:
            raise WaitingForFibreError

    async def job(self, request: BaseModel, between: Between | None, exchange: Request, plan: Making) -> Job:
        """Starts a job.

        Args:
            request: what is asked for.
            between: the range of the past that it is about; None: live.
            exchange: how that came.
            plan: makes the numbers that it follows.

        Raises:
            NoRecordingError: nothing was recorded in the range.
        """
        began, now, asked = time.monotonic(), self.present.now, request.model_dump(exclude_unset=True)
        deviations = exchange.scope.get(DEVIATIONS, now.deviations).of_job(asked)
        lines: Lines[Measured] = now.lines
        if between is not None:
            lines = recorded = await asyncio.to_thread(now.recorded, between[0])
        planned = deviations.through(stages.PLAN, now.dialect.spread(plan(now, lines.measured)))
        if between is not None and not recorded.measured.within(*between):
            raise NoRecordingError("there is no recording from start_time to end_time")
        job = await self.registry.create(planned, asked, replace(now, deviations=deviations, lines=lines))
        await stretch(began, now.options.slowed)
        return job

    async def recordings(self, request: RangeRequest) -> list[Recorded]:
        """When what was recorded in a range begins and ends.

        Raises:
            RequestError: it is no range.
        """
        between = asked_range(request)
        assert between is not None
        recording = (await asyncio.to_thread(self.present.now.recorded)).measured
        return [recording.extent(segment) for segment in recording.within(*between)]


def errors(*statuses: int) -> Responses:
    """What an endpoint may answer in place of what was asked for."""
    return {status: {"model": ErrorAnswer, "description": _STATUSES[status]} for status in statuses}

"""The desk of a server that serves captures again: it has their jobs alone."""

from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel

from support.simulator.desk import Desk, Making
from support.simulator.job import Job
from support.simulator.models import ConfigTaskRequest, ConfigureRequest, RangeRequest, Recorded
from support.simulator.plan import Between
from support.simulator.replay.shelf import Shelf


@dataclass(frozen=True, slots=True)
class ReplayDesk(Desk):
    """The desk.

    Attributes:
        shelf: the captures.
    """

    shelf: Shelf

    async def job(self, request: BaseModel, _between: Between | None, _exchange: Request, _plan: Making) -> Job:
        """Starts the job that was asked for like this when it was captured.

        Raises:
            RequestError: there is none.
        """
        told = request.as_configure() if isinstance(request, ConfigTaskRequest) else None
        plan = self.shelf.plan(told or ConfigureRequest(**request.model_dump()))
        return await self.registry.create(plan, request.model_dump(exclude_unset=True), self.present.now)

    async def recordings(self, request: RangeRequest) -> list[Recorded]:
        """What the server said that was recorded then."""
        spans = self.shelf.recorded
        return [[begin, end] for begin, end in spans if begin < request.end_time and end > request.start_time]

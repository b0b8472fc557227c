"""The simulator's own door for scenarios: deviations, options that change, its recording. No part of the contract."""

import asyncio

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict

from support.simulator.deviations.catalogue import UnknownDeviationError
from support.simulator.present import Present


class ActiveDeviations(BaseModel):
    """Names, with arguments as on the command line: "dead-sensor=3"."""

    faults: list[str] = []
    variants: list[str] = []


class ChangedOptions(BaseModel):
    """What can be other than the server was started with, as on the command line: "windows", "idle_removal"."""

    model_config = ConfigDict(extra="forbid")

    windows: int | None = None
    idle_removal: float | None = None
    fibre_after: float | None = None


def add_control(app: FastAPI, present: Present) -> None:
    """Adds the door to the application, out of sight of its OpenAPI page."""

    @app.put("/simulator/deviations", include_in_schema=False)
    async def put_deviations(wanted: ActiveDeviations) -> ActiveDeviations:
        """Replaces the active deviations, for REST answers from now on and for jobs configured from now on."""
        try:
            present.deviate(wanted.faults, wanted.variants)
        except UnknownDeviationError as error:
            raise HTTPException(400, str(error)) from None
        return wanted

    @app.put("/simulator/options", include_in_schema=False)
    async def put_options(wanted: ChangedOptions) -> ChangedOptions:
        """Changes these options, and no others, for the jobs that there are, too."""
        present.change(wanted.model_dump(exclude_none=True))
        return wanted

    @app.get("/simulator/acts", include_in_schema=False)
    async def get_acts() -> dict[str, int]:
        """How often each active fault under conditions has made a difference."""
        return present.now.deviations.acts

    @app.get("/simulator/acts/past", include_in_schema=False)
    async def get_acts_in_past() -> dict[str, int]:
        """How often of these in what is shown of the past."""
        return present.now.deviations.acts_in_past

    @app.get("/simulator/recording", include_in_schema=False)
    async def get_recording() -> str:
        """The file that historic jobs show; the first time, it may have to be made."""
        return str(await asyncio.to_thread(present.now.recording))

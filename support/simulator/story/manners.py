"""The REST side in the story's dialect."""

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from support.simulator.desk import WAITING, Desk, errors
from support.simulator.fibre import Fibre
from support.simulator.job import Job
from support.simulator.models import (
    Cancelled,
    Channels,
    ConfigTaskAnswer,
    ConfigTaskRequest,
    ConfigureAnswer,
    ConfigureRequest,
    JobMetadata,
    LiveMetadata,
    RangeRequest,
    Recorded,
)
from support.simulator.plan import RequestError, asked_range, make_plan
from support.simulator.ports import HOST
from support.simulator.stream import VERSION

_JOB_LINKS = {
    operation: {"operationId": operation, "parameters": {"job_id": "$response.body#/job_id"}}
    for operation in ("get_metadata", "delete_job")
}


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Adds the endpoints of the contract."""
    _add_fibre_routes(app, desk)
    _add_job_routes(app, desk)


def configure_answer(job: Job) -> ConfigureAnswer:
    """What the client is told about its new job."""
    plan = job.plan
    return ConfigureAnswer(
        status="Config received successfully",
        job_id=job.job_id,
        stream_url=HOST,
        stream_port=job.port,
        stream_amount=plan.streams,
        channel_amount=len(plan.channels),
        channel_to_stream_index=plan.channel_to_stream_index,
        frequencies_amount=len(plan.bins),
        frequencies_list=plan.frequencies,
        lines_dt=float(plan.lines_dt),
        view_type=plan.view_type,
    )


def live_metadata(fibre: Fibre, attached: bool) -> LiveMetadata:
    """The fibre as the contract describes it; without one, prr and dx are 0."""
    return LiveMetadata(
        dx=fibre.dx if attached else 0,
        prr=float(fibre.prr) if attached else 0,
        fiber_start_meters=fibre.lowest * fibre.dx if attached else 0,
        fiber_length_meters=fibre.count * fibre.dx if attached else 0,
        sw_version=VERSION if attached else WAITING,
        number_of_channels=fibre.count,
        fiber_description=f"synthetic fibre, seed {fibre.seed}" if attached else "",
    )


def _add_fibre_routes(app: FastAPI, desk: Desk) -> None:
    @app.get("/live_metadata")
    async def get_live_metadata() -> LiveMetadata:
        """The fibre that is attached."""
        return live_metadata(desk.present.now.fibre, desk.present.attached)

    @app.get("/channels")
    async def get_channels() -> Channels:
        """The numbers of the first and the last channel."""
        fibre = desk.present.now.fibre
        return Channels(lowest_channel=fibre.lowest, highest_channel=fibre.highest)

    @app.post("/recordings_in_time_range", responses=errors(400))
    async def recordings(request: RangeRequest) -> list[Recorded]:
        """When the recordings in a range begin and end."""
        return await desk.recordings(request)


def _add_job_routes(app: FastAPI, desk: Desk) -> None:
    @app.post(
        "/configure",
        responses={200: {"links": _JOB_LINKS}, **errors(400, 404, 503)},
        dependencies=[Depends(desk.require_fibre)],
    )
    async def configure(request: ConfigureRequest, exchange: Request) -> ConfigureAnswer:
        """Starts a job that streams live data, or those of a range of the past."""
        return configure_answer(await _job(desk, request, request, exchange))

    @app.post(
        "/config/{task_id}",
        responses={200: {"links": _JOB_LINKS}, **errors(400, 404, 503)},
        dependencies=[Depends(desk.require_fibre)],
    )
    async def config(task_id: str, request: ConfigTaskRequest, exchange: Request) -> ConfigTaskAnswer:
        """The same in other words."""
        try:
            job = await _job(desk, request, request.as_configure(), exchange)
        except RequestError as error:
            words = str(error).replace("channels", "sensors").replace("displayInfo", "canvasInfo")
            raise type(error)(words) from error
        return ConfigTaskAnswer(**configure_answer(job).model_dump(), task_id=task_id)

    @app.get("/metadata/{job_id}", responses=errors(404))
    async def get_metadata(job_id: str) -> JobMetadata:
        """A job that is there, or was until lately."""
        job = desk.registry.find(job_id)
        if job is None:
            raise HTTPException(404, f"there is no job '{job_id}'")
        return JobMetadata(job_id=job_id, status=job.status, config=job.config)

    @app.delete("/job/{job_id}", responses=errors(404))
    async def delete_job(job_id: str) -> Cancelled:
        """Ends a job: its streams end with status OK, then its port closes."""
        if not desk.registry.cancel(job_id):
            raise HTTPException(404, f"there is no job '{job_id}', or it is over already")
        return Cancelled(job_id=job_id)


async def _job(desk: Desk, body: BaseModel, asked: ConfigureRequest, exchange: Request) -> Job:
    return await desk.job(
        body,
        asked_range(asked),
        exchange,
        lambda now, measured: make_plan(asked, measured, now.options.frame_rate),
    )

"""The REST side in the story's dialect."""

from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException

from support.simulator.desk import WAITING, Desk, errors
from support.simulator.fibre import Fibre
from support.simulator.job import Job
from support.simulator.models import (
    Cancelled,
    Channels,
    ConfigureAnswer,
    ConfigureRequest,
    ErrorAnswer,
    JobMetadata,
    LiveMetadata,
)
from support.simulator.plan import make_plan
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
    _add_later_routes(app)


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
        prr=fibre.prr if attached else 0,
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
        return live_metadata(desk.present.now.fibre, desk.attached)

    @app.get("/channels")
    async def get_channels() -> Channels:
        """The numbers of the first and the last channel."""
        fibre = desk.present.now.fibre
        return Channels(lowest_channel=fibre.lowest, highest_channel=fibre.highest)


def _add_job_routes(app: FastAPI, desk: Desk) -> None:
    @app.post(
        "/configure",
        responses={200: {"links": _JOB_LINKS}, **errors(400, 501, 503)},
        dependencies=[Depends(desk.require_fibre)],
    )
    async def configure(request: ConfigureRequest, exchange: Request) -> ConfigureAnswer:
        """Starts a job that streams live data."""
        return configure_answer(
            await desk.job(request, exchange, lambda now: make_plan(request, now.fibre, now.options.frame_rate))
        )

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


def _add_later_routes(app: FastAPI) -> None:
    @app.post("/config/{task_id}", responses=errors(501), status_code=501)
    async def config(task_id: str) -> ErrorAnswer:
        """The other dialect of /configure."""
        return ErrorAnswer(error=f"/config/{task_id} is not available in this simulator yet; use /configure")

    @app.post("/recordings_in_time_range", responses=errors(501), status_code=501)
    async def recordings() -> ErrorAnswer:
        """The recordings that historic mode could show."""
        return ErrorAnswer(error="/recordings_in_time_range is not available in this simulator yet")

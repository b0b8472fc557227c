"""The REST side in production's dialect: whole numbers, ports as text, no way to end a job."""

from fractions import Fraction
from functools import partial
from math import ceil
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.exceptions import HTTPException

from support.simulator.desk import WAITING, Desk, errors
from support.simulator.fibre import Measured, Rate
from support.simulator.job import Job
from support.simulator.models import Channels, FrequencyRange, RangeRequest, Recorded
from support.simulator.plan import WATERFALL, Bins, Plan, RequestError, asked_range, check_band, make_plan, no_bin
from support.simulator.ports import HOST
from support.simulator.present import State
from support.simulator.production.models import (
    ConfigureAnswer,
    ConfigureRequest,
    JobMetadata,
    LiveMetadata,
)
from support.simulator.stream import VERSION

NEEDED = ("nfftSelection", "frequencyRange", "displayTimeAxisDuration")


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Adds the endpoints that production has."""
    _add_fibre_routes(app, desk)
    _add_job_routes(app, desk)


def configure_answer(job: Job) -> ConfigureAnswer:
    """What the client is told about its new job."""
    plan = job.plan
    return ConfigureAnswer(
        status="",
        job_id=job.job_id,
        stream_url=f"http://{HOST}",
        stream_port=str(job.port),
        stream_amount=plan.streams,
        channel_amount=len(plan.channels),
        channel_to_stream_index=plan.channel_to_stream_index,
        frequencies_amount=len(plan.bins),
        frequencies_list=plan.frequencies,
        lines_dt=float(plan.lines_dt),
        view_type=plan.view_type,
    )


def live_metadata(desk: Desk) -> LiveMetadata:
    """The fibre, with the PRR that it is said to have; without one, prr and dx are 0."""
    now, attached = desk.present.now, desk.present.attached
    return LiveMetadata(
        dx=now.fibre.dx if attached else 0,
        prr=float(now.options.prr) if attached else 0,
        sw_version=VERSION if attached else WAITING,
        number_of_channels=now.fibre.count,
        fiber_description=f"synthetic fibre, seed {now.fibre.seed}" if attached else "",
    )


def make_bins(nominal: Rate, real: Rate) -> Bins:
    """The frequencies of a band: multiples of a step, one fewer than there would be room for, but never none.

    Args:
        nominal: PRR as the metadata tell it, Hz: bands reach up to half of it.
        real: PRR of the fibre, Hz: over the NFFT it is the step.
    """

    def bins(asked: FrequencyRange, nfft: int) -> range:
        check_band(asked, nominal)
        step = Fraction(real, nfft)
        first, end = ceil(Fraction(asked.min) / step), int(Fraction(asked.max) / step)
        if first * step >= asked.max:
            raise no_bin(asked, nfft, float(step))
        return range(first, max(end, first + 1))

    return bins


def _plan(request: ConfigureRequest, now: State, measured: Measured) -> Plan:
    """The plan of a job.

    Raises:
        RequestError: the fibre, or the contract, does not allow it.
        HTTPException: a field is missing.
    """
    missing = [name for name in NEEDED if getattr(request, name) is None]
    if missing:
        raise HTTPException(500, f"{', '.join(missing)}: missing")
    if request.view_type == WATERFALL:
        raise RequestError("view_type: the waterfall view is not deployed")
    bins = make_bins(now.options.prr, measured.prr)
    return make_plan(request.checked(), measured, now.options.frame_rate, bins)


def _add_fibre_routes(app: FastAPI, desk: Desk) -> None:
    @app.get("/ack")
    async def get_ack() -> dict[str, Any]:
        """The server is alive."""
        return {}

    @app.get("/live_metadata")
    async def get_live_metadata() -> LiveMetadata:
        """The fibre that is attached."""
        return live_metadata(desk)

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
    @app.post("/configure", responses=errors(400, 404, 500, 503), dependencies=[Depends(desk.require_fibre)])
    async def configure(request: ConfigureRequest, exchange: Request) -> ConfigureAnswer:
        """Starts a job that streams live data, or those of a range of the past."""
        return configure_answer(await desk.job(request, asked_range(request), exchange, partial(_plan, request)))

    @app.get("/metadata/{job_id}", responses=errors(404))
    async def get_metadata(job_id: str) -> JobMetadata:
        """A job, once it serves and as long as it does."""
        job = desk.registry.find(job_id)
        if job is None or not job.serves or job.ended.is_set():
            raise HTTPException(404, "Invalid job_id")
        return JobMetadata(**configure_answer(job).model_dump(), metadata=live_metadata(desk))

    @app.delete("/job/{job_id}", responses=errors(404), status_code=404)
    async def delete_job(job_id: str) -> dict[str, str]:
        """Nobody can end a job: it does so by itself."""
        raise HTTPException(404, f"there is no way to end '{job_id}'")

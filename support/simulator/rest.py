"""The REST side: the endpoints of the contract, and errors that say in words what is wrong."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.exceptions import HTTPException

from support.simulator.deviations import stages
from support.simulator.deviations.control import add_control
from support.simulator.deviations.middleware import DEVIATIONS, Deviating
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
from support.simulator.plan import NotYetAvailableError, RequestError, make_plan
from support.simulator.pod import HOST
from support.simulator.present import Present
from support.simulator.registry import Registry, WindowsFullError
from support.simulator.slowness import stretch
from support.simulator.stream import VERSION

WAITING = "waiting for fiber"

_STATUSES = {
    400: "The request is wrong: which field, and what is allowed",
    401: "The token is missing, or another one",
    404: "There is no such job",
    501: "What the contract allows, and this simulator does not do yet",
    503: "No fibre is attached, or all windows are in use",
}

_JOB_LINKS = {
    operation: {"operationId": operation, "parameters": {"job_id": "$response.body#/job_id"}}
    for operation in ("get_metadata", "delete_job")
}

Responses = dict[int | str, dict[str, Any]]

log = logging.getLogger(__name__)


class WaitingForFibreError(RuntimeError):
    """No fibre is attached."""


class _App(FastAPI):
    """An application whose OpenAPI tells of the errors that there are: wrong requests are 400, so there is no 422."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for schema in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(schema, None)
        return document


def build_app(present: Present, registry: Registry, attached: bool, guarded: bool = False) -> FastAPI:
    """The ASGI application.

    Args:
        present: what the server is at the moment.
        registry: the jobs.
        attached: whether the server has its fibre, or waits for one.
        guarded: whether it wants a token: that is asked for before this application (``Security.guarding``), and here
            only told in the OpenAPI.
    """
    wants = [Depends(HTTPBearer(auto_error=False)), Depends(HTTPBasic(auto_error=False))] if guarded else []
    app = _App(
        title="Focus Server (embedded)",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=wants,
        responses=_errors(401) if guarded else None,
        generate_unique_id_function=lambda route: route.name,
    )
    _add_fibre_routes(app, present, attached)
    _add_job_routes(app, present, registry, attached)
    _add_later_routes(app)
    _add_error_handlers(app)
    add_control(app, present)
    app.add_middleware(Deviating, active=lambda: present.now.deviations)
    return app


def configure_answer(job: Job) -> ConfigureAnswer:
    """What the client is told about its new job."""
    plan = job.plan
    return ConfigureAnswer(
        status="Config received successfully",
        job_id=job.job_id,
        stream_url=HOST,
        stream_port=job.port,
        stream_amount=1,
        channel_amount=len(plan.channels),
        channel_to_stream_index={str(channel): 0 for channel in plan.channels},
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


def _errors(*statuses: int) -> Responses:
    """What an endpoint may answer in place of what was asked for."""
    return {status: {"model": ErrorAnswer, "description": _STATUSES[status]} for status in statuses}


def _add_fibre_routes(app: FastAPI, present: Present, attached: bool) -> None:
    @app.get("/live_metadata")
    async def get_live_metadata() -> LiveMetadata:
        """The fibre that is attached."""
        return live_metadata(present.now.fibre, attached)

    @app.get("/channels")
    async def get_channels() -> Channels:
        """The numbers of the first and the last channel."""
        fibre = present.now.fibre
        return Channels(lowest_channel=fibre.lowest, highest_channel=fibre.highest)


def _add_job_routes(app: FastAPI, present: Present, registry: Registry, attached: bool) -> None:
    async def fibre_attached() -> None:
        if not attached:
            raise WaitingForFibreError

    @app.post(
        "/configure",
        responses={200: {"links": _JOB_LINKS}, **_errors(400, 501, 503)},
        dependencies=[Depends(fibre_attached)],
    )
    async def configure(request: ConfigureRequest, exchange: Request) -> ConfigureAnswer:
        """Starts a job that streams live data."""
        began, now, asked = time.monotonic(), present.now, request.model_dump(exclude_unset=True)
        deviations = exchange.scope.get(DEVIATIONS, now.deviations).of_job(asked)
        plan = deviations.through(stages.PLAN, make_plan(request, now.fibre, now.options.frame_rate))
        job = await registry.create(plan, asked, replace(now, deviations=deviations))
        await stretch(began, now.options.slowed)
        return configure_answer(job)

    @app.get("/metadata/{job_id}", responses=_errors(404))
    async def get_metadata(job_id: str) -> JobMetadata:
        """A job that is there, or was until lately."""
        job = registry.find(job_id)
        if job is None:
            raise HTTPException(404, f"there is no job '{job_id}'")
        return JobMetadata(job_id=job_id, status=job.status, config=job.config)

    @app.delete("/job/{job_id}", responses=_errors(404))
    async def delete_job(job_id: str) -> Cancelled:
        """Ends a job: its streams end with status OK, then its port closes."""
        if not registry.cancel(job_id):
            raise HTTPException(404, f"there is no job '{job_id}', or it is over already")
        return Cancelled(job_id=job_id)


def _add_later_routes(app: FastAPI) -> None:
    @app.post("/config/{task_id}", responses=_errors(501), status_code=501)
    async def config(task_id: str) -> ErrorAnswer:
        """The other dialect of /configure."""
        return ErrorAnswer(error=f"/config/{task_id} is not available in this simulator yet; use /configure")

    @app.post("/recordings_in_time_range", responses=_errors(501), status_code=501)
    async def recordings() -> ErrorAnswer:
        """The recordings that historic mode could show."""
        return ErrorAnswer(error="/recordings_in_time_range is not available in this simulator yet")


def _add_error_handlers(app: FastAPI) -> None:
    def answer(status: int, words: str) -> JSONResponse:
        return JSONResponse(ErrorAnswer(error=_short(words)).model_dump(), status)

    def add(kind: type[Exception], respond: Callable[[Any], tuple[int, str]]) -> None:
        async def handle(request: Request, error: Exception) -> JSONResponse:
            status, words = respond(error)
            log.info("%s %s: %d %s", request.method, request.url.path, status, words)
            return answer(status, words)

        app.add_exception_handler(kind, handle)

    add(RequestValidationError, lambda error: (400, invalid_fields(error)))
    add(NotYetAvailableError, lambda error: (501, str(error)))
    add(RequestError, lambda error: (400, str(error)))
    add(WindowsFullError, lambda error: (503, str(error)))
    add(WaitingForFibreError, lambda _: (503, f"{WAITING}: no fibre is attached, so no job can start"))
    add(Exception, lambda error: (500, f"the server failed: {type(error).__name__}"))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        words = str(error.detail)
        if words in ("Not Found", "Method Not Allowed"):
            words = f"{request.method} {request.url.path}: {words.lower()}; /openapi.json tells what there is"
        response = answer(error.status_code, words)
        response.headers.update(error.headers or {})
        return response


def invalid_fields(error: RequestValidationError) -> str:
    """One sentence that names each field at fault and what is wrong with it."""
    return "; ".join(sorted({_problem(item) for item in error.errors()}))


_WORDS = {
    "missing": "missing",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "literal_error": 'must be "0" (multi-channel), "1" (single-channel) or "2" (waterfall), as text or number',
    "model_attributes_type": "must be a JSON object",
    "json_invalid": "not JSON: {error}",
}


def _problem(item: dict[str, Any]) -> str:
    known = _WORDS.get(item["type"])
    words = known.format(**item.get("ctx", {})) if known else item["msg"]
    field = ".".join(str(part) for part in item["loc"][1:] if item["type"] != "json_invalid")
    if item["type"] not in ("missing", "json_invalid"):
        words += f", not {_short(json.dumps(item['input'], default=repr), 40)}"
    return f"{field or 'the body'}: {words}"


def _short(text: str, most: int = 600) -> str:
    return text if len(text) <= most else f"{text[:most]}..."

"""Faults of a job: its id and its address, its health, its end, and calls for jobs that are not there."""

import asyncio
import math
import socket
from dataclasses import replace
from functools import lru_cache
from typing import Any

import grpc

from protos.datastream_pb2 import HealthResponse
from support.simulator.deviations.catalogue import Seconds
from support.simulator.deviations.stages import (
    ANSWER,
    DELIVERY,
    HEALTH,
    JOB_ID,
    POD_START,
    REST,
    UNKNOWN_JOB,
    AbortError,
    Answer,
    Exchange,
    Payloads,
    Proceed,
    Refusal,
)
from support.simulator.job import Job

OVER = ("cancelled", "failed")


@UNKNOWN_JOB.fault("unknown-job")
def unknown_job_served(refusal: Refusal, _job: Job) -> Refusal:
    """A job that does not exist is streamed like any other."""
    return replace(refusal, status=None)


@UNKNOWN_JOB.fault("unknown-job")
def unknown_job_silent(refusal: Refusal, _job: Job) -> Refusal:
    """The stream of a job that does not exist ends with status OK, without a frame."""
    return replace(refusal, status=grpc.StatusCode.OK)


@UNKNOWN_JOB.fault("unknown-job")
def unknown_job_wrong_status(refusal: Refusal, _job: Job) -> Refusal:
    """A job that does not exist is refused with the status INTERNAL."""
    return replace(refusal, status=grpc.StatusCode.INTERNAL)


@UNKNOWN_JOB.fault("unknown-job")
def unknown_job_unnamed(refusal: Refusal, _job: Job) -> Refusal:
    """A job that does not exist is refused without being named."""
    return replace(refusal, details="not found")


@UNKNOWN_JOB.fault("unknown-job")
def unknown_job_closes_port(refusal: Refusal, job: Job) -> Refusal:
    """A job that does not exist is refused, and then the port is gone."""
    job.vanish()
    return replace(refusal, details=f"{refusal.details}, which closes now")


@REST.fault("cancel", "story")
async def cancel_ignored(exchange: Exchange, proceed: Proceed, longer: Seconds = 20.0) -> Answer:
    """A job is said to be cancelled, but it goes on, and its streams with it, for some time."""
    if exchange.method != "DELETE":
        return await proceed(exchange)
    metadata = await proceed(Exchange("GET", f"/metadata/{exchange.job_id}"))
    if metadata.status != 200 or metadata.content["status"] in OVER:
        return await proceed(exchange)
    later(longer, exchange, proceed)
    return Answer.of(200, {"job_id": exchange.job_id, "status": "cancelled"})


@DELIVERY.fault("cancel", "story")
async def cancel_breaks_stream(payloads: Payloads, job: Job) -> Payloads:
    """The streams of a job that is cancelled end with the status ABORTED."""
    async for payload in payloads:
        yield payload
    if job.status == "cancelled":
        raise AbortError(grpc.StatusCode.ABORTED, "the job was cancelled")


@HEALTH.fault("health")
async def unhealthy(response: HealthResponse) -> HealthResponse:
    """The server says that it is not healthy."""
    return HealthResponse(healthy=False, version=response.version)


@HEALTH.fault("health")
async def health_error(_response: HealthResponse) -> HealthResponse:
    """The question for the server's health is answered with the status INTERNAL."""
    raise AbortError(grpc.StatusCode.INTERNAL, "the health of the server is not known")


@HEALTH.fault("health")
async def health_hangs(response: HealthResponse) -> HealthResponse:
    """The question for the server's health is not answered."""
    await asyncio.sleep(math.inf)
    return response


@ANSWER.fault("address")
def wrong_port(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names a port that nobody listens on."""
    return answer | {"stream_port": type(answer["stream_port"])(_closed_port().getsockname()[1])}


@ANSWER.fault("address")
def port_nonsense(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names a port that is no number."""
    return answer | {"stream_port": "http"}


@ANSWER.fault("address")
def host_empty(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names no host."""
    return answer | {"stream_url": ""}


@POD_START.fault("address")
def pod_never_starts(_seconds: float) -> float:
    """The port of a job never accepts a connection."""
    return math.inf


@JOB_ID.fault("job-id")
def job_id_repeated(_job_id: str) -> str:
    """Every job gets the same id."""
    return "7-70788"


@JOB_ID.fault("job-id")
def job_id_recycled(job_id: str) -> str:
    """The id of a job that is over is given again, to the next one in its window."""
    return f"{job_id.partition('-')[0]}-70788"


@JOB_ID.fault("job-id")
def job_id_malformed(job_id: str) -> str:
    """The id of a job tells no window."""
    return f"job_{job_id.replace('-', '_')}"


_waiting: set[asyncio.Task[None]] = set()


def later(delay: float, exchange: Exchange, proceed: Proceed) -> None:
    """Asks the correct server after ``delay`` seconds, so that what was not done now leaves no window in use."""

    async def ask() -> None:
        await asyncio.sleep(delay)
        await proceed(exchange)

    task = asyncio.get_running_loop().create_task(ask())
    _waiting.add(task)  # the loop alone would forget it
    task.add_done_callback(_waiting.discard)


@lru_cache(maxsize=1)
def _closed_port() -> socket.socket:
    """A port that is taken, so that no job gets it, and that refuses connections."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken

"""Requests that the server must refuse, and what it said to them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus

from support.errors import APIError, ConnectionError, ProtocolError
from support.screen.streaming import Streaming, promised
from support.validation.finding import Finding, Severity, Topic


@dataclass(frozen=True)
class Refusal:
    """What a request was refused with.

    Attributes:
        error: the answer.
        seconds: how long it took.
        job_id: the job that does not exist and was asked for; empty where it was another request.
    """

    error: APIError
    seconds: float
    job_id: str = ""


def what_is_amiss(error: APIError) -> str:
    """Why an error is no refusal of a configuration with status 400 or 422, in words; empty where it is one."""
    is_expected = error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    return "" if is_expected and not isinstance(error, ProtocolError) else str(error)


def judge_refusal(error: APIError) -> list[Finding]:
    """Findings about the refusal of a configuration."""
    amiss = what_is_amiss(error)
    return [Finding("refusal in words", Topic.CONFIGURATION, amiss, Severity.NORMAL)] if amiss else []


def refusal_of(what: str, ask: Callable[[], object], job_id: str = "") -> Refusal:
    """The server's refusal of ``what``, which ``ask`` asks for.

    Raises:
        AssertionError: there is none.
    """
    began = time.monotonic()
    try:
        ask()
    except APIError as error:
        return Refusal(error, time.monotonic() - began, job_id)
    raise AssertionError(f"{what} was accepted, not refused")


def refusal_of_unknown_job(streaming: Streaming) -> Refusal:
    """The refusal to stream a job that does not exist, on the connection to one that does.

    Raises:
        AssertionError: there is none, or the connection broke.
    """
    streaming.connect()
    job_id = f"0-unknown-{uuid.uuid4().hex[:12]}"
    stream = streaming.client.stream_spectrograms(job_id, max_frames=1)
    with closing(stream), promised(ConnectionError):
        return refusal_of(f"the unknown job {job_id!r}", lambda: next(stream, None), job_id)

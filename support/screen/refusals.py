"""Requests that the server must refuse, and what it said to them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus

import grpc

from support.contract import JobRequest
from support.errors import APIError, ConnectionError, ProtocolError
from support.screen.streaming import Streaming, promised
from support.stream.unsaid import Unsaid
from support.validation.finding import Finding, Severity, Topic

_OVERLOADED = (500, 502, 503, 504)
"""How servers in the field answer when they have no window."""


@dataclass(frozen=True)
class Refusal:
    """What a request was refused with.

    Attributes:
        error: the answer.
        seconds: how long it took.
        job_id: the job that does not exist and was asked for, to be named in the refusal; empty where there is none.
        request: the configuration that was asked for; None where it was something else.
    """

    error: APIError
    seconds: float
    job_id: str = ""
    request: JobRequest | None = None


def what_is_amiss(error: APIError) -> str:
    """Why an error is no refusal of a configuration with status 400 or 422, in words; empty where it is one."""
    is_expected = error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    return "" if is_expected and not isinstance(error, ProtocolError) else str(error)


def why_not_full(error: APIError, cannot: frozenset[Unsaid]) -> str:
    """Why an error does not say that all windows are in use, in words; empty where it does.

    A server that does not say how many it has answers as gateways do, without words.
    """
    if Unsaid.WINDOWS in cannot:
        return "" if error.status in _OVERLOADED else str(error)
    is_expected = error.status == HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(error, ProtocolError)
    return "" if is_expected else str(error)


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

    A server that cannot be asked for another job is asked for a stream that its job does not have; it may refuse that
    by sending nothing.

    Raises:
        AssertionError: there is none, or the connection broke.
    """
    streaming.connect()
    job_id, number = f"0-unknown-{uuid.uuid4().hex[:12]}", streaming.window.job.answer.stream_amount
    stream = streaming.client.stream_spectrograms(job_id, max_frames=1, stream=number)
    names_no_job = Unsaid.UNKNOWN_JOB in streaming.client.dialect.cannot

    def ask() -> None:
        if next(stream, None) is None and names_no_job:
            raise APIError("the stream ended without a frame", status=grpc.StatusCode.OK)

    what = f"stream {number}, counted from 0, of {number}" if names_no_job else f"the unknown job {job_id!r}"
    with closing(stream), promised(ConnectionError):
        return refusal_of(what, ask, "" if names_no_job else job_id)

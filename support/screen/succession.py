"""Jobs one after the other: how soon the window of one that was cancelled is there for the next."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus

from support.contract import JobAnswer, JobRequest
from support.errors import APIError
from support.focus_server_api import FocusServerAPI

_EVERY = 0.25
"""Seconds from one request to the next, where the server has no window."""


@dataclass(frozen=True)
class Succession:
    """Jobs that were configured and cancelled, one after the other.

    Attributes:
        waits: how long each of them waited for a window, seconds since the one before it was cancelled.
        job_ids: the jobs.
        refusal: the words in which the last one was refused, where it was in the end.
        can_cancel: False where the server answers 404 to cancelling a job; then there is one job alone.
    """

    waits: list[float]
    job_ids: list[str]
    refusal: str = ""
    can_cancel: bool = True


def one_after_the_other(api: FocusServerAPI, request: JobRequest, count: int, patience: float) -> Succession:
    """Configures and cancels a job, ``count`` times; one that has no window after ``patience`` seconds is the last.

    Raises:
        APIError: the server refused a job, though not for want of a window.
    """
    waits: list[float] = []
    job_ids: list[str] = []
    for _ in range(count):
        began = time.monotonic()
        while isinstance(answer := _configured(api, request), str):
            if time.monotonic() - began > patience:
                return Succession([*waits, time.monotonic() - began], job_ids, answer)
            time.sleep(_EVERY)
        waits.append(time.monotonic() - began)
        job_ids.append(answer.job_id)
        if not api.cancel(answer.job_id):
            return Succession(waits, job_ids, can_cancel=False)
    return Succession(waits, job_ids)


def _configured(api: FocusServerAPI, request: JobRequest) -> JobAnswer | str:
    """The answer; the words of the server where it has no window."""
    try:
        return api.configure(request)
    except APIError as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return str(error)

"""What the server tells of jobs that are over: none that it has cancelled may go on, and each is told as it was."""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus

from support.contract import JobMetadata
from support.errors import APIError
from support.focus_server_api import FocusServerAPI
from support.screen.job import Job
from support.validation.account import judge_metadata, judge_over
from support.validation.finding import Finding

WINDOW_FREE_WITHIN = 5.0
"""Seconds that a server may take to end a job that it has cancelled, as the contract says."""

_EVERY = 0.2


def told_afterwards(api: FocusServerAPI, jobs: Iterable[Job], patience: float = 0.0) -> list[Finding]:
    """What the server tells of jobs that it has cancelled, and that is not so.

    Jobs that it does not know any more are as good as over.

    Args:
        api: the REST side of the server.
        jobs: those that it has cancelled.
        patience: seconds that it has to end those that go on.

    Raises:
        APIError: it cannot say.
    """
    deadline = time.monotonic() + patience
    told = [(job, _metadata(api, job)) for job in jobs]
    found = [
        finding
        for job, metadata in told
        if metadata
        for finding in judge_metadata(job.request, job.answer.job_id, metadata)
    ]
    while (alive := _alive(told)) and time.monotonic() < deadline:
        time.sleep(_EVERY)
        told = [(job, _metadata(api, job)) for job, _ in told if job.answer.job_id in alive]
    return found + list(alive.values())


def _alive(told: Iterable[tuple[Job, JobMetadata | None]]) -> dict[str, Finding]:
    """A finding about each job that is told to go on, by its id."""
    judged = ((job.answer.job_id, metadata) for job, metadata in told if metadata)
    return {job_id: finding for job_id, metadata in judged for finding in judge_over(job_id, metadata)}


def _metadata(api: FocusServerAPI, job: Job) -> JobMetadata | None:
    """What the server tells of a job; None where it does not know it any more."""
    try:
        return api.metadata(job.answer.job_id)
    except APIError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise

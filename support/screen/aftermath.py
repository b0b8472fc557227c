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


def told_afterwards(api: FocusServerAPI, jobs: Iterable[Job]) -> list[Finding]:
    """What the server tells of jobs that it has cancelled, and that is not so.

    Jobs that it does not know any more are as good as over, and so are those that it could not cancel: they end by
    themselves.

    Raises:
        APIError: it cannot say.
    """
    found, alive = [], []
    for job in jobs:
        if job.cancelled.is_set() and (metadata := _metadata(api, job)):
            found += judge_metadata(job.request, job.answer.job_id, metadata)
            alive += [job] if judge_over(job.answer.job_id, metadata) else []
    return found + _still_alive(api, alive)


def _still_alive(api: FocusServerAPI, jobs: list[Job]) -> list[Finding]:
    """Findings about the jobs that are not over once they have had their time for it."""
    found: list[Finding] = []
    deadline = time.monotonic() + WINDOW_FREE_WITHIN
    while jobs and time.monotonic() < deadline:
        time.sleep(_EVERY)
        told = [(job, _metadata(api, job)) for job in jobs]
        found = [one for job, metadata in told if metadata for one in judge_over(job.answer.job_id, metadata)]
        jobs = [job for job, metadata in told if metadata and judge_over(job.answer.job_id, metadata)]
    return found


def _metadata(api: FocusServerAPI, job: Job) -> JobMetadata | None:
    """What the server tells of a job; None where it does not know it any more."""
    try:
        return api.metadata(job.answer.job_id)
    except APIError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise

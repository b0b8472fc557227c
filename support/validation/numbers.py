"""The numbers that follow from a configuration: said beforehand, by whoever looks at the screen, and not computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from support.contract import JobAnswer, JobRequest
from support.stream.unsaid import Unsaid
from support.validation.finding import Finding, Topic

_ROUNDED = 0.01
"""Share by which a number may be rounded for display."""

_NOMINAL = 0.1
"""Share by which the PRR may be another than is told."""

_ENDS = 2
"""Frequencies that a band may lack at its ends, where the server decides which it has."""


@dataclass(frozen=True)
class Numbers:
    """What a configuration has to have: channels, frequencies, and seconds from line to line."""

    channels: int
    frequencies: int
    lines_dt: float


def judge_numbers(
    request: JobRequest, answer: JobAnswer, prr: float, due: Numbers, cannot: frozenset[Unsaid] = frozenset()
) -> list[Finding]:
    """Findings about the numbers of an answer on a fibre of ``prr`` Hz: whether they are those that are due."""
    return [
        Finding("numbers of the configuration", Topic.CONFIGURATION, f"job {answer.job_id}: {problem}")
        for problem in _problems(request, answer, prr, due, cannot)
    ]


def _problems(
    request: JobRequest, answer: JobAnswer, prr: float, due: Numbers, cannot: frozenset[Unsaid]
) -> Iterator[str]:
    is_nominal = Unsaid.PRR in cannot
    channels = min(due.channels, request.channel_count)  # a short fibre has fewer
    if answer.channel_amount != channels:
        yield f"{answer.channel_amount} channels, where there have to be {channels}"
    fewest = due.frequencies - (_ENDS if is_nominal else 0)
    if not fewest <= answer.frequencies_amount <= due.frequencies:
        yield f"{answer.frequencies_amount} frequencies, where there have to be {due.frequencies}"
    listed, resolution = answer.frequencies_list, prr / request.nfft
    apart = (listed[-1] - listed[0]) / (len(listed) - 1) if len(listed) > 1 else math.nan
    if not math.isclose(apart, resolution, rel_tol=_NOMINAL if is_nominal else _ROUNDED):
        yield f"frequencies {apart:g} Hz apart, where they have to be {resolution:g} Hz"
    if not math.isclose(answer.lines_dt, due.lines_dt, rel_tol=_ROUNDED):
        yield f"lines {answer.lines_dt * 1000:g} ms apart, where they have to be {due.lines_dt * 1000:g} ms"

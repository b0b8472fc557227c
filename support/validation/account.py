"""Whether a server gives a true account of itself: of its fibre, of its jobs, and of what they were asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from support.contract import ChannelRange, JobMetadata, JobRequest, LiveMetadata
from support.stream.unsaid import Unsaid
from support.validation.finding import Finding, Severity, Topic
from support.wording import short, some

_ALIVE = ("pending", "running")
_STATUSES = (*_ALIVE, "completed", "failed", "cancelled")


def judge_fibre(metadata: LiveMetadata, channels: ChannelRange) -> list[Finding]:
    """Findings about the description of the fibre: it counts the channels that there are, where it counts them."""
    found = [
        Finding("fibre readable", Topic.FIBRE, f"{field} of the fibre cannot be read: {problem}", Severity.NORMAL)
        for field, problem in metadata.unreadable.items()
    ]
    told, there_are = metadata.number_of_channels, channels.highest_channel - channels.lowest_channel + 1
    if told is not None and told != there_are:
        sentence = (
            f"the fibre is said to have {told:.15g} channels where {channels.lowest_channel} to "
            f"{channels.highest_channel} are {there_are}"
        )
        found.append(Finding("number of channels", Topic.FIBRE, sentence, Severity.NORMAL, amount=told - there_are))
    return found


def judge_metadata(
    request: JobRequest, job_id: str, metadata: JobMetadata, cannot: frozenset[Unsaid] = frozenset()
) -> list[Finding]:
    """Findings about what the server tells of a job: that it is this one, and what it was asked for.

    More may be told; a server that tells nothing of what was asked for is an old one. ``cannot`` is what the server
    cannot say, so that it is not judged.
    """

    def finding(rule: str, sentence: str) -> Finding:
        return Finding(rule, Topic.METADATA, sentence, Severity.NORMAL)

    found = []
    if metadata.job_id != job_id:
        found.append(
            finding("metadata of the job", f"asked for job {job_id!r}, the server tells of {metadata.job_id!r}")
        )
    if metadata.status not in _STATUSES and Unsaid.JOB_STATUS not in cannot:
        found.append(finding("status of the job", f"the status {metadata.status!r} is none of {', '.join(_STATUSES)}"))
    wrong = list(_differences(request.body(), metadata.config)) if metadata.config else []
    if wrong:
        found.append(finding("metadata as asked for", f"the server tells of another request: {some(wrong)}"))
    return found


def judge_over(job_id: str, metadata: JobMetadata) -> list[Finding]:
    """Findings about what the server tells of a job that it has cancelled: that it neither waits nor runs."""
    if metadata.status not in _ALIVE:
        return []
    sentence = f"job {job_id!r} was cancelled, and the server still tells that it is {metadata.status}"
    return [Finding("cancelled job over", Topic.METADATA, sentence, Severity.NORMAL)]


def _differences(asked: Mapping[str, Any], told: Any, within: str = "") -> Iterator[str]:
    """Where what is told is not what was asked for; what was left open may be told in any way, or not."""
    for name, value in asked.items():
        place = f"{within}{name}"
        if value is None:
            continue
        if not isinstance(told, Mapping) or name not in told:
            yield f"{place} is not told"
        elif isinstance(value, Mapping):
            yield from _differences(value, told[name], f"{place}.")
        elif not _is_same(value, told[name]):
            yield f"{place} is {short(repr(told[name]))} where {value!r} was asked for"


def _is_same(asked: Any, told: Any) -> bool:
    """Whether both are the same number, in whatever form, or else the same text."""
    try:
        return math.isclose(float(asked), float(told), rel_tol=1e-6)
    except (TypeError, ValueError, OverflowError):
        return bool(asked == told)

"""Whether the answer of ``/configure`` agrees with what was asked, and with itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from support.address import target_of
from support.contract import JobAnswer, JobRequest
from support.validation.expectation import band
from support.validation.finding import Finding, Severity, Topic
from support.wording import are, plural, some

_WINDOWS = 30
_BIN_TOLERANCE = 0.01
"""Share of the distance between two bins: room for servers that round ``frequencies_list`` for display."""


def judge_configuration(request: JobRequest, answer: JobAnswer, prr: float) -> list[Finding]:
    """Findings about the answer to ``request`` on a fibre of ``prr`` Hz; empty where it keeps every promise."""
    return [
        *_unreadable(answer),
        *_channels(request, answer),
        *(() if "frequencies_list" in answer.unreadable else _frequencies(request, answer, prr)),
        *_lines(request, answer),
        *_address(answer),
    ]


def given_twice(answer: JobAnswer) -> Finding:
    """The finding about an id that another job of the run had before."""
    return _finding("job id given once", f"the job id {answer.job_id!r} was given to another job before")


def _finding(
    rule: str, sentence: str, topic: Topic = Topic.CONFIGURATION, severity: Severity = Severity.CRITICAL
) -> Finding:
    return Finding(rule, topic, sentence, severity)


_TOPICS = {
    "channel_amount": Topic.DIMENSIONS,
    "channel_to_stream_index": Topic.DIMENSIONS,
    "frequencies_amount": Topic.FREQUENCIES,
    "frequencies_list": Topic.FREQUENCIES,
}


def _unreadable(answer: JobAnswer) -> Iterator[Finding]:
    for field, problem in answer.unreadable.items():
        yield _finding("answer readable", f"{field} cannot be read: {problem}", _TOPICS.get(field, Topic.CONFIGURATION))


def _channels(request: JobRequest, answer: JobAnswer) -> Iterator[Finding]:
    asked = range(request.channels_min, request.channels_max + 1)
    if answer.channel_amount != len(asked):
        yield _finding(
            "channel amount",
            f"channel_amount is wrong: it counts {plural(answer.channel_amount, 'channel')} where {len(asked)} were "
            "asked for",
            Topic.DIMENSIONS,
        )
    missing = sorted(set(asked) - answer.channel_to_stream_index.keys())
    extra = sorted(answer.channel_to_stream_index.keys() - set(asked))
    if missing or extra:
        problems = [f"lacks channel {some(missing)}"] if missing else []
        problems += [f"has channel {some(extra)}, which was not asked for"] if extra else []
        yield _finding("channel map", f"channel_to_stream_index {' and '.join(problems)}", Topic.DIMENSIONS)
    outside = sorted({i for i in answer.channel_to_stream_index.values() if not 0 <= i < answer.stream_amount})
    if outside:
        yield _finding(
            "stream index",
            f"channel_to_stream_index names stream {some(outside)} where there is "
            f"{plural(answer.stream_amount, 'stream')}, counted from 0",
        )


def _frequencies(request: JobRequest, answer: JobAnswer, prr: float) -> Iterator[Finding]:
    listed = answer.frequencies_list
    due = band(prr, request.nfft, request.frequency_min, request.frequency_max)
    if answer.frequencies_amount != len(listed):
        yield _finding(
            "frequencies amount",
            f"frequencies_amount is {answer.frequencies_amount} but frequencies_list has {len(listed)} entries",
            Topic.FREQUENCIES,
        )
    step = prr / request.nfft
    tolerance = step * _BIN_TOLERANCE
    outside = [f for f in listed if not request.frequency_min - tolerance <= f < request.frequency_max + tolerance]
    if outside:
        yield _finding(
            "frequency bins",
            f"{plural(len(outside), 'frequency value')} {are(len(outside))} outside the band of "
            f"{request.frequency_min:g} to {request.frequency_max:g} Hz, the first is {outside[0]:g} Hz",
            Topic.FREQUENCIES,
        )
    if len(listed) != len(due):
        yield _finding(
            "frequency bins",
            f"frequencies_list has {len(listed)} bins where PRR {prr:g} Hz and NFFT {request.nfft} give {len(due)}",
            Topic.FREQUENCIES,
        )
    for index, (got, expected) in enumerate(zip(listed, due, strict=False)):
        if not abs(got - expected) <= tolerance:
            yield _finding(
                "frequency bins",
                f"bin {index} is {got:g} Hz, not {expected:g} Hz (k * PRR / NFFT, in steps of {step:g} Hz)",
                Topic.FREQUENCIES,
            )
            return


def _lines(request: JobRequest, answer: JobAnswer) -> Iterator[Finding]:
    due = request.display_duration / request.display_height
    if not math.isclose(answer.lines_dt, due, rel_tol=1e-3):
        yield _finding(
            "time between lines",
            f"lines_dt is wrong: lines are said to be {answer.lines_dt:g} s apart, but "
            f"{request.display_duration:g} s over {request.display_height} lines give {due:g} s",
        )
    if answer.view_type != request.view_type:
        yield _finding(
            "view type",
            f"view_type {request.view_type!r} was asked for, {answer.view_type!r} answered",
            severity=Severity.NORMAL,
        )


def _address(answer: JobAnswer) -> Iterator[Finding]:
    window = re.fullmatch(r"([0-9]{1,9})-.+", answer.job_id)
    if window is None or int(window[1]) >= _WINDOWS:
        yield _finding(
            "job id",
            f"job_id {answer.job_id!r} is not window-unique with a window from 0 to {_WINDOWS - 1}",
            severity=Severity.NORMAL,
        )
    try:
        target_of(answer.stream_url, answer.stream_port)
    except ValueError as error:
        yield _finding("stream address", str(error), Topic.ADDRESS)

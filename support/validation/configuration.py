"""Whether the answer of ``/configure`` agrees with what was asked, and with itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from support.address import target_of
from support.contract import JobAnswer, JobRequest
from support.stream.unsaid import Unsaid
from support.validation.expectation import band, bin_step
from support.validation.finding import Finding, Severity, Topic
from support.wording import are, plural, some

_WINDOWS = 30
_BIN_TOLERANCE = 0.01
"""Share of the distance between two bins: room for servers that round ``frequencies_list`` for display."""

_DISPLAYED = 0.0051
"""Hz: rounding to hundredths, which is more than that where bins are finer than half a hertz."""

_NOMINAL_TOLERANCE = 0.1
"""Share by which a PRR that is nominal may differ from the real one."""

_SAME_PRR = 1e-4
"""Share by which a PRR may differ from the one that is told without a word about it."""

_MISSING_BINS = 2
"""Bins that a band may have beyond those listed, at either end, where the server decides which it has."""


def judge_configuration(
    request: JobRequest, answer: JobAnswer, prr: float, cannot: frozenset[Unsaid] = frozenset()
) -> list[Finding]:
    """Findings about the answer to ``request`` on a fibre of ``prr`` Hz; empty where it keeps every promise.

    Args:
        request: what was asked for.
        answer: what was answered.
        prr: of the fibre, Hz; where it is not told exactly, the frequencies are judged by their own distance.
        cannot: what the server cannot say, so that it is not judged.
    """
    bins = _even_bins(request, answer, prr) if Unsaid.PRR in cannot else _bins(request, answer, prr)
    return [
        *_unreadable(answer),
        *_channels(request, answer),
        *(() if "frequencies_list" in answer.unreadable else (*_amount(answer), *bins)),
        *_lines(request, answer),
        *_address(answer, math.inf if Unsaid.WINDOWS in cannot else _WINDOWS),
    ]


def remark(request: JobRequest, answer: JobAnswer, prr: float, cannot: frozenset[Unsaid]) -> str:
    """What is no finding about the answer, and worth a word in the report of a run; empty where there is nothing."""
    step, nominal = bin_step(request, answer, prr, cannot), prr / request.nfft
    if math.isclose(step, nominal, rel_tol=_SAME_PRR):
        return ""
    return (
        f"the frequencies say that the fibre is sampled {step * request.nfft:.5g} times a second (bins {step:.5g} Hz "
        f"apart with NFFT {request.nfft}), where its PRR is told to be {prr:g} Hz"
    )


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
    if not 1 <= answer.stream_amount <= max(len(asked), 1):
        yield _finding(
            "stream amount",
            f"stream_amount is wrong: {plural(answer.stream_amount, 'stream')} for {plural(len(asked), 'channel')}",
        )
    elif "channel_to_stream_index" not in answer.unreadable:
        unused = sorted(set(range(answer.stream_amount)) - set(answer.channel_to_stream_index.values()))
        if unused:
            yield _finding(
                "stream amount",
                f"channel_to_stream_index has no channel in stream {some(unused)} of {answer.stream_amount}, counted "
                "from 0",
            )
    outside = sorted({i for i in answer.channel_to_stream_index.values() if not 0 <= i < answer.stream_amount})
    if outside:
        yield _finding(
            "stream index",
            f"channel_to_stream_index names stream {some(outside)} where there is "
            f"{plural(answer.stream_amount, 'stream')}, counted from 0",
        )


def _amount(answer: JobAnswer) -> Iterator[Finding]:
    listed = answer.frequencies_list
    if answer.frequencies_amount != len(listed):
        yield _finding(
            "frequencies amount",
            f"frequencies_amount is {answer.frequencies_amount} but frequencies_list has {len(listed)} entries",
            Topic.FREQUENCIES,
        )


def _outside(request: JobRequest, answer: JobAnswer, room: float) -> Iterator[Finding]:
    """Frequencies beyond the band by more than ``room`` Hz."""
    lowest, highest = request.frequency_min - room, request.frequency_max + room
    outside = [frequency for frequency in answer.frequencies_list if not lowest <= frequency < highest]
    if outside:
        yield _finding(
            "frequency bins",
            f"{plural(len(outside), 'frequency value')} {are(len(outside))} outside the band of "
            f"{request.frequency_min:g} to {request.frequency_max:g} Hz, the first is {outside[0]:g} Hz",
            Topic.FREQUENCIES,
        )


def _even_bins(request: JobRequest, answer: JobAnswer, prr: float) -> Iterator[Finding]:
    """The listed frequencies are multiples of one step, all that the band has, to a bin at either end.

    The step is about ``prr / nfft``: which bins a band has is the server's to say, and the list says it; the less
    exactly, the fewer there are.
    """
    listed = answer.frequencies_list
    if not listed:
        yield _finding("frequency bins", "frequencies_list is empty", Topic.FREQUENCIES)
        return
    step = bin_step(request, answer, prr, frozenset({Unsaid.PRR}))
    yield from _outside(request, answer, step)
    tolerance = _room(step, rounded=2)
    unsure = 2 * _DISPLAYED / (len(listed) - 1) / step if len(listed) > 1 else _NOMINAL_TOLERANCE
    for index, got in enumerate(listed):
        expected = listed[0] + index * step
        if not (abs(got - expected) <= tolerance and _is_whole(got / step, unsure)):
            yield _finding(
                "frequency bins",
                f"bin {index} is {got:g} Hz, where multiples of {step:g} Hz, one after the other, give {expected:g} Hz",
                Topic.FREQUENCIES,
            )
            return
    if not math.isclose(step, prr / request.nfft, rel_tol=_NOMINAL_TOLERANCE):
        yield _finding(
            "frequency bins",
            f"the bins are {step:g} Hz apart where PRR {prr:g} Hz and NFFT {request.nfft} give about "
            f"{prr / request.nfft:g} Hz",
            Topic.FREQUENCIES,
        )
    for end, missing in (("below", listed[0] - request.frequency_min), ("above", request.frequency_max - listed[-1])):
        if missing > _MISSING_BINS * step:
            yield _finding(
                "frequency bins",
                f"the band of {request.frequency_min:g} to {request.frequency_max:g} Hz goes on {end} the listed "
                f"{listed[0]:g} to {listed[-1]:g} Hz, for {missing / step:.1f} bins",
                Topic.FREQUENCIES,
            )


def _is_whole(bins: float, unsure: float) -> bool:
    """Whether it is a whole number of bins, of a width of which a share is not known."""
    return abs(bins - round(bins)) <= _BIN_TOLERANCE + bins * unsure


def _room(step: float, rounded: int = 1) -> float:
    """By how much a bin may be off, Hz, where they are ``step`` Hz apart: never so much that it could be another.

    It may be off by as many roundings for display as there are in what it is compared with, and in itself.
    """
    return max(step * _BIN_TOLERANCE, min(rounded * _DISPLAYED, step / 4))


def _bins(request: JobRequest, answer: JobAnswer, prr: float) -> Iterator[Finding]:
    listed = answer.frequencies_list
    due = band(prr, request.nfft, request.frequency_min, request.frequency_max)
    step = prr / request.nfft
    tolerance = _room(step)
    yield from _outside(request, answer, tolerance)
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
    has_lines = request.display_height > 0  # a server may accept what it has to refuse
    due = request.display_duration / request.display_height if has_lines else math.nan
    if has_lines and not math.isclose(answer.lines_dt, due, rel_tol=1e-3):
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


def _address(answer: JobAnswer, windows: float) -> Iterator[Finding]:
    window = re.fullmatch(r"([0-9]{1,9})-.+", answer.job_id)
    if window is None or int(window[1]) >= windows:
        bounds = f"from 0 to {windows - 1}" if math.isfinite(windows) else "in digits"
        yield _finding(
            "job id",
            f"job_id {answer.job_id!r} is not window-unique with a window {bounds}",
            severity=Severity.NORMAL,
        )
    try:
        target_of(answer.stream_url, answer.stream_port)
    except ValueError as error:
        yield _finding("stream address", str(error), Topic.ADDRESS)

"""Faults between the streams of one job, which production's dialect has several of, and of streams that are not there.

What can go wrong in one stream alone goes wrong in the last one, where a job has several.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import grpc
import numpy as np

from protos.pandadatastream_pb2 import DataStream
from support.simulator.deviations.catalogue import Milliseconds, Seconds
from support.simulator.deviations.edits import bounded, frames_per_second, numbered, with_rows
from support.simulator.deviations.stages import (
    ANSWER,
    FEED,
    FRAME,
    MESSAGE,
    UNKNOWN_STREAM,
    AbortError,
    At,
    Payloads,
    Refusal,
)
from support.simulator.frame import Frame, Row
from support.simulator.job import Job

BEFORE_END = 15  # frames
BEFORE_ABORT = 5
BEFORE_SILENCE = 8
FRAMES_BETWEEN = 4  # from one lost frame to the next
SLIPS = 5  # frames, after which a stream is one more frame behind


def _alone(feed: Callable[..., Payloads]) -> Callable[..., Payloads]:
    """A fault of every stream as one of the last stream of several alone: the first message tells which one it is."""

    @wraps(feed)
    async def last_stream(payloads: Payloads, job: Job, *arguments: Any, **named: Any) -> Payloads:
        first = await anext(payloads, b"")
        if not first:
            return

        async def all_of_them() -> Payloads:
            yield first
            async for payload in payloads:
                yield payload

        is_last = 1 < job.plan.streams == _stream(first, job) + 1
        rest = all_of_them()
        async for payload in feed(rest, job, *arguments, **named) if is_last else rest:
            yield payload

    return last_stream


@FRAME.fault("streams", "production")
def stream_of_others(frame: Frame, at: At) -> Frame:
    """The last stream brings the channels of the one before it."""
    return at.beside(at.stream - 1) if at.is_last_stream else frame


@FRAME.fault("streams", "production")
def streams_swapped(frame: Frame, at: At) -> Frame:
    """The first and the last stream have changed places."""
    assert at.job is not None
    return at.beside(at.job.plan.streams - 1 - at.stream) if at.stream == 0 or at.is_last_stream else frame


@FRAME.fault("streams", "production")
def stream_brings_all(frame: Frame, at: At) -> Frame:
    """The first stream brings the channels of the second one, too."""
    assert at.job is not None
    if at.stream or at.job.plan.streams < 2:
        return frame
    others = iter(at.beside(1).rows)
    return bounded(with_rows(frame, lambda row: _joined(row, next(others))))


@FRAME.fault("streams", "production")
def channel_twice(frame: Frame, at: At) -> Frame:
    """The last channel of a stream comes again in the next one, the last."""
    if not at.is_last_stream:
        return frame
    before = iter(at.beside(at.stream - 1).rows)

    def longer(row: Row) -> Row:
        other = next(before)
        return _joined(other.holding(other.sensor_ids[-1:], other.values[-1:]), row)

    return bounded(with_rows(frame, longer))


@FRAME.fault("streams", "production")
def channel_in_no_stream(frame: Frame, at: At) -> Frame:
    """The first channel of the last stream comes in none, where that has more."""
    if not at.is_last_stream:
        return frame

    def shorter(row: Row) -> Row:
        return row.holding(row.sensor_ids[1:], row.values[1:]) if len(row.sensor_ids) > 1 else row

    return bounded(with_rows(frame, shorter))


@FRAME.fault("life", "production")
def streams_alike(frame: Frame, at: At) -> Frame:
    """The last stream shows the values of the first one, under its own channels."""
    if not at.is_last_stream:
        return frame
    others = iter(at.beside(0).rows)
    return bounded(with_rows(frame, lambda row: row.holding(row.sensor_ids, next(others).values[: len(row.values)])))


@FRAME.fault("streams", "production")
def stream_times_differ(frame: Frame, at: At, later: Milliseconds = 4) -> Frame:
    """The same lines have later times in the last stream than in the others."""
    if not at.is_last_stream:
        return frame
    return with_rows(frame, lambda row: replace(row, start_ms=row.start_ms + later, end_ms=row.end_ms + later))


@FEED.fault("streams", "production")
@_alone
def stream_ends_at_once(payloads: Payloads, _job: Job) -> Payloads:
    """The last stream ends, with status OK, without a frame."""
    return _some(payloads, 0)


@FEED.fault("streams", "production")
@_alone
def stream_ends_alone(payloads: Payloads, _job: Job) -> Payloads:
    """The last stream ends, with status OK, after fifteen frames."""
    return _some(payloads, BEFORE_END)


@FEED.fault("streams", "production")
@_alone
def stream_never_begins(payloads: Payloads, job: Job) -> Payloads:
    """Nothing ever comes in the last stream, and the call stays open."""
    return _then_silence(payloads, 0, job)


@FEED.fault("streams", "production")
@_alone
def stream_stalls_alone(payloads: Payloads, job: Job) -> Payloads:
    """Nothing more comes in the last stream after eight frames, and the call stays open."""
    return _then_silence(payloads, BEFORE_SILENCE, job)


@FEED.fault("streams", "production")
@_alone
def stream_refused(payloads: Payloads, _job: Job) -> Payloads:
    """The last stream is refused, as if there were none."""
    return _then_error(payloads, 0, AbortError(grpc.StatusCode.NOT_FOUND, "there is no such stream on this port"))


@FEED.fault("streams", "production")
@_alone
def stream_breaks_alone(payloads: Payloads, _job: Job) -> Payloads:
    """The last stream breaks off after five frames, with the status UNAVAILABLE."""
    lost = AbortError(grpc.StatusCode.UNAVAILABLE, "the source of this stream was lost")
    return _then_error(payloads, BEFORE_ABORT, lost)


@FEED.fault("streams", "production")
@_alone
async def stream_lags(payloads: Payloads, job: Job, behind: Seconds = 2.0) -> Payloads:
    """The last stream is behind the others, all the time."""
    held: deque[bytes] = deque()
    async for payload in payloads:
        held.append(payload)
        if len(held) > behind * frames_per_second(job.plan):
            yield held.popleft()
    for payload in held:
        yield payload


@FEED.fault("streams", "production")
@_alone
async def stream_falls_behind(payloads: Payloads, _job: Job) -> Payloads:
    """The last stream falls behind the others: each second it is a fifth of a second later."""
    held: deque[bytes] = deque()
    async for number, payload in numbered(payloads):
        held.append(payload)
        if number % SLIPS:
            yield held.popleft()
    for payload in held:
        yield payload


@FEED.fault("streams", "production")
@_alone
async def stream_loses_lines(payloads: Payloads, _job: Job) -> Payloads:
    """Every fourth frame of the last stream is not sent."""
    async for number, payload in numbered(payloads):
        if number % FRAMES_BETWEEN != 2:
            yield payload


@ANSWER.fault("streams", "production")
def stream_amount_too_large(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer counts one stream more than there are."""
    return answer | {"stream_amount": answer["stream_amount"] + 1}


@ANSWER.fault("streams", "production")
def channel_in_other_stream(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names the first stream for the last channel, whichever brings it."""
    streams = dict(answer["channel_to_stream_index"])
    streams[list(streams)[-1]] = 0 if answer["stream_amount"] > 1 else 1
    return answer | {"channel_to_stream_index": streams}


_shown: dict[tuple[int, int], deque[bytes]] = {}  # the newest messages of each stream at each port
BUFFERED = 20  # of them


@FEED.fault("job-number", "production")
async def stream_of_job_before(payloads: Payloads, job: Job) -> Payloads:
    """A stream begins with frames of the job that had the port before."""
    newest: deque[bytes] = deque(maxlen=BUFFERED)
    async for number, payload in numbered(payloads):
        if number == 0:
            place = job.port, _stream(payload, job)
            shown, _shown[place] = _shown.get(place), newest
            for one in shown or ():
                if DataStream.FromString(one).job_id != job.number:
                    yield one
        newest.append(payload)
        yield payload


@MESSAGE.fault("job-number", "production")
def job_number_of_another(payload: bytes, at: At) -> bytes:
    """The frames name another job."""
    return _named(payload, at.job_number + 1)


@MESSAGE.fault("job-number", "production")
def job_number_changes(payload: bytes, at: At) -> bytes:
    """Every third frame names another job than those before it."""
    return _named(payload, at.job_number + 1) if at.number % 3 == 2 else payload


@MESSAGE.fault("job-number", "production")
def job_number_of_one_stream(payload: bytes, at: At) -> bytes:
    """The last stream names another job than the others of its job."""
    return _named(payload, at.job_number + 1) if at.is_last_stream else payload


@UNKNOWN_STREAM.fault("unknown-job")
def unknown_stream_served(refusal: Refusal, _job: Job) -> Refusal:
    """A stream that does not exist is served like any other."""
    return replace(refusal, status=None)


@UNKNOWN_STREAM.fault("unknown-job")
def unknown_stream_hangs(refusal: Refusal, _job: Job) -> Refusal:
    """A stream that does not exist is neither served nor refused."""
    return replace(refusal, hangs=True)


@UNKNOWN_STREAM.fault("unknown-job")
def unknown_stream_closes_port(refusal: Refusal, job: Job) -> Refusal:
    """A stream that does not exist is refused, and then the port is gone."""
    job.vanish()
    return replace(refusal, details=f"{refusal.details}, which closes now")


def _stream(payload: bytes, job: Job) -> int:
    """Which of the job's streams a message is of; -1 where it brings other channels."""
    channel = DataStream.FromString(payload).start_channel
    return job.plan.channel_to_stream_index.get(str(channel), -1)


async def _some(payloads: Payloads, count: int) -> Payloads:
    """The first ``count`` of them."""
    async for number, payload in numbered(payloads):
        if number == count:
            return
        yield payload


async def _then_silence(payloads: Payloads, count: int, job: Job) -> Payloads:
    async for payload in _some(payloads, count):
        yield payload
    await job.ended.wait()


async def _then_error(payloads: Payloads, count: int, error: AbortError) -> Payloads:
    async for payload in _some(payloads, count):
        yield payload
    raise error


def _joined(row: Row, other: Row) -> Row:
    return row.holding((*row.sensor_ids, *other.sensor_ids), np.concatenate([row.values, other.values]))


def _named(payload: bytes, number: int) -> bytes:
    message = DataStream.FromString(payload)
    message.job_id = number
    return message.SerializeToString()

"""Faults of delivery: pace, number and end of the messages, and bytes that are no message."""

import math
import struct
from dataclasses import replace

import grpc

from protos.datastream_pb2 import DataStream, SensorIntensity
from support.simulator.deviations.catalogue import FramesPerSecond, Megabytes, Seconds
from support.simulator.deviations.edits import frames_per_second, numbered
from support.simulator.deviations.stages import DELIVERY, FEED, LIMIT, MESSAGE, PLAN, AbortError, At, Payloads
from support.simulator.job import Job
from support.simulator.plan import Plan
from support.simulator.sensors import INTENSITY, SENSORS, varint
from support.simulator.story.wire import ROWS

BROKEN_EVERY = 5  # messages
BEFORE_STALL = 8  # frames
BEFORE_ABORT = 5  # frames
BEFORE_SILENCE = 8  # frames
EARLY = 1.5  # seconds
STEADY = 2.0  # seconds until a stream slows down
SLOW = 5  # frames a second afterwards
NO_MESSAGE = b"\xff" * 64  # no tag of the wire format is as long as that


@FEED.fault("rate")
async def stall(payloads: Payloads, job: Job, pause: Seconds = 1.0) -> Payloads:
    """The stream pauses after eight frames, and now and then afterwards; what was held back comes at once."""
    size = math.ceil(pause * frames_per_second(job.plan))
    held: list[bytes] = []
    async for number, payload in numbered(payloads):
        held.append(payload)
        if not 0 <= number % (BEFORE_STALL + 3 * size) - BEFORE_STALL < size:
            for one in held:
                yield one
            held.clear()
    for one in held:
        yield one


@PLAN.fault("rate")
def slow_rate(plan: Plan, rate: FramesPerSecond = 5.0) -> Plan:
    """All lines come, but in frames that are larger and fewer."""
    return replace(plan, rows_per_frame=max(plan.rows_per_frame, round(1 / (float(plan.lines_dt) * rate))))


@FEED.fault("rate")
async def bursts(payloads: Payloads, job: Job, length: Seconds = 1.0) -> Payloads:
    """The frames of some time come all at once, at its end."""
    size = max(2, round(length * frames_per_second(job.plan)))
    held: list[bytes] = []
    async for payload in payloads:
        held.append(payload)
        if len(held) == size:
            for one in held:
                yield one
            held.clear()
    for one in held:
        yield one


@FEED.fault("rate")
async def slowing_down(payloads: Payloads, job: Job) -> Payloads:
    """The frames get larger and fewer after two seconds: five a second."""
    rate = frames_per_second(job.plan)
    size = max(2, round(rate / SLOW))
    held: list[bytes] = []
    async for number, payload in numbered(payloads):
        if number < rate * STEADY:
            yield payload
            continue
        held.append(payload)
        if len(held) == size:
            yield job.dialect.wire.merged(held)
            held.clear()
    if held:
        yield job.dialect.wire.merged(held)


@FEED.fault("first-frame")
async def slow_first_frame(payloads: Payloads, job: Job, delay: Seconds = 6.0) -> Payloads:
    """The first frame lets the client wait."""
    await job.ends_within(delay)
    async for payload in payloads:
        yield payload


@LIMIT.fault("count")
def one_frame_too_many(limit: int | None) -> int | None:
    """A bounded stream has a frame more than was asked for."""
    return limit and limit + 1


@LIMIT.fault("count")
def one_frame_too_few(limit: int | None) -> int | None:
    """A bounded stream has a frame less than was asked for."""
    return limit and limit - 1


@LIMIT.fault("count")
def max_frames_ignored(_limit: int | None) -> int | None:
    """A bounded stream goes on for ever."""
    return None


@FEED.fault("count")
async def early_end(payloads: Payloads, job: Job) -> Payloads:
    """Every stream ends, with status OK, after a second and a half."""
    last = max(1, round(EARLY * frames_per_second(job.plan)))
    async for number, payload in numbered(payloads):
        yield payload
        if number + 1 == last:
            return


@DELIVERY.fault("end", "story")
async def never_ends(payloads: Payloads, job: Job) -> Payloads:
    """The call stays open after the last frame."""
    async for payload in payloads:
        yield payload
    await job.ended.wait()


@DELIVERY.fault("end", "story")
async def error_at_end(payloads: Payloads, job: Job) -> Payloads:
    """All frames come, and then the status INTERNAL."""
    async for payload in payloads:
        yield payload
    if not job.ended.is_set():
        raise AbortError(grpc.StatusCode.INTERNAL, "the stream could not be closed")


@DELIVERY.fault("end", "story")
async def slow_end(payloads: Payloads, job: Job, delay: Seconds = 4.0) -> Payloads:
    """The end of the call lets the client wait after the last frame."""
    async for payload in payloads:
        yield payload
    await job.ends_within(delay)


@FEED.fault("wire")
async def not_protobuf(payloads: Payloads, _job: Job) -> Payloads:
    """Every fifth message is no message of any kind."""
    async for number, payload in numbered(payloads):
        if number % (BROKEN_EVERY - 1) == BROKEN_EVERY - 2:
            yield NO_MESSAGE
        yield payload


@MESSAGE.fault("wire")
def truncated_message(payload: bytes, at: At) -> bytes:
    """Of every fifth message only the first half comes."""
    return payload[: len(payload) // 2] if at.number % BROKEN_EVERY == BROKEN_EVERY - 1 else payload


@MESSAGE.fault("wire", "story")
def invalid_utf8(payload: bytes, _at: At) -> bytes:
    """The name of the canvas is no text."""
    return payload.replace(b"canvas", b"\xff\xfe\xfd\xfc\xfb\xfa")


@MESSAGE.fault("wire", "story")
def oversized_message(payload: bytes, at: At, size: Megabytes = 200) -> bytes:
    """The fifth message is far larger than any frame: its last sensor has millions of values."""
    if at.number != BROKEN_EVERY - 1:
        return payload
    message = DataStream.FromString(payload)
    row = message.rows.pop()
    sensor = row.sensors.pop()
    values = struct.pack("<f", message.current_min_amp) * (size * 250_000)
    head = SensorIntensity(id=sensor.id).SerializeToString() + INTENSITY + varint(len(values))
    head = row.SerializeToString() + SENSORS + varint(len(head) + len(values)) + head
    return b"".join([message.SerializeToString(), ROWS, varint(len(head) + len(values)), head, values])


@FEED.fault("wire")
def abort_in_mid_stream(payloads: Payloads, _job: Job) -> Payloads:
    """The stream breaks off after five frames, with the status UNAVAILABLE."""
    return _broken_off(payloads, AbortError(grpc.StatusCode.UNAVAILABLE, "the connection to the source was lost"))


@FEED.fault("wire")
def error_in_mid_stream(payloads: Payloads, _job: Job) -> Payloads:
    """The stream breaks off after five frames, with the status INTERNAL."""
    return _broken_off(payloads, AbortError(grpc.StatusCode.INTERNAL, "the stream failed"))


@FEED.fault("wire")
async def goes_silent(payloads: Payloads, job: Job) -> Payloads:
    """Nothing more comes after eight frames, and the call stays open."""
    async for number, payload in numbered(payloads):
        if number == BEFORE_SILENCE:
            await job.ended.wait()
            return
        yield payload


async def _broken_off(payloads: Payloads, end: AbortError) -> Payloads:
    async for number, payload in numbered(payloads):
        if number == BEFORE_ABORT:
            raise end
        yield payload

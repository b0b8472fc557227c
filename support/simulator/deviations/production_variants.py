"""Variants of production's dialect: servers that are correct and still different."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import grpc
import numpy as np

from protos.pandadatastream_pb2 import DataStream
from support.simulator.deviations.bytes_ready import SMALLEST, decibels, edited
from support.simulator.deviations.edits import with_values
from support.simulator.deviations.refusals import accepted
from support.simulator.deviations.stages import (
    ANSWER,
    FRAME,
    MESSAGE,
    OFFERS,
    PLAN,
    REST,
    UNKNOWN_STREAM,
    Answer,
    At,
    Exchange,
    Proceed,
    Refusal,
)
from support.simulator.dialect import REFLECTION
from support.simulator.frame import Frame
from support.simulator.job import Job
from support.simulator.plan import Plan

UNKNOWN_FIELD = b"\xa0\x06\x01"  # number 100, the value 1
ANYWHERE = 100_000  # where the first stream begins to count its lines
COUNTS = ("stream_amount", "channel_amount", "frequencies_amount", "number_of_channels")


@MESSAGE.variant("production")
def one_piece(payload: bytes, _at: At) -> bytes:
    """The values of all rows of a frame come in one piece."""
    return edited(payload, lambda it: _hold(it, _values(it), whole=True))


@MESSAGE.variant("production")
def double_values(payload: bytes, _at: At) -> bytes:
    """Values have eight bytes."""
    return edited(payload, lambda it: _hold(it, _values(it).astype("<f8")))


@MESSAGE.variant("production")
def byte_values(payload: bytes, _at: At) -> bytes:
    """Values are whole numbers of one byte, louder ones larger."""

    def edit(message: DataStream) -> None:
        levels = np.nan_to_num(np.clip(np.round(1.5 * decibels(_values(message)) + 240), 0, 255)).astype(np.uint8)
        message.global_minimum, message.global_maximum = float(levels.min()), float(levels.max())
        _hold(message, levels)

    return edited(payload, edit)


@MESSAGE.variant("production")
def no_job_number(payload: bytes, _at: At) -> bytes:
    """The frames name no job."""
    return edited(payload, lambda it: it.ClearField("job_id"))


@MESSAGE.variant("production")
def third_size(payload: bytes, _at: At) -> bytes:
    """The frames say that a third dimension has one value."""
    return edited(payload, lambda it: setattr(it, "data_shape_z", 1))


@MESSAGE.variant("production")
def index_from_anywhere(payload: bytes, at: At) -> bytes:
    """Each stream counts its lines from a number of its own."""

    def edit(message: DataStream) -> None:
        begin = at.memory.setdefault("index", message.row_index[0]) if message.row_index else 0
        message.row_index[:] = [index - begin + ANYWHERE * (at.stream + 1) for index in message.row_index]

    return edited(payload, edit)


@MESSAGE.variant("production")
def added_fields(payload: bytes, _at: At) -> bytes:
    """The frames have a field more than the contract knows."""
    return payload + UNKNOWN_FIELD


@FRAME.variant("production")
def logarithmic(frame: Frame, _at: At) -> Frame:
    """The values of all jobs are logarithmic, most of them below zero."""
    return with_values(frame, decibels)


@FRAME.variant("production")
def natural_logarithm(frame: Frame, _at: At) -> Frame:
    """The values of all jobs are natural logarithms, most of them below zero."""
    return with_values(frame, lambda values: np.log(np.maximum(values, SMALLEST)))


@PLAN.variant("production")
def one_stream(plan: Plan) -> Plan:
    """A job has one stream, whatever its channels."""
    return replace(plan, streams=1)


@PLAN.variant("production")
def five_streams(plan: Plan) -> Plan:
    """A job has five streams, where it has so many channels."""
    return replace(plan, streams=min(5, len(plan.channels)))


@OFFERS.variant("production")
def reflection_offered(offers: frozenset[str]) -> frozenset[str]:
    """There is server reflection."""
    return offers | {REFLECTION}


@UNKNOWN_STREAM.variant()
def unknown_stream_silent(refusal: Refusal, _job: Job) -> Refusal:
    """A stream that does not exist ends with status OK, without a frame."""
    return replace(refusal, status=grpc.StatusCode.OK)


@UNKNOWN_STREAM.variant()
def unknown_stream_unnamed(refusal: Refusal, _job: Job) -> Refusal:
    """A stream that does not exist is refused with the status UNKNOWN, and without words."""
    return replace(refusal, status=grpc.StatusCode.UNKNOWN, details="")


@ANSWER.variant("production")
def counts_as_decimals(answer: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers of the answers are told with a decimal."""
    return _with_decimals(answer)


@REST.also("counts-as-decimals")
async def _decimals_of_the_fibre(exchange: Exchange, proceed: Proceed) -> Answer:
    answer = await proceed(exchange)
    is_about_fibre = exchange.path == "/live_metadata" and answer.status == HTTPStatus.OK
    return answer.holding(_with_decimals(answer.content)) if is_about_fibre else answer


@REST.variant("production")
async def accepts_anything(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is accepted, as if the field at fault had been replaced by a default."""
    return await accepted(exchange, proceed)


@REST.variant("production")
async def no_ack(exchange: Exchange, proceed: Proceed) -> Answer:
    """There is no way to ask whether the server is alive."""
    if exchange.path != "/ack":
        return await proceed(exchange)
    return Answer.of(404, {"error": "not found"})


@REST.variant("production")
async def recordings_in_an_object(exchange: Exchange, proceed: Proceed) -> Answer:
    """The recordings come as a field of an object."""
    answer = await proceed(exchange)
    is_about_them = exchange.path == "/recordings_in_time_range" and answer.status == HTTPStatus.OK
    return answer.holding({"recordings": answer.content}) if is_about_them else answer


@REST.variant("production")
async def no_recording_400(exchange: Exchange, proceed: Proceed) -> Answer:
    """A job about a time that was not recorded is refused with 400 in place of 404."""
    answer = await proceed(exchange)
    return replace(answer, status=400) if exchange.configures and answer.status == HTTPStatus.NOT_FOUND else answer


@REST.variant("production")
async def windows_full_504(exchange: Exchange, proceed: Proceed) -> Answer:
    """While all windows are in use, a job is refused with 504."""
    answer = await proceed(exchange)
    is_full = exchange.configures and answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return replace(answer, status=504) if is_full else answer


def _with_decimals(content: dict[str, Any]) -> dict[str, Any]:
    return content | {name: float(content[name]) for name in COUNTS if name in content}


def _values(message: DataStream) -> np.ndarray[Any, Any]:
    """Shape (rows, values of a row)."""
    octets = b"".join(message.main_data)
    kind = {1: "u1", 4: "<f4", 8: "<f8"}[len(octets) // (message.data_shape_x * message.data_shape_y)]
    return np.frombuffer(octets, kind).reshape(message.data_shape_y, -1)


def _hold(message: DataStream, values: np.ndarray[Any, Any], *, whole: bool = False) -> None:
    message.main_data[:] = [values.tobytes()] if whole else [row.tobytes() for row in values]

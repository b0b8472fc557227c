"""Variants: servers that are correct and still different. Every line of the contract holds for each of them."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.simulator.deviations.edits import with_channel, with_rows, with_values
from support.simulator.deviations.jobs import later
from support.simulator.deviations.stages import (
    ANSWER,
    FRAME,
    MESSAGE,
    OFFERS,
    OPTIONS,
    PLAN,
    READING,
    REST,
    Answer,
    At,
    Exchange,
    Proceed,
)
from support.simulator.frame import Frame, rounded
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.reading import Reading
from support.simulator.sensors import INTENSITY, SENSORS, Values, field
from support.simulator.spectrum import hamming, hann
from support.simulator.story.wire import ROWS

QUIET = 2  # a channel of the fibre, whichever job shows it
FEWEST_FRAMES = 12  # a second, however large they are
SAME_EVERY = 7  # lines
STEPS = 64
QUIETEST = 4096  # times quieter than the loudest: few enough powers of two to be alike by chance
UNKNOWN_FIELD = b"\xa0\x06\x01"  # number 100, the value 1


@ANSWER.variant("story")
def port_as_string(answer: dict[str, Any]) -> dict[str, Any]:
    """The port is a numeric string."""
    return answer | {"stream_port": str(answer["stream_port"])}


@ANSWER.variant("story")
def status_empty(answer: dict[str, Any]) -> dict[str, Any]:
    """The status is an empty string."""
    return answer | {"status": ""}


@ANSWER.variant("story")
def scheme_in_url(answer: dict[str, Any]) -> dict[str, Any]:
    """The host has http:// before it and a slash after it."""
    return answer | {"stream_url": f"http://{answer['stream_url']}/"}


@ANSWER.variant()
def view_type_number(answer: dict[str, Any]) -> dict[str, Any]:
    """The view is a number."""
    return answer | {"view_type": int(answer["view_type"])}


@ANSWER.variant()
def rounded_frequencies(answer: dict[str, Any]) -> dict[str, Any]:
    """The frequencies are listed with two decimals, or with four where they are less than half a hertz apart."""
    listed = answer["frequencies_list"]
    decimals = 2 if listed[1:] and listed[1] - listed[0] >= 0.5 else 4
    return answer | {"frequencies_list": [round(frequency, decimals) for frequency in listed]}


@REST.variant("story")
async def no_cancel(exchange: Exchange, proceed: Proceed) -> Answer:
    """A job cannot be cancelled, that is 404; it ends by itself some time later."""
    if exchange.method != "DELETE" or not exchange.path.startswith("/job/"):
        return await proceed(exchange)
    later(10.0, exchange, proceed)
    return Answer.of(404, {"error": f"{exchange.method} {exchange.path}: not found"})


@REST.variant()
async def refusal_422(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is refused with 422 in place of 400."""
    answer = await proceed(exchange)
    return replace(answer, status=422) if answer.status == 400 else answer


@REST.variant()
async def minimal_metadata(exchange: Exchange, proceed: Proceed) -> Answer:
    """The fibre is described by prr, dx, version and number of channels alone."""
    answer = await proceed(exchange)
    if exchange.path != "/live_metadata" or answer.status != HTTPStatus.OK:
        return answer
    return answer.holding({name: answer.content[name] for name in ("prr", "dx", "sw_version", "number_of_channels")})


@REST.variant()
async def channels_not_counted(exchange: Exchange, proceed: Proceed) -> Answer:
    """The fibre is described without a number of channels, and without metres."""
    answer = await proceed(exchange)
    if exchange.path != "/live_metadata" or answer.status != HTTPStatus.OK:
        return answer
    unknown = ("number_of_channels", "fiber_start_meters", "fiber_length_meters")
    return answer.holding(answer.content | dict.fromkeys(unknown))


@REST.variant("story")
async def metadata_without_config(exchange: Exchange, proceed: Proceed) -> Answer:
    """What a job was asked for is not told."""
    answer = await proceed(exchange)
    if not exchange.path.startswith("/metadata/") or answer.status != HTTPStatus.OK:
        return answer
    return answer.holding(answer.content | {"config": {}})


@REST.variant("story")
async def metadata_in_other_words(exchange: Exchange, proceed: Proceed) -> Answer:
    """What a job was asked for is told with decimals and more fields, and without what was left open."""
    answer = await proceed(exchange)
    if not exchange.path.startswith("/metadata/") or answer.status != HTTPStatus.OK:
        return answer
    config = {name: value for name, value in answer.content["config"].items() if value is not None}
    name = "channels" if "channels" in config else "sensors"
    channels = {end: float(channel) for end, channel in config[name].items()}
    told = config | {name: channels, "view_type": int(config.get("view_type") or 0), "user": "operator"}
    return answer.holding(answer.content | {"config": told})


@REST.variant("story")
async def unknown_fields(exchange: Exchange, proceed: Proceed) -> Answer:
    """Messages and JSON answers have fields more than the contract knows."""
    answer = await proceed(exchange)
    content = answer.content
    return answer.holding(content | {"x-build": {"number": 17}}) if isinstance(content, dict) else answer


@MESSAGE.also("unknown-fields")
def _unknown_fields(payload: bytes, _at: At) -> bytes:
    message = DataStream.FromString(payload + UNKNOWN_FIELD)
    for row in message.rows:
        row.MergeFromString(UNKNOWN_FIELD)
        for sensor in row.sensors:
            sensor.MergeFromString(UNKNOWN_FIELD)
    return message.SerializeToString()


@OPTIONS.variant("story")
def lowest_channel_1(options: Options) -> Options:
    """The channels are numbered from 1 on."""
    return replace(options, lowest_channel=1)


@OPTIONS.variant()
def short_fibre(options: Options) -> Options:
    """The fibre has 24 channels."""
    return replace(options, channel_count=24)


@OPTIONS.variant()
def other_prr(options: Options) -> Options:
    """The pulse repetition rate is 1000 Hz."""
    return replace(options, prr=1000)


@OPTIONS.variant()
def slow_pod(options: Options) -> Options:
    """The port of a job accepts connections three seconds after the answer."""
    return replace(options, pod_start=3.0)


@OPTIONS.variant()
def low_frame_rate(options: Options) -> Options:
    """There are about twelve frames a second."""
    return replace(options, frame_rate=12.0)


@OFFERS.variant("story")
def no_check_health(offers: frozenset[str]) -> frozenset[str]:
    """CheckHealth is not implemented."""
    return offers - {"CheckHealth"}


@OFFERS.variant("story")
def no_reflection(offers: frozenset[str]) -> frozenset[str]:
    """There is no server reflection."""
    return offers - {"reflection"}


@OFFERS.variant("story")
def no_health_service(offers: frozenset[str]) -> frozenset[str]:
    """There is no standard health checking."""
    return offers - {"grpc.health.v1"}


@PLAN.variant()
def one_row_frames(plan: Plan) -> Plan:
    """Every frame holds one row."""
    return replace(plan, rows_per_frame=1)


@PLAN.variant()
def fifty_row_frames(plan: Plan) -> Plan:
    """A frame holds up to fifty rows, as many as twelve frames a second leave to each."""
    return replace(plan, rows_per_frame=max(1, min(50, int(1 / (plan.lines_dt * FEWEST_FRAMES)))))


@FRAME.variant()
def running_bounds(frame: Frame, at: At) -> Frame:
    """The bounds are those of the whole stream so far."""
    low, high = at.memory.get("bounds", (frame.min_amp, frame.max_amp))
    at.memory["bounds"] = min(low, frame.min_amp), max(high, frame.max_amp)
    return replace(frame, min_amp=at.memory["bounds"][0], max_amp=at.memory["bounds"][1])


@FRAME.variant()
def loose_bounds(frame: Frame, _at: At) -> Frame:
    """The bounds are twice as far apart as they need be."""
    return replace(frame, min_amp=frame.min_amp / 2, max_amp=frame.max_amp * 2)


@FRAME.variant()
def quiet_sensor(frame: Frame, at: At) -> Frame:
    """Channel 2 is 120 dB quieter than it was, and still alive."""
    if at.plan.between is not None:
        return frame  # what is past stays as it was recorded
    return with_channel(frame, QUIET, lambda values: values * 1e-6)


@FRAME.variant()
def quantised_quiet_sensor(frame: Frame, at: At) -> Frame:
    """Channel 2 is quiet and in powers of two; beside others, two rows now and then have the same of it."""
    if at.plan.between is not None:
        return frame  # what is past stays as it was recorded
    others = any(len(row.sensor_ids) > 1 for row in frame.rows)

    def coarse(values: Values) -> Values:
        line, before = at.memory.get("quantised", (0, values))
        is_same = others and line % SAME_EVERY == SAME_EVERY - 1
        least = max(float(values.max()), 1e-30) / QUIETEST
        now: Values = before if is_same else 2.0 ** np.round(np.log2(np.maximum(values, least))) * 1e-3
        at.memory["quantised"] = line + 1, now
        return now

    return with_channel(frame, QUIET, coarse)


@FRAME.variant()
def coarse_values(frame: Frame, _at: At) -> Frame:
    """The values of each sensor are rounded to 64 steps, so that rows of few values repeat by chance."""

    def coarse(values: Values) -> Values:
        steps = np.maximum(values.max(axis=1, keepdims=True), 1e-30) / STEPS
        stepped: Values = np.round(values / steps) * steps
        return stepped

    return with_values(frame, coarse)


@FRAME.variant()
def floor_timestamps(frame: Frame, at: At) -> Frame:
    """Times are rounded down to whole milliseconds, not to the nearest."""
    return _retimed(frame, at, at.timeline.start, math.floor)


@FRAME.variant()
def sample_aligned_lines(frame: Frame, at: At) -> Frame:
    """Lines begin at whole samples, and are rounded from there."""
    return _retimed(frame, at, lambda row: at.timeline.first_sample(row) * 1000 / Fraction(at.plan.prr), rounded)


@READING.variant()
def hamming_window(reading: Reading, _at: At) -> Reading:
    """The window function of all jobs is Hamming's."""
    return replace(reading, window=hamming)


@READING.variant()
def sample_at_or_before(reading: Reading, at: At) -> Reading:
    """A line is read from the last sample that is not after it, not from the nearest one."""
    half = Fraction(500) / Fraction(at.plan.prr)  # milliseconds
    rows = range(at.row, at.row + len(reading.starts))
    return replace(reading, starts=tuple(at.timeline.sample_at(at.timeline.start(row) - half) for row in rows))


@FRAME.variant()
def rms_scale(frame: Frame, at: At) -> Frame:
    """The values of all jobs are root mean squares, not peaks."""
    return with_values(frame, lambda values: np.sqrt(_powers(values, at.plan)))


@FRAME.variant()
def power_scale(frame: Frame, at: At) -> Frame:
    """The values of all jobs are powers: mean squares."""
    return with_values(frame, lambda values: _powers(values, at.plan))


@FRAME.variant()
def density_scale(frame: Frame, at: At) -> Frame:
    """The values of all jobs are densities: powers for each Hz."""
    window = hann(at.plan.nfft).astype(np.float64)
    hertz = float(float(at.plan.prr) * np.square(window).sum() / window.sum() ** 2)
    return with_values(frame, lambda values: _powers(values, at.plan) / hertz)


@FRAME.variant("story")
def large_canvas_id(frame: Frame, _at: At) -> Frame:
    """The name of the canvas is a thousand characters long."""
    return with_rows(frame, lambda row: replace(row, canvas_id=row.canvas_id.ljust(1000, "x")))


@FRAME.variant("story")
def unicode_canvas(frame: Frame, _at: At) -> Frame:
    """The name of the canvas is not in Latin letters."""
    return with_rows(frame, lambda row: replace(row, canvas_id=f"канва 🌊 {row.canvas_id}"))


@MESSAGE.variant("story")
def unpacked_floats(payload: bytes, _at: At) -> bytes:
    """Each value is a field of its own, as older encoders write them."""

    def unpacked(values: Values) -> bytes:
        octets = np.full((len(values), 5), 0x15, dtype=np.uint8)  # field 2, four bytes
        octets[:, 1:] = values.view(np.uint8).reshape(-1, 4)
        return octets.tobytes()

    return _recoded(payload, unpacked)


@MESSAGE.variant("story")
def split_floats(payload: bytes, _at: At) -> bytes:
    """The values of a sensor come in two segments."""

    def split(values: Values) -> bytes:
        half = len(values) // 2
        return field(INTENSITY, values[:half].tobytes()) + field(INTENSITY, values[half:].tobytes())

    return _recoded(payload, split)


def _retimed(frame: Frame, at: At, start: Callable[[int], Fraction], whole: Callable[[Fraction], int]) -> Frame:
    """The frame with rows that start where ``start`` says, epoch milliseconds, and times made whole in another way."""
    starts, span = [start(at.row + place) for place in range(len(frame.rows))], at.plan.row_span * 1000
    rows = (
        replace(row, start_ms=whole(begin), end_ms=whole(begin + span))
        for row, begin in zip(frame.rows, starts, strict=True)
    )
    return replace(frame, rows=tuple(rows))


def _powers(values: Values, plan: Plan) -> NDArray[np.floating]:
    """The mean squares of the sines that ``values`` are the amplitudes of; at 0 Hz there is none, but a constant."""
    powers: NDArray[np.floating] = np.square(values) / 2
    if plan.bins.start == 0:
        powers[:, 0] *= 2
    return powers


def _recoded(payload: bytes, floats: Callable[[Values], bytes]) -> bytes:
    """The same message, with the values of each sensor as ``floats`` writes them."""
    message = DataStream.FromString(payload)
    rows = b""
    for row in message.rows:
        octets = SpectrogramRow(
            canvasId=row.canvasId, startTimestamp=row.startTimestamp, endTimestamp=row.endTimestamp
        ).SerializeToString()
        octets += b"".join(
            field(SENSORS, SensorIntensity(id=one.id).SerializeToString() + floats(np.array(one.intensity, "<f4")))
            for one in row.sensors
        )
        rows += field(ROWS, octets)
    del message.rows[:]
    return rows + message.SerializeToString()

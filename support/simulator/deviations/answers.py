"""Faults of the answer of ``/configure``: what it says about the stream, and whether it is an answer at all."""

import json
from dataclasses import replace
from typing import Any

from support.simulator.deviations.stages import ANSWER, PLAN, REST, Answer, Exchange, Proceed
from support.simulator.plan import HIGHEST_NFFT, MULTI_CHANNEL, SINGLE_CHANNEL, Plan

OTHER_PRR = 1.25  # times the real one


@ANSWER.fault("channels")
def channel_amount_wrong(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer counts one channel more than was asked for."""
    return answer | {"channel_amount": answer["channel_amount"] + 1}


@ANSWER.fault("channels")
def channel_map_incomplete(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer does not say which stream the last channel is in."""
    channels = dict(answer["channel_to_stream_index"])
    channels.popitem()
    return answer | {"channel_to_stream_index": channels}


@ANSWER.fault("channels")
def channel_map_shifted(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer tells the streams of other channels: all numbers are one too high."""
    shifted = {str(int(channel) + 1): stream for channel, stream in answer["channel_to_stream_index"].items()}
    return answer | {"channel_to_stream_index": shifted}


@ANSWER.fault("frequencies")
def frequencies_amount_wrong(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer counts one frequency more than it lists."""
    return answer | {"frequencies_amount": answer["frequencies_amount"] + 1}


@ANSWER.fault("frequencies")
def frequencies_unreadable(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer has an empty object in place of the list of frequencies."""
    return answer | {"frequencies_list": {}}


@ANSWER.fault("frequencies")
def frequencies_of_other_prr(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer lists the frequencies that another pulse repetition rate would have."""
    return answer | {"frequencies_list": [frequency * OTHER_PRR for frequency in answer["frequencies_list"]]}


@PLAN.fault("frequencies", "story")
def frequencies_shifted(plan: Plan) -> Plan:
    """All frequencies, of the answer and of the stream, are one bin too high."""
    return replace(plan, bins=range(plan.bins.start + 1, plan.bins.stop + 1))


@PLAN.fault("frequencies", "story")
def frequencies_beyond_band(plan: Plan) -> Plan:
    """Answer and stream have one frequency more, the upper end of the band or beyond it."""
    return replace(plan, bins=range(plan.bins.start, plan.bins.stop + 1))


@PLAN.fault("frequencies", "story")
def frequencies_missing_last(plan: Plan) -> Plan:
    """Answer and stream lack the last frequency of the band, where it has several."""
    return replace(plan, bins=plan.bins[:-1] or plan.bins)


@ANSWER.fault("lines")
def lines_dt_wrong(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer says that lines are half as far apart as they are."""
    return answer | {"lines_dt": answer["lines_dt"] / 2}


@ANSWER.fault("view")
def view_type_wrong(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names another view than was asked for."""
    other = MULTI_CHANNEL if str(answer["view_type"]) != MULTI_CHANNEL else SINGLE_CHANNEL
    return answer | {"view_type": other}


@REST.fault("view")
async def long_window_refused(exchange: Exchange, proceed: Proceed) -> Answer:
    """A single channel is refused with more samples a line than several channels can have."""
    asked = json.loads(exchange.body) if exchange.path == "/configure" else {}
    if not isinstance(asked.get("nfftSelection"), int) or asked["nfftSelection"] <= HIGHEST_NFFT:
        return await proceed(exchange)
    return Answer.of(400, {"error": f"nfftSelection: at most {HIGHEST_NFFT}"})


@ANSWER.fault("task", "story")
def task_of_another(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer to a task names another one."""
    return answer | {"task_id": f"{answer['task_id']}-1"} if "task_id" in answer else answer


@ANSWER.fault("answer")
def configure_missing_field(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer names no port."""
    return {field: value for field, value in answer.items() if field != "stream_port"}


@REST.fault("answer")
async def configure_html(exchange: Exchange, proceed: Proceed) -> Answer:
    """A configuration is answered with 200 and a page of HTML."""
    if not exchange.configures:
        return await proceed(exchange)
    return Answer(200, b"<html><body><h1>Welcome</h1></body></html>", (("content-type", "text/html"),))


@REST.fault("answer")
async def configure_error(exchange: Exchange, proceed: Proceed) -> Answer:
    """A configuration is answered with 500."""
    if not exchange.configures:
        return await proceed(exchange)
    return Answer.of(500, {"error": "the server failed to start a job"})

"""Faults of refusals, and of what is told about jobs."""

import json
from dataclasses import replace
from typing import Any

from support.simulator.deviations.stages import REST, Answer, Exchange, Proceed
from support.simulator.models import example

VALID = example("0", 1, 1024) | {"frequencyRange": {"min": 0, "max": 100}}  # on any fibre


@REST.fault("refusal", "story")
async def invalid_accepted(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is accepted, as if the field at fault had been replaced by a default."""
    return await accepted(exchange, proceed)


async def accepted(exchange: Exchange, proceed: Proceed) -> Answer:
    """The answer to a configuration in which what is wrong is replaced."""
    answer = await proceed(exchange)
    if _refused(exchange, answer):
        for body in _repairs(exchange.body):
            answer = await proceed(exchange.asking(body))
            if answer.status == 200:
                break
    return answer


@REST.fault("refusal")
async def refusal_without_words(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is refused with 400 and nothing else."""
    answer = await proceed(exchange)
    return replace(answer, body=b"") if _refused(exchange, answer) else answer


@REST.fault("refusal")
async def refusal_as_html(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is refused with 400 and a page of HTML."""
    answer = await proceed(exchange)
    if not _refused(exchange, answer):
        return answer
    return Answer(400, b"<html><body><h1>400 Bad Request</h1></body></html>", (("content-type", "text/html"),))


@REST.fault("refusal")
async def refusal_as_500(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is refused with 500, as if the server were at fault."""
    answer = await proceed(exchange)
    return replace(answer, status=500) if _refused(exchange, answer) else answer


@REST.fault("refusal")
async def invalid_creates_job(exchange: Exchange, proceed: Proceed) -> Answer:
    """A wrong configuration is refused, and still one of the windows is in use afterwards."""
    answer = await proceed(exchange)
    if _refused(exchange, answer):
        await proceed(exchange.asking(VALID))
    return answer


@REST.fault("metadata")
async def unknown_metadata_200(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job that does not exist are given."""
    answer = await proceed(exchange)
    if not _asks_for_metadata(exchange) or answer.status != 404:
        return answer
    return Answer.of(200, {"job_id": exchange.job_id, "status": "pending", "config": {}})


@REST.fault("metadata", "story")
async def cancelled_still_running(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job that was cancelled say that it is running."""
    return _with_status(exchange, await proceed(exchange), "cancelled", "running")


@REST.fault("metadata")
async def metadata_of_another_job(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job name another one."""
    answer = await proceed(exchange)
    if not _asks_for_metadata(exchange) or answer.status != 200:
        return answer
    return answer.holding(answer.content | {"job_id": f"{answer.content['job_id']}1"})


@REST.fault("metadata", "story")
async def status_stands_still(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job say that it is pending, also while it streams."""
    return _with_status(exchange, await proceed(exchange), "running", "pending")


@REST.fault("metadata", "story")
async def completed_still_running(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job that was shown to its end say that it is running."""
    return _with_status(exchange, await proceed(exchange), "completed", "running")


@REST.fault("metadata", "story")
async def metadata_of_another_request(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job say that it was asked for one channel more than it was."""
    answer = await proceed(exchange)
    if not _asks_for_metadata(exchange) or answer.status != 200:
        return answer
    config = answer.content["config"]
    channels = config["channels"]
    other = config | {"channels": channels | {"max": channels["max"] + 1}}
    return answer.holding(answer.content | {"config": other})


@REST.fault("metadata", "story")
async def metadata_incomplete(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job do not say which frequencies it was asked for."""
    answer = await proceed(exchange)
    if not _asks_for_metadata(exchange) or answer.status != 200:
        return answer
    config = {name: value for name, value in answer.content["config"].items() if name != "frequencyRange"}
    return answer.holding(answer.content | {"config": config})


@REST.fault("fibre")
async def channels_miscounted(exchange: Exchange, proceed: Proceed) -> Answer:
    """The fibre is said to have one channel more than there are."""
    return _with_more_channels(exchange, await proceed(exchange), 1)


@REST.fault("fibre")
async def channels_in_fractions(exchange: Exchange, proceed: Proceed) -> Answer:
    """The fibre is said to have three quarters of a channel more than there are."""
    return _with_more_channels(exchange, await proceed(exchange), 0.75)


def _with_status(exchange: Exchange, answer: Answer, status: str, told: str) -> Answer:
    """The answer, in which a job that has one status is told as having another."""
    if not _asks_for_metadata(exchange) or answer.status != 200 or answer.content["status"] != status:
        return answer
    return answer.holding(answer.content | {"status": told})


def _with_more_channels(exchange: Exchange, answer: Answer, more: float) -> Answer:
    if exchange.path != "/live_metadata" or answer.status != 200:
        return answer
    return answer.holding(answer.content | {"number_of_channels": answer.content["number_of_channels"] + more})


def _refused(exchange: Exchange, answer: Answer) -> bool:
    return exchange.configures and answer.status in (400, 422)


def _asks_for_metadata(exchange: Exchange) -> bool:
    return exchange.method == "GET" and exchange.path.startswith("/metadata/")


def _repairs(body: bytes) -> list[dict[str, Any]]:
    """The configuration with one field after the other replaced, and at last with all of them."""
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return [VALID]
    return [asked | {field: value} for field, value in VALID.items()] + [VALID]

"""What a capture tells of its stream beside the messages: from what was streamed, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib import metadata
from typing import Any

from pydantic import TypeAdapter

from support.contract import ChannelRange, JobAnswer, JobRequest, LiveMetadata, schema_hash
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.stream.dialects import named, schema_of
from support.stream.tape import Came
from support.stream.unsaid import Unsaid
from support.truth.convention import Convention
from support.truth.oracle import Oracle
from support.truth.recording import Recording
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.scale import Scale

Fibre = tuple[LiveMetadata, ChannelRange]

_OF_ENDING = [field.name for field in fields(Ending) if field.name != "streams"]


def header_of(stream: Streamed, scenario: str, server: str, fibre: Fibre | None = None) -> dict[str, Any]:
    """All that is to be told of a stream that is over and was kept.

    Args:
        stream: it.
        scenario: in which it was opened.
        server: how people call the server.
        fibre: that it watches; None: not known.
    """
    take, job, verdict, metrics = stream.take, stream.job, stream.verdict, stream.metrics
    assert take is not None, "it was kept"
    assert verdict.ending is not None, "it is over"
    schema = schema_of(named(take.dialect))
    return {
        "suite": metadata.version("focus-stream-acceptance"),
        "scenario": scenario,
        "server": server,
        "fibre": fibre and {**fibre[0].model_dump(), **fibre[1].model_dump()},
        "dialect": take.dialect,
        "schema": {"file": schema, "sha256": schema_hash(schema)},
        "request": job.request.model_dump(),
        "answer": job.answer.model_dump(),
        "prr": job.prr,
        "cannot": [unsaid.name for unsaid in job.cannot],
        "recorded": job.recorded,
        "max_frames": take.max_frames,
        "limits": asdict(take.limits),
        "truth": take.oracle and _truth(take.oracle),
        "began": metrics.began,
        "start_time": metrics.start_time,
        "end_time": metrics.end_time,
        "ending": {name: getattr(verdict.ending, name) for name in _OF_ENDING},
        "streams_ended": [part.ended for part in metrics.streams],
        "messages": sum(len(event.messages) for event in take.tape.events if isinstance(event, Came)),
        "lost": [take.tape.lost[number] for number in range(max(len(metrics.streams), 1))],
        "findings": [f"{finding.rule}: {finding}" for finding in verdict.findings()],
        "excused": [f"{finding.rule}: {finding}" for finding in (*verdict.doubts, *verdict.known)],
        "standstill": verdict.standstill,
    }


def _truth(oracle: Oracle) -> dict[str, Any]:
    """What values of the past were compared with, and how the server makes rows of it."""
    ways = [asdict(way) for way in oracle.ways]
    return {"recording": str(oracle.recording.path), "lowest_channel": oracle.lowest, "ways": ways}


def oracle_of(header: Mapping[str, Any], recording: Recording) -> Oracle:
    """What compares with this recording, as it was done when the stream came."""
    truth = header["truth"]
    return Oracle(recording, truth["lowest_channel"], TypeAdapter(list[Convention]).validate_python(truth["ways"]))


def job_of(header: Mapping[str, Any]) -> Job:
    """The job that was streamed."""
    answer, recorded = JobAnswer.model_validate(header["answer"]), header["recorded"]
    return Job(
        JobRequest.anyhow(**header["request"]),
        answer.model_copy(update={"unreadable": header["answer"]["unreadable"]}),
        header["prr"],
        frozenset(Unsaid[name] for name in header["cannot"]),
        None if recorded is None else tuple((begin, end) for begin, end in recorded),
    )


def limits_of(header: Mapping[str, Any]) -> Limits:
    """How strictly it was judged."""
    limits = dict(header["limits"])
    return Limits(**limits | {"scale": Scale(limits["scale"]) if limits["scale"] else None})

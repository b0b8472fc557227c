"""The stages of the server where deviations come in, in the order of a job's life, and what passes through each."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Concatenate

import grpc

from protos.datastream_pb2 import HealthResponse
from support.simulator.deviations import acting
from support.simulator.deviations.catalogue import Stage
from support.simulator.deviations.situation import Level
from support.simulator.fibre import Measured
from support.simulator.frame import Frame, Timeline
from support.simulator.job import Job
from support.simulator.lines import Lines
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.reading import Reading
from support.simulator.story import wire

Payloads = AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True)
class At:
    """Where a frame stands.

    Attributes:
        number: in its stream, from 0.
        row: its first row, in the timeline, from 0.
        plan: what the job follows.
        timeline: when its rows are.
        memory: kept from frame to frame of one stream, for deviations that need one.
        stream: which of the job's streams it is in, from 0.
        job: whose it is.
        lines: those of the fibre.
        turn: which job it is that was asked for in words that could be read, from 1.
        of_jobs: kept from job to job, for deviations that need it.
    """

    number: int
    row: int
    plan: Plan
    timeline: Timeline
    memory: dict[str, Any] = field(default_factory=dict)
    stream: int = 0
    job: Job | None = None
    lines: Lines[Measured] | None = None
    turn: int = 0
    of_jobs: dict[str, Any] = field(default_factory=dict)

    @property
    def job_number(self) -> int:
        """The one of the job's id that no other job has."""
        return self.job.number if self.job else 0

    def rows_of(self, frame: Frame) -> range:
        """The rows of the frame, in the timeline."""
        return range(self.row, self.row + len(frame.rows))

    @property
    def measured(self) -> Measured:
        """What the lines are made of."""
        assert self.lines is not None
        return self.lines.measured

    @property
    def is_last_stream(self) -> bool:
        """Whether the job has several streams, and this is the last one."""
        return self.job is not None and 1 < self.job.plan.streams == self.stream + 1

    def beside(self, stream: int) -> Frame:
        """What another stream of the job brings of the same lines."""
        assert self.job is not None
        assert self.lines is not None
        return self.lines.frame(self.job.plan.part(stream), self.timeline, self.job.canvas_id, self.row)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call for a job, or for a stream of it, that is not there ends.

    Attributes:
        status: OK ends it without a frame; None: it is served after all.
        details: in words.
        hangs: whether it does not end at all.
    """

    status: grpc.StatusCode | None
    details: str
    hangs: bool = False

    def refuses(self) -> bool:
        """Whether the call is not served.

        Raises:
            AbortError: it ends with a status that is not OK.
        """
        if self.status not in (None, grpc.StatusCode.OK):
            raise AbortError(self.status, self.details)
        return self.status is not None


class AbortError(Exception):
    """Ends a call with a status."""

    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{status.name}: {details}")
        self.status = status
        self.details = details


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of the REST side; one in JSON where its headers are not those that came."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)

    def asking(self, body: Any) -> "Exchange":
        """The same with another body."""
        return Exchange(self.method, self.path, json.dumps(body).encode())

    @property
    def configures(self) -> bool:
        """Whether it asks for a job."""
        return self.method == "POST" and self.path.startswith("/config")

    @property
    def job_id(self) -> str:
        """The job that the path ends with, where it does."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the REST side."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)

    @classmethod
    def of(cls, status: int, content: Any) -> "Answer":
        """An answer in JSON."""
        return cls(status, json.dumps(content).encode())

    @property
    def content(self) -> Any:
        """The JSON that it holds."""
        return json.loads(self.body)

    def holding(self, content: Any) -> "Answer":
        """The same with another content."""
        return replace(self, body=json.dumps(content).encode())


Proceed = Callable[[Exchange], Awaitable[Answer]]

OPTIONS: Stage[Callable[Concatenate[Options, ...], Options]] = Stage("options", Level.SERVER)
"""What the server was started with: its fibre, its rates."""

PLAN: Stage[Callable[Concatenate[Plan, ...], Plan]] = Stage("plan")
"""The numbers that a new job follows; its answer follows them, too."""

JOB_ID: Stage[Callable[Concatenate[str, ...], str]] = Stage("job_id")
"""The id of a new job."""

POD_START: Stage[Callable[Concatenate[float, ...], float]] = Stage("pod_start")
"""The seconds until the port of a new job accepts connections."""

OFFERS: Stage[Callable[Concatenate[frozenset[str], ...], frozenset[str]]] = Stage("offers")
"""What a pod offers besides its streams: CheckHealth, health, reflection."""

TIMELINE: Stage[Callable[Concatenate[Timeline, Plan, ...], Timeline]] = Stage("timeline", Level.COURSE, acting.timeline)
"""When the rows of a stream are, and when they are due."""

READING: Stage[Callable[Concatenate[Reading, At, ...], Reading]] = Stage("reading", Level.FRAME)
"""Where the rows of a frame are read."""

FRAME: Stage[Callable[Concatenate[Frame, At, ...], Frame]] = Stage(
    "frame", Level.FRAME, partial(acting.seen, wire.encode)
)
"""A frame, as arrays."""

MESSAGE: Stage[Callable[Concatenate[bytes, At, ...], bytes]] = Stage("message", Level.FRAME)
"""The bytes of a frame, as the dialect writes them."""

FEED: Stage[Callable[Concatenate[Payloads, Job, ...], Payloads]] = Stage("feed", Level.COURSE, acting.course)
"""The messages of a stream, without end, each at its time."""

LIMIT: Stage[Callable[Concatenate[int | None, ...], int | None]] = Stage("limit", Level.STREAM, dialects=("story",))
"""How many of them are sent; None: no limit."""

DELIVERY: Stage[Callable[Concatenate[Payloads, Job, ...], Payloads]] = Stage("delivery", Level.STREAM, acting.course)
"""The messages of a stream, as many as were asked for."""

UNKNOWN_JOB: Stage[Callable[Concatenate[Refusal, Job, ...], Refusal]] = Stage("unknown_job", dialects=("story",))
"""The answer to a call for a job that is not there; the job is the one that the port belongs to."""

UNKNOWN_STREAM: Stage[Callable[Concatenate[Refusal, Job, ...], Refusal]] = Stage(
    "unknown_stream", dialects=("production",)
)
"""The answer to a call for a stream that the job does not have."""

HEALTH: Stage[Callable[Concatenate[HealthResponse, ...], Awaitable[HealthResponse]]] = Stage(
    "health", Level.JOB, acting.awaited, ("story",)
)
"""The answer of CheckHealth."""

ANSWER: Stage[Callable[Concatenate[dict[str, Any], ...], dict[str, Any]]] = Stage("answer")
"""What ``/configure`` answers when it has made a job."""

REST: Stage[Callable[Concatenate[Exchange, Proceed, ...], Awaitable[Answer]]] = Stage("rest", Level.JOB, acting.around)
"""A request of the REST side; ``Proceed`` asks the correct server."""

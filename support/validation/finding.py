"""A finding: one broken promise, with what, where and by how much; and the rule that reports it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from support.stream.block import Block
from support.stream.part import Part
from support.wording import clock


class Topic(StrEnum):
    """What a rule is about; an acceptance criterion owns one or more topics."""

    STRUCTURE = "structure"
    DIMENSIONS = "dimensions"
    FREQUENCIES = "frequencies"
    MEASUREMENTS = "measurements"
    TRUTH = "truth"
    CONTINUITY = "continuity"
    FRESHNESS = "freshness"
    PACE = "pace"
    ENDING = "ending"
    CONFIGURATION = "configuration"
    ADDRESS = "address"
    FIBRE = "fibre"
    METADATA = "metadata"


class Severity(StrEnum):
    """How bad a finding is for the operator's screen."""

    CRITICAL = "critical"  # what is shown is wrong, or nothing is shown
    NORMAL = "normal"  # what is shown is right, but late, uneven or badly labelled


@dataclass(frozen=True)
class Where:
    """The place of a finding; None where it does not apply.

    Attributes:
        frame: index of the frame in the stream, from 0.
        row: index of the row in the stream, from 0.
        sensor: sensor id.
        bin: index of the frequency bin, from 0.
        time: start of the row, epoch milliseconds.
    """

    frame: int | None = None
    row: int | None = None
    sensor: int | None = None
    bin: int | None = None
    time: int | None = None

    def __str__(self) -> str:
        places = [
            f"{name} {value}"
            for name, value in (("frame", self.frame), ("row", self.row), ("sensor", self.sensor), ("bin", self.bin))
            if value is not None
        ]
        if self.time is not None:
            places.append(f"at {clock(self.time)}")
        return ", ".join(places)


@dataclass(frozen=True)
class Took:
    """How long something took, where so much was allowed: ``began`` and ``ended`` on the monotonic clock, seconds."""

    began: float
    ended: float
    allowed: float


@dataclass(frozen=True)
class Finding:
    """One broken promise.

    Attributes:
        rule: name of the rule that was broken.
        topic: the topic of that rule.
        sentence: what is wrong, in words; it names the place itself where a person needs it.
        severity: how bad it is.
        where: the place, for programs.
        amount: by how much, in the unit that the sentence names; None where there is no number.
        took: the time that was too long; None where the finding is not about time, or about none in particular.
        limit: name of the limit that was passed, of ``Limits`` and of the setting that sets it; empty where it is none.
        meanwhile: what this machine did that may be why, and may not, in words; empty where nothing is known.
    """

    rule: str
    topic: Topic
    sentence: str
    severity: Severity = Severity.CRITICAL
    where: Where = field(default_factory=Where)
    amount: float | None = None
    took: Took | None = field(default=None, compare=False)
    limit: str = field(default="", compare=False)
    meanwhile: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = str(self.where)
        return f"{self.sentence} ({place})" if place else self.sentence

    @property
    def in_full(self) -> str:
        """The same, with the setting by which it is wrong, and with what happened meanwhile, where there is any."""
        limit = f"the limit is setting {self.limit}" if self.limit else ""
        return "; ".join(filter(None, (str(self), limit, self.meanwhile)))


def never_known(finding: Finding) -> bool:  # noqa: ARG001 - all are, where no defect of a server is known
    """Whether a finding tells of a known defect: no."""
    return False


@dataclass(frozen=True)
class Ending:
    """How a stream ended.

    Attributes:
        frames: frames received.
        by_server: the server ended it with status OK; False where the client left it.
        job_over: the job had been ended before, so that the stream had to end, too.
        error: the sentence of the error that ended it; empty where none did.
        closing_latency: seconds from the last frame to the end; None where there was no frame.
        had_enough: the client left it after the frames that were wanted, which it could not ask for.
        streams: what each stream of the job did, where it has several.
    """

    frames: int
    by_server: bool
    job_over: bool = False
    error: str = ""
    closing_latency: float | None = None
    had_enough: bool = False
    streams: Sequence[Part] = ()


class Rule(ABC):
    """One promise of the contract, judged as the stream arrives, in bounded memory.

    A rule reports at most a few findings a frame: the first place and how many there are.
    """

    name: ClassVar[str]
    topic: ClassVar[Topic]
    severity: ClassVar[Severity] = Severity.CRITICAL

    def see(self, block: Block) -> Iterable[Finding]:  # noqa: ARG002 - a rule may be about the ending alone
        """What the next frames of the stream break; in which blocks they come makes no difference."""
        return ()

    def end(self, ending: Ending) -> Iterable[Finding]:  # noqa: ARG002 - most rules are about frames alone
        """What the stream as a whole breaks; called once, after the last frame."""
        return ()

    def finding(
        self,
        sentence: str,
        where: Where | None = None,
        amount: float | None = None,
        took: Took | None = None,
        limit: str = "",
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self.name, self.topic, sentence, self.severity, where or Where(), amount, took, limit)

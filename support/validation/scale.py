"""The scale of values: linear magnitudes, or their logarithm, by the server's configuration; one for a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from support.stream.block import Block
from support.stream.frame import Frame
from support.validation.finding import Ending, Finding, Rule, Topic
from support.validation.spectrum import NonNegative

_FIRST_FRAMES = 10
"""Frames of a job that tell its scale."""

_SHARE = 0.01
"""Of their values, so many lie below zero in a logarithmic job at least."""


class Scale(StrEnum):
    """How values are scaled."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"


class ScaleOfJob:
    """Tells the scale of a job by the values of its first frames: logarithmic where more than one in 100 is below zero.

    Attributes:
        scale: as it is said, or found out; None while that cannot be told.
    """

    def __init__(self, said: Scale | None = None) -> None:
        self.scale = said
        self._frames = self._values = self._below = 0

    def see(self, block: Block) -> None:
        """The next frames of the job."""
        if self.scale is None:
            for frame in block.frames[: _FIRST_FRAMES - self._frames]:
                self._count(frame)
            if self._frames == _FIRST_FRAMES:
                self.settle()

    def settle(self) -> None:
        """Tells the scale by the frames that have come, if any has values."""
        if self.scale is None and self._values:
            self.scale = Scale.LOGARITHMIC if self._below > self._values * _SHARE else Scale.LINEAR

    def _count(self, frame: Frame) -> None:
        self._frames += frame.values.size > 0
        self._values += frame.values.size
        self._below += int((frame.values < 0).sum())


class NonNegativeIfLinear(Rule):
    """Values of a linear job are never negative; those of a logarithmic one may be.

    What the first frames break waits until they have told the scale.

    Args:
        said: the scale, where it is known.

    Attributes:
        job: its scale.
    """

    name = NonNegative.name
    topic = Topic.MEASUREMENTS

    def __init__(self, said: Scale | None = None) -> None:
        self.job = ScaleOfJob(said)
        self._rule = NonNegative()
        self._waiting: list[Finding] = []

    def see(self, block: Block) -> Iterable[Finding]:
        self.job.see(block)
        if self.job.scale is Scale.LOGARITHMIC:
            self._waiting.clear()
            return ()
        self._waiting += self._rule.see(block)
        return self._ripe()

    def end(self, ending: Ending) -> Iterable[Finding]:  # noqa: ARG002 - however it ended
        self.job.settle()
        return self._ripe()

    def _ripe(self) -> Iterator[Finding]:
        if self.job.scale is not None:
            ripe, self._waiting = self._waiting, []
            yield from ripe if self.job.scale is Scale.LINEAR else ()


def judge_scales(jobs: Iterable[tuple[str, Scale]]) -> list[Finding]:
    """Findings about jobs, each with its id, whose scale is not that of the first one: all of a run have the same."""
    first: tuple[str, Scale] | None = None
    found = []
    for job_id, scale in jobs:
        first = first or (job_id, scale)
        if scale is not first[1]:
            sentence = (
                f"job {job_id!r} is {scale} where {first[0]!r} before it is {first[1]}: drawn on the same scale, its "
                f"picture is black"
            )
            found.append(Finding("one scale", Topic.MEASUREMENTS, sentence))
    return found

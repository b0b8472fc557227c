"""The scale of values: linear magnitudes, or their logarithm, by the server's configuration; one for a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from support.stream.block import Block
from support.stream.part import Part
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
            for position in range(min(len(block), _FIRST_FRAMES - self._frames) if block.shape.value_count else 0):
                self._count(block, position)
            if self._frames == _FIRST_FRAMES:
                self.settle()

    def settle(self) -> None:
        """Tells the scale by the frames that have come, if any has values."""
        if self.scale is None and self._values:
            self.scale = Scale.LOGARITHMIC if self._below > self._values * _SHARE else Scale.LINEAR

    def _count(self, block: Block, position: int) -> None:
        self._frames += 1
        self._values += block.shape.value_count
        if not block.floor[position] >= 0:  # where one is NaN, another may be negative
            self._below += int((block.frames[position].values < 0).sum())


class NonNegativeIfLinear(Rule):
    """Values of a linear job are never negative; those of a logarithmic one may be. Its streams have the same scale.

    What the first frames break waits until they have told the scale.

    Args:
        said: the scale, where it is known.
    """

    name = NonNegative.name
    topic = Topic.MEASUREMENTS

    def __init__(self, said: Scale | None = None) -> None:
        self._said = said
        self._streams: list[ScaleOfJob] = []
        self._rule = NonNegative()
        self._waiting: list[Finding] = []
        self._differ = False

    @property
    def scale(self) -> Scale | None:
        """The scale of the job; None while it cannot be told."""
        scales = [stream.scale for stream in self._streams]
        return None if None in scales or not scales else scales[0]

    def see(self, block: Block) -> Iterator[Finding]:
        while len(self._streams) < len(block.parts):
            self._streams.append(ScaleOfJob(self._said))
        for stream, part in zip(self._streams, block.parts, strict=False):
            stream.see(part)
        if self.scale is not Scale.LOGARITHMIC and not self._differ:
            self._waiting += self._rule.see(block)
        yield from self._ripe()

    def end(self, ending: Ending) -> Iterator[Finding]:  # noqa: ARG002 - however it ended
        for stream in self._streams:
            stream.settle()
        yield from self._ripe()

    def _ripe(self) -> Iterator[Finding]:
        """What waited, where it counts."""
        if self.scale is None:
            return
        ripe, self._waiting = self._waiting, []
        if {stream.scale for stream in self._streams} == {Scale.LINEAR}:
            yield from ripe
        elif not self._differ:
            yield from self._told_apart()

    def _told_apart(self) -> Iterator[Finding]:
        first, of = self.scale, len(self._streams)
        other = next((number for number, stream in enumerate(self._streams) if stream.scale is not first), None)
        if other is not None:
            self._differ = True
            yield _differs(f"{Part(other, of)} is {self._streams[other].scale} where {Part(0, of)} is {first}")


def judge_scales(jobs: Iterable[tuple[str, Scale]]) -> list[Finding]:
    """Findings about jobs, each with its id, whose scale is not that of the first one: all of a run have the same."""
    first: tuple[str, Scale] | None = None
    found = []
    for job_id, scale in jobs:
        first = first or (job_id, scale)
        if scale is not first[1]:
            found.append(_differs(f"job {job_id!r} is {scale} where {first[0]!r} before it is {first[1]}"))
    return found


def _differs(what: str) -> Finding:
    return Finding(
        "one scale", Topic.MEASUREMENTS, f"{what}: drawn on the same scale, its picture is black, or nothing but bright"
    )

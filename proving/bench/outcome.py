"""What a benchmark measured, and what its ratios have to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from proving.bench import paced
from proving.bench.oracle import CHANNELS, NEEDED, Compared
from proving.bench.receivers import Cost
from proving.bench.sender import READY_SHAPES

CEILING, PARSED, IDIOM, OURS, JUDGED = "untouched", "parsed", "idiom", "ours", "judged"
MEANING = {
    "plain": "bytes that nobody looks at, on a channel as grpcio opens it",
    CEILING: "the same on our channel, which keeps its buffers: the ceiling",
    PARSED: "parsed by protocol buffers, values not read",
    IDIOM: "the usual way: generated stub, an array of each row",
    OURS: "our frames, not judged",
    JUDGED: "our frames, all rules on",
    "k6": "k6, which counts the frames; values not read",
    "grpcurl": "grpcurl, which writes JSON, to nowhere",
}
LONG = "11 x 257, for long"
TOOL_TURNS = 2
"""Turns of k6 and grpcurl, which are slow."""


@dataclass(frozen=True)
class Turn:
    """One measurement: the way, the shape, what it cost, and the sender's share of a core meanwhile."""

    way: str
    shape: str
    cost: Cost
    sender: float

    @property
    def rate(self) -> float:
        """MB/s (10^6 bytes)."""
        return self.cost.bytes / self.cost.seconds / 1e6


@dataclass
class Bench:
    """Everything that a run measured.

    Attributes:
        turns: the measurements, in the order they were made.
        missing: tools that are not installed.
        loads: paced streams, by dialect, lines a second and way.
        oracle: how fast rows are compared with a recording; None where it was left out.
        long: the stream that shows memory; None where it was left out.
        parts: microseconds a frame, by shape and part.
    """

    turns: list[Turn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    loads: list[tuple[str, float, str, paced.Load]] = field(default_factory=list)
    oracle: Compared | None = None
    long: Cost | None = None
    parts: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def shapes(self) -> list[str]:
        """The shapes measured."""
        return list(dict.fromkeys(turn.shape for turn in self.turns))

    def ways(self, shape: str) -> list[str]:
        """The ways measured with a shape, in the order of the table."""
        measured = {turn.way for turn in self.turns if turn.shape == shape}
        return [way for way in MEANING if way in measured]

    def of(self, way: str, shape: str) -> list[Turn]:
        """The turns of a way with a shape."""
        return [turn for turn in self.turns if (turn.way, turn.shape) == (way, shape)]

    def frame_bytes(self, shape: str) -> float:
        """Bytes of a frame."""
        cost = next(turn.cost for turn in self.turns if turn.shape == shape)
        return cost.bytes / cost.frames

    def ratios(self, way: str, other: str, shape: str) -> list[float]:
        """How fast ``way`` was as a multiple of ``other``, turn by turn; empty where one was not measured."""
        pairs = zip(self.of(way, shape), self.of(other, shape), strict=False)
        return [mine.rate / theirs.rate for mine, theirs in pairs]


@dataclass(frozen=True)
class Target:
    """What a ratio has to reach, and what it was; ``needed`` is 0 for information."""

    shape: str
    what: str
    needed: float
    ratios: Sequence[float]

    @property
    def reached(self) -> float:
        """The median ratio."""
        return float(np.median(self.ratios))

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.reached >= self.needed

    @property
    def outcome(self) -> str:
        """In words."""
        return "for information" if not self.needed else "met" if self.met else "**not met**"


def targets(bench: Bench) -> list[Target]:
    """The targets, for what was measured."""
    found = []
    for shape in bench.shapes:
        is_large = bench.frame_bytes(shape) >= 0.4e6
        wanted = [(JUDGED, CEILING, 0.8 if is_large else 1.0)]
        has_values = is_large and shape not in READY_SHAPES  # to unpack, which is what costs the others
        wanted += [(JUDGED, IDIOM, 3.0 if has_values else 0.0), (JUDGED, PARSED, 0.95 if has_values else 0.0)]
        wanted += [(JUDGED, OURS, 0.0)]
        for way, other, needed in wanted:
            if ratios := bench.ratios(way, other, shape):
                found.append(Target(shape, f"{way} / {other}", needed, ratios))
    if (compared := bench.oracle) is not None:
        shape = f"{CHANNELS} channels of a recording"
        found.append(Target(shape, "compared / live", NEEDED, [compared.rate / compared.live]))
    return found

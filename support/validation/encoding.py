"""Whether what a frame says of its own sizes goes together, and is said in the same way over the stream."""

from __future__ import annotations

from collections.abc import Iterator

from support.stream.block import Block
from support.validation.finding import Finding, Rule, Topic, Where


class GoesTogether(Rule):
    """What a frame says of its own sizes goes together."""

    name = "frame goes together"
    topic = Topic.STRUCTURE

    def see(self, block: Block) -> Iterator[Finding]:
        for part in block.parts:
            for contradiction in part.shape.contradictions:
                for index in part.indexes:
                    yield self.finding(contradiction, Where(frame=index))


class HabitsKept(Rule):
    """What a server may do in one way or another, it does in the same over the stream."""

    name = "frames encoded alike"
    topic = Topic.STRUCTURE

    def __init__(self) -> None:
        self._habits: dict[str, str] = {}

    def see(self, block: Block) -> Iterator[Finding]:
        for part in block.parts:
            for what, way in part.shape.habits.items():
                before = self._habits.get(what, way)
                self._habits[what] = way
                if way != before:
                    yield self.finding(f"{what} changed from {before} to {way}", Where(frame=part.index))

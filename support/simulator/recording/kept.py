"""What a server keeps of what it streams: its fibre, from when the server was started until now.

Nothing of it is stored. A sample of the fibre is a function of its time, so what was streamed can be played as often as
somebody asks, in the memory that a live job takes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Self

from support.simulator.fibre import Fibre, Samples
from support.simulator.frame import rounded
from support.simulator.recording.tape import SECOND, Segment


class Kept:
    """The fibre since ``began``, epoch seconds; its samples are counted like those of the fibre.

    Attributes:
        first: the number of the first sample.
    """

    def __init__(self, fibre: Fibre, began: float) -> None:
        self.first = ceil(began * fibre.prr)
        self._fibre = fibre
        self._begin_ns = rounded(Fraction(self.first * SECOND) / fibre.prr)

    def after(self, recorded: Sequence[Segment]) -> tuple[Segment, ...]:
        """These segments and what there is of it by now: one with the last of them, where that ends with its begin."""
        count = int(time.time_ns() * self._fibre.prr // SECOND) - self.first
        if count <= 0:
            return tuple(recorded)
        if recorded and recorded[-1].end_ns(Fraction(self._fibre.prr)) == self._begin_ns:
            *before, last = recorded
            return (*before, Segment(last.begin_ns, last.count + count))
        return (*recorded, Segment(self._begin_ns, count))

    def samples(self, first: int, last: int, start: int, count: int) -> Samples:
        """As the fibre has it."""
        return self._fibre.samples(first, last, start, count)


@dataclass(frozen=True, slots=True)
class NothingBefore:
    """The tape of a fibre on which nothing is; as ``Tape`` has it."""

    prr: Fraction
    dx: float
    channels: int
    segments: tuple[Segment, ...] = ()
    grain: tuple[int, int] = (1, 1)

    @classmethod
    def on(cls, fibre: Fibre) -> Self:
        """Of this fibre."""
        return cls(Fraction(fibre.prr), fibre.dx, fibre.count)

    def read(self, segment: int, samples: range, channels: range) -> Samples:
        """Nothing can be read."""
        raise LookupError(f"there is no segment {segment}, nor samples {samples} on channels {channels}")

    def close(self) -> None:
        """There is nothing to be let go."""

"""A recording as it lies in a file: stretches of samples, which are read a part at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from support.simulator.fibre import Samples
from support.simulator.frame import rounded

SECOND = 1_000_000_000  # nanoseconds


class RecordingError(ValueError):
    """A file that cannot be played, or a recording that cannot be made; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without a hole: when its first sample is, nanoseconds since the epoch, and how many there are."""

    begin_ns: int
    count: int

    def end_ns(self, prr: Fraction) -> int:
        """A sample after its last one, nanoseconds since the epoch."""
        return self.begin_ns + rounded(self.count * SECOND / prr)


class Tape(Protocol):
    """A file.

    Attributes:
        prr: samples a second.
        dx: metres from channel to channel.
        channels: how many there are.
        segments: in the order of time.
        grain: how many samples, and how many channels, are best read together.
    """

    @property
    def prr(self) -> Fraction: ...
    @property
    def dx(self) -> float: ...
    @property
    def channels(self) -> int: ...
    @property
    def segments(self) -> Sequence[Segment]: ...
    @property
    def grain(self) -> tuple[int, int]: ...

    def read(self, segment: int, samples: range, channels: range) -> Samples:
        """Some samples of a segment on some channels, both counted from 0: shape (channels, samples), float32.

        Raises:
            OSError: they cannot be read.
        """

    def close(self) -> None:
        """Lets the file go."""


def rate(step_ns: int) -> Fraction:
    """Samples a second that are ``step_ns`` nanoseconds apart: a whole number, unless the nanoseconds deny it."""
    whole = round(SECOND / step_ns)
    is_told = 2 * whole**2 < SECOND and abs(SECOND - whole * step_ns) < whole  # else its neighbours have the same step
    return Fraction(whole) if is_told else Fraction(SECOND, step_ns)

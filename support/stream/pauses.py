"""The times of a stream without a frame, and whose they were."""

from __future__ import annotations

from dataclasses import dataclass, field

_MOST = 20
"""Pauses that are kept with their places: the longest ones."""


@dataclass(frozen=True)
class Pause:
    """A time without a frame, longer than the limit.

    Attributes:
        frame: index of the frame that ended it.
        began: arrival of the frame before, seconds since the stream was asked for.
        duration: seconds from that frame to the next.
        busy: seconds of these in which the client was busy with frames that had come, and did not wait for one.
    """

    frame: int
    began: float
    duration: float
    busy: float

    def __str__(self) -> str:
        busy = f", in {self.busy:.2f} s of which the client itself was busy" if self.busy > self.duration / 10 else ""
        return f"{self.duration:.2f} s before frame {self.frame}, from {self.began:.2f} s on{busy}"


@dataclass
class Pauses:
    """The times without a frame that were longer than is allowed.

    Attributes:
        count: pauses in all.
        longest: the longest ones, in their order, 20 at most.
    """

    count: int = 0
    longest: list[Pause] = field(default_factory=list)

    def add(self, pause: Pause) -> None:
        """One more."""
        self.count += 1
        self.longest.append(pause)
        if len(self.longest) > _MOST:
            self.longest.remove(min(self.longest, key=lambda kept: kept.duration))

    def copy(self) -> Pauses:
        """One that goes its own way from now on."""
        return Pauses(self.count, self.longest[:])

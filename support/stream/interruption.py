"""An interruption: a stream broke in the middle, was asked for again, and went on."""

from __future__ import annotations

from dataclasses import dataclass

from support.stream.lines import lines_between
from support.wording import clock, plural


@dataclass(frozen=True)
class Interruption:
    """One break of a stream, and what it cost.

    Attributes:
        began: when the client noticed, seconds since the stream was asked for.
        reason: why the stream broke, in words.
        after: start of the newest row delivered before, epoch milliseconds; None where there was none.
        duration: seconds until the first new row came; None where none has come.
        before: start of the first row delivered after it, epoch milliseconds; None where none has come.
        lines_dt: seconds from line to line; None where the caller did not say.
    """

    began: float
    reason: str
    after: int | None = None
    duration: float | None = None
    before: int | None = None
    lines_dt: float | None = None

    @property
    def gap(self) -> float | None:
        """Seconds from the start of the last row before to the start of the first one after; None without either."""
        if self.after is None or self.before is None:
            return None
        return (self.before - self.after) / 1000

    @property
    def lines_lost(self) -> int | None:
        """Lines between those two rows; None where ``gap`` or ``lines_dt`` is not known, or of no use."""
        if self.after is None or self.before is None or self.lines_dt is None:
            return None
        return lines_between(self.after, self.before, self.lines_dt)

    def __str__(self) -> str:
        after = "before the first line" if self.after is None else f"after the line of {clock(self.after)}"
        if self.duration is None:
            return f"interrupted {after} for good: {self.reason}"
        lost = f"{self.gap or 0:.2f} s" if self.lines_lost is None else plural(self.lines_lost, "line") + " lost"
        return f"interrupted {after} for {self.duration:.2f} s, {lost}: {self.reason}"

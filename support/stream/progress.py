"""How far a stream has come over all of its calls: what is new, what was lost, and what is to be asked for next.

Until the first frame has come, asking again is harmless, and nothing of it shows here. After that a stream that breaks
goes on only where that was asked for: rows that are not newer than the newest one delivered before the break are left
out of the new call's frames, for they have come already, and of a stream of so many frames the rest is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from support.stream.block import Block
from support.stream.dialect import Dialect
from support.stream.interruption import Interruption
from support.stream.unsaid import Unsaid
from support.wording import clock, plural


class Progress:
    """The state of one stream; it knows frames and times, and no sockets.

    Args:
        dialect: reads again what has lost a part of its rows.
        max_frames: frames asked for in all; 0: no limit.
        lines_dt: seconds from line to line, for the count of lost ones.
        row_span: seconds of a row, for frames that do not say where it ends.

    Attributes:
        interruptions: where the stream broke and was asked for again, in their order.
        delivered: frames that were new.
        goes_on: whether (another) call is to be made.
    """

    def __init__(
        self,
        dialect: Dialect,
        max_frames: int = 0,
        lines_dt: float | None = None,
        row_span: float | None = None,
    ) -> None:
        self.interruptions: list[Interruption] = []
        self.delivered = 0
        self.goes_on = True
        self._dialect = dialect
        self._max_frames = max_frames
        self._lines_dt = lines_dt
        self._row_span = row_span
        self._limits = max_frames > 0 and Unsaid.FRAME_LIMIT in dialect.cannot  # or the server does
        self._newest: int | None = None
        self._had: int | None = None  # rows up to this one came in an earlier call
        self._surplus = 0  # frames asked for beyond those missing: so many may have come already
        self._asked = self._served = self._stale = 0  # frames of the running call; stale: those that had come

    def ask(self) -> int:
        """A call begins: the number of frames to ask for; 0: no limit."""
        self._asked = self._missing + self._surplus
        self._served = self._stale = 0
        return self._asked

    def take(self, block: Block) -> Iterator[Block]:
        """The new frames among those that have come, in their order; they know their place in the stream."""
        self._served += len(block)
        for new in self.without_had(block):
            if (self._surplus or self._limits) and len(new) > self._missing:
                new = new.first(self._missing)  # behind these are more than were wanted, or make up for stale ones
            if len(new):
                self._note(new)
                yield new

    def without_had(self, block: Block) -> list[Block]:
        """The frames without rows that came in an earlier call."""
        if self._had is None or not (block.starts <= self._had).any():
            return [block]
        kept = [self._dialect.newer(message, self._had) for message in block.messages]
        self._stale += kept.count(None)
        new = list(self._dialect.reader(self._row_span).blocks([message for message in kept if message is not None]))
        for one in new:
            one.began = block.began
        return new

    @property
    def call_is_done(self) -> bool:
        """Whether the running call has brought all that it was made for, though it may go on."""
        return (self._surplus > 0 or self._limits) and self._is_complete

    @property
    def had_enough(self) -> bool:
        """Whether all frames came that were wanted, where the server could not be asked to end after them."""
        return self._limits and self._is_complete

    def over(self, at: float, reason: str = "") -> None:
        """The running call is over: it broke for this reason, and the stream is to go on, or ended, status OK."""
        if reason:
            self.broke(at, reason)
        else:
            self.ended(at)

    def ended(self, at: float) -> None:
        """The running call ended, status OK, ``at`` seconds after the stream was asked for."""
        if self._stale and self._missing and self._served >= self._asked:
            self._surplus = self._stale
            self._interrupt(at, f"{plural(self._stale, 'frame')} of those asked for had come before")
        else:
            self.goes_on = False

    def broke(self, at: float, reason: str) -> None:
        """The running call broke, and the stream is to go on."""
        self._surplus = 0
        self._interrupt(at, reason)
        self.goes_on = not self._is_complete

    def __str__(self) -> str:
        newest = "" if self._newest is None else f", the newest line of {clock(self._newest)}"
        interruptions = plural(len(self.interruptions), "interruption")
        return f"in all {plural(self.delivered, 'frame')} came{newest}, with {interruptions}"

    def _note(self, block: Block) -> None:
        block.index = self.delivered
        self.delivered += len(block)
        if not block.starts.size:
            return
        if self.interruptions and self.interruptions[-1].duration is None:
            broken = self.interruptions[-1]
            duration = float(block.elapsed[0]) - broken.began
            self.interruptions[-1] = replace(broken, duration=duration, before=int(block.starts[0].min()))
        newest = int(block.starts.max())
        self._newest = newest if self._newest is None else max(self._newest, newest)

    def _interrupt(self, at: float, reason: str) -> None:
        self._had = self._newest
        self.interruptions.append(Interruption(at, reason, after=self._newest, lines_dt=self._lines_dt))

    @property
    def _missing(self) -> int:
        """Frames still to come; 0 where there is no limit."""
        return max(self._max_frames - self.delivered, 0)

    @property
    def _is_complete(self) -> bool:
        return self._max_frames > 0 and not self._missing

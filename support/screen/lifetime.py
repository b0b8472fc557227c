"""What the server tells of a job at each step of its life, from its configuration to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from support.screen.streaming import Streaming

_PATIENCE = 5.0
"""Seconds that a server may take to tell what has become of a job."""

_ASK_AGAIN = 0.1

UNKNOWN = "unknown"


class Moment(StrEnum):
    """A step in the life of a job, in words."""

    CONFIGURED = "once it was configured"
    STREAMING = "while it streamed"
    OVER = "once its range was over"
    CANCELLED = "once it was cancelled"
    LEFT_ALONE = "once nobody had opened it for too long"


_RIGHT = {
    Moment.CONFIGURED: ("pending", "running"),
    Moment.STREAMING: ("running",),
    Moment.OVER: ("completed", UNKNOWN),
    Moment.CANCELLED: ("cancelled", UNKNOWN),
    Moment.LEFT_ALONE: ("cancelled", UNKNOWN),
}
"""What can be said then."""


@dataclass(frozen=True)
class Told:
    """What the server said of a job at a moment; ``status`` is ``UNKNOWN`` where it did not know the job."""

    moment: Moment
    status: str

    @property
    def problem(self) -> str:
        """Why it cannot be so, in words; empty where it can."""
        right = _RIGHT[self.moment]
        return "" if self.status in right else f"{self.moment}, the job is said to be {self.status}, not {right[0]}"


Status = Callable[[], str | None]
"""Asks the server how a job is doing: None where it does not know it."""


def followed(streaming: Streaming, status: Status) -> list[Told]:
    """What the server tells of the newest job: as it is configured, while it streams, when it is over.

    A live job streams until it is said to, and is cancelled then; one that shows the past comes to its end. A server
    that cannot cancel jobs is not asked about the end of a live one.
    """
    life = [told(Moment.CONFIGURED, status)]
    if streaming.window.job.request.start_time is not None:
        streaming.stream()
        return [*life, told(Moment.OVER, status, _PATIENCE)]
    streamed: list[Told] = []

    def is_told() -> bool:
        streamed[:] = [told(Moment.STREAMING, status)]
        return not streamed[0].problem

    streaming.stream_until(is_told, _PATIENCE)
    cancelled = [told(Moment.CANCELLED, status, _PATIENCE)] if streaming.cancel() else []
    return life + streamed + cancelled


def _told(moment: Moment, status: str | None) -> Told:
    return Told(moment, UNKNOWN if status is None else status or "known")


def told(moment: Moment, status: Status, patience: float = 0.0) -> Told:
    """What the server tells at a moment; asked again for so many seconds where it cannot be so."""
    deadline = time.monotonic() + patience
    while (answer := _told(moment, status())).problem and time.monotonic() < deadline:
        time.sleep(_ASK_AGAIN)
    return answer

"""A stream that is over, as it is told: what was asked for, what came, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from support.screen.job import Job
from support.screen.window import Take, Window
from support.stream.frame import Frame
from support.stream.metrics import StreamMetrics
from support.validation.finding import Finding, Topic
from support.validation.verdict import Verdict

_OF_THE_NETWORK = (Topic.CONTINUITY, Topic.FRESHNESS, Topic.PACE, Topic.ENDING)
"""What a network in trouble can break: when something arrives, and whether it does; never what it is."""

_NOTICEABLE = 0.25
"""Seconds: a client that was busy for less, in all, has made nothing late."""


@dataclass(frozen=True)
class Streamed:
    """One stream of a scenario; a scenario has as many as it opened.

    Attributes:
        job: as asked for and as answered.
        verdict: what the rules say.
        metrics: what it did over time.
        frames: the newest ones that came.
        failure: the error that ended it, in words; empty where none did.
        troubled: whether it came through a network in trouble, of which the scenario knows.
        again: whether its job was used by a scenario before.
        take: how it was asked for, and what came, to judge it again; None where nobody kept it.
    """

    job: Job
    verdict: Verdict
    metrics: StreamMetrics
    frames: Sequence[Frame] = ()
    failure: str = ""
    troubled: bool = False
    again: bool = False
    take: Take | None = None

    @classmethod
    def of(cls, window: Window, *, troubled: bool = False) -> Streamed:
        """The newest stream of a window."""
        assert window.verdict is not None, "it has been streamed"
        return cls(
            window.job,
            window.verdict,
            window.metrics,
            window.frames,
            window.failure,
            troubled,
            window.again,
            window.take,
        )

    def __str__(self) -> str:
        request = self.job.request
        again = ", which a scenario before has used, too" if self.again else ""
        return f"job {self.job.answer.job_id}{again}, channels {request.channels_min} to {request.channels_max}"

    @property
    def findings(self) -> list[Finding]:
        """What was found about its job and itself: of each rule, the first findings."""
        return [*self.job.findings, *self.verdict.findings()]

    def unasked(self) -> list[tuple[Finding, str]]:
        """What was found about it and no step has asked about, but for what the trouble of its network explains.

        Each with the reason why the server cannot be judged by it, in words; empty where there is none.
        """
        verdict = self.verdict
        found = [(one, verdict.standstill) for one in verdict.unasked(verdict.doubts)]
        found += [(one, self._doubt(one)) for one in verdict.unasked()]
        return [(one, doubt) for one, doubt in found if not (self.troubled and one.topic in _OF_THE_NETWORK)]

    def _doubt(self, finding: Finding) -> str:
        """Why it may be the work of this machine, in words; data from the future never are."""
        metrics, is_late = self.metrics, finding.topic in (Topic.PACE, Topic.FRESHNESS) and (finding.amount or 0.0) >= 0
        if is_late and metrics.decoding_seconds + metrics.judging_seconds > _NOTICEABLE:
            return metrics.slow_client
        return self.verdict.standstill if self.failure and finding.topic is Topic.ENDING else ""

    @property
    def found(self) -> int:
        """How many findings there were, also those beyond the first ones of each rule."""
        return len(self.findings) + self.verdict.left_out()

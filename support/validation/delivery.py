"""Whether frames come when they should: evenly, fast enough, as many as asked for, and then the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.validation.finding import Ending, Finding, Rule, Severity, Took, Topic, Where
from support.wording import plural

_RATE_SPAN = 20
"""Frames over which the rate is judged on the way; a shorter span would be at the mercy of the scheduler."""


def _took(block: Block, position: int, seconds: float, allowed: float) -> Took:
    """The seconds before the frame at this position came."""
    arrived = block.messages[position].arrived
    return Took(arrived - seconds, arrived, allowed)


class NoPause(Rule):
    """Once begun, the stream never pauses for longer than half a second."""

    name = "no pause between frames"
    topic = Topic.PACE
    severity = Severity.NORMAL

    def __init__(self, max_pause: float) -> None:
        self._max_pause = max_pause
        self._last: NDArray[np.float64] | None = None

    def see(self, block: Block) -> Iterator[Finding]:
        elapsed = block.elapsed
        last = elapsed[:1] if self._last is None else self._last
        self._last = elapsed[-1:]
        pauses = elapsed - np.concatenate((last, elapsed[:-1]))
        if pauses.max() <= self._max_pause:
            return
        for position in np.flatnonzero(pauses > self._max_pause).tolist():
            pause = float(pauses[position])
            yield self.finding(
                f"the stream paused for {pause:.2f} s, {self._max_pause:g} s are allowed",
                Where(frame=block.index + position),
                pause,
                _took(block, position, pause, self._max_pause),
                limit="max_pause",
            )


class RateKept(Rule):
    """A live stream delivers at least 10 frames a second, at every time and not only on average.

    Judged over every 20 frames in a row: they may take two seconds, and one pause that the contract allows. A stream of
    fewer frames is judged as a whole, in the same way.
    """

    name = "frame rate kept"
    topic = Topic.PACE
    severity = Severity.NORMAL

    def __init__(self, min_rate: float, max_pause: float) -> None:
        self._min_rate = min_rate
        self._max_pause = max_pause
        self._slowest = _RATE_SPAN / min_rate + max_pause
        self._arrivals: NDArray[np.float64] = np.empty(0)
        self._slow = False
        self._arrived = 0.0

    def see(self, block: Block) -> Iterator[Finding]:
        self._arrived = block.messages[-1].arrived
        arrivals = np.concatenate((self._arrivals, block.elapsed))
        self._arrivals = arrivals[-_RATE_SPAN:]
        spans = arrivals[_RATE_SPAN:] - arrivals[:-_RATE_SPAN]
        if not spans.size:
            return
        slow = spans > self._slowest
        if not slow.any():
            self._slow = False
            return
        first = block.index + len(block) - len(spans)
        for position in np.flatnonzero(slow & ~np.concatenate(([self._slow], slow[:-1]))).tolist():
            span = float(spans[position])
            yield self.finding(
                f"the stream is slow: {_RATE_SPAN} frames took {span:.2f} s, {_RATE_SPAN / span:.1f} a second where "
                f"{self._min_rate:g} are due",
                Where(frame=first + position),
                _RATE_SPAN / span,
                _took(block, first + position - block.index, span, self._slowest),
                limit="frame_rate_above",
            )
        self._slow = bool(slow[-1])

    def end(self, ending: Ending) -> Iterator[Finding]:
        if not 1 < ending.frames == self._arrivals.size:
            return
        span = float(self._arrivals[-1] - self._arrivals[0])
        slowest = (ending.frames - 1) / self._min_rate + self._max_pause
        if span > slowest:
            rate = (ending.frames - 1) / span
            yield self.finding(
                f"the stream is slow: its {ending.frames} frames took {span:.2f} s, {rate:.1f} a second where "
                f"{self._min_rate:g} are due",
                Where(frame=ending.frames - 1),
                rate,
                Took(self._arrived - span, self._arrived, slowest),
                limit="frame_rate_above",
            )


class FrameCount(Rule):
    """A stream asked to end after n frames holds exactly n; one without a limit goes on as long as its job.

    So does each of several streams: how many frames they make together depends on where each begins. One that shows a
    range of the past ends with it, if not before.
    """

    name = "as many frames as asked for"
    topic = Topic.ENDING

    def __init__(self, max_frames: int | None, *, ends_by_itself: bool = False) -> None:
        self._due = max_frames
        self._ends_by_itself = ends_by_itself

    def end(self, ending: Ending) -> Iterator[Finding]:
        if self._due is None:
            if ending.by_server and not ending.job_over and not self._ends_by_itself:
                yield self.finding(f"the stream ended after {plural(ending.frames, 'frame')}, though the job goes on")
            elif ending.job_over and not ending.by_server and not ending.error:
                yield self.finding("the stream goes on, though its job was cancelled")
        elif not ending.had_enough:
            counts = {str(part): part.frames for part in ending.streams} or {"the stream": ending.frames}
            for name, frames in counts.items():
                yield from self._judge(name, frames, self._due, ending)

    def _judge(self, name: str, frames: int, due: int, ending: Ending) -> Iterator[Finding]:
        if frames > due:
            yield self.finding(f"{name} went on after the {due} frames asked for", amount=frames - due)
        elif frames < due and ending.by_server and not self._ends_by_itself:
            ended = f"{name} ended after {plural(frames, 'frame')} of the {due} asked for"
            yield self.finding(ended, amount=frames - due)


class EndsWell(Rule):
    """A stream that has an end comes to it by itself: status OK, promptly, without an error."""

    name = "stream ends well"
    topic = Topic.ENDING

    def __init__(self, end_within: float) -> None:
        self._end_within = end_within

    def end(self, ending: Ending) -> Iterator[Finding]:
        if ending.error:
            yield self.finding(ending.error)
        elif ending.by_server and ending.closing_latency is not None and ending.closing_latency > self._end_within:
            yield self.finding(
                f"the stream took {ending.closing_latency:.2f} s to end after its last frame, "
                f"{self._end_within:g} s are allowed",
                amount=ending.closing_latency,
                limit="end_within",
            )

"""Whether several streams of a job make one picture: each brings what is its own, all go together, and none is another.

Rules about sensors, bins, values and times see the merged picture; these see what that does not show.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from support.stream.block import Block
from support.stream.part import Odd, Part
from support.stream.shape import Shape
from support.validation.finding import Ending, Finding, Rule, Severity, Took, Topic, Where
from support.validation.life import tells_apart
from support.validation.structure import ShapeRule, difference
from support.wording import clock, plural

_APART = 1.0
"""Seconds that a stream may be behind another (contract)."""

_LOOK_EVERY = 1.0
"""Seconds from one look at the values of all streams to the next; a look takes a copy of a frame."""


class ChannelsOfStreams(Rule):
    """Each stream brings exactly the channels that ``channel_to_stream_index`` gives it, in every row.

    The end tells of what one stream had and the picture never showed.
    """

    name = "channels of each stream"
    topic = Topic.DIMENSIONS

    def __init__(self, streams: Sequence[tuple[int, ...]]) -> None:
        self._streams = streams
        self._right: list[Shape | None] = [None] * len(streams)
        self._told: set[tuple[int, ...]] = set()

    def see(self, block: Block) -> Iterator[Finding]:
        if len(block.parts) != len(self._streams):
            return  # it has no rows
        for number, (part, due) in enumerate(zip(block.parts, self._streams, strict=True)):
            if part.shape is self._right[number]:
                continue
            wrong = next((ids for ids in part.shape.sensor_ids if ids != due), None)
            if wrong is None:
                self._right[number] = part.shape
                continue
            self._told.add(wrong)
            name = Part(number, len(self._streams))
            for index in block.indexes:
                yield self.finding(f"{name} does not bring its channels: {difference(wrong, due)}", Where(frame=index))

    def end(self, ending: Ending) -> Iterator[Finding]:
        for part, due in zip(ending.streams, self._streams, strict=False):
            for others in part.sensors - {due} - self._told:
                yield self.finding(f"{part} did not bring its channels in all frames: {difference(others, due)}")


class OneCanvas(ShapeRule):
    """All streams of a job are drawn on one canvas."""

    name = "streams on one canvas"
    topic = Topic.STRUCTURE

    def judge(self, block: Block) -> Iterator[Finding]:
        for number, part in enumerate(block.parts):
            for canvas, due in zip(part.shape.canvas_ids, block.shape.canvas_ids, strict=True):
                if canvas != due:
                    name = Part(number, len(block.parts))
                    sentence = f"{name} is drawn on canvas {canvas!r}, stream 1 on {due!r}"
                    yield from (self.finding(sentence, Where(frame=index)) for index in block.indexes)
                    return


class StreamsDiffer(Rule):
    """No two streams carry the same values: noise never repeats. The values are looked at once a second."""

    name = "streams differ"
    topic = Topic.MEASUREMENTS

    def __init__(self) -> None:
        self._next = 0.0

    def see(self, block: Block) -> Iterator[Finding]:
        if len(block.parts) < 2 or block.elapsed[-1] < self._next:
            return
        for position, elapsed in enumerate(block.elapsed.tolist()):
            if elapsed >= self._next:
                self._next = elapsed + _LOOK_EVERY
                yield from self._look(block, position)

    def _look(self, block: Block, position: int) -> Iterator[Finding]:
        rows = [part.frames[position].values[: part.shape.row_counts[0]] for part in block.parts]
        for (one, values), (other, again) in itertools.combinations(enumerate(rows), 2):
            size = min(values.size, again.size)
            if size and np.array_equal(values[:size], again[:size]) and tells_apart(values[:size]):
                of = len(rows)
                yield self.finding(
                    f"{Part(other, of)} carries the values of {Part(one, of)}",
                    Where(frame=block.index + position, time=int(block.starts[position, 0])),
                )


class StreamsInStep(Rule):
    """No stream brings a line more than a second after another."""

    name = "streams in step"
    topic = Topic.PACE
    severity = Severity.NORMAL

    def __init__(self) -> None:
        self._is_behind = False

    def see(self, block: Block) -> Iterator[Finding]:
        if len(block.parts) < 2:
            return
        arrivals = np.array([[message.arrived for message in part.messages] for part in block.parts])
        behind = arrivals.max(axis=0) - arrivals.min(axis=0)
        if behind.max() <= _APART:
            self._is_behind = False
            return
        for position, seconds in enumerate(behind.tolist()):
            if seconds > _APART and not self._is_behind:
                came = arrivals[:, position]
                last, first = (Part(int(one), len(block.parts)) for one in (came.argmax(), came.argmin()))
                yield self.finding(
                    f"{last} is behind: it brought a line {seconds:.2f} s after {first}, {_APART:g} s are allowed",
                    Where(frame=block.index + position, time=int(block.starts[position, 0])),
                    seconds,
                    Took(float(came.min()), float(came.max()), _APART),
                )
            self._is_behind = seconds > _APART


class SameLines(Rule):
    """All streams bring the same lines, at the same times, from the last one's first line on."""

    name = "streams on the same lines"
    topic = Topic.CONTINUITY

    def end(self, ending: Ending) -> Iterator[Finding]:
        for part in ending.streams:
            yield from self._odd(part, part.lacking, "lacks {}, which another brought")
            yield from self._odd(part, part.strange, "brought {}, which no other brought at that time")
        if not ending.frames and _were_together(ending.streams):
            first, last = (f(ending.streams, key=lambda part: part.lines.oldest) for f in (min, max))
            yield self.finding(
                f"the streams have no line in common: {first} begins at {clock(first.lines.oldest)}, {last} at "
                f"{clock(last.lines.oldest)}"
            )

    def _odd(self, part: Part, odd: Odd, what: str) -> Iterator[Finding]:
        if odd.first is not None:
            sentence = f"{part} {what.format(plural(odd.count, 'line'))}, the first at {clock(odd.first)}"
            yield self.finding(sentence, Where(time=odd.first), odd.count)


class StreamsGoOn(Rule):
    """No stream stalls or ends, or never begins, while others go on."""

    name = "streams go on together"
    topic = Topic.CONTINUITY

    def end(self, ending: Ending) -> Iterator[Finding]:
        others = [part for part in ending.streams if part.newest is not None]
        last = max(others, key=lambda part: part.newest or 0.0, default=None)
        if last is None or last.newest is None:
            return
        for part in ending.streams:
            if part.newest is None:
                first = min(one.first or 0.0 for one in others)
                if ending.by_server or last.newest - first > _APART:
                    yield self._alone(part, "never began", last, first)
            elif not ending.by_server and last.newest - part.newest > _APART:
                how = "ended" if part.ended is not None else "stalled"
                yield self._alone(part, f"{how} after {plural(part.frames, 'frame')}", last, part.newest)

    def _alone(self, part: Part, what: str, last: Part, since: float) -> Finding:
        assert last.newest is not None, "it brought something"
        seconds = last.newest - since
        return self.finding(
            f"{part} {what}, while {last} went on for {seconds:.2f} s",
            amount=seconds,
            took=Took(since, last.newest, _APART),
        )


def _were_together(parts: Sequence[Part]) -> bool:
    """Whether several streams brought lines side by side for long enough to have one in common."""
    if not parts or not all(part.lines.received for part in parts):
        return False
    first, newest = max(part.first or 0.0 for part in parts), min(part.newest or 0.0 for part in parts)
    return newest - first > _APART


def of_each_stream(streams: int, make: Callable[[], Rule]) -> Rule:
    """A rule that judges each stream of a job by itself: of several, what one of them breaks does not show in all."""
    rules = [make() for _ in range(streams)]
    if streams == 1:
        return rules[0]

    class OfEachStream(Rule):
        name, topic, severity = rules[0].name, rules[0].topic, rules[0].severity

        def see(self, block: Block) -> Iterator[Finding]:
            for rule, part in zip(rules, block.parts, strict=False):  # frames without rows come by themselves
                yield from rule.see(part)

        def end(self, ending: Ending) -> Iterator[Finding]:
            for rule in rules:
                yield from rule.end(ending)

    return OfEachStream()


def rules_of_streams(streams: Sequence[tuple[int, ...]], *, is_live: bool = True) -> list[Rule]:
    """Every rule about a job whose streams have these sensors; none about a job that has one.

    Streams of the past go each as fast as it can.
    """
    if len(streams) < 2:
        return []
    return [
        ChannelsOfStreams(streams),
        OneCanvas(),
        StreamsDiffer(),
        *((StreamsInStep(),) if is_live else ()),
        SameLines(),
        StreamsGoOn(),
    ]

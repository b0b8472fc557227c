"""The verdict on a stream: all rules over all of its frames, as they arrive, in bounded memory."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from support.stream.block import Block
from support.stream.lines import Lines
from support.stream.unsaid import Unsaid
from support.validation.age import LiveDataFresh, LiveDataKeepUp
from support.validation.delivery import EndsWell, FrameCount, NoPause, RateKept
from support.validation.encoding import GoesTogether, HabitsKept
from support.validation.expectation import Expectation, Limits
from support.validation.finding import Ending, Finding, Rule, Took, Topic, never_known
from support.validation.life import NoRowAgain, NotConstant, NoTwins, SensorsAlive
from support.validation.numbering import NumberedAsTimed, OfThisJob
from support.validation.past import RangeShown
from support.validation.scale import NonNegativeIfLinear, Scale
from support.validation.spectrum import Finite, WithinBounds
from support.validation.streams import of_each_stream, rules_of_streams
from support.validation.structure import (
    BinsAsConfigured,
    CanvasConstant,
    RowsPresent,
    SensorsAsConfigured,
    SensorsPresent,
)
from support.validation.time import EpochMilliseconds, LinesContinuous, RowSpan

_KEPT_PER_RULE = 20

_BY_THE_CLOCK = (Topic.FRESHNESS, Topic.CONTINUITY)
"""What a clock that is set can break: the age of data, and the times of lines where the server has the same clock."""

_OVER_TIME = (Topic.FRESHNESS, Topic.PACE)
"""What is found about the whole of a stream, and names no time of its own, a standstill anywhere in it can explain."""

_IN_TIME = (Topic.FRESHNESS, Topic.PACE, Topic.CONTINUITY)
"""What a machine that is full can break, where the server is on it, or the client has too little of it."""

_FULL_FOR_LONG = 1.0
"""Seconds of a stream for which the machine was full, where what is found took no time of its own."""


def stream_rules(expectation: Expectation, limits: Limits, truth: Rule | None = None) -> list[Rule]:
    """Every rule for a stream, new and unused, but for those about what its frames cannot say.

    What is past is neither new when it comes, nor does it come at the pace of what happens. ``truth`` knows what the
    values must be, so that they need not look alive: a recording may hold whatever it does.
    """

    def each(make: Callable[[], Rule]) -> Rule:
        return of_each_stream(len(expectation.streams), make)

    told = [
        *(() if Unsaid.CANVAS in expectation.cannot else (CanvasConstant(),)),
        *(() if Unsaid.ROW_END in expectation.cannot else (each(lambda: RowSpan(expectation)),)),
    ]
    return [
        RowsPresent(),
        SensorsPresent(),
        *told,
        GoesTogether(),
        HabitsKept(),
        OfThisJob(expectation.job_id, expectation.sensors),
        SensorsAsConfigured(expectation.side_by_side),
        BinsAsConfigured(len(expectation.frequencies)),
        Finite(),
        NonNegativeIfLinear(limits.scale if Unsaid.SCALE in expectation.cannot else Scale.LINEAR),
        each(WithinBounds),
        *((truth,) if truth else _of_life(expectation, limits, each)),
        EpochMilliseconds(),
        LinesContinuous(expectation),
        NumberedAsTimed(expectation),
        *(_of_live(limits) if expectation.grid is None else (RangeShown(expectation.grid, expectation.max_frames),)),
        FrameCount(expectation.max_frames, ends_by_itself=expectation.past is not None),
        EndsWell(limits.end_within),
        *rules_of_streams(expectation.streams, is_live=expectation.past is None),
    ]


def _of_life(expectation: Expectation, limits: Limits, each: Callable[[Callable[[], Rule]], Rule]) -> Sequence[Rule]:
    return (
        each(NotConstant),
        each(lambda: SensorsAlive(limits.frozen_rows)),
        each(lambda: NoRowAgain(expectation.lines_dt)),
        NoTwins(expectation.sensors),
    )


def _of_live(limits: Limits) -> Sequence[Rule]:
    return (
        LiveDataFresh(limits.data_age_within, limits.clock_skew),
        LiveDataKeepUp(limits.age_growth),
        NoPause(limits.max_pause),
        RateKept(limits.frame_rate_above, limits.max_pause),
    )


class Machine(Protocol):
    """The machine on which a stream arrives, as far as it may be why something is late; monotonic seconds."""

    def stood_still(self, began: float, ended: float) -> float:
        """Seconds for which it did."""

    def clock_set(self, began: float, ended: float) -> float:
        """Seconds by which its wall clock was set; 0 where it was not."""

    def was_full(self, began: float, ended: float) -> float:
        """Seconds for which all of its processors were busy."""


def _explains(machine: Machine, finding: Finding, began: float) -> bool:
    """Whether the machine is why: without its standstills it would not have been too long, or its clock was set."""
    took = finding.took
    if took is not None:
        stood = machine.stood_still(took.began, took.ended)
        if stood and took.ended - took.began - stood <= took.allowed:
            return True
    elif finding.topic in _OVER_TIME and machine.stood_still(began, math.inf):
        return True
    return finding.topic in _BY_THE_CLOCK and bool(machine.clock_set(began, math.inf))


def _beside(machine: Machine, finding: Finding, began: float) -> Finding:
    """The finding, with a word on how busy the machine was, where that may be why and may not."""
    if finding.topic not in _IN_TIME:
        return finding
    took = finding.took or Took(began, math.inf, 0.0)
    full = machine.was_full(took.began, took.ended)
    if not full or full < min(_FULL_FOR_LONG, (took.ended - took.began) / 2):
        return finding
    return replace(finding, meanwhile=f"all processors of this machine were busy for {full:.1f} s meanwhile")


class Verdict:
    """What the rules say about one stream.

    Attributes:
        frames: frames judged.
        values: values judged.
        lines: the rows judged, and how many there should have been, by their times.
        asked: the topics that a step has asked about.
        ending: how the stream ended; None while it runs.
        counts: findings by rule, also those beyond the first ones that are kept.
        doubts: findings that this machine explains, the first ones: the server cannot be judged by them.
        standstill: what happened to this machine meanwhile, in words; empty where nothing did.
        machine: on which the stream arrives; None: one that never stands still.
        is_known: whether a finding tells of a defect that is known.
        known: the first findings that do; they count nowhere else.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._findings: list[Finding] = []
        self.frames = 0
        self.values = 0
        self.lines = Lines()
        self.asked: set[Topic] = set()
        self.ending: Ending | None = None
        self.counts: Counter[str] = Counter()
        self.doubts: list[Finding] = []
        self.standstill = ""
        self.machine: Machine | None = None
        self.is_known: Callable[[Finding], bool] = never_known
        self.known: list[Finding] = []
        self._began = 0.0

    @property
    def rows(self) -> int:
        """Rows judged."""
        return self.lines.received

    @property
    def scale(self) -> Scale | None:
        """How the values are scaled; None where that cannot be told."""
        return next((rule.scale for rule in self._rules if isinstance(rule, NonNegativeIfLinear)), None)

    def see(self, block: Block) -> None:
        """Judges the next frames."""
        self._began = self._began or block.began
        self.frames += len(block)
        self.values += len(block) * block.shape.value_count
        self.lines.see(block.starts)
        found = [finding for rule in self._rules for finding in rule.see(block)]
        if found:
            self._keep(sorted(found, key=lambda finding: finding.where.frame or 0))

    def end(self, ending: Ending) -> None:
        """Judges the stream as a whole; call it once, after the last frame."""
        self.ending = ending
        for rule in self._rules:
            self._keep(rule.end(ending))

    def findings(self, topics: Collection[Topic] = tuple(Topic)) -> list[Finding]:
        """The findings kept on ``topics``, in the order they came: the first ones of each rule."""
        return [finding for finding in self._findings if finding.topic in topics]

    def ask(self, topics: Collection[Topic]) -> list[Finding]:
        """The findings kept on ``topics``, for a step that answers for them."""
        self.asked.update(topics)
        return self.findings(topics)

    def unasked(self, findings: Iterable[Finding] | None = None) -> list[Finding]:
        """The findings kept, or those of ``doubts``, on topics that no step has asked about."""
        return [one for one in (self._findings if findings is None else findings) if one.topic not in self.asked]

    def excused(self) -> list[Finding]:
        """The known findings on topics that a step has asked about."""
        return [finding for finding in self.known if finding.topic in self.asked]

    def left_out(self, topics: Collection[Topic] = tuple(Topic)) -> int:
        """How many more findings there were on ``topics`` than were kept."""
        return self.count(topics) - len(self.findings(topics))

    def count(self, topics: Collection[Topic]) -> int:
        """How many findings there were on ``topics``."""
        rules = {rule.name for rule in self._rules if rule.topic in topics}
        return sum(self.counts[name] for name in rules)

    def _keep(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if self.machine is not None and _explains(self.machine, finding, self._began):
                self.doubts += [finding] if len(self.doubts) < _KEPT_PER_RULE else []
                continue
            if self.is_known(finding):
                self.known += [finding] if len(self.known) < _KEPT_PER_RULE else []
                continue
            self.counts[finding.rule] += 1
            if self.counts[finding.rule] <= _KEPT_PER_RULE:
                self._findings.append(_beside(self.machine, finding, self._began) if self.machine else finding)

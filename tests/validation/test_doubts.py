"""What a machine that stood still, or whose clock was set, explains, and what it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from support.stream.block import Block
from support.validation.finding import Finding, Rule, Took, Topic
from support.validation.verdict import Verdict
from tests.validation.streams import Plan, blocks_of, frames_of

PLAN = Plan()
PAUSE = Took(10.0, 11.0, 0.5)
"""A second, where half of one was allowed."""


@dataclass
class Machine:
    """One that stood still once, from ``began`` to ``ended``, and whose clock was set by ``by`` at 10.5."""

    began: float = 0.0
    ended: float = 0.0
    by: float = 0.0
    full: float = 0.0

    def was_full(self, began: float, ended: float) -> float:
        return min(self.full, ended - began)

    def stood_still(self, began: float, ended: float) -> float:
        return max(0.0, min(ended, self.ended) - max(began, self.began))

    def clock_set(self, began: float, ended: float) -> float:
        return self.by if began <= 10.5 <= ended else 0.0


def judged_on(machine: Machine, topic: Topic, took: Took | None) -> Verdict:
    """The verdict on a stream that was asked for at 9.0, with a finding."""

    class Finds(Rule):
        name = "finds"

        def see(self, block: Block) -> Iterable[Finding]:  # noqa: ARG002 - whatever came
            return [Finding("finds", topic, "something is late", took=took)]

    verdict = Verdict([Finds()])
    verdict.machine = machine
    (block,) = blocks_of(frames_of(PLAN.messages(), PLAN), together=True)
    block.began = 9.0
    verdict.see(block)
    return verdict


def is_doubted(machine: Machine, topic: Topic, took: Took | None) -> bool:
    """Whether a finding is one that the machine explains; it is kept as one thing or the other."""
    verdict = judged_on(machine, topic, took)
    assert len(verdict.doubts) + len(verdict.findings()) == 1
    assert verdict.counts.total() == len(verdict.findings())
    return bool(verdict.doubts)


@pytest.mark.parametrize(
    ("machine", "topic", "took", "doubted"),
    [
        (Machine(), Topic.PACE, PAUSE, False),
        (Machine(10.1, 10.9), Topic.PACE, PAUSE, True),
        (Machine(8.0, 10.5), Topic.PACE, PAUSE, True),
        (Machine(10.1, 10.5), Topic.PACE, PAUSE, False),
        (Machine(11.0, 20.0), Topic.PACE, PAUSE, False),
        (Machine(10.1, 10.9), Topic.FRESHNESS, None, True),
        (Machine(8.0, 8.9), Topic.FRESHNESS, None, False),
        (Machine(10.1, 10.9), Topic.MEASUREMENTS, None, False),
        (Machine(10.1, 10.9), Topic.CONTINUITY, None, False),
        (Machine(by=-3.0), Topic.FRESHNESS, PAUSE, True),
        (Machine(by=-3.0), Topic.CONTINUITY, None, True),
        (Machine(by=-3.0), Topic.PACE, PAUSE, False),
        (Machine(by=-3.0), Topic.STRUCTURE, None, False),
    ],
    ids=str,
)
def test_only_what_would_not_have_been_too_long_is_doubted(
    machine: Machine, topic: Topic, took: Took | None, doubted: bool
) -> None:
    assert is_doubted(machine, topic, took) is doubted


@pytest.mark.parametrize(
    ("full", "topic", "took", "told"),
    [
        (0.0, Topic.PACE, PAUSE, ""),
        (0.9, Topic.PACE, PAUSE, "0.9 s"),
        (0.2, Topic.PACE, PAUSE, ""),
        (1.5, Topic.FRESHNESS, None, "1.5 s"),
        (0.5, Topic.FRESHNESS, None, ""),
        (1.5, Topic.CONTINUITY, None, "1.5 s"),
        (1.5, Topic.MEASUREMENTS, None, ""),
    ],
)
def test_a_machine_that_was_full_is_told_and_excuses_nothing(
    full: float, topic: Topic, took: Took | None, told: str
) -> None:
    verdict = judged_on(Machine(full=full), topic, took)
    (finding,) = verdict.findings()
    more = f"; all processors of this machine were busy for {told} meanwhile" if told else ""
    assert (str(finding), finding.in_full) == ("something is late", f"something is late{more}")
    assert verdict.counts.total() == 1
    assert not verdict.doubts

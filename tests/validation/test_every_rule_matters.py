"""No rule is there for show: without it, some broken promise of its topic goes unnoticed.

Each rule is taken out, one at a time, and every known breakage is judged by the others. What the rules of a topic find
is what a scenario about that topic says, so a breakage that they all miss is a scenario that passes and should not.
``python -m tests.validation.test_every_rule_matters`` prints the table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from protos.datastream_pb2 import DataStream
from support import ROOT
from support.stream.block import Block
from support.stream.frame import Frame
from support.validation.configuration import judge_configuration
from support.validation.expectation import Limits
from support.validation.finding import Ending, Finding, Rule
from support.validation.verdict import Verdict, stream_rules
from tests.validation import production
from tests.validation import test_numbering as numbering
from tests.validation.streams import Plan, blocks_of, frames_of, spoiled
from tests.validation.test_configuration import PRR, REQUEST, WRONG_ANSWERS, answer
from tests.validation.test_rules import BREAKAGES, PLAN, SPECTRA, twins

SINGLE_ROWS = replace(PLAN, rows=1, frames=40, lines_dt=0.05)
AGING = replace(SINGLE_ROWS, frames=100)
BOUNDED = replace(PLAN, max_frames=PLAN.frames)
FINE = Ending(frames=PLAN.frames, by_server=False)


def frames_with_a_pause() -> list[Frame]:
    frames = frames_of(PLAN.messages(), PLAN)
    return [*frames[:5], *(replace(f, elapsed=f.elapsed + 0.6, received_at=f.received_at + 0.6) for f in frames[5:])]


def slow_frames() -> list[Frame]:
    plan = replace(PLAN, frames=40)
    return [replace(frame, elapsed=frame.index * 0.2) for frame in frames_of(plan.messages(), plan)]


def aging_frames() -> list[Frame]:
    frames = frames_of(AGING.messages(), AGING)
    return [replace(f, elapsed=f.elapsed * 1.1, received_at=f.received_at + 0.1 * f.elapsed) for f in frames]


def one_zero_frame() -> list[Frame]:
    def zero(messages: list[DataStream]) -> None:
        messages[20].current_min_amp = 0.0
        for sensor in messages[20].rows[0].sensors:
            sensor.intensity[:] = [0.0] * SINGLE_ROWS.bins

    return spoiled(SINGLE_ROWS, zero)


def frames() -> list[Frame]:
    return frames_of(PLAN.messages(), PLAN)


def in_production(change: Callable[[numbering.Messages], object]) -> Case:
    return numbering.PLAN, lambda: list(production.blocks_of(numbering.spoiled(change))), FINE


Case = tuple[Plan, Callable[[], list[Frame] | list[Block]], Ending]

CASES: dict[str, Case] = {
    **{
        f"{rule}, {number}: {words}": (PLAN, lambda change=change: spoiled(PLAN, change), FINE)  # type: ignore[misc]
        for number, (change, rule, words) in enumerate(BREAKAGES)
    },
    "one frame of zeros": (SINGLE_ROWS, one_zero_frame, FINE),
    "two sensors alike": (SPECTRA, lambda: spoiled(SPECTRA, twins), FINE),
    "a pause of 0.6 seconds": (PLAN, frames_with_a_pause, FINE),
    "five frames a second": (PLAN, slow_frames, FINE),
    "data that grow old": (AGING, aging_frames, replace(FINE, frames=AGING.frames)),
    "a frame too few": (BOUNDED, lambda: frames()[:-1], Ending(PLAN.frames - 1, by_server=True)),
    "an end with an error": (PLAN, frames, replace(FINE, error="INTERNAL: broken")),
    "numbers of lines that jump": in_production(numbering.numbers_after(5, 3)),
    "a number of a line too few": in_production(numbering.number_too_few),
    "values of another type": in_production(numbering.other_type),
    "frames of another job": in_production(numbering.job(22)),
}


@cache
def stream(name: str) -> list[Block]:
    """The stream of a case, for the rules to look at again and again."""
    _, make, _ = CASES[name]
    made = make()
    blocks = [one for one in made if isinstance(one, Block)]
    return blocks or list(blocks_of([one for one in made if isinstance(one, Frame)], together=True))


@cache
def findings(name: str, without: type[Rule] | None = None) -> list[Finding]:
    plan, _, ending = CASES[name]
    rules = [rule for rule in stream_rules(plan.expectation, Limits()) if type(rule) is not without]
    verdict = Verdict(rules)
    for block in stream(name):
        verdict.see(block)
    verdict.end(ending)
    return verdict.findings()


@cache
def missed_without(rule: type[Rule]) -> list[str]:
    """The breakages on the topic of ``rule`` that no other rule of the topic notices."""

    def noticed(name: str, without: type[Rule] | None = None) -> bool:
        return any(finding.topic == rule.topic for finding in findings(name, without))

    return [name for name in CASES if noticed(name) and not noticed(name, without=rule)]


RULES = [type(rule) for rule in stream_rules(PLAN.expectation, Limits())]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_without_a_stream_rule_something_goes_unnoticed(rule: type[Rule]) -> None:
    assert missed_without(rule)


def configuration_findings() -> Iterator[tuple[str, list[Finding]]]:
    for changes, words in WRONG_ANSWERS:
        yield words, judge_configuration(REQUEST, answer(**changes), PRR)


CONFIGURATION_RULES = sorted({finding.rule for _, found in configuration_findings() for finding in found})


def answers_missed_without(rule: str) -> Iterator[str]:
    """The wrong answers that only ``rule`` notices on its topic."""
    for words, found in configuration_findings():
        topics = {finding.topic for finding in found if finding.rule == rule}
        if topics and not any(finding.rule != rule and finding.topic in topics for finding in found):
            yield words


@pytest.mark.parametrize("rule", CONFIGURATION_RULES)
def test_without_a_configuration_rule_something_goes_unnoticed(rule: str) -> None:
    assert list(answers_missed_without(rule))


def table() -> str:
    """Which breakages go unnoticed without each rule, as Markdown."""
    rows = [(rule.name, rule.topic.value, missed_without(rule)) for rule in RULES]
    rows += [(rule, "configuration answer", list(answers_missed_without(rule))) for rule in CONFIGURATION_RULES]
    lines = ["| rule taken out | topic | breakages then unnoticed | for example |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {topic} | {len(missed)} | {missed[0].split(': ')[-1]} |" for name, topic, missed in rows]
    return "\n".join(lines) + "\n"


def test_the_page_holds_the_table() -> None:
    assert (ROOT / "docs" / "results" / "rules.md").read_text("utf-8").endswith(f"\n\n{table()}")


if __name__ == "__main__":
    sys.stdout.write(table())

"""What is played back again, and ranges that follow each other: the same is accepted, and each difference told."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence

import pytest

from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.validation.playback import Played, judge_again, judge_seam
from tests.validation.streams import START, Plan, frames_of

PLAN = Plan(nfft=64, frames=10)
BORDER = START + 0.25
Rows = list[SpectrogramRow]


def rows() -> Rows:
    return [row for message in PLAN.messages() for row in message.rows]


def played(name: str, shown: Sequence[SpectrogramRow]) -> Played:
    frames = frames_of([DataStream(rows=[row]) for row in shown], PLAN)
    return Played(name, frames, PLAN.nfft / PLAN.prr, 1 / PLAN.prr)


def again(change: Callable[[Rows], object]) -> list[str]:
    shown = rows()
    change(shown)
    return [str(finding) for finding in judge_again(played("job 1", rows()), played("job 2", shown))]


def seam(change: Callable[[Rows, Rows], object]) -> list[str]:
    whole = rows()
    before = [row for row in rows() if row.endTimestamp <= BORDER * 1000]
    after = [row for row in rows() if row.startTimestamp >= BORDER * 1000]
    change(before, after)
    parts = played("job 1", before), played("job 2", after)
    return [str(finding) for finding in judge_seam(*parts, played("job 3", whole), BORDER)]


def nothing(*_: Rows) -> None:
    """It is as it was."""


def last_bit(shown: Rows) -> None:
    value = shown[7].sensors[1].intensity[2]
    shown[7].sensors[1].intensity[2] = value * (1 + 2**-23)


def a_little_later(shown: Rows) -> None:
    shown[7].startTimestamp += 1


def larger(shown: Rows) -> None:
    for row in shown:
        for sensor in row.sensors:
            sensor.intensity.append(1.0)


def of_other_size(shown: Rows) -> None:
    shown[3].sensors.pop()


def test_the_same_is_the_same() -> None:
    assert again(nothing) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (last_bit, "in position 1 of the line at .*, bin 2; 1 value of 1,600 differ"),
        (a_little_later, "job 2 has 50 lines where job 1 has 50, or has them at other times"),
        (lambda shown: shown.pop(), "job 2 has 49 lines where job 1 has 50"),
        (lambda shown: shown.clear(), "job 2 has 0 lines where job 1 has 50"),
        (larger, r"job 2 has lines of \(4, 9\) values where job 1 has \(4, 8\)"),
        (of_other_size, "job 1 and job 2 cannot be compared: "),
    ],
)
def test_what_is_otherwise_again_is_told(change: Callable[[Rows], object], words: str) -> None:
    [sentence] = again(change)
    assert re.search(words, sentence), sentence


def test_nothing_is_not_the_same_as_nothing() -> None:
    [finding] = judge_again(played("job 1", []), played("job 2", []))
    assert str(finding) == "job 1 shows no line, so there is nothing to compare"


def one_more(_: Rows, after: Rows) -> None:
    extra = copy.deepcopy(after[0])
    extra.startTimestamp -= 1
    after.insert(0, extra)


def repeated(before: Rows, after: Rows) -> None:
    for mine, its in zip(after[0].sensors, before[-1].sensors, strict=True):
        mine.intensity[:] = its.intensity


def rounded(_: Rows, after: Rows) -> None:
    for row in after:
        for sensor in row.sensors:
            sensor.intensity[:] = [value * (1 + 2**-20) for value in sensor.intensity]


@pytest.mark.parametrize("change", [nothing, rounded])
def test_neighbours_fit(change: Callable[[Rows, Rows], object]) -> None:
    assert seam(change) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (repeated, "job 2 shows .* where job 3 shows .*; 32 values of 800 differ"),
        (one_more, "job 2 has a line at .*, which the range over both has not"),
        (lambda before, after: before.append(after[0]), "1 line came in both ranges"),
        (lambda _, after: after.pop(0), "1 line came in neither range"),
        (lambda before, _: before.pop(), "1 line came in neither range"),
        (lambda _, after: after.clear(), "a range shows no line, so there is nothing to compare"),
    ],
)
def test_a_seam_is_told(change: Callable[[Rows, Rows], object], words: str) -> None:
    [sentence] = seam(change)
    assert re.search(words, sentence), sentence

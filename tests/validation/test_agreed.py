"""Percentiles of a run against what is agreed: by the nearest rank, and only where there are enough."""

from __future__ import annotations

import math

import pytest

from support.stream.distribution import Distribution
from support.validation.agreed import FEWEST, Percentiles, Waited, judge_waits


def waited(*times: float, agreed: Percentiles | None = (2, 5)) -> Waited:
    return Waited("configuring", agreed, Distribution(times))


def told(*times: float) -> list[str]:
    return [finding.sentence for finding in judge_waits([waited(*times)])]


def test_one_in_twenty_may_take_longer_than_the_p95() -> None:
    assert told(*[2.0] * 19, 4.0) == []
    assert told(*[2.0] * 18, 4.0, 4.0) == ["configuring took 4 s at P95 of 20, not 2 s as agreed"]


def test_a_table_tells_it_in_short() -> None:
    assert [waited(*[seconds] * 20).verdict for seconds in (1.0, 3.0)] == ["as agreed", "too slow"]


def test_of_fewer_than_a_hundred_none_may_take_longer_than_the_p99() -> None:
    assert told(*[0.1] * 98, 5.5) == ["configuring took 5.5 s at P99 of 99, not 5 s as agreed"]
    assert told(*[0.1] * 99, 5.5) == []


def test_what_was_in_vain_took_for_ever() -> None:
    assert told(*[0.1] * 20, math.inf) == ["configuring took for ever at P99 of 21, not 5 s as agreed"]


@pytest.mark.parametrize("count", [0, FEWEST - 1])
def test_too_few_are_not_judged_and_say_so(count: int) -> None:
    assert told(*[9.0] * count) == []
    assert waited(*[9.0] * count).lack == f"{count} windows are too few, a P95 needs 20"


def test_what_is_not_agreed_is_not_judged() -> None:
    alone = waited(*[9.0] * 30, agreed=None)
    assert (judge_waits([alone]), alone.lack) == ([], "nothing is agreed")

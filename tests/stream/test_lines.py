"""Lost lines are counted by the times of those that came."""

from __future__ import annotations

import math

import numpy as np
import pytest

from support.stream.lines import Lines, lines_between, steps

DT = 0.01


@pytest.mark.parametrize(
    ("starts", "lost"),
    [
        ((), 0),
        ((1000,), 0),
        ((1000, 1010, 1020), 0),
        ((1000, 1040), 3),
        ((1010, 1000, 1020), 0),
        ((1000, 1010, 1010), 0),
        ((-1000, 1000), 199),
    ],
)
def test_lines_lost_are_those_that_fit_between(starts: tuple[int, ...], lost: int) -> None:
    one_by_one = Lines()
    for start in starts:
        one_by_one.see(np.array([start], dtype=np.int64))
    together = Lines.of(np.array(starts, dtype=np.int64))

    assert one_by_one == together
    assert (together.received, together.lost(DT), together.expected(DT)) == (len(starts), lost, len(set(starts)) + lost)


@pytest.mark.parametrize("lines_dt", [0.0, -0.01, math.nan, math.inf, 5e-324, 1e-10])
def test_lines_at_no_distance_are_not_counted(lines_dt: float) -> None:
    assert lines_between(1000, 1040, lines_dt) is None
    assert Lines.of(np.array([1000, 1040])).lost(lines_dt) == 0


def test_extreme_times_do_not_overflow() -> None:
    ends = np.array([-(2**63), 2**63 - 1])
    assert Lines.of(ends).expected(1.0) == pytest.approx(2**64 / 1000)


@pytest.mark.parametrize(("later", "lines"), [(1000, 0), (1010, 0), (1014, 0), (1016, 1), (1024, 1), (990, 0)])
def test_a_line_between_takes_half_a_step_more(later: int, lines: int) -> None:
    assert lines_between(1000, later, DT) == lines


def test_where_rounding_blurs_a_step_the_fewest_count() -> None:
    gaps = np.array([1, 2, 3, 4])
    assert steps(gaps, 1.5).tolist() == [1, 1, 2, 3]
    assert steps(gaps, 1.5, blur=1.0).tolist() == [0, 1, 2, 2]

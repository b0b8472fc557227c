"""Who takes long over what it is given is given more at once."""

import pytest

from support.stream.handover import LEAST_PAUSE, Handover


def pauses(*took: float) -> list[float]:
    """The pauses before each handover to a caller that takes so long for each, and after the last one."""
    now = 0.0
    handover = Handover(clock=lambda: now)
    waits = [handover.due() - now]
    for seconds in took:
        now += waits[-1]
        handover.is_done()
        now += seconds
        waits.append(round(handover.due() - now, 9))
    return waits


def test_the_first_one_is_at_once() -> None:
    assert pauses() == [0]


def test_a_quick_caller_gets_the_next_one_soon() -> None:
    assert pauses(0.001, 0.0) == pytest.approx([0, LEAST_PAUSE - 0.001, LEAST_PAUSE])


def test_a_caller_that_is_as_slow_as_the_pause_is_not_kept_waiting_for_its_first_frame() -> None:
    assert pauses(0.03) == [0, 0]


def test_a_slow_caller_works_for_a_small_part_of_the_time() -> None:
    assert pauses(0.01, *[0.01] * 20)[-1] == pytest.approx(0.3, rel=0.01)


def test_nobody_waits_for_long_and_what_took_long_once_is_forgotten() -> None:
    _, _, after, *later = pauses(0.03, 2.0, *[0.0] * 14)
    assert after == 0.5
    assert later == sorted(later, reverse=True)
    assert later[-1] == pytest.approx(LEAST_PAUSE)

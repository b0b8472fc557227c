"""What is worked out once for an object: once, and beside others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from support.stream.once import once
from tests.patience import PATIENCE


class Thing:
    """Begins to work out its number, and goes on when another thing has begun, too."""

    def __init__(self, both: threading.Barrier) -> None:
        self._both = both

    @once
    def number(self) -> int:
        """Says which of the two it was."""
        return self._both.wait(PATIENCE)


def test_two_objects_are_worked_out_at_the_same_time_and_each_once() -> None:
    both = threading.Barrier(2)
    things = [Thing(both), Thing(both)]
    with ThreadPoolExecutor(2) as threads:
        numbers = list(threads.map(lambda thing: thing.number, things))
    assert sorted(numbers) == [0, 1]
    assert [thing.number for thing in things] == numbers


def test_it_is_documented_like_a_property() -> None:
    assert Thing.number.__doc__ == "Says which of the two it was."

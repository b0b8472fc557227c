"""What coverage-guided fuzzing calls does what it says without the fuzzer, too: on first inputs and spoiled ones."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.hostile.fuzz_frames import flip, overwrite, repeat, truncate
from tests.hostile.fuzz_targets import TARGETS


@pytest.mark.parametrize(("target", "good"), [("rest", "accepted"), ("frames", "judged"), ("production", "judged")])
def test_inputs_are_taken_or_refused_and_nothing_else(target: str, good: str) -> None:
    try_input, seeds = TARGETS[target]
    chance, counts = random.Random(1), Counter[str]()

    for seed in seeds():
        try_input(seed, counts)
    assert counts[good] >= 5
    for _ in range(500):
        data = bytearray(chance.choice(seeds()))
        chance.choice([flip, overwrite, repeat, truncate])(chance, data)
        try_input(bytes(data), counts)

    assert counts[good] > 50
    assert sum(count for what, count in counts.items() if what.startswith("refused")) > 50
    assert counts["slowest, microseconds"] > 0


def test_an_answer_that_is_changed_by_its_input_is_still_json() -> None:
    try_input, _ = TARGETS["rest"]
    counts = Counter[str]()

    for which in range(256):
        try_input(bytes([0xC0, which, 255]), counts)

    assert counts["accepted"] > 100
    assert counts["refused with ProtocolError"] > 20

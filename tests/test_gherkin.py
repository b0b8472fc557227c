"""The domain words of the features, and the faults behind them."""

from __future__ import annotations

import pytest

from proving.trial import deviations
from support import gherkin
from support.gherkin import FAULTS, VARIANTS
from support.screen.job import Mistake, Part
from support.stream import dialects


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("5 seconds", 5.0),
        ("1 second", 1.0),
        ("0.5 seconds", 0.5),
        ("a second", 1.0),
        ("half a second", 0.5),
        ("200 milliseconds", 0.2),
        ("2 minutes", 120.0),
    ],
)
def test_durations(words: str, seconds: float) -> None:
    assert gherkin.duration(words) == pytest.approx(seconds)


def test_other_words() -> None:
    assert gherkin.percentage("95 %") == 95.0
    assert [gherkin.channels(words) for words in ("1 channel", "40 channels")] == [1, 40]
    assert gherkin.part("end") is Part.END
    assert gherkin.mistake("a screen without lines") is Mistake.NO_HEIGHT
    assert gherkin.fault("whose sensor 2 is dead") == "dead-sensor=3"
    assert gherkin.variant("that has no health check") == "no-check-health"


def test_the_simulator_knows_every_fault_and_variant_that_scenarios_name() -> None:
    known = {deviation.name for dialect in dialects.NAMES for deviation in deviations(dialect)}
    named = {option.partition("=")[0] for option in (*FAULTS.values(), *VARIANTS.values())}
    assert named <= known

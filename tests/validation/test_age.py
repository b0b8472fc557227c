"""A stream that falls behind is told from one that noise, a step or a spike makes late: over thousands of streams.

40 streams of each kind in every run; 10,000 of each with ``pytest -m long tests/validation/test_age.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from support.stream.block import Block, Message
from support.stream.story.shape import StoryShape
from support.validation.age import LiveDataKeepUp
from support.validation.expectation import Limits
from support.validation.finding import Ending, Finding
from tests.validation.streams import START, Plan, frames_of, judge

SHAPE = StoryShape(("canvas",), ((1,),), np.array([1]))
FRAME_RATES = (10, 12, 20, 50)
Array = NDArray[np.float64]


def findings(arrivals: Array, ages: Array) -> list[Finding]:
    """What the rule says of frames that arrive at these seconds, with data of these ages."""
    rule = LiveDataKeepUp(Limits().age_growth)
    found: list[Finding] = []
    for first in range(0, len(ages), 16):
        part = slice(first, first + 16)
        messages = [Message(b"", 0, at, START + at) for at in arrivals[part].tolist()]
        ends = np.rint((START + arrivals[part] - ages[part]) * 1000).astype(np.int64)[:, np.newaxis]
        nothing = np.zeros(len(messages))
        found += rule.see(Block(SHAPE, messages, ends, ends, nothing, nothing, [], index=first))
    return [*found, *rule.end(Ending(len(ages), by_server=False))]


def stream(noise: Array, rate: float, growth: float = 0.0) -> tuple[Array, Array]:
    """Arrivals and ages of frames that are due ``rate`` times a second, in order, each late by its noise."""
    due = np.arange(len(noise)) / rate
    arrivals = np.maximum.accumulate(due + noise)
    return arrivals, 0.02 + arrivals - due + growth * arrivals


def uniform(chance: np.random.Generator, count: int, _rate: float, size: float) -> Array:
    return chance.uniform(0, size, count)


def long_tailed(chance: np.random.Generator, count: int, _rate: float, size: float) -> Array:
    return size / 10 * chance.lognormal(0, 1.2, count)


def waves(chance: np.random.Generator, count: int, rate: float, size: float) -> Array:
    """Noise that lasts: each is much like the one before."""
    keep = float(np.exp(-1 / (0.3 * rate)))
    wave = np.zeros(count)
    for i, push in enumerate(chance.normal(0, np.sqrt(1 - keep**2), count - 1)):
        wave[i + 1] = keep * wave[i] + push
    return np.abs(wave) * size / 3


def step(chance: np.random.Generator, count: int, _rate: float, size: float) -> Array:
    """From some moment on, all are late."""
    return chance.uniform(0, 0.02, count) + 3 * size * (np.arange(count) > chance.uniform(0, count))


def spikes(chance: np.random.Generator, count: int, rate: float, size: float) -> Array:
    """Now and then nothing comes for some time, and then all that was held up."""
    late = chance.uniform(0, 0.01, count)
    for begin in chance.uniform(0, count, size=chance.poisson(count / rate / 3)):
        since, height = (np.arange(count) - begin) / rate, chance.uniform(0, 2 * size)
        late += np.where((since >= 0) & (since < height), height - since, 0)
    return late


def beat(chance: np.random.Generator, count: int, rate: float, _size: float) -> Array:
    """Lines that wait for the next frame, ever longer, and then for none: up to a tenth of a second."""
    return 0.1 * ((np.arange(count) / rate / chance.uniform(0.5, 20) + chance.uniform()) % 1)


NOISES = (uniform, long_tailed, waves, step, spikes, beat)
Noise = Callable[[np.random.Generator, int, float, float], Array]


def false_alarms(noise: Noise, streams: int, seed: int) -> list[Finding]:
    chance = np.random.default_rng(seed)
    found: list[Finding] = []
    for _ in range(streams):
        rate = float(chance.choice(FRAME_RATES))
        late = noise(chance, int(chance.uniform(3, 30) * rate), rate, chance.uniform(0, 0.3))
        found += findings(*stream(late, rate))
    return found


@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.__name__)
def test_a_stream_that_keeps_up_has_no_finding_however_late_its_frames_are(noise: Noise) -> None:
    assert false_alarms(noise, 40, seed=1) == []


@pytest.mark.long
@pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.__name__)
def test_thousands_of_streams_that_keep_up_have_no_finding(noise: Noise) -> None:
    assert false_alarms(noise, 10_000, seed=2) == []


def caught(seconds: float, growth: float, jitter: float, seed: int) -> bool:
    chance = np.random.default_rng(seed)
    return findings(*stream(chance.uniform(0, jitter, int(seconds * 20)), 20, growth)) != []


@pytest.mark.parametrize(
    ("seconds", "jitter", "growth"),
    [
        (5, 0.005, 0.055),
        (5, 0.02, 0.06),
        (5, 0.05, 0.07),
        (5, 0.1, 0.1),
        (5, 0.3, 0.25),
        (60, 0.05, 0.055),
        (60, 0.3, 0.06),
    ],
)
def test_a_stream_that_falls_behind_is_found(seconds: float, jitter: float, growth: float) -> None:
    assert all(caught(seconds, growth, jitter, seed) for seed in range(10))


@pytest.mark.parametrize("jitter", [0.0, 0.02, 0.1])
def test_a_stream_whose_data_age_as_slowly_as_they_may_has_no_finding(jitter: float) -> None:
    assert not any(caught(20, 0.04, jitter, seed) for seed in range(10))


def test_two_seconds_are_too_short_to_say() -> None:
    assert findings(*stream(np.zeros(40), 20, 0.3)) == []


def test_a_stream_that_falls_behind_late_is_found_and_told_once() -> None:
    arrivals, ages = stream(np.zeros(60 * 20), 20)
    late = np.clip(arrivals - 50, 0, None) * 0.1
    (finding,) = findings(arrivals + late, ages + late)
    assert "live data fall behind: within 3.0 s their age grew from 0." in finding.sentence
    assert "ms a second where 50 are allowed" in finding.sentence
    assert finding.where.frame is not None
    assert finding.where.frame > 1000


def test_data_that_grow_old_are_a_finding_while_they_are_still_young_enough() -> None:
    plan = Plan(sensors=(1,), bins=1, rows=1, lines_dt=0.05, frames=100)
    frames = frames_of(plan.messages(), plan)
    late = [replace(f, elapsed=f.elapsed * 1.1, received_at=f.received_at + 0.1 * f.elapsed) for f in frames]
    (finding,) = judge(late, plan)
    assert finding.rule == "live data keep up"

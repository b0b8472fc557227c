"""Slow changes: which are found, which are too small, and that noise, steps and traffic are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from protos.datastream_pb2 import DataStream
from support.stream.frame import Frame
from support.validation.trend import SPANS, Course, trend_of
from tests.validation.streams import Plan, blocks_of, frames_of

SECONDS = 24.0
PLAN = Plan(sensors=tuple(range(3, 14)), bins=32, frames=490, jitter=0.01)
"""Four and twenty seconds of a live stream, 20 frames a second: spans of a second each."""

MESSAGES = PLAN.messages()


def found(frames: Sequence[Frame]) -> list[str]:
    findings = []
    for together in (False, True):
        course = Course(SECONDS)
        for block in blocks_of(frames, together=together):
            course.see(block)
        findings.append([str(finding) for finding in course.findings()])
    assert findings[0] == findings[1]
    return findings[0]


@dataclass(frozen=True)
class Drift:
    """What a server does slowly: ``share`` runs from 0 at the beginning to 1 at the end."""

    late: Callable[[float], float] = lambda _share: 0.0
    gain: Callable[[float], np.ndarray[tuple[int], np.dtype[np.float64]]] = lambda _share: np.ones(len(PLAN.sensors))

    def frames(self) -> list[Frame]:
        messages = [self._faded(message, index / len(MESSAGES)) for index, message in enumerate(MESSAGES)]
        shifted = []
        for frame in frames_of(messages, PLAN):
            late = self.late(frame.index / len(MESSAGES))
            shifted.append(replace(frame, elapsed=frame.elapsed + late, received_at=frame.received_at + late))
        return shifted

    def _faded(self, message: DataStream, share: float) -> DataStream:
        gain = self.gain(share)
        if (gain == 1).all():
            return message
        faded = DataStream.FromString(message.SerializeToString())
        for row in faded.rows:
            for factor, sensor in zip(gain, row.sensors, strict=True):
                sensor.intensity[:] = [value * factor for value in sensor.intensity]
        return faded


def one(factor: float) -> Callable[[float], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The gain of the fourth sensor alone changes by so much until the end, evenly in decibels."""
    place = np.arange(len(PLAN.sensors)) == 3
    return lambda share: np.where(place, factor**share, 1.0)


def every(factor: float) -> Callable[[float], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The gain of all of them."""
    return lambda share: np.full(len(PLAN.sensors), factor**share)


def held_up(share: float) -> float:
    """Seconds for which a frame is held up where this machine had no time, four times on the border of two spans."""
    seconds = share * len(MESSAGES) / 20
    return max((end - seconds for end in (3.2, 8.2, 14.2, 19.2) if end - 0.5 <= seconds < end), default=0.0)


def test_what_is_made_up_for_hides_no_trend_and_is_none() -> None:
    assert found(Drift(late=held_up).frames()) == []
    told = found(Drift(late=lambda share: 1.6 * share**2 + held_up(share)).frames())
    assert [sentence.split(" from ")[0] for sentence in told[:2]] == [
        "the frame rate fell steadily",
        "the line rate fell steadily",
    ]


def test_a_steady_stream_is_as_it_was() -> None:
    assert found(Drift().frames()) == []


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (
            Drift(late=lambda share: 1.6 * share**2),
            ["frame rate fell steadily", "line rate fell steadily", "fall behind"],
        ),
        (Drift(late=lambda share: 0.4 * share), ["live data fall behind: their age grew by 0."]),
        (Drift(gain=every(0.7)), ["the level of all sensors together fell steadily to 0.7"]),
        (Drift(gain=every(1.4)), ["the level of all sensors together rose steadily to 1.4"]),
        (Drift(gain=one(0.4)), ["the level of sensor 6 fell steadily to 0.4"]),
        (Drift(gain=one(2.5)), ["the level of sensor 6 rose steadily to 2."]),
    ],
)
def test_what_changes_slowly_is_told(drift: Drift, words: list[str]) -> None:
    told = found(drift.frames())
    assert len(told) == len(words), told
    assert all(word in sentence for word, sentence in zip(words, told, strict=True)), told


@pytest.mark.parametrize(
    "drift",
    [
        Drift(late=lambda share: 0.1 * share),
        Drift(late=lambda share: 0.6 * (share > 0.5)),
        Drift(late=lambda share: 0.2 * np.sin(40 * share) ** 2),
        Drift(gain=every(0.9)),
        Drift(gain=one(1.5)),
        Drift(gain=lambda share: one(3.0)(float(0.4 < share < 0.6))),
        Drift(gain=lambda share: one(3.0)(float(share > 0.5))),
    ],
)
def test_what_is_small_or_comes_and_goes_is_no_trend(drift: Drift) -> None:
    assert found(drift.frames()) == []


def test_a_stream_that_was_not_watched_to_its_end_has_no_trend() -> None:
    assert found(Drift(late=lambda share: 3 * share**2).frames()[:200]) == []


def test_noise_has_no_trend_and_a_line_has() -> None:
    noise = np.random.default_rng(1)
    trends = [trend_of(noise.normal(10, 1, SPANS)) for _ in range(20_000)]
    assert sum(trend.is_certain for trend in trends if trend) == 0
    line = trend_of(np.linspace(9, 11, SPANS) + noise.normal(0, 0.1, SPANS))
    assert line is not None
    assert line.is_certain
    assert line.change == pytest.approx(2, abs=0.3)
    assert trend_of(np.zeros(3)) is None

"""Lines that jobs share: made once, the same as if each had made its own, in bounded memory, whoever asks when."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from protos.datastream_pb2 import DataStream
from support.simulator.fibre import Fibre, Samples
from support.simulator.frame import Frame, Timeline
from support.simulator.lines import KEPT_BYTES, Lines
from support.simulator.plan import Plan
from support.simulator.sensors import Sensors
from support.simulator.spectrum import magnitudes
from support.simulator.story import wire
from tests.patience import PATIENCE

NOW = 1_790_000_000_123 * 1_000_000
WINDOW = Plan(0, 199, 2000, 512, range(256), Fraction(1, 20), 1, "0")
TIMELINE = Timeline.until(NOW, WINDOW)


class CountingFibre(Fibre):
    """A fibre that remembers which channels it was read on, and whose reading can be made to fail."""

    def __init__(self) -> None:
        super().__init__(1, 2000, 0, 2222)
        self.read: list[range] = []
        self.fails = False

    def samples(self, first: int, last: int, start: int, count: int) -> Samples:
        self.read.append(range(first, last + 1))
        if self.fails:
            raise MemoryError
        return super().samples(first, last, start, count)

    @property
    def channels_read(self) -> list[int]:
        return sorted(channel for channels in self.read for channel in channels)


def window(first: int, last: int, **changes: Any) -> Plan:
    return replace(WINDOW, first=first, last=last, **changes)


def shown(frame: Frame) -> DataStream:
    return DataStream.FromString(wire.encode(frame))


def at_once(*calls: Callable[[], object]) -> None:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize(
    "plan",
    [
        window(0, 199),
        window(60, 259),
        window(7, 7),
        window(15, 16),
        window(100, 140, rows_per_frame=7, lines_dt=Fraction(1, 97)),
        window(2100, 2221, nfft=1024, bins=range(30, 90)),
    ],
)
def test_a_line_is_what_the_fibre_was_whoever_has_asked_before(plan: Plan) -> None:
    shared = Lines(Fibre(1, 2000, 0, 2222))
    for other in (window(40, 120), window(0, 2221), window(101, 101, nfft=128, bins=range(64))):
        shared.frame(replace(other, rows_per_frame=3), TIMELINE, "other", 0)
    timeline = Timeline.until(NOW, plan)
    frame = shared.frame(plan, timeline, "canvas", 3)
    assert shown(frame) == shown(Lines(Fibre(1, 2000, 0, 2222)).frame(plan, timeline, "canvas", 3))
    for number, row in enumerate(shown(frame).rows, 3):
        samples = Fibre(1, 2000, 0, 2222).samples(plan.first, plan.last, timeline.first_sample(number), plan.nfft)
        (expected,) = magnitudes(samples, [0], plan.nfft, plan.bins)
        assert [sensor.id for sensor in row.sensors] == list(plan.channels)
        np.testing.assert_array_equal([list(sensor.intensity) for sensor in row.sensors], expected)


def test_what_jobs_have_in_common_is_made_once() -> None:
    fibre = CountingFibre()
    lines = Lines(fibre)
    plans = [window(0, 199), window(60, 259), window(0, 199), window(100, 119)]
    at_once(*(lambda plan=plan: lines.frame(plan, TIMELINE, "canvas", 0) for plan in plans))
    assert fibre.channels_read == list(range(272)), "whole groups, each of them once"


def test_whoever_asks_first_makes_what_all_asked_for_the_line_before() -> None:
    fibre = CountingFibre()
    lines = Lines(fibre)
    plans = [window(0, 40), window(48, 50), window(100, 140), window(64, 79)]
    for plan in plans:
        lines.frame(plan, TIMELINE, "canvas", 0, of_all=True)
    fibre.read.clear()
    frames = [lines.frame(plan, TIMELINE, "canvas", 1, of_all=True) for plan in plans]
    assert fibre.channels_read == [*range(51), *range(64, 80), *range(96, 144)]
    assert fibre.read[-1].stop == 144, "by the first one"
    alone = [Lines(Fibre(1, 2000, 0, 2222)).frame(plan, TIMELINE, "canvas", 1) for plan in plans]
    assert list(map(shown, frames)) == list(map(shown, alone))


def test_who_has_left_or_asks_for_other_lines_has_none_made() -> None:
    fibre = CountingFibre()
    lines = Lines(fibre)
    one, other, slower = window(0, 15), window(16, 31), window(32, 47, lines_dt=Fraction(1, 10))
    for plan in (one, other, slower):
        lines.frame(plan, TIMELINE, "canvas", 0, of_all=True)
    lines.frame(one, TIMELINE, "canvas", 1, of_all=True)
    fibre.read.clear()
    lines.frame(one, TIMELINE, "canvas", 2, of_all=True)
    assert fibre.channels_read == list(range(16)), "the other one did not ask for line 1"
    lines.frame(one, TIMELINE, "canvas", 9, of_all=True)
    fibre.read.clear()
    lines.frame(other, TIMELINE, "canvas", 8, of_all=True)
    lines.frame(one, TIMELINE, "canvas", 10, of_all=True)
    assert fibre.channels_read == list(range(32)), "each its own: line 8 is an old one by now"


def test_many_ways_to_ask_need_no_more_memory() -> None:
    lines = Lines(Fibre(1, 2000, 0, 2222))
    for bins in range(1, 101):
        lines.frame(window(0, 0, bins=range(bins)), TIMELINE, "canvas", 0, of_all=True)
    assert len(lines._turns) == 64


def test_a_few_channels_cost_no_more_than_themselves() -> None:
    fibre = CountingFibre()
    Lines(fibre).frame(window(18, 18, nfft=65_536, bins=range(1000)), TIMELINE, "canvas", 0)
    assert fibre.channels_read == [18]


def test_other_nffts_bins_and_instants_are_lines_of_their_own() -> None:
    fibre = CountingFibre()
    lines = Lines(fibre)
    plan = window(0, 31)
    lines.frame(plan, TIMELINE, "canvas", 0)
    for other, row in ((replace(plan, nfft=1024), 0), (replace(plan, bins=range(255)), 0), (plan, 1)):
        fibre.read.clear()
        lines.frame(other, TIMELINE, "canvas", row)
        assert fibre.channels_read == list(range(32))


def test_rows_differ_in_canvas_and_bounds_alone() -> None:
    lines = Lines(Fibre(1, 2000, 0, 2222))
    one, other = (lines.frame(window(0, 199), TIMELINE, canvas, 0) for canvas in ("canvas-0", "canvas-1"))
    assert [some is same for some, same in pairs(one, other)] == [True] * 13
    assert {row.canvasId for frame in (one, other) for row in shown(frame).rows} == {"canvas-0", "canvas-1"}
    narrow = lines.frame(window(64, 70), TIMELINE, "canvas", 0)
    values = narrow.rows[0].values
    assert (narrow.min_amp, narrow.max_amp) == (values.min(), values.max())


def pairs(one: Frame, other: Frame) -> Iterable[tuple[Sensors, Sensors]]:
    return zip(one.rows[0].sensors, other.rows[0].sensors, strict=True)


def test_nobody_can_change_what_is_shared() -> None:
    lines = Lines(Fibre(1, 2000, 0, 2222))
    frame = lines.frame(window(0, 40), TIMELINE, "canvas", 0)
    before = wire.encode(frame)
    frame.rows[0].values[:] = 7
    with pytest.raises(TypeError, match="read-only"):
        frame.rows[0].sensors[0].octets[0] = 7
    with pytest.raises(ValueError, match="read-only"):
        frame.rows[0].sensors[0].values[:] = 7
    assert wire.encode(lines.frame(window(0, 40), TIMELINE, "canvas", 0)) == before


def test_memory_is_bounded_and_what_was_forgotten_comes_back_the_same() -> None:
    lines = Lines(Fibre(1, 2000, 0, 2222))
    whole = window(0, 2221)
    first = wire.encode(lines.frame(whole, TIMELINE, "canvas", 0))
    frames = 2 * KEPT_BYTES // len(first)
    for row in range(1, frames):
        lines.frame(whole, TIMELINE, "canvas", row)
        kept = sum(
            piece.values.nbytes for moment in lines._moments.values() for piece in moment.pieces.values() if piece
        )
        assert kept == lines._kept_bytes
        assert kept <= KEPT_BYTES + len(first)
    assert len(lines._moments) < frames
    assert wire.encode(lines.frame(whole, TIMELINE, "canvas", 0)) == first


def test_a_line_that_could_not_be_made_keeps_nobody_waiting() -> None:
    fibre = CountingFibre()
    lines = Lines(fibre)
    fibre.fails = True
    for _ in range(2):
        with pytest.raises(MemoryError):
            lines.frame(WINDOW, TIMELINE, "canvas", 0)
    fibre.fails = False
    at_once(lambda: lines.frame(WINDOW, TIMELINE, "canvas", 0))

"""Pictures of the same moments: what is the same, what is merely another way to show it, and what is wrong."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from support.validation.energy import judge_energy
from support.validation.finding import Finding
from support.validation.picture import Picture
from support.validation.same import judge_same
from tests.validation.pictures import BEGIN, PRR, bent, fibre, in_decibels, seen

SAMPLES = fibre()
USUAL = seen(SAMPLES)
BESIDE = seen(SAMPLES, band=(100, 1000), channels=range(2, 7))


def one(found: list[Finding]) -> str:
    assert len(found) == 1, found
    return str(found[0])


def test_windows_of_other_channels_and_another_band_show_the_same() -> None:
    assert judge_same(USUAL, BESIDE) == []
    assert judge_same(in_decibels(USUAL), in_decibels(BESIDE)) == []
    assert judge_same(bent(USUAL, values=USUAL.values**2), bent(BESIDE, values=BESIDE.values**2)) == []


def test_the_rounding_of_float32_is_no_difference() -> None:
    rounding = np.random.default_rng(2).uniform(-1e-6, 1e-6, USUAL.values.shape)
    assert judge_same(bent(USUAL, values=(USUAL.values * (1 + rounding)).astype(np.float32)), BESIDE) == []


@pytest.mark.parametrize("first", [1, 3, 10])
def test_lines_that_begin_at_samples_beside_are_no_difference(first: int) -> None:
    """Half a millisecond, a millisecond and a half, half a line."""
    assert judge_same(USUAL, seen(SAMPLES, first=first)) == []


def test_a_line_that_one_window_alone_has_is_none_of_the_other_however_close_lines_are() -> None:
    """600 lines a second, told in whole milliseconds: 0, 2, 3, 5, 7 and so on, one or two apart."""
    lines = seen(SAMPLES, line=3)
    starts = BEGIN + np.round(np.arange(lines.starts.size) * 5 / 3).astype(np.int64)
    later = bent(lines, starts=starts[2:], values=lines.values[2:])
    assert judge_same(bent(lines, starts=starts), later) == []


def coarse(picture: Picture) -> Picture:
    steps = picture.values.max(axis=2, keepdims=True) / 64
    return bent(picture, values=np.round(picture.values / steps) * steps)


def test_values_in_steps_are_no_difference() -> None:
    """On the channel of the tone, most are zero."""
    assert judge_energy(coarse(USUAL), coarse(seen(SAMPLES, nfft=256, band=(0, 1000)))) == []
    assert judge_same(coarse(USUAL), coarse(BESIDE)) == []


@pytest.mark.parametrize("hertz", [50, 300, 800])
def test_steps_hide_what_is_quiet_beside_something_loud_that_one_window_alone_shows(hertz: int) -> None:
    """Channels sound alike, but for the last: the steps of the others are the same in both windows."""
    samples = SAMPLES.copy()
    for channel, tone in enumerate([300] * 7 + [hertz]):
        samples[channel] += np.sin(2 * np.pi * tone * np.arange(samples.shape[1]) / PRR)
    usual = coarse(seen(samples))
    for first in (0, 1, 3):
        beside = coarse(seen(samples, first=first, band=(100, 1000), channels=range(2, 8)))
        assert judge_same(usual, beside) == []
        assert judge_same(beside, usual) == []


@pytest.mark.parametrize("first", [0, 3])
def test_steps_do_not_hide_what_is_wrong(first: int) -> None:
    beside = coarse(seen(SAMPLES, first=first, band=(100, 1000), channels=range(2, 7)))
    assert "what is 1 channels above" in one(judge_same(coarse(swapped(USUAL)), beside)[:1])
    assert "the mirrored spectrum" in one(judge_same(coarse(bent(USUAL, values=USUAL.values[:, :, ::-1])), beside)[:1])


def swapped(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[:, [4, 5]] = values[:, [5, 4]]
    return bent(picture, values=values)


def one_channel(picture: Picture, by: float) -> Picture:
    values = picture.values.copy()
    values[:, 5] *= by
    return bent(picture, values=values)


def delayed(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[1:, 5] = picture.values[:-1, 5]
    return bent(picture, values=values)


def one_value(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[30, 5, 100] *= 1.001
    return bent(picture, values=values)


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (swapped, "on channel 4, in 89 of 89 lines.*it looks like what is 1 channels above"),
        (lambda it: bent(it, values=np.roll(it.values, -2, axis=1)), "what is 2 channels above"),
        (lambda it: bent(it, values=it.values[:, :, ::-1]), "on every channel, .*the mirrored spectrum"),
        (lambda it: bent(it, values=np.roll(it.values, 1, axis=2)), "on every channel, .*what is 1 bins below"),
        (lambda it: bent(it, values=it.values * 1.122), "on every channel, .*it looks like 1 dB more"),
        (lambda it: bent(it, values=it.values * 1.0005), "on every channel"),
        (lambda it: one_channel(it, 0.97), "on channel 5, .*0.26 dB less"),
        (delayed, "on channel 5, in 88 of 89 lines"),
        (one_value, "on channel 5, in 1 of 89 lines, at first .*at 195.312 Hz"),
        (lambda it: bent(it, values=it.values**2), "is not drawn on the scale of"),
        (in_decibels, "is not drawn on the scale of"),
        (lambda it: bent(it, values=seen(fibre(seed=7)).values), "in 89 of 89 lines"),
        (lambda it: bent(it, starts=it.starts + 50), "what was 5 lines before"),
        (lambda it: bent(it, starts=it.starts + 10_000), "no 10 lines in common"),
    ],
)
def test_what_is_wrong_is_told_with_its_cause(bend: Callable[[Picture], Picture], words: str) -> None:
    found = judge_same(bend(USUAL), seen(SAMPLES, band=(0, 1000)))
    assert any(re.search(words, str(finding)) for finding in found), found


def test_every_line_has_to_be_there_where_it_is_played_again() -> None:
    kept = np.delete(np.arange(USUAL.starts.size), [20, 21, 22])
    lacking = bent(USUAL, starts=USUAL.starts[kept], values=USUAL.values[kept])
    assert judge_same(lacking, USUAL) == []
    assert f"lacks 3 lines that {USUAL.name} has" in one(judge_same(lacking, USUAL, all_lines=True))
    assert judge_same(USUAL, lacking, all_lines=True) == []
    half_a_line_beside = seen(SAMPLES, first=10)
    assert judge_same(half_a_line_beside, USUAL, all_lines=True) == []
    assert judge_same(USUAL, half_a_line_beside, all_lines=True) == []
    nothing = bent(USUAL, starts=np.empty(0, np.int64), values=USUAL.values[:0])
    assert "lacks 89 lines" in one(judge_same(nothing, USUAL, all_lines=True))
    assert "in common" in one(judge_same(nothing, USUAL))
    assert int(USUAL.starts[0]) == BEGIN

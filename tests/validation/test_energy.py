"""Windows of other resolution: the same energy at the same time and place, whatever the server's window and scale."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from support.validation.energy import judge_energy
from support.validation.picture import Picture
from tests.validation.pictures import bent, fibre, in_decibels, seen

SAMPLES = fibre()
FINE = seen(SAMPLES)
COARSE = seen(SAMPLES, nfft=256, band=(0, 1000))


def test_windows_of_another_resolution_tell_of_the_same_energy() -> None:
    assert judge_energy(FINE, COARSE) == []
    assert judge_energy(COARSE, FINE) == []


@pytest.mark.parametrize(("nfft", "line"), [(128, 20), (512, 20), (2048, 20), (256, 50), (256, 7)])
def test_of_any_resolution(nfft: int, line: int) -> None:
    samples = fibre(seconds=2.2)
    assert judge_energy(seen(samples), seen(samples, nfft=nfft, band=(0, 1000), line=line)) == []


def test_whatever_the_window_function_and_the_scale() -> None:
    without = seen(SAMPLES, window="none"), seen(SAMPLES, nfft=256, band=(0, 1000), window="none")
    assert judge_energy(*without) == []
    assert judge_energy(in_decibels(FINE), in_decibels(COARSE)) == []
    assert judge_energy(bent(FINE, values=FINE.values**2), bent(COARSE, values=COARSE.values**2)) == []
    density = [bent(picture, values=picture.values * np.sqrt(picture.span)) for picture in (FINE, COARSE)]
    assert judge_energy(*density) == []


def test_lines_that_are_missing_or_begin_elsewhere_are_no_difference() -> None:
    kept = np.delete(np.arange(FINE.starts.size), [10])
    assert judge_energy(bent(FINE, starts=FINE.starts[kept], values=FINE.values[kept]), COARSE) == []
    assert judge_energy(FINE, seen(SAMPLES, nfft=256, band=(0, 1000), first=9)) == []


def test_no_fibre_of_noise_is_ever_taken_for_another() -> None:
    for seed in range(10):
        samples = fibre(seed=seed)
        assert judge_energy(seen(samples), seen(samples, nfft=256, band=(0, 1000))) == []


def swapped(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[:, [5, 6]] = values[:, [6, 5]]
    return bent(picture, values=values)


def one_channel(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[:, 5] *= 1.2
    return bent(picture, values=values)


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (swapped, "on channel 5 another energy than .*: it is that of the channel 1 above"),
        (lambda it: bent(it, values=np.roll(it.values, -1, axis=1)), "it is that of the channel 1 above"),
        (lambda it: bent(it, values=it.values[:, :, ::-1]), "its spectrum is mirrored"),
        (lambda it: bent(it, values=np.roll(it.values, 1, axis=2)), "its bins stand 1 too high"),
        (lambda it: bent(it, values=np.roll(it.values, -3, axis=2)), "its bins stand 3 too low"),
        (lambda it: bent(it, starts=it.starts + 50), "its lines are told 5 too late"),
        (lambda it: bent(it, starts=it.starts - 30), "its lines are told 3 too early"),
        (lambda it: bent(it, values=it.values * 1.122), "is 1 dB louder than"),
        (one_channel, "is 1.6 dB louder on channel 5 than on the others"),
        (lambda it: bent(it, values=it.values**2), "differ in their scale"),
        (lambda it: bent(it, values=seen(fibre(seed=7)).values), "another energy than"),
        (lambda it: bent(it, starts=it.starts + 10_000), "too little in common"),
    ],
)
def test_what_is_wrong_is_told_with_its_cause(bend: Callable[[Picture], Picture], words: str) -> None:
    found = judge_energy(bend(FINE), COARSE)
    assert any(re.search(words, str(finding)) for finding in found), found


def floored(picture: Picture, floor: float) -> Picture:
    """The picture of a server that tells nothing of what is so quiet."""
    return bent(picture, values=np.where(picture.values < floor, np.float32(0), picture.values))


LOUD = fibre()
LOUD[3:6] *= 1000
"""Three channels that are well above any floor here, beside five that are not."""

FLOOR = float(np.median(seen(LOUD).values[:, 0]))


def test_what_a_floor_hides_is_not_compared() -> None:
    fine, coarse = (floored(seen(LOUD, nfft=nfft, band=(0, 1000)), FLOOR) for nfft in (1024, 256))
    assert np.mean(fine.values == 0) > 0.2
    assert judge_energy(fine, coarse) == []
    assert judge_energy(coarse, fine) == []


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda it: bent(it, values=np.roll(it.values, -1, axis=1)), "another energy than"),
        (lambda it: bent(it, values=it.values[:, :, ::-1]), "its spectrum is mirrored"),
        (lambda it: bent(it, starts=it.starts + 50), "its lines are told 5 too late"),
    ],
)
def test_what_is_wrong_above_a_floor_is_told(bend: Callable[[Picture], Picture], words: str) -> None:
    samples = fibre()
    fine, coarse = (seen(samples, nfft=nfft, band=(0, 1000)) for nfft in (1024, 256))
    floor = float(np.percentile(fine.values, 10))
    found = judge_energy(bend(floored(fine, floor)), floored(coarse, floor))
    assert any(re.search(words, str(finding)) for finding in found), found

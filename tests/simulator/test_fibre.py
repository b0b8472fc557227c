"""The fibre: a pure function of seed, channel and instant, with signals where the documentation says."""

import numpy as np
import pytest

from support.simulator.fibre import BLOCK, GROUP, KEPT_BLOCKS, KEPT_OF_GROUP, Fibre, Samples, tones

NOW = 1_790_000_000 * 2000  # a sample number of these days
PRR = 2000


def fibre(seed: int = 1, count: int = 2222) -> Fibre:
    return Fibre(seed, PRR, lowest=0, count=count)


@pytest.mark.parametrize("start", [NOW, 0, -5 * BLOCK - 7])
def test_any_part_of_any_stretch_is_the_same_whoever_asks(start: int) -> None:
    whole = fibre().samples(5, 60, start, 5 * BLOCK)
    other = fibre()
    for first, last, offset, count in ((7, 40, 100, 3 * BLOCK), (31, 32, BLOCK - 1, 2), (5, 5, 4 * BLOCK, BLOCK)):
        part = other.samples(first, last, start + offset, count)
        assert part.dtype == np.float32
        np.testing.assert_array_equal(part, whole[first - 5 : last - 4, offset : offset + count])


def test_what_was_forgotten_comes_back_the_same() -> None:
    kept = fibre()
    before = kept.samples(0, 0, NOW, BLOCK)
    for block in range(1, KEPT_BLOCKS + 2):
        kept._blocks[(99, block)] = before
    kept.samples(0, 0, NOW + 5 * BLOCK, BLOCK)
    assert len(kept._blocks) == KEPT_BLOCKS
    np.testing.assert_array_equal(kept.samples(0, 0, NOW, BLOCK), before)


def test_as_time_goes_on_a_stream_needs_no_more_memory() -> None:
    watched = fibre()
    for block in range(3 * KEPT_OF_GROUP):
        watched.samples(0, 0, NOW + block * BLOCK, 1)
    assert len(watched._blocks) == KEPT_OF_GROUP


def test_a_seed_is_a_fibre_of_its_own() -> None:
    one, other = (fibre(seed).samples(0, 30, NOW, 500) for seed in (1, 2))
    assert not np.any(one == other)


def above_600_hz(samples: Samples) -> Samples:
    """What neither tones nor vehicles nor events reach: the noise."""
    spectra = np.fft.rfft(samples, axis=1)
    spectra[:, : 600 * samples.shape[1] // PRR] = 0
    return np.fft.irfft(spectra, axis=1).astype(np.float32)


def test_no_two_channels_and_no_two_instants_share_their_noise() -> None:
    samples = above_600_hz(fibre().samples(0, 63, NOW, 8 * BLOCK))
    correlation = np.corrcoef(samples[[0, 1, 2, 16, 17, 32, 48]])
    assert np.abs(correlation - np.eye(7)).max() < 0.1
    parts = samples[0].reshape(-1, BLOCK)
    assert np.abs(np.corrcoef(parts) - np.eye(len(parts))).max() < 0.2


def test_noise_has_another_level_on_each_channel_and_quiet_ones_among_them() -> None:
    levels = np.median(np.abs(above_600_hz(fibre().samples(0, 47, NOW, 4 * BLOCK))), axis=1)
    without_tones = [channel for channel in range(48) if channel % 8 != 3]
    assert len(set(np.round(levels[without_tones], 9))) == len(without_tones)
    assert set(np.flatnonzero(levels < 0.001)) == {7, 23, 39}
    assert levels.min() > 0


def test_tones_are_where_they_are_said_to_be() -> None:
    count = 8 * BLOCK
    samples = fibre().samples(0, 90, NOW, count)
    spectra = np.abs(np.fft.rfft(samples, axis=1)) * 2 / count
    for tone in tones(0, 90, PRR):
        place = round(tone.frequency * count / PRR)
        assert spectra[tone.channel, place] == pytest.approx(tone.amplitude, rel=0.02)
        assert spectra[tone.channel + 1, place] < 0.05
    assert [tone.channel for tone in tones(0, 20, PRR)] == [3, 11, 19]
    assert tones(3, 3, PRR)[0].frequency == 125.0
    assert tones(3, 3, 1000)[0].frequency == 62.5


def test_a_vehicle_drives_along_the_fibre() -> None:
    length = 4 * PRR
    samples = fibre().samples(0, 499, NOW, length)
    hum = np.exp(-2j * np.pi * (PRR / 64) * np.arange(length) / PRR)
    power = np.abs((samples * hum).reshape(500, -1, 500).mean(axis=2))  # quarters of a second
    power[[tone.channel for tone in tones(0, 499, PRR)]] = 0
    places = np.unwrap(power.argmax(axis=0), period=500)
    speed = np.polyfit(np.arange(len(places)) * 0.25, places, 1)[0]
    assert speed == pytest.approx(25, abs=2)


def test_short_events_come_and_go() -> None:
    samples = fibre().samples(64, 127, NOW, 32 * BLOCK)
    loud = np.abs(samples).reshape(64, -1, BLOCK // 2).max(axis=2)
    without_tones = [channel - 64 for channel in range(64, 128) if channel % 8 != 3]
    happens = (loud[without_tones] > 0.45).any(axis=0)
    assert 3 <= happens.sum() <= 20


def test_a_group_and_a_block_are_made_once() -> None:
    kept = fibre()
    kept.samples(0, GROUP - 1, 0, BLOCK)
    made = kept._blocks[(0, 0)]
    kept.samples(3, 4, 10, 20)
    assert kept._blocks[(0, 0)] is made


def test_channels_are_numbered_from_the_lowest() -> None:
    assert Fibre(1, PRR, lowest=1, count=100).highest == 100

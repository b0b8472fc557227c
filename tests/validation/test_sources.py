"""Known sources: a tone in its bin, on its channel, and not elsewhere; what moves, at its speed, in its direction."""

from collections.abc import Callable

import numpy as np
import pytest

from support.validation.picture import Picture
from support.validation.sources import Mover, Tone, judge_mover, judge_tones, read_source
from tests.validation.pictures import PRR, TONE, TONE_CHANNEL, bent, fibre, in_decibels, seen

KNOWN = Tone(TONE_CHANNEL, TONE_CHANNEL, TONE)
PICTURE = seen(fibre(), nfft=512, band=(0, 1000), line=40)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("3 at 125 Hz", Tone(3, 3, 125)),
        (" 100 to  104 at 62.5Hz ", Tone(100, 104, 62.5)),
        ("599 to 0 at 25 m/s", Mover(599, 0, 25)),
    ],
)
def test_sources_are_read_as_people_write_them(text: str, source: Tone | Mover) -> None:
    assert read_source(text) == source
    assert read_source(str(source)) == source


@pytest.mark.parametrize("text", ["", "3", "3 at 125", "3 at -1 Hz", "3 at 0 Hz", "3 at 25 m/s", "3 at 1.2.3 Hz", "x"])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected sources like 3 at 125 Hz"):
        read_source(text)


def test_a_tone_is_where_it_is_whatever_the_scale() -> None:
    for picture in (PICTURE, in_decibels(PICTURE), bent(PICTURE, values=PICTURE.values**2)):
        assert judge_tones(picture, [KNOWN]) == []
        assert judge_tones(picture, [Tone(2, 4, TONE)]) == [], "on one of these channels"


@pytest.mark.parametrize("off", [0.0, 0.25, 0.5, 0.75])
def test_a_tone_may_lie_between_two_bins(off: float) -> None:
    samples = fibre()
    frequency = 300 + off * PRR / 512
    samples[6] += np.sin(2 * np.pi * frequency * np.arange(samples.shape[1]) / PRR)
    picture = seen(samples, nfft=512, band=(0, 1000), line=40)
    assert judge_tones(picture, [KNOWN, Tone(6, 6, frequency)]) == []


def on_others(picture: Picture) -> Picture:
    values = picture.values.copy()
    values[:, 6] += values[:, TONE_CHANNEL] * 0.6
    return bent(picture, values=values)


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda it: bent(it, values=it.values[:, :, ::-1]), "one stands at 871.094 Hz, as in a mirrored spectrum"),
        (lambda it: bent(it, values=np.roll(it.values, 1, axis=2)), "is not there; one stands at 128.906 Hz"),
        (lambda it: bent(it, values=np.roll(it.values, 1, axis=1)), "is not there; one stands on channel 4"),
        (lambda it: bent(it, values=seen(fibre()[[0, 1, 2, 4, 5, 6, 7, 0]], nfft=512, line=40).values), "is not there"),
        (on_others, "is on channel 6, too"),
    ],
)
def test_a_tone_elsewhere_is_found(bend: Callable[[Picture], Picture], words: str) -> None:
    picture = bend(PICTURE)
    if picture.values.shape[2] != PICTURE.values.shape[2]:
        picture = bent(picture, frequencies=PICTURE.frequencies[: picture.values.shape[2]])
    assert any(words in str(finding) for finding in judge_tones(picture, [KNOWN])), words


def street(speed: float, *, channels: int = 400, seconds: float = 2.0, level: float = 0.3) -> Picture:
    """Something heavy, six metres long, that drives over a street of noise."""
    random = np.random.default_rng(3)
    times = np.arange(0, seconds, 0.04)
    begin = 100 if speed > 0 else 300
    beside = np.arange(channels) - begin - speed * times[:, np.newaxis]
    loud = level * np.exp(-0.5 * (beside / 6) ** 2)
    noise = 0.01 * np.abs(random.standard_normal((times.size, channels, 7)))
    noise[10:15, 50:57] += 1.0  # a short event
    noise[:, ::40] += 0.5  # a tone here and there
    values = noise + loud[:, :, np.newaxis] * np.array([0.5, 1, 0.5, 0, 0, 0, 0])
    starts = np.array(1e12 + times * 1000, dtype=np.int64)
    frequencies = np.linspace(15.625, 109.375, 7)
    return Picture("street", starts, np.arange(channels), frequencies, 0.064, 1 / PRR, values.astype(np.float32))


@pytest.mark.parametrize("speed", [20, 25, 40])
def test_what_moves_is_seen_at_its_speed_and_in_its_direction(speed: float) -> None:
    assert judge_mover(street(speed), Mover(0, 399, speed), 1.0) == []
    assert judge_mover(street(-speed), Mover(399, 0, speed), 1.0) == []
    assert judge_mover(street(speed), Mover(0, 399, 2 * speed), 2.0) == [], "channels of two metres"


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (street(-25), "in the other direction"),
        (street(32), "passes at about 32"),
        (street(20), "passes at about 20"),
        (street(25, level=0), "is not seen"),
    ],
)
def test_what_moves_otherwise_is_found(picture: Picture, words: str) -> None:
    (finding,) = judge_mover(picture, Mover(0, 399, 25), 1.0)
    assert words in str(finding)

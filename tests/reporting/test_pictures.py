"""A waterfall shows what was received: read back from its own pixels."""

import io
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from support.reporting.pictures import waterfall

START = 1_790_000_000_000
RED, GREY = (0.9, 0.0, 0.1), (0.82, 0.82, 0.82)

# Where the axes stand in a picture of 960 x 540; from its frame, with room for the labels to move it a little.
LEFT, RIGHT, TOP, BOTTOM = 140, 850, 35, 465


def noise(rows: int, bins: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).rayleigh(1.0, (rows, bins)).astype(np.float32)


def draw(magnitudes: NDArray[np.float32]) -> bytes:
    rows, bins = magnitudes.shape
    return waterfall(START + np.arange(rows) * 10, np.arange(bins) * 2000 / 1024, magnitudes, title="Channel 7")


def pixels(png: bytes) -> NDArray[np.float64]:
    """The colours inside the axes, shape (height, width, 3)."""
    whole = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) / 255
    assert whole.shape == (540, 960, 3)
    return whole[TOP:BOTTOM, LEFT:RIGHT]


def is_colour(found: NDArray[np.float64], colour: tuple[float, float, float]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(found - colour) < 0.06).all(axis=2))


def test_a_tone_is_bright_at_its_frequency_and_nowhere_else() -> None:
    magnitudes = noise(200, 256)
    magnitudes[:, 64] += 50
    brightness = pixels(draw(magnitudes))[:, :, 1].mean(axis=0)
    column = int(brightness.argmax())
    assert (column + LEFT - 130) / 730 == pytest.approx(64.5 / 256, abs=0.02)
    assert brightness[column] > 1.5 * np.delete(brightness, range(column - 6, column + 7)).max()


def test_time_runs_downwards() -> None:
    magnitudes = noise(100, 64)
    magnitudes[75] *= 30
    row = int(pixels(draw(magnitudes))[:, :, 1].mean(axis=1).argmax())
    assert row / (BOTTOM - TOP) == pytest.approx(0.755, abs=0.03)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, -1.0])
def test_what_is_no_magnitude_is_red_where_it_is(broken: float) -> None:
    magnitudes = noise(50, 50)
    assert not is_colour(pixels(draw(magnitudes)), RED).any()
    magnitudes[:25, :25] = broken
    red = is_colour(pixels(draw(magnitudes)), RED)
    assert red[:200, :320].mean() > 0.95
    assert not red[230:].any()


def test_zeros_are_grey_also_when_they_are_all() -> None:
    assert is_colour(pixels(draw(np.zeros((20, 30), np.float32))), GREY).mean() > 0.99


def test_a_single_dead_row_or_broken_value_survives_merging() -> None:
    magnitudes = noise(5_000, 2_000)
    magnitudes[2_500] = 0
    magnitudes[1_000, 1_000] = np.nan
    found = pixels(draw(magnitudes))
    assert is_colour(found, GREY).mean(axis=1).max() > 0.9
    assert is_colour(found, RED).any()


def test_the_picture_stays_small_and_fast() -> None:
    draw(noise(10, 10))
    for rows, bins in ((200, 400), (1_000, 1_025), (30, 32_769)):
        magnitudes = noise(rows, bins)
        begin = time.thread_time()
        png = draw(magnitudes)
        assert len(png) < 200_000
        assert time.thread_time() - begin < 0.5, "about 0.03 s of computing"


@pytest.mark.parametrize(
    ("starts", "frequencies"),
    [
        ([START] * 3, [0.0, 1.0, 2.0]),
        ([START, 0, -START], [5.0, np.nan, 1.0]),
        ([np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0], [np.inf, 0.0, 0.0]),
    ],
)
def test_absurd_axes_do_not_break_the_picture(starts: list[int], frequencies: list[float]) -> None:
    assert pixels(waterfall(starts, frequencies, noise(3, 3), title="absurd")).std() > 0


def test_one_row_one_bin_and_none_are_pictures_too() -> None:
    for rows, bins in ((1, 256), (256, 1), (1, 1), (0, 0), (0, 5)):
        assert pixels(draw(np.ones((rows, bins), np.float32))).size


def test_shapes_that_do_not_fit_are_refused_with_both() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\) do not fit \(2,\) row starts and \(4,\) frequencies"):
        waterfall([0, 10], [0, 1, 2, 3], np.ones((2, 3)), title="x")

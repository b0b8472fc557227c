"""A waterfall that a person can judge at a glance: one channel's spectrum lines, oldest on top.

Broken data must show as such and never break the picture: what is no magnitude at all (NaN, infinite, negative) is
red, exact zeros are grey, and the caption counts both. Axes keep the values they were given, also absurd ones.

A run draws dozens of these, so the picture is put together from palette indices: some milliseconds each.
"""

import io
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

MAX_ROWS, MAX_BINS = 200, 400
"""What the picture can resolve; more rows or bins are merged, the strongest value of each block stands for it."""

_Value = TypeVar("_Value", bound=np.generic)
_Indices = NDArray[np.uint8]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_PERCENTILES = (2.0, 99.9)
_SMALLEST_SPAN = 6.0  # dB

# Pixels: the picture, its field of values, and the bar that says which colour is how strong.
_SIZE = _WIDTH, _HEIGHT = 960, 540
_LEFT, _TOP, _RIGHT, _BOTTOM = 130, 32, 860, 466
_BAR_LEFT, _BAR_RIGHT = 876, 898
_TICK = 4

# The palette: strength, then what is not as it should be, then what is written, from paper to ink.
_STRENGTHS, _INKS = 48, 16
_ZERO, _BAD, _PAPER = _STRENGTHS, _STRENGTHS + 1, _STRENGTHS + 2
_VIRIDIS = ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725")


def waterfall(starts: ArrayLike, frequencies: ArrayLike, magnitudes: ArrayLike, *, title: str) -> bytes:
    """Draws the waterfall of one channel.

    Args:
        starts: start of each row, epoch ms, shape (rows,).
        frequencies: Hz, shape (bins,).
        magnitudes: linear, shape (rows, bins).
        title: head of the picture.

    Returns:
        A PNG of 960 x 540 pixels.

    Raises:
        ValueError: the shapes do not fit one another.
    """
    times = np.asarray(starts, dtype=np.int64)
    hertz = np.asarray(frequencies, dtype=np.float64)
    values = np.asarray(magnitudes, dtype=np.float32)
    if values.shape != (times.size, hertz.size) or times.ndim != 1 or hertz.ndim != 1:
        raise ValueError(
            f"magnitudes of shape {values.shape} do not fit {times.shape} row starts and {hertz.shape} frequencies"
        )
    sheet = _Sheet()
    sheet.write(((_LEFT + _RIGHT) // 2, _TOP - 7), title, "ms", size=15)
    if not values.size:
        sheet.write((_WIDTH // 2, _HEIGHT - 10), f"Nothing to show: {times.size} rows, {hertz.size} bins.", "ms")
        return _png(sheet.indices())
    field, limits, caption = _painted(values)
    sheet.write((_WIDTH // 2, _HEIGHT - 10), caption, "ms")
    _label_frequencies(sheet, hertz)
    _label_times(sheet, times)
    _label_strengths(sheet, limits)
    picture = sheet.indices()
    picture[_TOP:_BOTTOM, _LEFT:_RIGHT] = field
    bar = (_STRENGTHS - 1 - np.arange(_BOTTOM - _TOP) * _STRENGTHS // (_BOTTOM - _TOP)).astype(np.uint8)
    picture[_TOP:_BOTTOM, _BAR_LEFT:_BAR_RIGHT] = bar[:, np.newaxis]
    return _png(picture)


class _Sheet:
    """What is written around the values: black on white, later shades of the palette."""

    def __init__(self) -> None:
        self._image = Image.new("L", _SIZE, 255)
        self._draw = ImageDraw.Draw(self._image)

    def write(self, place: tuple[float, float], text: str, anchor: str, size: int = 12) -> None:
        """Text whose ``anchor`` (Pillow's: horizontal, then vertical) is at this place."""
        self._draw.text(place, text, fill=0, font=_font(size), anchor=anchor)

    def write_upwards(self, centre: tuple[int, int], text: str) -> None:
        """Text that is read from below."""
        left, top, right, bottom = self._draw.textbbox((0, 0), text, font=_font(13))
        line = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 255)
        ImageDraw.Draw(line).text((1 - left, 1 - top), text, fill=0, font=_font(13))
        turned = line.transpose(Image.Transpose.ROTATE_90)
        self._image.paste(turned, (centre[0] - turned.width // 2, centre[1] - turned.height // 2))

    def tick(self, *ends: tuple[float, float]) -> None:
        """A short line from one end to the other."""
        self._draw.line(ends, fill=0)

    def indices(self) -> _Indices:
        """The sheet in the palette's numbers."""
        return _PAPER + (255 - np.asarray(self._image)) // (256 // _INKS)


def _png(picture: _Indices) -> bytes:
    image = Image.fromarray(picture, "P")
    image.putpalette(_palette())
    png = io.BytesIO()
    image.save(png, "png", compress_level=4)
    return png.getvalue()


@cache
def _palette() -> bytes:
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _VIRIDIS], dtype=np.float64)
    places = np.linspace(0, len(anchors) - 1, _STRENGTHS)
    strengths = np.stack([np.interp(places, np.arange(len(anchors)), channel) for channel in anchors.T], axis=1)
    zero, bad = (209, 209, 209), (230, 0, 26)
    inks = np.linspace(255, 0, _INKS)[:, np.newaxis].repeat(3, axis=1)
    return np.concatenate([strengths, [zero, bad], inks]).round().astype(np.uint8).tobytes()


@cache
def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _painted(values: NDArray[np.float32]) -> tuple[_Indices, tuple[float, float], str]:
    """The field of values in the palette's numbers, the dB of its first and last colour, and what it shows in words."""
    bad = ~(np.isfinite(values) & (values >= 0))
    zero = values == 0
    merged = rows_merged, bins_merged = -(-values.shape[0] // MAX_ROWS), -(-values.shape[1] // MAX_BINS)
    strongest = _merge(np.where(bad, 0, values), *merged)

    positive = strongest > 0
    decibels = 20 * np.log10(strongest, out=np.zeros(strongest.shape), where=positive)
    low, high = _limits(decibels[positive])
    colours = np.clip((decibels - low) / (high - low) * _STRENGTHS, 0, _STRENGTHS - 1).astype(np.uint8)
    colours[_merge(zero, *merged)] = _ZERO
    colours[_merge(bad, *merged)] = _BAD

    rows = np.arange(_BOTTOM - _TOP) * values.shape[0] // (_BOTTOM - _TOP) // rows_merged
    bins = np.arange(_RIGHT - _LEFT) * values.shape[1] // (_RIGHT - _LEFT) // bins_merged
    return colours[np.ix_(rows, bins)], (low, high), _caption(values.shape, merged, int(zero.sum()), int(bad.sum()))


def _merge(values: NDArray[_Value], rows: int, bins: int) -> NDArray[_Value]:
    """The maximum of each block of this many rows and bins."""
    for axis, size in enumerate((rows, bins)):
        values = np.maximum.reduceat(values, np.arange(0, values.shape[axis], size), axis=axis)
    return values


def _limits(decibels: NDArray[np.float64]) -> tuple[float, float]:
    """A colour scale that a few outliers do not stretch and that does not blow noise up to contrast."""
    if not decibels.size:
        return 0.0, _SMALLEST_SPAN
    low, high = np.percentile(decibels, _PERCENTILES)
    missing = max(0.0, _SMALLEST_SPAN - (high - low)) / 2
    return float(low - missing), float(high + missing)


def _caption(shape: tuple[int, ...], merged: tuple[int, int], zeros: int, bad: int) -> str:
    """What was drawn, and what of it is not what it should be."""
    parts = [f"{shape[0]:,} rows x {shape[1]:,} bins"]
    if max(merged) > 1:
        parts.append(f"each cell is the strongest of {merged[0]} rows x {merged[1]} bins")
    if zeros:
        parts.append(f"grey: {zeros:,} zero values")
    if bad:
        parts.append(f"red: {bad:,} values that are no magnitude (NaN, infinite or negative)")
    return "; ".join(parts)


def _label_frequencies(sheet: _Sheet, hertz: NDArray[np.float64]) -> None:
    """Round frequencies where they increase; otherwise the value of some bins, whatever it is."""
    if hertz.size > 1 and np.isfinite(hertz).all() and (np.diff(hertz) > 0).all():
        ticks = _round_values(hertz[0], hertz[-1], at_most=10)
        places: Sequence[float] = np.interp(ticks, hertz, np.arange(hertz.size)).tolist()
    else:
        places = _some_of(hertz.size, 8)
        ticks = [float(hertz[int(place)]) for place in places]
    for place, tick in zip(places, ticks, strict=True):
        x = _LEFT + (place + 0.5) / hertz.size * (_RIGHT - _LEFT)
        sheet.tick((x, _BOTTOM), (x, _BOTTOM + _TICK))
        sheet.write((x, _BOTTOM + _TICK + 4), f"{tick:g}", "ma")
    sheet.write(((_LEFT + _RIGHT) // 2, _BOTTOM + 26), "Frequency (Hz)", "ma", size=13)


def _label_times(sheet: _Sheet, times: NDArray[np.int64]) -> None:
    """The clock of some rows, as the server stamped them."""
    stamps = np.datetime_as_string(times.view("datetime64[ms]"), unit="ms")
    for place in _some_of(times.size, 9):
        y = _TOP + (place + 0.5) / times.size * (_BOTTOM - _TOP)
        sheet.tick((_LEFT - _TICK, y), (_LEFT, y))
        sheet.write((_LEFT - _TICK - 4, y), str(stamps[place]).rpartition("T")[2], "rm")
    sheet.write_upwards((16, (_TOP + _BOTTOM) // 2), f"Start of row (UTC, {str(stamps[0]).partition('T')[0]})")


def _label_strengths(sheet: _Sheet, limits: tuple[float, float]) -> None:
    """Round values beside the bar of colours, whose ends stand for everything beyond them, too."""
    low, high = limits
    for decibels in _round_values(low, high, at_most=8):
        y = _BOTTOM - (decibels - low) / (high - low) * (_BOTTOM - _TOP)
        sheet.tick((_BAR_RIGHT, y), (_BAR_RIGHT + _TICK, y))
        sheet.write((_BAR_RIGHT + _TICK + 3, y), f"{decibels:g}", "lm")
    sheet.write_upwards((_WIDTH - 14, (_TOP + _BOTTOM) // 2), "Magnitude (dB re 1)")


def _round_values(low: float, high: float, at_most: int) -> list[float]:
    """The multiples of 1, 2, 2.5 or 5 times a power of ten from ``low`` to ``high``; the two alone where none fits."""
    span = high - low
    if not np.isfinite(span):
        return [low, high]
    power = 10.0 ** np.floor(np.log10(span / at_most))
    step = next(power * round_one for round_one in (1, 2, 2.5, 5, 10) if span / (power * round_one) <= at_most)
    values = [float(number * step) for number in np.arange(np.ceil(low / step), np.floor(high / step) + 1)]
    return values or [low, high]


def _some_of(count: int, at_most: int) -> list[int]:
    return [int(place) for place in np.linspace(0, count - 1, min(count, at_most))]

"""A sheet to draw on: text, lines and fields of colours, put together from palette indices in some milliseconds.

The colours are viridis, which is read alike by those who do not see red or green, and in print; what is not as it
should be has a colour outside of it, and every line that means something has words beside it.
"""

from __future__ import annotations

import io
import textwrap
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Indices = NDArray[np.uint8]
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# The palette: strength, then what is not as it should be, then what is written, from paper to ink.
STRENGTHS, _INKS = 48, 16
ZERO, BAD, PAPER = STRENGTHS, STRENGTHS + 1, STRENGTHS + 2
INK = PAPER + _INKS - 1
POINT = STRENGTHS // 4
CLEAR = 255
_VIRIDIS = ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725")

TICK = 4
_DASH = 6


class Box(NamedTuple):
    """A part of a sheet, pixels; the right and the bottom one are not in it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[int, int]:
        """Across, and down."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


class Sheet:
    """White, of so many pixels: what is written comes first, then fields and lines, for the later cover the earlier.

    Args:
        width: pixels.
        height: pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._image = Image.new("L", (width, height), 255)
        self._draw = ImageDraw.Draw(self._image)
        self._painted: list[tuple[int, int, Indices]] = []

    def write(self, place: tuple[float, float], text: str, anchor: str, size: int = 12) -> None:
        """Text whose ``anchor`` (Pillow's: horizontal, then vertical) is at this place."""
        self._draw.text(place, text, fill=0, font=_font(size), anchor=anchor)

    def write_lines(self, left: int, top: int, text: str, *, columns: int, most: int, size: int = 15) -> None:
        """Text of several lines, ``most`` of them, with about so many characters in each."""
        lines = textwrap.wrap(" ".join(text.split()), columns, max_lines=most, placeholder=" …")
        for number, line in enumerate(lines):
            self.write((left, top + number * (size + 5)), line, "la", size)

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

    def frame(self, box: Box) -> None:
        """A thin line around a box."""
        self._draw.rectangle((box.left - 1, box.top - 1, box.right, box.bottom), outline=128)

    def point_at(self, place: tuple[int, int], direction: tuple[int, int]) -> None:
        """An arrow whose tip is at this place; it comes from this direction, across and down, -1 to 1."""
        (x, y), (across, down) = place, direction
        back = x + 10 * across, y + 10 * down
        side = 5 * down, 5 * across
        self._draw.polygon([place, (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])], 0)

    def paint(self, box: Box, colours: Indices) -> None:
        """A field of colours from the upper left corner of the box on; what is ``CLEAR`` leaves what was there."""
        self._painted.append((box.left, box.top, colours))

    def mark(self, box: Box) -> None:
        """A line around a box, white between two black ones, which is seen on every colour."""
        around = np.full((box.height + 6, box.width + 6), CLEAR, np.uint8)
        for beyond, colour in ((0, INK), (1, PAPER), (2, INK)):
            rows, columns = slice(beyond, box.height + 6 - beyond), slice(beyond, box.width + 6 - beyond)
            around[rows, columns][[0, -1]] = colour
            around[rows, columns][:, [0, -1]] = colour
        self.paint(Box(box.left - 3, box.top - 3, box.right + 3, box.bottom + 3), around)

    def dash(self, begin: tuple[int, int], end: tuple[int, int], colour: int) -> None:
        """A dashed line across or down, two pixels wide."""
        (left, top), (right, bottom) = begin, end
        dashes = np.full((2, right - left) if bottom == top else (bottom - top, 2), colour, np.uint8)
        axis = 1 if bottom == top else 0
        gaps = np.arange(dashes.shape[axis]) // _DASH % 2 == 1
        dashes[(slice(None), gaps) if axis else gaps] = CLEAR
        self.paint(Box(left, top, right, bottom), dashes)

    def png(self) -> bytes:
        """The sheet as a file."""
        picture = PAPER + (255 - np.asarray(self._image)) // (256 // _INKS)
        for left, top, colours in self._painted:
            shown = colours[max(-top, 0) :, max(-left, 0) :]
            room = picture[max(top, 0) :, max(left, 0) :][: shown.shape[0], : shown.shape[1]]
            shown = shown[: room.shape[0], : room.shape[1]]
            np.copyto(room, shown, where=shown != CLEAR)
        image = Image.fromarray(picture, "P")
        image.putpalette(_palette())
        png = io.BytesIO()
        image.save(png, "png", compress_level=4)
        return png.getvalue()


def bar(height: int) -> Indices:
    """All strengths, the strongest on top, shape (height, 1)."""
    return (STRENGTHS - 1 - np.arange(height)[:, np.newaxis] * STRENGTHS // height).astype(np.uint8)


def round_values(low: float, high: float, at_most: int) -> list[float]:
    """The multiples of 1, 2, 2.5 or 5 times a power of ten from ``low`` to ``high``; the two alone where none fits."""
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return [low, high]
    power = 10.0 ** np.floor(np.log10(span / at_most))
    step = next(power * round_one for round_one in (1, 2, 2.5, 5, 10) if span / (power * round_one) <= at_most)
    values = [float(number * step) for number in np.arange(np.ceil(low / step), np.floor(high / step) + 1)]
    return values or [low, high]


def some_of(count: int, at_most: int) -> list[int]:
    """Positions, evenly spread over so many, the first and the last of them among them."""
    return [int(place) for place in np.linspace(0, count - 1, min(count, at_most))]


@cache
def _palette() -> bytes:
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _VIRIDIS], dtype=np.float64)
    places = np.linspace(0, len(anchors) - 1, STRENGTHS)
    strengths = np.stack([np.interp(places, np.arange(len(anchors)), channel) for channel in anchors.T], axis=1)
    zero, bad = (209, 209, 209), (230, 0, 26)
    inks = np.linspace(255, 0, _INKS)[:, np.newaxis].repeat(3, axis=1)
    return np.concatenate([strengths, [zero, bad], inks]).round().astype(np.uint8).tobytes()


@cache
def _font(size: int) -> _Font:
    return ImageFont.load_default(size)

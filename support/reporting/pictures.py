"""Waterfalls that a person can judge at a glance: spectrum lines, oldest on top.

Axes keep the values they were given, also absurd ones. A run draws dozens of these: some milliseconds each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from support.reporting.drawing import TICK, Box, Sheet, bar, round_values, some_of
from support.reporting.field import Field, limits_of
from support.reporting.place import Place
from support.wording import joined

_SIZE = _WIDTH, _HEIGHT = 960, 540
_FIELD = Box(130, 32, 860, 466)

_PLACE_SIZE = 1280, 640
_SPECTRUM, _CHANNELS = Box(130, 118, 640, 552), Box(690, 118, 1160, 552)

_LEAST_MARK = 5
"""Pixels: a cell is marked with what is around it, so that it is seen."""


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
    sheet = Sheet(*_SIZE)
    sheet.write((_FIELD.middle[0], _FIELD.top - 7), title, "ms", size=15)
    if not values.size:
        sheet.write((_WIDTH // 2, _HEIGHT - 10), f"Nothing to show: {times.size} rows, {hertz.size} bins.", "ms")
        return sheet.png()
    field = Field(values)
    limits = limits_of([field])
    said = joined(f"{times.size:,} rows x {hertz.size:,} bins", field.merging, field.caption)
    sheet.write((_WIDTH // 2, _HEIGHT - 10), said, "ms")
    _label_frequencies(sheet, _FIELD, hertz)
    _label_times(sheet, _FIELD, times)
    _label_strengths(sheet, _FIELD, limits)
    sheet.paint(_FIELD, field.colours(limits, _FIELD.width, _FIELD.height))
    return sheet.png()


def place_picture(place: Place, sentence: str) -> bytes:
    """Draws where something is wrong: its channel over all frequencies, and all channels, at the same times.

    Args:
        place: what came there.
        sentence: what is wrong.

    Returns:
        A PNG of 1280 x 640 pixels: the place in the middle, in a frame, with arrows at its row, frequency and channel.
    """
    sheet = Sheet(*_PLACE_SIZE)
    sheet.write_lines(20, 12, sentence, columns=150, most=3)
    spectrum, channels = Field(place.spectrum, place.no_spectrum), Field(place.channels, place.no_channels)
    limits = limits_of([spectrum, channels])
    for box, field, title in ((_SPECTRUM, spectrum, place.of_spectrum), (_CHANNELS, channels, place.of_channels)):
        sheet.write((box.middle[0], box.top - 20), title, "ms", size=15)
        sheet.frame(box)
        sheet.paint(box, field.colours(limits, box.width, box.height))
    _label_frequencies(sheet, _SPECTRUM, place.frequencies)
    _label_channels(sheet, _CHANNELS, place.sensors)
    _label_times(sheet, _SPECTRUM, place.starts)
    _label_strengths(sheet, _CHANNELS, limits)
    _mark(sheet, _SPECTRUM, spectrum.shape, place.rows, place.bin)
    _mark(sheet, _CHANNELS, channels.shape, place.rows, place.column)
    said = joined(
        place.remark,
        f"left: {spectrum.caption}" if spectrum.caption else "",
        f"right: {channels.caption}" if channels.caption else "",
    )
    sheet.write((_PLACE_SIZE[0] // 2, _PLACE_SIZE[1] - 10), said, "ms")
    return sheet.png()


def _mark(sheet: Sheet, box: Box, shape: tuple[int, ...], rows: range | None, column: int | None) -> None:
    """Marks cells, or whole rows or a whole column where there is no other; with arrows from outside."""
    if rows is None and column is None:
        return
    top, bottom = _pixels(rows, shape[0], box.height)
    left, right = _pixels(None if column is None else range(column, column + 1), shape[1], box.width)
    sheet.mark(Box(box.left + left, box.top + top, box.left + right, box.top + bottom))
    if rows is not None:
        sheet.point_at((box.right + 4, box.top + (top + bottom) // 2), (1, 0))
    if column is not None:
        sheet.point_at((box.left + (left + right) // 2, box.top - 4), (0, -1))


def _pixels(cells: range | None, count: int, length: int) -> tuple[int, int]:
    """From where to where cells reach, with a little of what is around them; all of it where there are none."""
    if cells is None:
        return 0, length
    begin, end = cells.start * length // count, -(-cells.stop * length // count)
    more = max(_LEAST_MARK - (end - begin) // 2, 1)
    return max(begin - more, 0), min(end + more, length)


def _label_frequencies(sheet: Sheet, box: Box, hertz: NDArray[np.float64]) -> None:
    """Round frequencies where they increase; otherwise the value of some bins, whatever it is."""
    if hertz.size > 1 and np.isfinite(hertz).all() and (np.diff(hertz) > 0).all():
        ticks = round_values(hertz[0], hertz[-1], at_most=10)
        places: Sequence[float] = np.interp(ticks, hertz, np.arange(hertz.size)).tolist()
    else:
        places = some_of(hertz.size, 8)
        ticks = [float(hertz[int(place)]) for place in places]
    _label_across(sheet, box, hertz.size, [(place, f"{tick:g}") for place, tick in zip(places, ticks, strict=True)])
    sheet.write((box.middle[0], box.bottom + 26), "Frequency (Hz)", "ma", size=13)


def _label_channels(sheet: Sheet, box: Box, channels: Sequence[int]) -> None:
    """Some of the channels."""
    _label_across(sheet, box, len(channels), [(place, str(channels[place])) for place in some_of(len(channels), 8)])
    sheet.write((box.middle[0], box.bottom + 26), "Channel", "ma", size=13)


def _label_across(sheet: Sheet, box: Box, count: int, labels: Sequence[tuple[float, str]]) -> None:
    for place, label in labels:
        x = box.left + (place + 0.5) / count * box.width
        sheet.tick((x, box.bottom), (x, box.bottom + TICK))
        sheet.write((x, box.bottom + TICK + 4), label, "ma")


def _label_times(sheet: Sheet, box: Box, times: NDArray[np.int64]) -> None:
    """The clock of some rows, as the server stamped them."""
    stamps = np.datetime_as_string(times.view("datetime64[ms]"), unit="ms")
    for place in some_of(times.size, 9):
        y = box.top + (place + 0.5) / times.size * box.height
        sheet.tick((box.left - TICK, y), (box.left, y))
        sheet.write((box.left - TICK - 4, y), str(stamps[place]).rpartition("T")[2], "rm")
    sheet.write_upwards((16, box.middle[1]), f"Start of row (UTC, {str(stamps[0]).partition('T')[0]})")


def _label_strengths(sheet: Sheet, box: Box, limits: tuple[float, float]) -> None:
    """A bar of colours beside the box, and round values, whose ends stand for everything beyond them, too."""
    low, high = limits
    colours = Box(box.right + 16, box.top, box.right + 38, box.bottom)
    sheet.paint(colours, bar(box.height).repeat(colours.width, axis=1))
    for decibels in round_values(low, high, at_most=8):
        y = box.bottom - (decibels - low) / (high - low) * box.height
        sheet.tick((colours.right, y), (colours.right + TICK, y))
        sheet.write((colours.right + TICK + 3, y), f"{decibels:g}", "lm")
    sheet.write_upwards((colours.right + 48, box.middle[1]), "Magnitude (dB re 1)")

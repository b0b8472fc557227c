"""The course of a stream: when its frames came and when they should have, how old they were, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.reporting.drawing import BAD, CLEAR, INK, POINT, TICK, Box, Indices, Sheet, round_values
from support.screen.streamed import Streamed
from support.validation.finding import Where

Floats = NDArray[np.float64]

_SIZE = 1280, 640
_FRAMES, _AGES, _INTERVALS = Box(90, 100, 660, 325), Box(90, 365, 660, 590), Box(770, 100, 1240, 590)

_GREY = INK - 8
_BARS = 60


@dataclass(frozen=True, eq=False)
class Course:
    """What is known of each frame of a stream; seconds, shape (frames,).

    Attributes:
        arrivals: when it came, since the stream was asked for.
        ages: of its data on arrival; NaN where that is not known, and of the past.
        oldest: that they may be; None where nothing is agreed.
        longest: that it may be from one frame to the next; None where nothing is agreed.
        at: when the frame in question came; None where it is none of them.
    """

    arrivals: Floats
    ages: Floats
    oldest: float | None
    longest: float | None
    at: float | None

    @property
    def due(self) -> Floats:
        """When each frame would have come if its data had been as new on arrival as the newest were."""
        if np.isnan(self.ages).all():
            return np.full(self.arrivals.shape, np.nan)
        due: Floats = self.arrivals - (self.ages - np.nanmin(self.ages))
        return due


def course_of(stream: Streamed, where: Where) -> Course:
    """The course of a stream in which something is wrong at this place."""
    metrics, limits = stream.metrics, stream.take.limits if stream.take else None
    arrivals, is_live = metrics.arrivals, stream.job.past is None
    return Course(
        arrivals,
        metrics.age_by_frame if is_live else np.full(arrivals.shape, np.nan),
        limits.data_age_within if limits and is_live else None,
        limits.max_pause if limits and is_live else None,
        float(arrivals[where.frame]) if where.frame is not None and 0 <= where.frame < arrivals.size else None,
    )


def course_picture(course: Course, sentence: str) -> bytes:
    """Draws the course of a stream.

    Args:
        course: it.
        sentence: what is wrong.

    Returns:
        A PNG of 1280 x 640 pixels: arrivals against the line that they should follow, the age of the data below, with
        its limit, and beside them the intervals, with theirs.
    """
    sheet = Sheet(*_SIZE)
    sheet.write_lines(20, 12, sentence, columns=150, most=3)
    ended = float(course.arrivals.max(initial=0.1))
    _draw_arrivals(sheet, course, ended)
    _draw_ages(sheet, course, ended)
    _draw_intervals(sheet, course)
    return sheet.png()


class _Chart:
    """A box of a sheet with axes: what is drawn into it is told by numbers."""

    def __init__(
        self, sheet: Sheet, box: Box, across: tuple[float, float], up: tuple[float, float], title: str
    ) -> None:
        self._sheet, self._box, self._across, self._up = sheet, box, across, up
        sheet.frame(box)
        sheet.write((box.left, box.top - 6), title, "ls", size=13)
        for value in round_values(*across, at_most=8):
            x = box.left + self._x(value)
            sheet.tick((x, box.bottom), (x, box.bottom + TICK))
            sheet.write((x, box.bottom + TICK + 3), f"{value:g}", "ma")

    def label_up(self, values: list[float], labels: list[str], axis: str) -> None:
        """Labels on the left, and what they are of."""
        box = self._box
        for value, label in zip(values, labels, strict=True):
            y = box.top + self._y(value)
            self._sheet.tick((box.left - TICK, y), (box.left, y))
            self._sheet.write((box.left - TICK - 3, y), label, "rm")
        self._sheet.write_upwards((box.left - 68, box.middle[1]), axis)

    def label_round(self, axis: str) -> None:
        """Round values on the left, and what they are of."""
        values = round_values(*self._up, at_most=6)
        self.label_up(values, [f"{value:g}" for value in values], axis)

    def points(self, across: Floats, up: Floats, colour: int, size: int = 5) -> None:
        """A little square for each pair of numbers."""
        known = np.isfinite(across) & np.isfinite(up)
        x, y = (values[known].astype(np.int64) for values in (self._x(across), self._y(up)))
        colours = self._clear()
        for across_by in range(size):
            for down_by in range(size):
                at = (
                    np.clip(y + down_by - size // 2, 0, len(colours) - 1),
                    np.clip(x + across_by - size // 2, 0, colours.shape[1] - 1),
                )
                colours[at] = colour
        self._sheet.paint(self._box, colours)

    def bars(self, edges: Floats, heights: Floats, colours_of: Indices) -> None:
        """A bar from each edge to the next, from the lower end of the axis on."""
        colours = self._clear()
        for left, right, top, colour in zip(
            self._x(edges[:-1]), self._x(edges[1:]), self._y(heights), colours_of, strict=True
        ):
            colours[int(top) :, int(left) + 1 : max(int(right), int(left) + 2)] = colour
        self._sheet.paint(self._box, colours)

    def limit_up(self, value: float, words: str) -> None:
        """A dashed line across, with words on it."""
        y = self._box.top + int(self._y(value))
        self._sheet.dash((self._box.left, y), (self._box.right, y), BAD)
        self._sheet.write((self._box.right - 6, y - 3), words, "rs")

    def limit_across(self, value: float, words: str, colour: int = BAD) -> None:
        """A dashed line up, with words beside it."""
        x = self._box.left + int(self._x(value))
        self._sheet.dash((x, self._box.top), (x, self._box.bottom), colour)
        left = x > self._box.middle[0]
        self._sheet.write((x - 5 if left else x + 6, self._box.top + 4), words, "ra" if left else "la")

    def _x(self, values: Any) -> Any:
        """Pixels from the left, of a number or of an array of them."""
        low, high = self._across
        return (values - low) / (high - low) * (self._box.width - 1)

    def _y(self, values: Any) -> Any:
        """Pixels from the top, likewise."""
        low, high = self._up
        return (high - values) / (high - low) * (self._box.height - 1)

    def _clear(self) -> Indices:
        return np.full((self._box.height, self._box.width), CLEAR, np.uint8)


def _draw_arrivals(sheet: Sheet, course: Course, ended: float) -> None:
    count = course.arrivals.size
    numbers = np.arange(count, dtype=np.float64)
    chart = _Chart(
        sheet,
        _FRAMES,
        (0, ended * 1.02),
        (0, max(count, 1)),
        "Frames as they came; grey: when each was due by its own time",
    )
    chart.label_round("Frame")
    if not count:
        return
    steps = np.arange(0, count - 1, max(1 / 8, count / 4000))
    chart.points(np.interp(steps, numbers, course.due), steps, _GREY, size=2)
    chart.points(course.arrivals, numbers, POINT)
    if course.at is not None:
        chart.limit_across(course.at, "here", INK)


def _draw_ages(sheet: Sheet, course: Course, ended: float) -> None:
    known = course.ages[np.isfinite(course.ages)]
    top = max(known.max(initial=0.0), course.oldest or 0.0, 0.01) * 1.1
    bottom = min(known.min(initial=0.0) * 1.1, 0.0)
    chart = _Chart(
        sheet,
        _AGES,
        (0, ended * 1.02),
        (bottom, top),
        "Age of the data on arrival" if known.size else "Age of the data: not known",
    )
    chart.label_round("Age (s)")
    sheet.write((_AGES.middle[0], _AGES.bottom + 24), "Since the stream was asked for (s)", "ma", size=13)
    chart.points(course.arrivals, course.ages, POINT)
    if course.oldest is not None:
        chart.limit_up(course.oldest, f"allowed: {course.oldest:g} s")
    if course.at is not None:
        chart.limit_across(course.at, "here", INK)


def _draw_intervals(sheet: Sheet, course: Course) -> None:
    intervals = np.diff(course.arrivals)
    longest = max(intervals.max(initial=0.0), course.longest or 0.0, 0.001) * 1.05
    counts, edges = np.histogram(intervals, bins=_BARS, range=(0, longest))
    top = np.log10(max(int(counts.max()), 1) + 1) * 1.05
    decades = 10.0 ** np.arange(np.ceil(top))
    chart = _Chart(sheet, _INTERVALS, (0, longest), (0, float(top)), f"Intervals between frames: {intervals.size:,}")
    labels = ["0", *(f"{number:,.0f}" for number in decades)]
    chart.label_up([0.0, *np.log10(decades + 1).tolist()], labels, "How many (logarithmic)")
    sheet.write((_INTERVALS.middle[0], _INTERVALS.bottom + 24), "From one frame to the next (s)", "ma", size=13)
    too_long = edges[1:] > (np.inf if course.longest is None else course.longest)
    colours = np.where(counts == 0, CLEAR, np.where(too_long, BAD, POINT)).astype(np.uint8)
    chart.bars(edges, np.log10(counts + 1.0), colours)
    if course.longest is not None:
        chart.limit_across(course.longest, f"allowed: {course.longest:g} s")

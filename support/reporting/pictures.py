# mypy: allow-untyped-calls
"""A waterfall that a person can judge at a glance: one channel's spectrum lines, oldest on top.

Broken data must show as such and never break the picture: what is no magnitude at all (NaN, infinite, negative) is
red, exact zeros are grey, and the caption counts both. Axes keep the values they were given, also absurd ones.
"""

import io
from typing import TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from PIL import Image

MAX_ROWS, MAX_BINS = 200, 400
"""What the picture can resolve; more rows or bins are merged, the strongest value of each block stands for it."""

_Value = TypeVar("_Value", bound=np.generic)
_PERCENTILES = (2.0, 99.9)
_SMALLEST_SPAN = 6.0  # dB
_COLOURS = colormaps["viridis"].resampled(48)
_ZERO = (0.82, 0.82, 0.82, 1.0)
_MARGINS = {"left": 0.135, "right": 1.04, "top": 0.94, "bottom": 0.14}
"""Fixed: a layout that matplotlib works out takes as long as the drawing, and a run draws dozens of pictures."""
_BAD = (0.9, 0.0, 0.1, 1.0)


def waterfall(starts: ArrayLike, frequencies: ArrayLike, magnitudes: ArrayLike, *, title: str) -> bytes:
    """Draw the waterfall of one channel.

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
    figure = Figure(figsize=(9.6, 5.4), dpi=100)
    figure.subplots_adjust(**_MARGINS)
    axes = figure.add_subplot()
    axes.set_title(title)
    if values.size:
        caption = _draw(figure, axes, values)
        _label_frequencies(axes, hertz)
        _label_times(axes, times)
    else:
        caption = f"Nothing to show: {times.size} rows, {hertz.size} bins."
        axes.set_axis_off()
    figure.supxlabel(caption, fontsize=8.5, color="0.3")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    """The figure with a palette of its own: noise in full colour would be three times as large."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    png = io.BytesIO()
    picture.quantize(160, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(png, "png")
    return png.getvalue()


def _draw(figure: Figure, axes: Axes, values: NDArray[np.float32]) -> str:
    """Draw the values over their row and bin numbers, with a colour bar; say what is not as given."""
    bad = ~(np.isfinite(values) & (values >= 0))
    zero = values == 0
    rows_merged, bins_merged = -(-values.shape[0] // MAX_ROWS), -(-values.shape[1] // MAX_BINS)
    strongest = _merge(np.where(bad, 0, values), rows_merged, bins_merged)
    bad_blocks = _merge(bad, rows_merged, bins_merged)

    positive = strongest > 0
    decibels = 20 * np.log10(strongest, out=np.zeros(strongest.shape), where=positive)
    norm = Normalize(*_limits(decibels[positive]), clip=True)
    pixels = _COLOURS(norm(decibels))
    pixels[_merge(zero, rows_merged, bins_merged)] = _ZERO
    pixels[bad_blocks] = _BAD

    bottom, right = strongest.shape[0] * rows_merged - 0.5, strongest.shape[1] * bins_merged - 0.5
    axes.imshow(pixels, aspect="auto", interpolation="nearest", extent=(-0.5, right, bottom, -0.5))
    axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(values.shape[0] - 0.5, -0.5))
    figure.colorbar(ScalarMappable(norm, _COLOURS), ax=axes, label="Magnitude (dB re 1)", extend="both", pad=0.02)
    return _caption(values.shape, (rows_merged, bins_merged), int(zero.sum()), int(bad.sum()))


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


def _label_frequencies(axes: Axes, hertz: NDArray[np.float64]) -> None:
    """Round frequencies where they increase; otherwise the value of some bins, whatever it is."""
    if hertz.size > 1 and np.isfinite(hertz).all() and (np.diff(hertz) > 0).all():
        ticks = MaxNLocator(10).tick_values(hertz[0], hertz[-1])
        ticks = ticks[(ticks >= hertz[0]) & (ticks <= hertz[-1])]
        axes.set_xticks(np.interp(ticks, hertz, np.arange(hertz.size)), [f"{tick:g}" for tick in ticks])
    else:
        places = _some_of(hertz.size, 8)
        axes.set_xticks(places, [f"{tick:g}" for tick in hertz[places]])
    axes.set_xlabel("Frequency (Hz)")


def _label_times(axes: Axes, times: NDArray[np.int64]) -> None:
    """The clock of some rows, as the server stamped them."""
    places = _some_of(times.size, 9)
    stamps = np.datetime_as_string(times.view("datetime64[ms]"), unit="ms")
    axes.set_yticks(places, [str(stamps[place]).rpartition("T")[2] for place in places])
    axes.set_ylabel(f"Start of row (UTC, {str(stamps[0]).partition('T')[0]})")


def _some_of(count: int, at_most: int) -> list[int]:
    return [int(place) for place in np.linspace(0, count - 1, min(count, at_most))]

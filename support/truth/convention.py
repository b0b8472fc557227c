"""How a server makes a row of a stretch of samples: what the contract leaves to it, and it then always does alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Window = NDArray[np.float64]
Floats = NDArray[np.float64]

_KAISERS = (5.0, 6.0, 8.0, 8.6, 14.0)

WINDOWS: Mapping[str, tuple[Any, bool]] = {
    f"{name}{'' if periodic else ', symmetric'}": (told, periodic)
    for name, told in {
        "Hann": "hann",
        "Hamming": "hamming",
        "Blackman": "blackman",
        "Blackman-Harris": "blackmanharris",
        "Nuttall": "nuttall",
        "flat top": "flattop",
        "triangular": "bartlett",
        "cosine": "cosine",
        "Tukey 0.25": ("tukey", 0.25),
        "Tukey 0.5": ("tukey", 0.5),
        **{f"Kaiser {beta:g}": ("kaiser", beta) for beta in _KAISERS},
    }.items()
    for periodic in (True, False)
} | {"rectangular": ("boxcar", True)}
"""The usual window functions, as SciPy names them; periodic ones are made for spectra, symmetric ones for filters."""

GAINS: Mapping[str, Callable[[Window, float], float]] = {
    "peak": lambda window, _: 2 / float(window.sum()),
    "RMS": lambda window, _: math.sqrt(2) / float(window.sum()),
    "two-sided": lambda window, _: 1 / float(window.sum()),
    "density": lambda window, prr: math.sqrt(2 / (prr * float(np.square(window).sum()))),
    "two-sided density": lambda window, prr: math.sqrt(1 / (prr * float(np.square(window).sum()))),
    "unit energy": lambda window, _: 1 / math.sqrt(float(np.square(window).sum())),
    "unscaled": lambda _window, _: 1.0,
    "twice unscaled": lambda _window, _: 2.0,
    "over NFFT": lambda window, _: 1 / len(window),
    "twice over NFFT": lambda window, _: 2 / len(window),
    "over the root of NFFT": lambda window, _: 1 / math.sqrt(len(window)),
}
"""What the magnitude of a transform is multiplied with, of a window and a PRR (Heinzel et al. 2002, section 9)."""

UNITS = tuple(10.0 ** (3 * power) for power in (0, 1, 2, 3, -1, -2, -3))
"""Of the samples: a server may tell nanostrain of what was recorded in strain."""

ENDS = (1.0, 0.5, math.sqrt(0.5))
"""What the amplitude at 0 Hz, and at half the PRR, may be multiplied with: a one-sided spectrum has them once."""

DECIBELS = 20 / math.log(10)
"""Of a neper of an amplitude."""

_LOGARITHMS = {
    "decibels": DECIBELS,
    "decibels of the root": 10 / math.log(10),
    "natural logarithm": 1.0,
    "natural logarithm of power": 2.0,
    "logarithm": 1 / math.log(10),
    "logarithm of power": 2 / math.log(10),
}

FORMS = ("amplitude", "power", *_LOGARITHMS)
"""How a value tells an amplitude."""


def amplitudes(form: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The amplitudes that values tell in a form; NaN where they cannot."""
    if form == "amplitude":
        return values
    with np.errstate(invalid="ignore", over="ignore"):
        if form == "power":
            roots: NDArray[np.float32] = np.sqrt(values)
            return roots
        told: Floats = np.exp(values.astype(np.float64) / _LOGARITHMS[form])
        return told.astype(np.float32)


def blur(form: str, values: NDArray[np.float32]) -> NDArray[np.float32] | float:
    """Share of an amplitude that the single precision of its value leaves open, in units of that."""
    if form in ("amplitude", "power"):
        return 1.0
    return np.abs(values) * np.float32(1 / _LOGARITHMS[form]) + np.float32(1)


def values_of(form: str, amplitude: Floats) -> Floats:
    """What amplitudes are told as, in a form."""
    if form == "amplitude":
        return amplitude
    with np.errstate(divide="ignore"):
        return np.square(amplitude) if form == "power" else np.log(amplitude) * _LOGARITHMS[form]


@lru_cache(maxsize=256)
def window_of(name: str, nfft: int) -> Window:
    """A window function by its name, of so many samples."""
    if name == "Hann":  # the embedded server's; SciPy has it too, and takes half a second to load
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(nfft) / nfft) if nfft > 1 else np.ones(1)
    from scipy.signal import get_window

    told, periodic = WINDOWS[name]
    made: Window = get_window(told, nfft, fftbins=periodic).astype(np.float64)
    return made


@lru_cache(maxsize=4096)
def gain_of(name: str, window: str, nfft: int, prr: float) -> float:
    """A gain by its name, of a window function of so many samples."""
    return GAINS[name](window_of(window, nfft), prr)


@dataclass(frozen=True)
class Alignment:
    """Which sample a line begins with, of where it begins between two: counted in samples, with a fraction.

    Attributes:
        way: the nearest one, the one at or before, or the one at or after.
        beside: so many samples from that.
    """

    way: str = "nearest"
    beside: int = 0

    def __str__(self) -> str:
        way = {"nearest": "the nearest sample", "before": "the sample at or before", "after": "the sample at or after"}
        return way[self.way] + (f" and {self.beside:+d}" if self.beside else "")

    def first(self, places: Floats) -> NDArray[np.int64]:
        """The sample that each line begins with."""
        return self._rounded(places, _TIE)

    def other(self, places: Floats) -> NDArray[np.int64]:
        """The same where arithmetic in floating point could come to another sample; a half may go up or down."""
        return self._rounded(places, -_TIE)

    def _rounded(self, places: Floats, tie: float) -> NDArray[np.int64]:
        if self.way == "nearest":
            whole = np.floor(places + 0.5 + tie)
        else:
            whole = np.floor(places + tie) if self.way == "before" else np.ceil(places - tie)
        return whole.astype(np.int64) + self.beside


_TIE = 0.005
"""Samples within which a line begins between two, or at one.

A server may count in microseconds, and epoch seconds in double precision are a quarter of one apart.
"""

ALIGNMENTS = tuple(Alignment(way, beside) for beside in (0, -1, 1, -2, 2) for way in ("nearest", "before", "after"))


@dataclass(frozen=True)
class Convention:
    """How a server makes a row.

    Attributes:
        window: name of its window function.
        form: how a value tells an amplitude.
        gain: name of what the magnitude of the transform is multiplied with.
        unit: of the samples.
        at_zero: what the amplitude at 0 Hz is multiplied with besides.
        at_nyquist: the same at half the PRR.
        alignment: which sample a line begins with.
    """

    window: str = "Hann"
    form: str = "amplitude"
    gain: str = "peak"
    unit: float = 1.0
    at_zero: float = 0.5
    at_nyquist: float = 1.0
    alignment: Alignment = Alignment()

    def __str__(self) -> str:
        unit = f" times {self.unit:g}" if self.unit != 1 else ""
        halved = {1.0: "", 0.5: ", half of it at 0 Hz"}.get(self.at_zero, ", the root of a half at 0 Hz")
        scale = self.gain if self.form == "amplitude" else f"{self.form}, {self.gain}"
        return f"{self.window} window, {scale}{unit}{halved}; a line begins with {self.alignment}"

    def factor(self, nfft: int, prr: float) -> float:
        """What the magnitude of a transform is multiplied with, between 0 Hz and half the PRR."""
        return gain_of(self.gain, self.window, nfft, prr) * self.unit

    def factors(self, nfft: int, prr: float, bins: range) -> Floats:
        """What the magnitude at each bin is multiplied with."""
        factors = np.full(len(bins), self.factor(nfft, prr))
        if bins and bins[0] == 0:
            factors[0] *= self.at_zero
        if bins and bins[-1] == nfft // 2 and nfft > 1:
            factors[-1] *= self.at_nyquist
        return factors


EMBEDDED = Convention()
"""The embedded server's (contract): periodic Hann, 2 / sum(window), half of it at 0 Hz, from the nearest sample on."""

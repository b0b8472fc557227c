"""What rows must hold: the magnitudes of windows of a recording, whose samples are read in blocks.

Errors of single precision: samples are exact. Of a transform of N windowed samples x in single precision, whose
rounding errors are as good as independent, each bin is off by about ``eps / 2 * sqrt(log2(N)) * norm(x)`` (Higham,
"Accuracy and Stability of Numerical Algorithms", section 24; eps = 2**-23), whatever stands in it. The window and its
products with the samples are rounded before: of a pure tone that repeats within the window these errors repeat, too,
and add up in its overtones, to ``eps / 2 * norm(window) * norm(x)`` each, and a window function has at most the norm of
``sqrt(N)``. The sum of the window and the value that is sent are off by their share. So a value may differ from the
truth by ``RELATIVE`` of it and ``absolute`` times the norm of its samples, times the factor of its scale.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from support.truth.convention import Floats, window_of
from support.truth.recording import Recording

EPS = 2.0**-23
"""Between one and the next number in single precision."""

RELATIVE = 32 * EPS
"""Share of a value: 3.8e-6, or 3.3e-5 dB."""

_READ_BYTES = 32 * 2**20
_SHORTEST, _LONGEST = 2048, 16_384
"""Samples that are read beyond those of a window."""

Singles = NDArray[np.float32]


def absolute(nfft: int) -> float:
    """Share of the norm of the samples of a window."""
    return EPS * (1.5 * math.sqrt(max(math.log2(nfft), 1)) + math.sqrt(nfft))


class Strip:
    """Some neighbouring channels of a recording, of which a part is in memory.

    Args:
        recording: the file.
        channels: which, from 0.
        nfft: samples of a window.
    """

    def __init__(self, recording: Recording, channels: range, nfft: int) -> None:
        self.recording = recording
        self.channels = channels
        self.nfft = nfft
        beyond = min(max(_READ_BYTES // (4 * max(len(channels), 1)), _SHORTEST), _LONGEST)
        self._beyond = max(beyond, nfft)
        self._stretch = -1
        self._range = range(0)
        self._samples: Singles = np.empty((0, 0), dtype=np.float32)
        self._energy: Floats = np.empty((0, 0))

    def holds(self, stretch: int, first: int) -> bool:
        """Whether a window from this sample on was recorded wholly."""
        return 0 <= first <= self.recording.stretches[stretch].count - self.nfft

    def windows(self, stretch: int, first: int) -> Singles:
        """The samples of the window that begins with this sample: shape (channels, nfft), a view.

        Raises:
            RecordingError: they cannot be read.
        """
        at = self._at(stretch, first)
        return self._samples[:, at : at + self.nfft]

    def norms(self, stretch: int, first: int) -> Floats:
        """The norm of those samples: shape (channels,)."""
        at = self._at(stretch, first)
        return np.sqrt(np.maximum(self._energy[:, at + self.nfft] - self._energy[:, at], 0))

    def magnitudes(self, stretch: int, first: int, window: str, bins: range) -> Singles:
        """The magnitudes of a window in single precision: shape (channels, bins)."""
        shaped = self.windows(stretch, first) * _single(window, self.nfft)
        spectrum = scipy.fft.rfft(shaped, axis=-1, overwrite_x=True)
        told: Singles = np.abs(spectrum[:, bins.start : bins.stop])
        return told

    def exact(self, stretch: int, first: int, window: str, bins: range | None = None) -> Floats:
        """The same in double precision; without ``bins``, all of them."""
        shaped = self.windows(stretch, first).astype(np.float64) * window_of(window, self.nfft)
        spectrum = scipy.fft.rfft(shaped, axis=-1, overwrite_x=True)
        told: Floats = np.abs(spectrum if bins is None else spectrum[:, bins.start : bins.stop])
        return told

    def _at(self, stretch: int, first: int) -> int:
        """Where a window begins in what is in memory."""
        inside = self._range.start <= first and first + self.nfft <= self._range.stop
        if stretch != self._stretch or not inside:
            count = self.recording.stretches[stretch].count
            self._stretch, self._range = stretch, range(first, min(first + self.nfft + self._beyond, count))
            chosen = slice(self.channels.start, self.channels.stop)
            read = self.recording.read(stretch, self._range.start, self._range.stop, chosen)
            self._samples = read.astype(np.float32)
            self._energy = np.zeros((len(read), len(self._range) + 1))
            np.cumsum(np.square(read), axis=1, out=self._energy[:, 1:])
        return first - self._range.start


@lru_cache(maxsize=64)
def _single(window: str, nfft: int) -> Singles:
    return window_of(window, nfft).astype(np.float32)

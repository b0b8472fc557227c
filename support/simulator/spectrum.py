"""From samples to spectrum lines: Hann window, transform, magnitude.

The magnitude is the linear amplitude spectrum: one-sided, and scaled by 2 / sum(window) (1 / sum(window) at 0 Hz), so
that a sine of amplitude A at the centre of a bin shows as A in that bin, whatever nfft. Source: G. Heinzel,
A. Rüdiger, R. Schilling, "Spectrum and spectral density estimation by the DFT" (2002), the "linear spectrum" of
section 9; SciPy calls the same ``scale_to="magnitude"`` in ``scipy.signal.ShortTimeFFT``. Of a single sample (nfft 1,
the waterfall view) it is the magnitude of the sample, without a window.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from support.simulator.fibre import Rate

Values = NDArray[np.float32]
Window = Callable[[int], Values]


def bins(nfft: int, prr: Rate, minimum: float, maximum: float) -> range:
    """The numbers k of the bins whose frequency k * prr / nfft (Hz) lies in ``minimum <= f < maximum``.

    Only bins up to the Nyquist frequency exist. k * prr / nfft is exact in floating point, as nfft is a power of two.
    """
    frequencies = np.arange(nfft // 2 + 1) * float(prr) / nfft
    inside = np.flatnonzero((frequencies >= minimum) & (frequencies < maximum))
    return range(int(inside[0]), int(inside[-1]) + 1) if inside.size else range(0)


def frequencies(chosen: range, nfft: int, prr: Rate) -> list[float]:
    """The frequencies of the bins ``chosen``, in Hz."""
    return [float(k * prr / nfft) for k in chosen]


@lru_cache(maxsize=32)
def hann(nfft: int) -> Values:
    """The periodic Hann window; its sum is nfft / 2. (``scipy.signal`` has it too, and takes half a second to load.)"""
    return _cosines(nfft, 0.5, 0.5)


@lru_cache(maxsize=32)
def hamming(nfft: int) -> Values:
    """The periodic Hamming window."""
    return _cosines(nfft, 0.54, 0.46)


@lru_cache(maxsize=32)
def blackman(nfft: int) -> Values:
    """The periodic Blackman window."""
    return _cosines(nfft, 0.42, 0.5, 0.08)


def _cosines(nfft: int, *shares: float) -> Values:
    if nfft == 1:
        return np.ones(1, dtype=np.float32)
    turns = 2 * np.pi * np.arange(nfft) / nfft
    window = sum((-1) ** k * share * np.cos(k * turns) for k, share in enumerate(shares))
    return np.asarray(window, dtype=np.float32)


def magnitudes(samples: Values, offsets: list[int], nfft: int, chosen: range, weighted: Window = hann) -> Values:
    """The spectra of stretches of ``nfft`` samples.

    Args:
        samples: shape (channels, samples).
        offsets: where the stretches begin.
        nfft: samples of a stretch.
        chosen: the bins to tell.
        weighted: the window function, of an nfft.

    Returns:
        Shape (stretches, channels, bins), float32, never negative.
    """
    window, scale = weighted(nfft), _scale(nfft, chosen, weighted)
    result = np.empty((len(offsets), len(samples), len(chosen)), dtype=np.float32)
    for line, offset in zip(result, offsets, strict=True):
        spectrum = scipy.fft.rfft(samples[:, offset : offset + nfft] * window, axis=-1, overwrite_x=True)
        np.abs(spectrum[:, chosen.start : chosen.stop], out=line)
        line *= scale
    return result


@lru_cache(maxsize=128)
def _scale(nfft: int, chosen: range, window: Window) -> Values:
    scale = np.full(len(chosen), 2 / window(nfft).sum(dtype=np.float64), dtype=np.float32)
    if chosen.start == 0:
        scale[0] /= 2
    return scale

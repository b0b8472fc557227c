"""What single precision allows covers servers that compute otherwise, and little else."""

import numpy as np
import pytest
import scipy.fft

from support.truth.convention import window_of
from support.truth.spectra import absolute


@pytest.mark.parametrize("nfft", [128, 1024, 2048, 65_536])
def test_the_rounding_of_a_tone_that_repeats_is_allowed_and_not_much_more(nfft: int) -> None:
    tones = np.sin(2 * np.pi * np.outer([4, 8, 12, 16, 24], np.arange(nfft)) / 128).astype(np.float32)
    window = window_of("Hann", nfft)
    single = np.abs(scipy.fft.rfft(tones * window.astype(np.float32)))
    double = np.abs(scipy.fft.rfft(tones.astype(np.float64) * window))
    overtones = double < 1e-3 * double.max()
    norms = np.linalg.norm(tones.astype(np.float64), axis=1)[:, np.newaxis]
    worst = (np.abs(single - double) / norms)[overtones].max()
    assert absolute(nfft) / 30 < worst < absolute(nfft)

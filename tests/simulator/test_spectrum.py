"""Spectra: Hann, one-sided, linear amplitude."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT, windows

from support.simulator import spectrum

PRR = 2000


def sine(frequency: float, amplitude: float, count: int) -> spectrum.Values:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(count) / PRR)).astype(np.float32)


@pytest.mark.parametrize("nfft", [128, 1024, 65_536])
def test_a_sine_shows_its_amplitude_in_its_bin(nfft: int) -> None:
    samples = np.stack([sine(125.0, 0.5, nfft), sine(250.0, 2.0, nfft)])
    (line,) = spectrum.magnitudes(samples, [0], nfft, range(nfft // 2))
    assert line.dtype == np.float32
    assert line.argmax(axis=1).tolist() == [125 * nfft // PRR, 250 * nfft // PRR]
    assert line.max(axis=1) == pytest.approx([0.5, 2.0], rel=1e-4)
    assert line[0, 125 * nfft // PRR + 1] == pytest.approx(0.25, rel=1e-3)


def test_a_constant_shows_as_itself_at_0_hz() -> None:
    (line,) = spectrum.magnitudes(np.full((1, 256), 0.75, dtype=np.float32), [0], 256, range(10))
    assert line[0, :3] == pytest.approx([0.75, 0.75, 0], abs=1e-6)  # the window spreads it into the first bin


def test_it_agrees_with_scipy() -> None:
    samples = np.random.default_rng(7).standard_normal((3, 700)).astype(np.float32)
    lines = spectrum.magnitudes(samples, [0, 100, 188], 512, range(5, 200))
    reference = ShortTimeFFT(windows.hann(512, sym=False), 1, PRR, scale_to="magnitude")
    for line, offset in zip(lines, [0, 100, 188], strict=True):
        expected = np.abs(reference.stft(samples[:, offset : offset + 512], p0=256, p1=257, padding="zeros"))
        np.testing.assert_allclose(line, 2 * expected[:, 5:200, 0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("nfft", "minimum", "maximum", "expected"),
    [
        (1024, 0, 500, range(256)),
        (1024, 0, 1000, range(512)),
        (128, 15.625, 31.25, range(1, 2)),
        (128, 15.626, 31.25, range(0)),
        (128, 15.6, 31.26, range(1, 3)),
    ],
)
def test_a_band_holds_its_lower_end_and_not_its_upper(
    nfft: int, minimum: float, maximum: float, expected: range
) -> None:
    chosen = spectrum.bins(nfft, PRR, minimum, maximum)
    assert chosen == expected
    assert spectrum.frequencies(chosen, nfft, PRR) == [k * PRR / nfft for k in expected]

"""Pictures of a fibre of noise with a tone, as two windows on it would show them; and pictures that are bent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from support.validation.picture import Floats, Picture

PRR = 2000
BEGIN = 1_800_000_000_000
LEVELS = np.array([0.01, 0.003, 0.1, 0.02, 0.0005, 0.03, 0.008, 0.05])
TONE_CHANNEL, TONE = 3, 125.0


def fibre(seconds: float = 1.4, seed: int = 1) -> Floats:
    """Samples, shape (channels, samples): noise of many levels, and a tone on one channel."""
    count = round(seconds * PRR)
    samples: Floats = np.random.default_rng(seed).standard_normal((LEVELS.size, count)) * LEVELS[:, np.newaxis]
    samples[TONE_CHANNEL] += np.sin(2 * np.pi * TONE * np.arange(count) / PRR)
    return samples


def seen(
    samples: Floats,
    *,
    nfft: int = 1024,
    band: tuple[float, float] = (0, 500),
    channels: range = range(8),
    line: int = 20,
    first: int = 0,
    late: int = 0,
    window: str = "hann",
) -> Picture:
    """What a window shows: a line every ``line`` samples from ``first`` on; its times are ``late`` samples too late."""
    shape = {"hann": 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(nfft) / nfft), "none": np.ones(nfft)}[window]
    begins = range(first, samples.shape[1] - nfft + 1, line)
    frequencies = np.arange(nfft // 2 + 1) * PRR / nfft
    chosen = (frequencies >= band[0]) & (frequencies < band[1])
    lines = [np.abs(np.fft.rfft(samples[channels, at : at + nfft] * shape)) * 2 / shape.sum() for at in begins]
    return Picture(
        f"window of {nfft}",
        np.array([BEGIN + round((at + late) * 1000 / PRR) for at in begins]),
        np.array(channels),
        frequencies[chosen],
        nfft / PRR,
        1 / PRR,
        np.array(lines, dtype=np.float32)[:, :, chosen],
    )


def bent(picture: Picture, **changes: Any) -> Picture:
    """The picture with something else in it."""
    return replace(picture, **changes)


def in_decibels(picture: Picture) -> Picture:
    """The same on another scale."""
    return bent(picture, values=20 * np.log10(np.maximum(picture.values, 1e-12)))

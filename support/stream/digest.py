"""A digest: one number that stands for many values, so that values can be compared without being kept.

It is the sum of the bits of the values, each times a weight of its place, modulo 2^64: exact, so that equal values have
equal digests wherever they stand, and different ones hardly ever.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_SAMPLED = 8
"""Neighbouring values of a spectrum that go into its digest, at least: noise hardly ever has them again."""

_SAMPLED_ROW = 512
"""Values of a row that go into the digests of its spectra, at least, where it has them: noise never has them again."""

NOTHING: NDArray[np.uint64] = np.empty((0, 0), dtype=np.uint64)


def sample(values: NDArray[np.float32], sensors: int) -> NDArray[np.float32]:
    """The values that are digested of spectra of shape (..., bins), in rows of so many sensors: the middle ones.

    All of them would take as long as everything else that is done with a frame.
    """
    bins = values.shape[-1]
    count = max(_SAMPLED, _SAMPLED_ROW // sensors)
    first = max((bins - count) // 2, 0)
    return values[..., first : first + count]


def digests(values: NDArray[np.float32]) -> NDArray[np.uint64]:
    """One number for each spectrum: ``values`` has the shape (..., bins), the answer (...)."""
    bits: NDArray[np.uint64] = values.view(np.uint32).astype(np.uint64)
    return joint(bits)


def joint(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for many: ``numbers`` has the shape (..., count), the answer (...)."""
    answer: NDArray[np.uint64] = numbers @ _weights(numbers.shape[-1])
    return answer


@lru_cache(maxsize=64)
def _weights(count: int) -> NDArray[np.uint64]:
    """Odd numbers, always the same."""
    return np.random.default_rng(count).integers(2**64, size=count, dtype=np.uint64) | np.uint64(1)

"""Which faults are tried under which conditions: a random sample, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

VALUES: Mapping[str, Sequence[str]] = {
    "from-second": ("0.3", "1", "2", "3.5"),
    "from-frame": ("2", "4", "8", "16", "60"),
    "from-row": ("2", "9", "33", "90", "300"),
    "channels": ("1", "11", "40"),
    "nfft": ("512", "1024", "2048"),
    "band": ("0-500", "100-300", "0-1000"),
    "view": ("0",),
    "stream": ("1", "2"),
    "job": ("1", "2", "3", "5", "8", "13", "21"),
}
"""Values that occur in the scenarios of one window or two."""

OF_MANY: Mapping[str, Sequence[str]] = {
    "channels": ("200",),
    "nfft": ("128", "256"),
    "band": ("0-250", "400-600", "750-1000"),
}
"""Values that occur among the windows of every kind alone. A condition that stands in neither table takes none."""


def sample(conditions: Mapping[str, Sequence[str]], count: int, seed: int) -> Iterator[str]:
    """Faults under one condition each, as the simulator takes them.

    Each fault comes under each of its conditions before one comes again, with another value where there are several.

    Args:
        conditions: those that each fault takes.
        count: how many; fewer come where there are no more.
        seed: what the sample is drawn by.
    """
    draw = random.Random(seed)
    pairs = [(fault, condition) for fault, taken in conditions.items() for condition in taken]
    draw.shuffle(pairs)
    values = {pair: draw.sample(specs, len(specs)) for pair in pairs for specs in [_specs(pair[1])]}
    drawn = 0
    while pairs and drawn < count:
        for fault, condition in pairs[: count - drawn]:
            yield f"{fault}@{values[fault, condition].pop()}"
            drawn += 1
        pairs = [pair for pair in pairs if values[pair]]


def _specs(condition: str) -> list[str]:
    values = [*VALUES.get(condition, ()), *OF_MANY.get(condition, ())]
    return [f"{condition}={value}" for value in values] or [condition]


def needs_many(condition: str) -> bool:
    """Whether the condition comes about only where windows of every kind are open."""
    name, _, value = condition.partition("=")
    return value in OF_MANY.get(name, ())

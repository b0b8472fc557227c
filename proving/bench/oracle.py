"""How fast the oracle compares rows with a recording: a process of its own, which answers in JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from proving.truth import live_rate, rate, recorded, shown_whole
from support.truth.comparison import Comparison
from support.truth.convention import EMBEDDED

CHANNELS = 200
NEEDED = 10.0
"""Times the values of a live job that one core compares."""

_SECONDS, _LINES = 5, 100


@dataclass(frozen=True)
class Compared:
    """MB of values (10^6 bytes) that one core compares in a second, and that a live job of ``CHANNELS`` brings."""

    rate: float
    live: float


def compared() -> Compared:
    """Measured on rows that follow each other, made here: no server streams them."""
    with recorded(_SECONDS, CHANNELS) as recording:
        return Compared(rate(Comparison(shown_whole(recording), EMBEDDED), range(_LINES)), live_rate(recording))


if __name__ == "__main__":
    json.dump(asdict(compared()), sys.stdout)

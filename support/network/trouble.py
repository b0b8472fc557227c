"""The trouble that scenarios name in words, as what it does to the hop."""

from __future__ import annotations

from collections.abc import Callable

from support.network.hop import Hop

Trouble = Callable[[Hop], None]

TROUBLES: dict[str, Trouble] = {
    "cuts the connection": Hop.cut,
    "resets the connection": Hop.reset,
    "freezes": Hop.freeze,
}

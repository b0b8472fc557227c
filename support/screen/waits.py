"""How long the windows of a run took to open: no scenario alone has enough of them for a percentile."""

from __future__ import annotations

import math
from collections.abc import Iterable

from support.screen.window import Window
from support.settings import Settings
from support.stream.distribution import Distribution
from support.validation.agreed import Waited


class Waits:
    """What was measured of one server, in the whole run."""

    def __init__(self) -> None:
        self._configuring: list[float] = []
        self._connecting: list[float] = []
        self._both: list[float] = []

    def add(self, windows: Iterable[Window]) -> None:
        """These windows were opened; only those count whose jobs are new, for others are quicker to reach."""
        for window in windows:
            if window.configure_seconds is None:
                continue
            self._configuring.append(window.configure_seconds)
            if window.connect_seconds:
                self._connecting.append(window.connect_seconds if window.arrived else math.inf)
                self._both.append(window.configure_seconds + self._connecting[-1])

    def told(self, settings: Settings) -> list[Waited]:
        """What was measured, beside what these settings say was agreed."""
        return [
            Waited("configuring", settings.agreed_configure, Distribution(self._configuring)),
            Waited("connecting", settings.agreed_connect, Distribution(self._connecting)),
            Waited("both together", settings.agreed_both, Distribution(self._both)),
        ]

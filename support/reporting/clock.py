"""How long a run takes by the clock: behave's own last line counts the steps alone."""

from __future__ import annotations

import sys
import time
from typing import Any

import psutil
from behave.reporter.base import Reporter


class ClockTime(Reporter):  # type: ignore[misc]
    """The last line of a run: everything from the start of its process on."""

    def feature(self, feature: Any) -> None:
        """Nothing: what counts is the end."""

    def end(self) -> None:
        seconds = time.time() - psutil.Process().create_time()
        sys.stdout.write(f"By the clock, from start to end: {seconds:.1f} s\n")

"""How long a run takes by the clock: behave counts the steps alone, and of them only those outside rules."""

from __future__ import annotations

import sys
import time
from typing import Any

import psutil
from behave.model import ScenarioContainer
from behave.reporter.base import Reporter


def count_rules() -> None:
    """Makes the scenarios of rules count where behave says how long a feature or the run took, in JUnit files too."""
    ScenarioContainer.duration = property(lambda self: sum(scenario.duration for scenario in self.walk_scenarios()))


class ClockTime(Reporter):  # type: ignore[misc]
    """The last line of a run: everything from the start of its process on, to the second that systems know it by."""

    def feature(self, feature: Any) -> None:
        """Nothing: what counts is the end."""

    def end(self) -> None:
        seconds = time.time() - psutil.Process().create_time()
        sys.stdout.write(f"By the clock, from start to end: {seconds:.0f} s\n")

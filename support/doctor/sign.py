"""A sign: one line about one thing that a run needs, good or bad. Any Python can read this: it tells of old ones."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Sign:
    """What was found.

    Attributes:
        state: OK, WARNING (a run can begin all the same) or PROBLEM.
        about: the thing.
        words: what was found, and where that is no OK, what to do.
    """

    state: str
    about: str
    words: str

    def __str__(self) -> str:
        return f"{self.state:8} {self.about}: {self.words}"

"""Faults that nobody outside can see under some condition, with the reason: the one list of survivors that may stay."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """Faults under conditions, as patterns of what the simulator takes, and why they cannot be seen."""

    faults: str
    conditions: str
    reason: str


UNSEEN = (
    Unseen(
        "window-kept|invalid-creates-job",
        r"once|job=\d+",
        "one window that stays in use cannot be told from one that somebody else uses, as long as others are free",
    ),
    Unseen(
        "cancel-ignored",
        "once|(job|channels|nfft|band|view)=.*|while-another-streams",
        "a job whose stream had come to its end before is told as completed, and of it only its window stays in use",
    ),
    Unseen("job-id-recycled|job-id-repeated", r"once|job=\d+", "an id that is given once is not given again"),
    Unseen(
        "creeping-lag|growing-lag",
        r"once|(stream|job)=\d+|after-.*",
        "data may grow old for three seconds: the streams that meet the condition are shorter",
    ),
    Unseen(
        "line-rate-drift",
        "once",
        "the first stream of a run has few rows: until its end the times are off by less than they are rounded by",
    ),
)


def why_unseen(name: str) -> str:
    """The reason that a fault under a condition cannot be seen; empty where it can."""
    fault, _, conditions = name.partition("@")
    found = (one for one in UNSEEN if re.fullmatch(one.faults, fault) and re.fullmatch(one.conditions, conditions))
    return next((one.reason for one in found), "")

"""Faults that nobody outside can see under some condition, with the reason: the one list of survivors that may stay."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """Faults under conditions, as patterns of what the simulator takes, and why they cannot be seen.

    Attributes:
        in_live_only: whether that holds only as long as they have not acted in what is shown of the past.
    """

    faults: str
    conditions: str
    reason: str
    in_live_only: bool = False


UNSEEN = (
    Unseen(
        "window-kept|invalid-creates-job",
        r"once|job=\d+",
        "one window that stays in use cannot be told from one that somebody else uses, as long as others are free",
    ),
    Unseen(
        "cancel-ignored",
        "job=(5|8|13)|band=(100-300|0-1000)",
        "a job whose stream had come to its end before is told as completed, and of it only its window stays in use",
    ),
    Unseen(
        "cancel-breaks-stream",
        "once|job=1",
        "the first job that is cancelled was left by its client before: nobody sees how its stream ends",
    ),
    Unseen(
        "job-id-recycled|job-id-repeated",
        r"once|job=\d+|while-another-streams",
        "an id that is given once is not given again",
    ),
    Unseen(
        "job-id-recycled",
        "channels=(1|40|200)|nfft=(128|256|512|2048)|band=(?!0-500$).*",
        "jobs of this kind are open beside each other, hardly ever in one window after the other: no id comes again",
    ),
    Unseen(
        "health-hangs|unhealthy",
        "once",
        "who connects asks again within the time that connecting may take, and is answered then",
    ),
    Unseen(
        "creeping-lag|growing-lag",
        "once|job=(3|5|8|13)|stream=2|after-refusal|band=(100-300|0-1000)",
        "data may grow old for three seconds: the streams that meet the condition are shorter",
    ),
    Unseen(
        "bursts",
        "once|job=(3|5|8|13)",
        "the streams that meet the condition are over with the first burst: all of it is a second late, and no pause",
    ),
    Unseen(
        "picture-scaled|labels-late|prr-off|samples-dropped|one-wrong-value|window-changes|gain-drifts",
        ".*",
        "it acted in live jobs alone, of whose level and time nobody knows the truth that exactly",
        in_live_only=True,
    ),
    Unseen(
        "spectrum-(mirrored|shifted)|magnitudes-squared|decibels-for-linear|channels?-(swapped|shifted|delayed)",
        r"once|last-frame|from-second=(2|3\.5)|from-frame=60|from-row=300|job=\d+|stream=2|channels=(1|40|200)|"
        "nfft=(128|256|2048)|band=(100-300|0-250|400-600|750-1000)",
        "it acted in live windows alone that are held neither against another one nor against what is known to sound",
        in_live_only=True,
    ),
)


def why_unseen(name: str, *, in_live_only: bool) -> str:
    """The reason that a fault under a condition cannot be seen; empty where it can.

    Args:
        name: as the simulator takes it.
        in_live_only: whether it has acted in nothing that is shown of the past.
    """
    fault, _, conditions = name.partition("@")
    fitting = (one for one in UNSEEN if re.fullmatch(one.faults, fault) and re.fullmatch(one.conditions, conditions))
    return next((one.reason for one in fitting if in_live_only or not one.in_live_only), "")

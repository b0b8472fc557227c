"""The sample of faults under conditions is as wide as it can be, and the same for the same seed."""

from __future__ import annotations

import json
import subprocess
import sys

from proving.sample import VALUES, sample
from proving.trial import deviations
from proving.unseen import UNSEEN, why_unseen
from tests.patience import RUN_PATIENCE

TAKEN = {"stall": ["job", "once"], "dead-sensor": ["job", "last-frame", "once"]}


def test_the_same_seed_draws_the_same() -> None:
    assert list(sample(TAKEN, 4, 1)) == list(sample(TAKEN, 4, 1))
    assert {tuple(sample(TAKEN, 4, seed)) for seed in range(20)} != {tuple(sample(TAKEN, 4, 1))}


def test_every_condition_of_every_fault_comes_before_one_comes_again() -> None:
    drawn = [spec.partition("=")[0] for spec in sample(TAKEN, 5, 7)]
    assert sorted(drawn) == sorted(f"{fault}@{condition}" for fault, taken in TAKEN.items() for condition in taken)


def test_nothing_is_drawn_twice_and_more_than_there_is_cannot_be_drawn() -> None:
    drawn = list(sample(TAKEN, 1000, 3))
    assert len(drawn) == len(set(drawn)) == 2 * len(VALUES["job"]) + 3


def test_the_simulator_takes_all_that_can_be_drawn() -> None:
    taken = {one.name: one.conditions for one in deviations() if one.promise}
    assert all(taken.values())
    some = [fault for spec in sample({"dead-sensor": taken["dead-sensor"]}, 1000, 1) for fault in ("--fault", spec)]
    command = [sys.executable, "-m", "support.simulator", *some, "--exit-on-stdin-eof"]
    started = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=RUN_PATIENCE
    )
    assert "rest_url" in json.loads(started.stdout)


def test_the_list_of_what_cannot_be_seen_speaks_of_faults_that_there_are() -> None:
    known = list(sample({one.name: one.conditions for one in deviations() if one.promise}, 10**6, 1))
    explained = {why_unseen(name, in_live_only=True) for name in known} - {""}
    assert explained == {one.reason for one in UNSEEN}
    assert why_unseen("dead-sensor", in_live_only=True) == ""


def test_what_acted_in_the_past_is_excused_by_no_reason_of_live_jobs() -> None:
    assert "live jobs alone" in why_unseen("prr-off@last-frame", in_live_only=True)
    assert why_unseen("prr-off@last-frame", in_live_only=False) == ""
    assert why_unseen("window-kept@once", in_live_only=False)

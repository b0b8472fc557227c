"""The heartbeat of this process sees when it stood still, and when its clock was set."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from support.machine import heartbeat as module
from support.machine.heartbeat import Heartbeat, heartbeat
from support.machine.threads import running
from tests.patience import eventually


class Clock:
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.set_by = 0.0

    def __call__(self) -> float:
        return time.time() + self.set_by


def test_a_clock_that_is_set_is_seen_at_once_and_remembered() -> None:
    clock = Clock()
    heart = Heartbeat(clock)
    heart.start()
    try:
        began = time.monotonic()
        assert heart.clock_set(began, math.inf) == 0
        clock.set_by = -5.0
        assert heart.clock_set(began, math.inf) == pytest.approx(-5, abs=0.2), "also before the next beat"
        eventually(lambda: heart.told(began, time.monotonic()), "a beat notes it")
        assert "the clock of this machine was set by -5.0 s" in heart.told(began, time.monotonic())
        assert heart.clock_set(time.monotonic(), math.inf) == 0, "it is over"
        assert heart.clock_set(0, began) == 0
    finally:
        heart.stop()


def test_of_a_standstill_counts_what_lies_between_two_times() -> None:
    heart = Heartbeat()
    heart.start()
    try:
        heart._standstills.append(module._Span(10.0, 13.0))
        assert heart.stood_still(0, 20) == 3
        assert heart.stood_still(11, 12) == 1
        assert heart.stood_still(12, 20) == 1
        assert heart.stood_still(13, 20) == heart.stood_still(0, 10) == 0
        assert heart.told(0, 20) == "this machine stood still for 3.0 s"
    finally:
        heart.stop()


def test_a_machine_is_full_while_nearly_all_of_it_is_in_use() -> None:
    in_use, looks = 100.0, 0

    def look() -> float:
        nonlocal looks
        looks += 1
        return in_use

    heart = Heartbeat(in_use=look)
    began = time.monotonic()
    heart.start()
    try:
        eventually(lambda: heart.was_full(began, math.inf) > 0.5, "two looks say so")
        in_use = 94.0
        over, before = time.monotonic(), looks
        eventually(lambda: looks > before + 1, "it looks twice more")
        full = heart.was_full(began, math.inf)
        assert full <= over - began + module._FULL_EVERY + module._STILL
        assert heart.was_full(over + module._FULL_EVERY + module._STILL, math.inf) == 0
        assert len(heart._full) == 1, "one time, however often it is looked"
    finally:
        heart.stop()


def test_a_system_that_does_not_tell_what_is_in_use_has_a_heartbeat_all_the_same() -> None:
    looks = 0

    def refused() -> float:
        nonlocal looks
        looks += 1
        raise PermissionError("/proc/stat")

    heart = Heartbeat(in_use=refused)
    heart.start()
    try:
        eventually(lambda: looks > 2, "it goes on asking")
        assert heart._thread.is_alive()
        assert heart.was_full(0, math.inf) == 0
    finally:
        heart.stop()


def test_what_this_machine_has_in_use_is_measured() -> None:
    """All processors are kept busy, where these processes may use them: a container can have a part of a machine."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    began = time.monotonic()
    try:
        if psutil.cpu_percent(interval=1.0) < module._FULL:
            pytest.skip("these processes may not use all of this machine")
        with heartbeat() as heart:
            eventually(lambda: heart.was_full(began, math.inf) > 0.5, "the machine is full")
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def test_all_who_listen_share_one_heartbeat_and_the_last_one_ends_it() -> None:
    with heartbeat() as first:
        with heartbeat() as second:
            assert first is second
        assert [thread.name for thread in threading.enumerate()].count("focus-heartbeat") == 1
    assert "focus-heartbeat" not in running()
    with heartbeat() as third:
        assert third is not first

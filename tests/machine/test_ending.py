"""An interruption ends what runs, wherever it comes, and breaks nothing on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from support.machine import ending
from support.machine.ending import Interrupted, interruptible, raise_soon
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


insist = partial(raise_soon, again=True)


class Finalized:
    """Where Python only notes what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def no_alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), "an alarm that is left ends the process later"
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_a_finalizer_loses_comes_again() -> None:
    began = time.monotonic()

    def lose_it() -> None:
        lost = Finalized()
        del lost
        time.sleep(PATIENCE)

    with pytest.raises(Interrupted, match="SIGTERM"), interruptible(insist):
        lose_it()
    assert time.monotonic() - began < PATIENCE


def test_what_an_interruption_has_begun_is_left_in_peace() -> None:
    cleaned = []

    def clean_up_late() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE)
        finally:
            time.sleep(2.5)  # longer than it takes to raise a lost one again, twice
            cleaned.append(True)

    with pytest.raises(Interrupted), interruptible(insist):
        clean_up_late()
    assert cleaned


def test_what_hangs_because_of_an_interruption_is_interrupted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_HANGS", 1.5)

    def hang() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE)
        finally:
            never = threading.Lock()
            never.acquire()
            never.acquire()

    with pytest.raises(Interrupted), interruptible(insist):
        hang()


def test_what_has_caught_an_interruption_is_left_in_peace() -> None:
    with interruptible():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE)
        except Interrupted:
            pass
        time.sleep(2.5)


@pytest.mark.parametrize("look", [0.005, pytest.param(0.0005, id="one-look-during-another")])
def test_a_lock_that_a_library_has_just_taken_is_released_all_the_same(
    look: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """logging, queue and gRPC take theirs as here: an error between taking it and noting so leaves it taken."""
    monkeypatch.setattr(ending, "_LOOK", look)
    locks = [threading.Condition() for _ in range(30)]

    def take_and_wait(lock: threading.Condition) -> None:
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGTERM)).start()
        for _ in range(100_000):
            with lock:
                pass
        time.sleep(PATIENCE)

    def is_free(lock: threading.Condition) -> None:
        if lock.acquire(blocking=False):
            free.append(lock)

    for lock in locks:
        with pytest.raises(Interrupted), interruptible():
            take_and_wait(lock)
    free: list[threading.Condition] = []
    for lock in locks:
        other = threading.Thread(target=is_free, args=(lock,))
        other.start()
        other.join()
    assert free == locks


def test_busy_code_of_others_is_interrupted_in_the_end() -> None:
    began = time.monotonic()

    def be_busy() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        while time.monotonic() - began < PATIENCE:
            sum(range(100))

    with pytest.raises(Interrupted), interruptible():
        be_busy()
    assert time.monotonic() - began < PATIENCE


def test_a_signal_just_before_the_end_is_not_forgotten() -> None:
    for _ in range(20):
        with pytest.raises(Interrupted), interruptible():
            os.kill(os.getpid(), signal.SIGTERM)

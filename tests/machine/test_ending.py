"""An interruption ends what runs, also where the first one is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from support.machine import ending
from support.machine.ending import Interrupted, insist, interruptible
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


class Finalized:
    """Where Python only notes what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):  # the signal is handled between two lines
            pass


def answer(interruption: Interrupted) -> None:
    insist(interruption, lambda: True)
    raise interruption


@pytest.fixture(autouse=True)
def no_alarm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_a_finalizer_loses_comes_again() -> None:
    began = time.monotonic()

    def lose_it() -> None:
        lost = Finalized()
        del lost
        time.sleep(PATIENCE)

    with pytest.raises(Interrupted, match="SIGTERM"), interruptible(answer):
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

    with pytest.raises(Interrupted), interruptible(answer):
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

    with pytest.raises(Interrupted), interruptible(answer):
        hang()

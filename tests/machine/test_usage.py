"""What a process uses of the machine, and one that ends."""

import subprocess
import sys

import psutil

from support.machine.usage import Meter
from tests.patience import eventually


def child() -> subprocess.Popen[bytes]:
    """A process that waits for its input, and has begun to."""
    waits = [sys.executable, "-c", "print(flush=True); input()"]
    process = subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_process_is_measured_until_it_has_ended() -> None:
    with child() as process:
        meter = Meter(process.pid)
        running = meter.read()
        assert running is not None
        assert running.memory > 0

        process.kill()
        eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, "it has ended")
        assert meter.read() is None  # nobody has asked how it ended
        assert process.wait() != 0
        assert meter.read() is None
        assert Meter(process.pid).read() is None  # it had ended before it was to be measured


def test_a_process_that_is_ending_is_never_one_without_memory() -> None:
    for _ in range(20):
        with child() as process:
            meter = Meter(process.pid)
            process.kill()
            seen = []
            while usage := meter.read():
                seen.append(usage.memory)
        assert 0 not in seen

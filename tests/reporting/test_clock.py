"""The last line of a run is its time by the clock, not the time of its steps alone."""

import re
import time

import psutil
import pytest

from support.reporting.clock import ClockTime


def test_it_counts_from_the_start_of_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time() - psutil.Process().create_time()
    ClockTime(None).end()
    line = capsys.readouterr().out
    found = re.fullmatch(r"By the clock, from start to end: (\d+\.\d) s\n", line)
    assert found, line
    assert before - 0.1 <= float(found[1]) <= time.time() - psutil.Process().create_time() + 0.1

"""A slowed server: the same lines, rarer frames, live still; and nothing else."""

import itertools
import time

import pytest

from support.simulator.command_line import parse
from support.simulator.options import Options
from tests.simulator.driver import in_thread


def test_frames_are_rarer_and_no_line_is_lost() -> None:
    with in_thread(Options(slowed=50)) as simulator, simulator.job() as job:
        began, frames = time.monotonic(), job.frames(21)
        took = time.monotonic() - began
    assert took > 20 * 0.05 * 1.5 * 0.98, "20 intervals of 50 ms, half as long again; a busy machine adds to it"
    assert {len(frame.rows) for frame in frames} == {5, 10}, "every other frame holds what came meanwhile"
    starts = [row.startTimestamp for frame in frames for row in frame.rows]
    assert {after - before for before, after in itertools.pairwise(starts)} == {10}
    for frame in frames:
        values = [value for row in frame.rows for sensor in row.sensors for value in sensor.intensity]
        assert (frame.current_min_amp, frame.current_max_amp) == (min(values), max(values))


def test_a_slowed_stream_ends_with_its_job() -> None:
    with in_thread(Options(slowed=1000)) as simulator, simulator.job() as job:
        stream = job.open()
        next(stream)
        simulator.call("DELETE", f"/job/{job.job_id}")
        assert len(list(stream)) <= 1


@pytest.mark.parametrize("wrong", ["-1", "1001", "much"])
def test_a_percentage_that_makes_no_sense_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([f"--slowed={wrong}"])
    assert "--slowed" in capsys.readouterr().err

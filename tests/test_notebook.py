"""Frames as arrays of xarray and DASCore: every value at its time, channel and frequency, or a sentence why not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from protos.datastream_pb2 import DataStream
from support import ROOT
from support.contract import ChannelRange, LiveMetadata
from support.notebook import to_patch, to_xarray
from support.server.embedded import EmbeddedServer
from tests.patience import RUN_PATIENCE
from tests.validation.streams import START, Plan, frames_of, spoiled

PLAN = Plan(sensors=(3, 4, 5), bins=8, frames=4, rows=5)
JOB = PLAN.answer("1-1")
FIBRE = LiveMetadata(prr=2000, dx=2.5, fiber_start_meters=100), ChannelRange(lowest_channel=1, highest_channel=9)
FRAMES = frames_of(PLAN.messages(), PLAN)
VALUES = np.concatenate([frame.intensities for frame in FRAMES])


@pytest.fixture
def xarray() -> Any:
    return pytest.importorskip("xarray", reason="xarray is not installed: requirements-recordings.txt")


@pytest.fixture
def dascore() -> Any:
    return pytest.importorskip("dascore", reason="dascore is not installed: requirements-recordings.txt")


@pytest.mark.usefixtures("xarray")
def test_an_array_of_xarray_has_every_value_at_its_place() -> None:
    array = to_xarray(FRAMES, JOB, FIBRE)
    assert array.dims == ("time", "channel", "frequency")
    np.testing.assert_array_equal(array.to_numpy(), VALUES)
    assert array.dtype == np.float32
    assert array.time.to_numpy()[0] == np.datetime64(round(START * 1000), "ms")
    assert (array.window_end - array.time).to_numpy()[0] == np.timedelta64(512, "ms")
    assert array.channel.to_numpy().tolist() == [3, 4, 5]
    assert array.distance.to_numpy().tolist() == [105.0, 107.5, 110.0]
    assert array.frequency.to_numpy().tolist() == JOB.frequencies_list
    assert (array.frequency.units, array.distance.units, array.job_id) == ("Hz", "m", "1-1")


@pytest.mark.usefixtures("xarray")
def test_distances_are_left_out_where_nobody_tells_them() -> None:
    assert "distance" not in to_xarray(FRAMES, JOB).coords
    assert "distance" not in to_xarray(FRAMES, JOB, (LiveMetadata(prr=2000), FIBRE[1])).coords


@pytest.mark.usefixtures("dascore")
def test_a_patch_has_every_value_at_its_place() -> None:
    patch = to_patch(FRAMES, JOB, FIBRE)
    assert patch.dims == ("time", "distance", "frequency")
    np.testing.assert_array_equal(patch.data, VALUES)
    assert patch.get_array("time")[0] == np.datetime64(round(START * 1000), "ms")
    assert patch.get_array("distance").tolist() == [105.0, 107.5, 110.0]
    assert patch.get_array("channel").tolist() == [3, 4, 5]
    assert patch.get_array("frequency").tolist() == JOB.frequencies_list
    assert [str(patch.get_coord(name).units.units) for name in ("distance", "frequency")] == ["m", "Hz"]


@pytest.mark.usefixtures("xarray")
def test_a_gap_in_the_stream_is_a_gap_in_time() -> None:
    steps = np.diff(to_xarray([*FRAMES[:1], *FRAMES[2:]], JOB).time.to_numpy())
    assert sorted(set(steps.tolist())) == [10_000_000, 60_000_000]


def ragged(messages: list[DataStream]) -> None:
    del messages[2].rows[0].sensors[1]


def other_sensors(messages: list[DataStream]) -> None:
    for row in messages[1].rows:
        row.sensors[0].id = 2


def no_times(messages: list[DataStream]) -> None:
    for row in messages[0].rows:
        row.startTimestamp *= 10**6


def no_rows(messages: list[DataStream]) -> None:
    for message in messages:
        del message.rows[:]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (ragged, "frame 2 is ragged"),
        (other_sensors, "frame 1 has rows of other sensors"),
        (no_times, "no epoch milliseconds"),
        (no_rows, "no rows of job 1-1"),
    ],
)
def test_frames_that_do_not_fit_are_refused_in_words(spoil: Callable[[list[DataStream]], None], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        to_xarray(spoiled(PLAN, spoil), JOB)


def test_another_jobs_bins_are_refused_in_words() -> None:
    plan = replace(PLAN, bins=7)
    with pytest.raises(ValueError, match=r"frame 0 has 7 bins; job 1-1 lists 8"):
        to_xarray(frames_of(plan.messages(), plan), JOB)


def test_a_patch_needs_distances() -> None:
    with pytest.raises(ValueError, match="how far apart"):
        to_patch(FRAMES, JOB, (LiveMetadata(prr=2000), FIBRE[1]))


@pytest.mark.parametrize("name", ["xarray", "dascore"])
def test_without_the_extra_it_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"^{name} is not there: pip install -r requirements-recordings\.txt"):
        to_xarray(FRAMES, JOB) if name == "xarray" else to_patch(FRAMES, JOB, FIBRE)


@pytest.mark.usefixtures("xarray", "dascore")
def test_the_example_of_the_page_prints_what_it_promises(embedded: EmbeddedServer) -> None:
    page = (ROOT / "docs" / "NOTEBOOKS.md").read_text("utf-8")
    [script] = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert "http://127.0.0.1:5000" in script
    run = subprocess.run(
        [sys.executable, "-c", script.replace("http://127.0.0.1:5000", embedded.rest_url)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == re.findall(r"print\(.*\)  # (.*)$", script, flags=re.MULTILINE)

"""A recording is read from its file alone; one that cannot be judged by is told in a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from support.truth.recording import Recording, RecordingError
from tests.truth.past import BEGIN, noise, write

SAMPLES = noise(2, 3, 1000)


def test_stretches_are_read_in_parts_and_in_double_precision(tmp_path: Path) -> None:
    path = write(tmp_path / "fibre.h5", [(BEGIN + 3, SAMPLES), (BEGIN, SAMPLES[:1000])], 1000)
    with Recording(path) as recording:
        assert (recording.channels, recording.prr) == (3, 1000)
        assert [(one.begin, one.end) for one in recording.stretches] == [(BEGIN, BEGIN + 1), (BEGIN + 3, BEGIN + 5)]
        read = recording.read(1, 100, 110, slice(1, 3))
        assert read.dtype == np.float64
        np.testing.assert_array_equal(read, SAMPLES[100:110, 1:3].T)


@pytest.mark.parametrize(("told", "meant"), [(1e9 / 499_002, 2004), (1e9 / 22_676, 1e9 / 22_676), (44_100, 44_100)])
def test_a_rate_is_whole_where_nanoseconds_can_tell_it_from_its_neighbours(
    tmp_path: Path, told: float, meant: float
) -> None:
    with Recording(write(tmp_path / "fibre.h5", [(BEGIN, SAMPLES)], told)) as recording:
        assert recording.prr == pytest.approx(meant, rel=1e-7)


def test_what_is_no_recording_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dascore", None)  # as where it is not installed
    whole = write(tmp_path / "fibre.h5", [(BEGIN, SAMPLES)], 1000)
    cut, empty, text, other = (tmp_path / name for name in ("cut.h5", "empty.h5", "text.h5", "other.h5"))
    cut.write_bytes(whole.read_bytes()[:4000])
    empty.touch()
    text.write_text("no recording", "utf-8")
    with h5py.File(other, "w") as file:
        file["something"] = 1
    sentences = {
        tmp_path / "missing.h5": "there is no such file",
        cut: "it is cut off, or broken",
        empty: "it is empty",
        text: "other formats need dascore: pip install -r requirements-recordings.txt",
        other: "other formats need dascore",
    }
    for path, words in sentences.items():
        with pytest.raises(RecordingError) as caught:
            Recording(path)
        assert str(caught.value).startswith(f"the recording {path} cannot be read: ")
        assert words in str(caught.value)

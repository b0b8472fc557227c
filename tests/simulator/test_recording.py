"""Recordings as files: written in parts, read in parts, by dascore too; what cannot be played is told in a sentence."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from support.simulator import record
from support.simulator.__main__ import main
from support.simulator.fibre import Fibre
from support.simulator.options import Options
from support.simulator.recording import recording as reading
from support.simulator.recording.opening import opened
from support.simulator.recording.recording import Recording
from support.simulator.recording.tape import SECOND, RecordingError, Segment, rate
from tests.simulator.driver import in_process, in_thread

BEGIN = 1_772_323_200  # 2026-03-01, UTC


def recorded(path: Path, *options: str) -> Path:
    asked = ["--seconds", "3", "--channels", "20", "--begin", "2026-03-01", *options, "--out", str(path)]
    assert record.main(asked) == 0
    return path


def test_a_recording_holds_what_the_fibre_measured(tmp_path: Path) -> None:
    path = recorded(tmp_path / "some.h5", "--first-channel", "40", "--seed", "5", "--hole", "1-1.25", "--hole", "2.9-9")
    recording = Recording(opened(path), lowest=0)
    assert [(one.begin_ns - BEGIN * SECOND, one.count) for one in recording.segments] == [
        (0, 2000),
        (SECOND * 5 // 4, 3300),
    ]
    assert (int(recording.prr), recording.lowest, recording.highest) == (2000, 0, 19)
    fibre = Fibre(5, 2000, 40, 20)
    for start, count in ((0, 2000), (2500, 3300), (100, 17)):
        number = BEGIN * 2000 + start
        np.testing.assert_array_equal(recording.samples(3, 12, number, count), fibre.samples(43, 52, number, count))
    assert not recording.samples(0, 19, BEGIN * 2000 + 2000, 500).any(), "nothing was recorded in the hole"


def test_the_same_command_makes_the_same_file(tmp_path: Path) -> None:
    first, second = (recorded(tmp_path / name, "--hole", "1-2").read_bytes() for name in ("a.h5", "b.h5"))
    assert first == second


@pytest.mark.parametrize("prr", [2000, 2004, 999, 10_000])
def test_the_rate_is_a_whole_number_although_times_are_in_nanoseconds(tmp_path: Path, prr: int) -> None:
    assert opened(recorded(tmp_path / "some.h5", "--prr", str(prr))).prr == prr


def test_a_rate_that_is_no_whole_number_stays_what_it_is() -> None:
    assert rate(10_485_762) == Fraction(10**9, 10_485_762)


def test_however_long_a_recording_is_little_of_it_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KEPT_BYTES", 2**20)
    recording = Recording(opened(recorded(tmp_path / "long.h5", "--seconds", "60", "--channels", "64")), lowest=0)
    tracemalloc.start()
    try:
        for second in range(60):
            assert recording.samples(0, 63, (BEGIN + second) * 2000, 2000).any()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 6 * 2**20, "of 30 MiB"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hole", "15-12"], "--hole: '15-12' is not two numbers of seconds"),
        (["--hole", "0-9"], "the holes leave nothing of it"),
        (["--seconds", "0"], "--seconds: 0 is not above 0"),
        (["--seconds", "0.0005"], "shorter than two samples"),
        (["--begin", "noon"], "--begin: 'noon' is not a time"),
        (["--channels", "none"], "--channels: 'none' is not a whole number"),
    ],
)
def test_what_cannot_be_recorded_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as end:
        recorded(tmp_path / "none.h5", *options)
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record.main(["--seconds", "1", "--channels", "2", "--out", str(tmp_path / "nowhere" / "some.h5")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def edited(path: Path, edit: Any) -> Path:
    with h5py.File(path, "r+") as file:
        edit(file["Acquisition"])
    return path


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])


def without_samples(acquisition: Any) -> None:
    del acquisition["Raw[0]"]


def of_other_dimensions(acquisition: Any) -> None:
    acquisition["Raw[0]/RawData"].attrs["Dimensions"] = ["time", "frequency"]


def of_one_sample(acquisition: Any) -> None:
    raw = acquisition["Raw[0]"]
    for name in ("RawData", "RawDataTime"):
        kept, attributes = raw[name][:1], dict(raw[name].attrs)
        del raw[name]
        raw.create_dataset(name, data=kept).attrs.update(attributes)


def of_two_rates(acquisition: Any) -> None:
    acquisition["Raw[1]/RawDataTime"].attrs["PartEndTime"] = "2026-03-01T00:00:09.000000000+00:00"
    acquisition["Raw[1]/RawDataTime"][-1] = (BEGIN + 9) * 10**6


SPOILT: dict[str, tuple[Any, str]] = {
    "cut off": (cut_off, "truncated file"),
    "empty": (lambda path: path.write_bytes(b""), "it is empty"),
    "gone": (Path.unlink, "there is no such file"),
    "not HDF5": (lambda path: path.write_text("time;distance\n"), "dascore"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "dascore"),
    "no samples": (lambda path: edited(path, without_samples), "no samples"),
    "other dimensions": (lambda path: edited(path, of_other_dimensions), "time and frequency, not time and distance"),
    "one sample": (lambda path: edited(path, of_one_sample), "1 samples of 20 channels"),
    "two rates": (lambda path: edited(recorded(path, "--hole", "1-2"), of_two_rates), "differ in their rate"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_file_that_cannot_be_played_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    spoil, words = SPOILT[how]
    path = recorded(tmp_path / "some.h5")
    spoil(path)
    capsys.readouterr()
    assert main(["--recording", str(path)]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{path} cannot be played: " in err
    assert words in err


def test_the_process_plays_a_file_and_leaves_no_other_behind(tmp_path: Path) -> None:
    path = recorded(tmp_path / "some.h5")
    with in_process("--recording", str(path), "--exit-on-stdin-eof") as server:
        asked = {"start_time": 0, "end_time": 4e9}
        assert server.call("POST", "/recordings_in_time_range", asked).json()[:1] == [[BEGIN, BEGIN + 3]]
    assert list(tmp_path.iterdir()) == [path]


def test_the_small_recording_goes_with_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with in_thread(Options(channel_count=2)) as server:
        assert list(tmp_path.iterdir()) == [], "nobody has asked for the past yet"
        server.call("POST", "/recordings_in_time_range", {"start_time": 0, "end_time": 4e9})
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_dascore_other_formats_are_told_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dascore", None)
    (tmp_path / "other.sgy").write_bytes(bytes(4000))
    with pytest.raises(RecordingError, match=r"requirements-recordings\.txt"):
        opened(tmp_path / "other.sgy")


@pytest.fixture(scope="module")
def dascore() -> Any:
    return pytest.importorskip("dascore", reason="dascore is not installed: requirements-recordings.txt")


def test_it_reads_what_was_recorded(tmp_path: Path, dascore: Any) -> None:
    path = recorded(tmp_path / "some.h5", "--prr", "2004", "--hole", "1-1.5")
    tape = opened(path)
    patches = sorted(dascore.spool(path), key=lambda patch: patch.coords.min("time"))
    assert [patch.dims for patch in patches] == [("time", "distance")] * 2
    for place, (patch, segment) in enumerate(zip(patches, tape.segments, strict=True)):
        assert patch.shape == (segment.count, 20)
        assert patch.coords.min("time") == np.datetime64(segment.begin_ns, "ns")
        assert patch.get_coord("time").step == np.timedelta64(499_002, "ns")
        np.testing.assert_array_equal(patch.data.T, tape.read(place, range(segment.count), range(20)))


@pytest.mark.parametrize("name", ["random_das", "sin_wav", "chirp", "delta_patch"])
def test_a_file_of_its_own_is_played(tmp_path: Path, dascore: Any, name: str) -> None:
    patch = dascore.get_example_patch(name)
    path = tmp_path / "example.h5"
    patch.io.write(path, "dasdae")
    tape = opened(path)
    recording = Recording(tape, lowest=0)
    step = int(patch.get_coord("time").step / np.timedelta64(1, "ns"))
    count = len(patch.get_array("time"))
    assert recording.segments == (Segment(int(patch.coords.min("time").astype("datetime64[ns]").astype(int)), count),)
    assert abs(float(recording.prr) * step / SECOND - 1) < 1e-6
    data = patch.transpose("distance", "time").data.astype(np.float32)
    first = recording.number(recording.segments[0])
    np.testing.assert_array_equal(recording.samples(0, recording.highest, first, count), data)
    np.testing.assert_array_equal(
        recording.samples(recording.highest, recording.highest, first + count // 3, count // 2),
        data[-1:, count // 3 : count // 3 + count // 2],
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ricker_moveout", "its times do not tell the date"),
        ("wacky_dim_coords_patch", "its samples do not follow each other evenly"),
        ("nd_patch", "its dimensions are dim_1 and dim_2 and dim_3, not time and distance"),
    ],
)
def test_a_file_of_its_own_that_cannot_be_played_is_told_in_a_sentence(
    tmp_path: Path, dascore: Any, name: str, words: str
) -> None:
    dascore.get_example_patch(name).io.write(tmp_path / "example.h5", "dasdae")
    with pytest.raises(RecordingError, match=words):
        opened(tmp_path / "example.h5")


def test_a_client_sees_a_file_of_its_own(tmp_path: Path, dascore: Any) -> None:
    patch = dascore.get_example_patch("random_das")
    patch.io.write(tmp_path / "example.h5", "dasdae")
    begin = int(patch.coords.min("time").astype("datetime64[s]").astype(int))
    with in_thread(Options(recording=str(tmp_path / "example.h5"))) as server:
        assert server.call("GET", "/live_metadata").json()["prr"] == 250
        asked = {"start_time": begin, "end_time": begin + 8, "nfftSelection": 256}
        with server.job(**asked, frequencyRange={"min": 0, "max": 100}) as job:
            rows = [row for frame in job.open() for row in frame.rows]
    assert len(rows) == 698  # 8 s, less a window, a line every 10 ms, and the first one
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    data = patch.transpose("distance", "time").data[:11]
    for line in (0, 100, 697):
        offset = int(line * 2.5 + 0.5)
        spectrum = np.abs(np.fft.rfft(data[:, offset : offset + 256] * window)) * 2 / 128
        spectrum[:, 0] /= 2
        shown = np.array([sensor.intensity for sensor in rows[line].sensors])
        np.testing.assert_allclose(shown, spectrum[:, :103], rtol=1e-4, atol=1e-6)

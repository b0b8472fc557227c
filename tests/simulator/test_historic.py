"""Historic mode over real sockets: every row of the range, none beyond, with the values that the file holds."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from protos.datastream_pb2 import SpectrogramRow
from protos.pandadatastream_pb2 import DataStream
from support.simulator import record
from support.simulator.fibre import Fibre
from support.simulator.models import FrequencyRange
from support.simulator.options import Options
from support.simulator.plan import check_band
from tests.simulator.driver import Simulator, in_thread
from tests.simulator.production import Production, production

PRR, CHANNELS, SECONDS = 2000, 20, 12
BEGIN = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
HOLE = (5, 6.5)  # seconds after BEGIN
PAST = {"start_time": BEGIN + 1, "end_time": BEGIN + 4}

Span = tuple[float, float]
Line = tuple[int, int, NDArray[np.float64]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "fibre.h5"
    asked = f"--seconds {SECONDS} --channels {CHANNELS} --begin 2026-03-01 --hole {HOLE[0]}-{HOLE[1]} --out {path}"
    assert record.main(asked.split()) == 0
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[Simulator]:
    with in_thread(Options(recording=str(file))) as running:
        yield running


def spectra(file: Path, asked: dict[str, Any], dt: Fraction, nfft: int, lowest: int = 0) -> list[Line]:
    """What the range has to show, in double precision and from the file alone: start, line and magnitudes of each."""
    channels = slice(asked["channels"]["min"] - lowest, asked["channels"]["max"] + 1 - lowest)
    start, end = Fraction(asked["start_time"]), Fraction(asked["end_time"])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(nfft) / nfft)
    lines: list[Line] = []
    with h5py.File(file) as opened:
        stretches = [
            (Fraction(int(raw["RawDataTime"][0]), 10**6), raw["RawData"][:, channels].astype(float))
            for raw in opened["Acquisition"].values()
        ]
    for line in itertools.count():
        begin = start + line * dt
        if begin + Fraction(nfft, PRR) > end:
            return lines
        for first, samples in stretches:
            offset = int((begin - first) * PRR + Fraction(1, 2)) if begin > first - 1 else -1
            if 0 <= offset <= len(samples) - nfft and begin >= first:
                spectrum = np.abs(np.fft.rfft(samples[offset : offset + nfft].T * window)) * 2 / window.sum()
                spectrum[:, 0] /= 2
                lines.append((int(begin * 1000 + Fraction(1, 2)), line, spectrum))
    raise AssertionError


def values(row: SpectrogramRow) -> NDArray[np.float32]:
    return np.array([sensor.intensity for sensor in row.sensors], dtype=np.float32)


def rows(server: Simulator, max_frames: int = 0, **changes: Any) -> list[SpectrogramRow]:
    with server.job(**PAST | changes) as job:
        call = job.open(max_frames)
        streamed = [row for frame in call for row in frame.rows]
        assert call.code().name == "OK"
        return streamed


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"channels": {"min": 3, "max": 19}, "nfftSelection": 256, "displayInfo": {"height": 700}},
        {"channels": {"min": 7, "max": 7}, "view_type": "1", "nfftSelection": 4096},
        {"start_time": BEGIN + 4.003, "end_time": BEGIN + 8.25, "frequencyRange": {"min": 100, "max": 900}},
        {"start_time": BEGIN - 100, "end_time": BEGIN + 2},
        {"start_time": BEGIN - 1, "end_time": BEGIN + 8, "nfftSelection": 2048},
        {"start_time": BEGIN + 10.5, "end_time": BEGIN + 100},
    ],
)
def test_the_rows_of_the_range_are_those_of_the_recording(
    server: Simulator, file: Path, changes: dict[str, Any]
) -> None:
    with server.job(**PAST | changes) as job:
        streamed = [row for frame in job.open() for row in frame.rows]
        config = server.call("GET", f"/metadata/{job.job_id}").json()["config"]
    band = slice(*(ceil(hertz * config["nfftSelection"] / PRR) for hertz in config["frequencyRange"].values()))
    height = Fraction(config["displayTimeAxisDuration"]) / config["displayInfo"]["height"]
    exact = {name: Fraction(repr(config[name])) for name in ("start_time", "end_time")}
    expected = spectra(file, config | exact, height, config["nfftSelection"])
    assert [row.startTimestamp for row in streamed] == [start for start, _, _ in expected]
    span = config["nfftSelection"] * 1000 / PRR
    assert all(abs(row.endTimestamp - row.startTimestamp - span) <= 1 for row in streamed)
    assert [sensor.id for sensor in streamed[0].sensors] == list(
        range(config["channels"]["min"], config["channels"]["max"] + 1)
    )
    for row, (_, _, spectrum) in zip(streamed, expected, strict=True):
        np.testing.assert_allclose(values(row), spectrum[:, band], rtol=1e-4, atol=2e-6)


def test_a_hole_of_the_recording_is_a_hole_of_the_stream(server: Simulator) -> None:
    starts = [row.startTimestamp - BEGIN * 1000 for row in rows(server, start_time=BEGIN, end_time=BEGIN + SECONDS)]
    steps = [(left, right) for left, right in itertools.pairwise(starts) if right - left != 10]
    assert (starts[0], steps, starts[-1]) == (0, [(4480, 6500)], 11_480)  # a window takes 512 ms


@pytest.mark.parametrize(
    ("begin", "first", "last"),
    [(4.4878, 4.4878, 6.5078), (4.4883, 6.5083, 6.5083), (4.4898, 6.4998, 6.4998), (4.4893, 6.5093, 6.5093)],
)
def test_a_line_is_there_where_the_samples_nearest_to_it_are(
    server: Simulator, begin: float, first: float, last: float
) -> None:
    """The stretches end at 5 s and go on at 6.5 s; a sample takes 0.5 ms, a window 512 ms."""
    shown = [row.startTimestamp for row in rows(server, start_time=BEGIN + begin, end_time=BEGIN + last + 0.515)]
    assert [shown[0], shown[-1]] == [round((BEGIN + second) * 1000) for second in (first, last)]


def test_the_same_request_gives_the_same_bits(server: Simulator) -> None:
    def bits() -> list[bytes]:
        with server.job(**PAST) as job:
            canvas = job.open()
            return [row.SerializeToString() for frame in canvas for row in frame.rows for row.canvasId in ["canvas"]]

    assert bits() == bits()
    with server.job(**PAST) as job:
        assert job.frames(0) == job.frames(0)
        assert server.status(job.job_id) == "completed"


def test_neighbouring_ranges_fit_without_a_seam(server: Simulator) -> None:
    whole = [(row.startTimestamp, values(row).tobytes()) for row in rows(server, start_time=BEGIN, end_time=BEGIN + 4)]
    parts = [
        (row.startTimestamp, values(row).tobytes())
        for begin, end in ((0, 2), (2, 4))
        for row in rows(server, start_time=BEGIN + begin, end_time=BEGIN + end)
    ]
    over_the_border = [start for start, _ in whole if BEGIN * 1000 + 2000 - 512 < start < BEGIN * 1000 + 2000]
    assert parts == [line for line in whole if line[0] not in over_the_border]


def test_only_so_many_frames_where_so_many_are_asked_for(server: Simulator) -> None:
    assert len(rows(server, max_frames=7)) == 35
    assert len(rows(server, max_frames=1000)) == 249  # 3 s, less a window, and the first line


def test_recordings_are_told_as_they_are(server: Simulator) -> None:
    def told(begin: float, end: float) -> Any:
        asked = {"start_time": BEGIN + begin, "end_time": BEGIN + end}
        response = server.call("POST", "/recordings_in_time_range", asked)
        assert response.status_code == 200
        return [[one - BEGIN for one in extent] for extent in response.json()]

    assert told(-100, 100) == [[0, 5], [6.5, 12]]
    assert told(5, 6.5) == told(12, 20) == told(-20, 0) == []
    assert told(4.9, 5.1) == [[0, 5]]
    for wrong in ({}, {"start_time": 5, "end_time": 5}, {"start_time": 5, "end_time": "6"}):
        assert server.call("POST", "/recordings_in_time_range", wrong).status_code == 400


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"start_time": BEGIN + 5, "end_time": BEGIN + 6.5}, 404, "no recording"),
        ({"start_time": BEGIN - 20, "end_time": BEGIN}, 404, "no recording"),
        ({"start_time": BEGIN + 5}, 400, "end_time"),
        ({"start_time": BEGIN + 5, "end_time": BEGIN + 5}, 400, "end_time"),
        (PAST | {"channels": {"min": 0, "max": 20}}, 400, "channels.max"),
        (PAST | {"frequencyRange": {"min": 0, "max": 1001}}, 400, "Nyquist"),
    ],
)
def test_what_cannot_be_shown_is_refused(server: Simulator, changes: dict[str, Any], status: int, words: str) -> None:
    response = server.configure(**changes)
    assert (response.status_code, words in response.json()["error"]) == (status, True)


def test_a_band_reaches_up_to_half_of_the_rate_that_is_told() -> None:
    exact = Fraction(10**9, 500_042)
    told = float(exact)
    assert told > exact, "or there is nothing to see"
    check_band(FrequencyRange(min=0, max=told / 2), exact)


def test_a_range_that_holds_no_window_has_no_rows(server: Simulator) -> None:
    assert rows(server, start_time=BEGIN + 1, end_time=BEGIN + 1.5) == []


def test_a_server_that_plays_a_file_has_its_fibre(server: Simulator) -> None:
    assert server.call("GET", "/channels").json() == {"lowest_channel": 0, "highest_channel": CHANNELS - 1}
    metadata = server.call("GET", "/live_metadata").json()
    assert (metadata["prr"], metadata["dx"], metadata["number_of_channels"]) == (PRR, 1, CHANNELS)
    with server.job() as job:
        assert len(job.frames(3)) == 3


@pytest.mark.parametrize("past", [{}, PAST, {"start_time": BEGIN + 1.0006, "end_time": BEGIN + 4}])
def test_the_waterfall_has_one_value_a_sensor(server: Simulator, file: Path, past: dict[str, Any]) -> None:
    nothing = {"displayTimeAxisDuration": None, "frequencyRange": None}
    with server.job(**past | nothing | {"view_type": 2, "nfftSelection": 1}) as job:
        assert (job.answer["frequencies_list"], job.answer["lines_dt"]) == ([0.0], 0.01)
        streamed = [row for frame in job.open(20) for row in frame.rows]
    assert [right - left for left, right in itertools.pairwise(row.startTimestamp for row in streamed)] == [10] * 99
    assert all(row.endTimestamp > row.startTimestamp for row in streamed)
    assert {values(row).shape for row in streamed} == {(11, 1)}
    if past:
        first = round((past["start_time"] - BEGIN) * PRR)
        with h5py.File(file) as opened:
            samples = opened["Acquisition/Raw[0]/RawData"][first : first + 2000 : 20, :11]
        np.testing.assert_array_equal(np.array([values(row)[:, 0] for row in streamed]), np.abs(samples))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nfftSelection": 128}, "nfftSelection: 128 is not 1"),
        ({"displayTimeAxisDuration": 10}, "displayTimeAxisDuration"),
        ({"frequencyRange": {"min": 0, "max": 500}}, "frequencyRange"),
    ],
)
def test_a_waterfall_of_something_else_is_refused(server: Simulator, changes: dict[str, Any], words: str) -> None:
    nothing = {"displayTimeAxisDuration": None, "frequencyRange": None, "nfftSelection": 1, "view_type": "2"}
    response = server.configure(**nothing | changes)
    assert (response.status_code, words in response.json()["error"]) == (400, True)


def as_task(start: float | None, end: float | None) -> dict[str, Any]:
    def told(instant: float | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%y%m%d%H%M%S")

    return {
        "displayTimeAxisDuration": 10,
        "nfftSelection": 1024,
        "canvasInfo": {"height": 1000},
        "sensors": {"min": 0, "max": 10},
        "frequencyRange": {"min": 0, "max": 500},
        "start_time": told(start),
        "end_time": told(end),
    }


def test_the_other_words_for_a_job_give_the_same_stream(server: Simulator) -> None:
    with server.job(**PAST) as job:
        usual = job.frames(0)
    answer = server.call("POST", "/config/task-7", as_task(start=PAST["start_time"], end=PAST["end_time"]))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["task_id"], told["view_type"]) == ("task-7", "0")
    assert set(told) == {*job.answer, "task_id"}
    with server.adopted(told) as other:
        assert other.frames(0) == usual
        config = server.call("GET", f"/metadata/{other.job_id}").json()["config"]
        assert config == as_task(PAST["start_time"], PAST["end_time"])
    live = server.call("POST", "/config/8", as_task(None, None))
    with server.adopted(live.json()) as other:
        assert len(other.frames(2)) == 2


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"start_time": "260301000001"}, 400, "end_time"),
        ({"start_time": "260231000001", "end_time": "260301000003"}, 400, "start_time: must be a time"),
        ({"start_time": "26030100000", "end_time": "260301000003"}, 400, "twelve digits"),
        ({"start_time": BEGIN + 1, "end_time": BEGIN + 4}, 400, "start_time: must be text"),
        ({"start_time": "250301000001", "end_time": "250301000003"}, 404, "no recording"),
        ({"sensors": {"min": 0, "max": 99}}, 400, "sensors.max: 99 is not on the fibre, whose sensors are 0 to 19"),
        ({"canvasInfo": {"height": 0}}, 400, "canvasInfo.height"),
        ({"canvasInfo": {"height": 100_000}}, 400, "canvasInfo.height: too many lines"),
        ({"nfftSelection": 4096}, 400, "nfftSelection"),
        ({"sensors": None}, 400, "sensors"),
    ],
)
def test_what_is_wrong_in_the_other_words_is_refused(
    server: Simulator, changes: dict[str, Any], status: int, words: str
) -> None:
    response = server.call("POST", "/config/7", as_task(None, None) | changes)
    assert (response.status_code, response.json()["error"]) == (status, response.json()["error"])
    assert words in response.json()["error"]


def test_without_a_file_there_is_a_small_recording_of_the_fibre() -> None:
    with in_thread() as plain:
        ((begin, hole), (after, end)) = plain.call(
            "POST", "/recordings_in_time_range", {"start_time": 0, "end_time": 4e9}
        ).json()
        assert (hole - begin, after - hole, end - after >= 17) == (40, 2, True), "the last one goes on"
        asked: dict[str, Any] = {"view_type": "1", "channels": {"min": 63, "max": 63}, "nfftSelection": 65_536}
        longest = rows(plain, start_time=begin, end_time=hole, **asked)
        assert [longest[0].startTimestamp, longest[-1].startTimestamp] == [begin * 1000, hole * 1000 - 32_770]
        assert plain.configure(start_time=hole, end_time=after).status_code == 404
        beyond = plain.configure(start_time=begin, end_time=hole, channels={"min": 60, "max": 64})
        assert beyond.status_code == 400


def test_what_was_streamed_is_played_again_on_every_channel() -> None:
    with in_thread() as plain:
        ends: dict[str, Any] = {"channels": {"min": 2200, "max": 2221}}
        *_, (after, _) = plain.call("POST", "/recordings_in_time_range", {"start_time": 0, "end_time": 4e9}).json()
        started = (after + 17) * 1000
        with plain.job(**ends) as job:
            streamed = itertools.chain.from_iterable(frame.rows for frame in job.open())
            live = list(itertools.islice((row for row in streamed if row.startTimestamp >= started), 40))
        begin, end = live[0].startTimestamp / 1000, live[-1].endTimestamp / 1000
        again = rows(plain, start_time=begin, end_time=end, **ends)
        told = [[(row.startTimestamp, values(row).tobytes()) for row in shown] for shown in (live, again)]
        assert told[0] == told[1]
        before = rows(plain, start_time=started / 1000 - 1, end_time=end)
        assert [row.startTimestamp for row in before] == list(range(started - 1000, live[-1].startTimestamp + 1, 10))


def test_a_server_that_plays_a_file_keeps_what_it_streams_too(server: Simulator) -> None:
    with server.job() as job:
        live = [row for frame in job.open(40) for row in frame.rows]
    *_, (kept, _) = server.call("POST", "/recordings_in_time_range", {"start_time": 0, "end_time": 4e9}).json()
    live = [row for row in live if row.startTimestamp >= kept * 1000]
    again = rows(server, start_time=live[0].startTimestamp / 1000, end_time=live[-1].endTimestamp / 1000)
    assert [values(row).tobytes() for row in again] == [values(row).tobytes() for row in live]


@pytest.fixture(scope="module")
def producing(file: Path) -> Iterator[Production]:
    with production(recording=str(file)) as running:
        yield running


def played(producing: Production, **changes: Any) -> list[list[DataStream]]:
    with producing.next_job(**PAST | changes) as job, job.streams() as calls:
        return [list(call) for call in calls]


def test_production_plays_each_stream_to_its_end(producing: Production, file: Path) -> None:
    asked = {"start_time": BEGIN + 4, "end_time": BEGIN + 8, "channels": {"min": 1, "max": 8}}
    expected = spectra(file, asked, Fraction(1, 100), 1024, lowest=1)
    streams = played(producing, **asked)
    assert [len(stream) > 0 for stream in streams] == [True] * 3
    for stream, channels in zip(streams, ((0, 3), (3, 6), (6, 8)), strict=True):
        assert [number for frame in stream for number in frame.row_index] == list(range(len(expected)))
        assert [time for frame in stream for time in frame.timestamp_in_milis] == [start for start, _, _ in expected]
        data = np.frombuffer(b"".join(row for frame in stream for row in frame.main_data), dtype="<f4")
        truth = np.array([spectrum[slice(*channels), :256] for _, _, spectrum in expected])
        np.testing.assert_allclose(data.reshape(truth.shape), truth, rtol=1e-4, atol=2e-6)


def test_production_tells_what_it_has(producing: Production) -> None:
    asked = {"start_time": BEGIN - 10, "end_time": BEGIN + 100}
    assert producing.call("POST", "/recordings_in_time_range", asked).json() == [
        [BEGIN, BEGIN + 5],
        [BEGIN + 6.5, BEGIN + 12],
    ]
    assert producing.configure(start_time=BEGIN - 10, end_time=BEGIN).status_code == 404
    assert producing.call("GET", "/live_metadata").json()["prr"] == PRR


def test_production_has_a_small_recording_of_its_real_rate() -> None:
    with production() as plain:
        everything = {"start_time": 0, "end_time": 4_000_000_000}
        ((begin, _), _) = plain.call("POST", "/recordings_in_time_range", everything).json()
        answer = plain.configure(start_time=begin, end_time=begin + 2).json()
        assert answer["frequencies_list"][1] == 2004 / 1024
        first, *_ = played(plain, start_time=begin, end_time=begin + 2)
    shown = np.frombuffer(first[0].main_data[0], dtype="<f4").reshape(3, -1)
    samples = Fibre(1, 2004, 1, 2222).samples(1, 3, begin * 2004, 1024)
    spectrum = np.abs(np.fft.rfft(samples * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)))) * 2 / 512
    np.testing.assert_allclose(shown[:, 1:], spectrum[:, 1 : shown.shape[1]], rtol=1e-4, atol=2e-6)

"""Faults that truth alone sees: each acts as its name says, and nothing else differs from what is right."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from support.simulator import record
from support.simulator.deviations.catalogue import entries
from support.simulator.fibre import Fibre
from support.simulator.options import Options
from tests.simulator.driver import Simulator, in_thread
from tests.simulator.judge import deviate
from tests.simulator.production import Production, production

Array = NDArray[Any]
Line = Callable[..., Array]

PRR, CHANNELS, SECONDS, NFFT, BINS = 2000, 20, 8, 256, 64
BEGIN = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
SHOWN = 11  # channels
PAST = {"start_time": BEGIN + 4, "end_time": BEGIN + 6}  # more than a block of samples
PARTS = {"story": (range(SHOWN),), "production": (range(4), range(4, 8), range(8, SHOWN))}
THIRDS = {"story": [2], "production": [2, 6, 10]}
PAIRS = {"story": [(2, 3)], "production": [(2, 3), (6, 7), (9, 10)]}


@dataclass(frozen=True)
class Seen:
    """What a job showed: the starts of its rows, milliseconds, and values of shape (rows, channels, bins)."""

    starts: list[int]
    values: Array


@dataclass(frozen=True)
class Case:
    """A job of a correct server, and what it is made of.

    ``line`` computes what is shown from a sample on, counted from the epoch: shape (channels, bins).
    """

    dialect: str
    starts: list[int]
    right: Array
    line: Line

    def lines(self, start: Callable[[int], int] = int, **changes: Any) -> Array:
        """All lines, read elsewhere, of samples counted from the epoch."""
        return np.array([self.line(start(ms * PRR // 1000), **changes) for ms in self.starts])

    def edited(self, edit: Callable[[Array], object]) -> Array:
        """The right values, after an edit in place."""
        values = self.right.copy()
        edit(values)
        return values


@dataclass(frozen=True)
class Server:
    """An embedded server, and how to ask it in its dialect."""

    dialect: str
    simulator: Simulator
    file: Path
    lowest: int

    def seen(self, frames: int = 0, **changes: Any) -> Seen:
        """What a job shows, of so many frames only in its first stream; bounds that are not true fail."""
        asked = {"nfftSelection": NFFT, "channels": self.channels(0), **changes}
        if isinstance(self.simulator, Production):
            return self._production(frames, asked)
        with self.simulator.job(**asked) as job:
            sent = job.frames(frames)
        rows = [row for frame in sent for row in frame.rows]
        for frame in sent:
            all_values = [value for row in frame.rows for one in row.sensors for value in one.intensity]
            assert (frame.current_min_amp, frame.current_max_amp) == (min(all_values), max(all_values))
        assert all(
            [one.id for one in row.sensors] == list(range(asked["channels"]["min"], asked["channels"]["max"] + 1))
            and row.endTimestamp - row.startTimestamp == NFFT * 1000 // PRR
            for row in rows
        )
        values = np.array([[one.intensity for one in row.sensors] for row in rows], dtype=np.float32)
        return Seen([row.startTimestamp for row in rows], values)

    def _production(self, frames: int, asked: dict[str, Any]) -> Seen:
        assert isinstance(self.simulator, Production)
        with self.simulator.next_job(**asked) as job, job.streams() as calls:
            streams = [list(itertools.islice(calls[0], frames))] if frames else [list(call) for call in calls]
        starts = [[ms for frame in stream for ms in frame.timestamp_in_milis] for stream in streams]
        assert [starts[0]] * len(streams) == starts
        values = []
        for stream in streams:
            shown = [np.frombuffer(b"".join(frame.main_data), "<f4") for frame in stream]
            told = [(frame.global_minimum, frame.global_maximum) for frame in stream]
            assert told == [(one.min(), one.max()) for one in shown]
            indexes = [index for frame in stream for index in frame.row_index]
            assert len(set(indexes)) == len(indexes)
            channels = stream[0].end_channel + 1 - stream[0].start_channel
            values.append(np.concatenate(shown).reshape(len(starts[0]), channels, -1))
        return Seen(starts[0], np.concatenate(values, axis=1))

    def channels(self, first: int, count: int = SHOWN) -> dict[str, int]:
        """So many channels from one on, counted from 0."""
        return {"min": self.lowest + first, "max": self.lowest + first + count - 1}

    def past(self, seen: Seen) -> Case:
        """What a historic job showed."""
        with h5py.File(self.file) as opened:
            samples = opened["Acquisition/Raw[0]/RawData"][:].T
        return Case(self.dialect, seen.starts, seen.values, _line(lambda first, last: samples[:, first:last]))

    def live(self, starts: list[int]) -> Case:
        """What a live job has to show."""
        fibre = Fibre(1, PRR, self.lowest, CHANNELS)

        def samples(first: int, last: int) -> Array:
            return fibre.samples(self.lowest, self.lowest + CHANNELS - 1, BEGIN * PRR + first, last - first)

        line = _line(samples)
        return Case(self.dialect, starts, np.array([line(ms * PRR // 1000) for ms in starts]), line)


def _line(samples: Callable[[int, int], Array]) -> Line:
    def line(start: int, channel: int = 0, first_bin: int = 0, window: Array | None = None, skip: int = 0) -> Array:
        weights = np.hanning(NFFT + 1)[:-1] if window is None else window
        begin = start - BEGIN * PRR
        places = np.arange(NFFT)
        places += skip * ((start + places) // 4096 - start // 4096)
        shown = samples(begin, begin + NFFT + skip)[channel : channel + SHOWN, places]
        spectrum = np.abs(np.fft.rfft(shown.astype(float) * weights)) * 2 / weights.sum()
        spectrum[:, 0] /= 2
        cut: Array = spectrum[:, first_bin : first_bin + BINS]
        return cut

    return line


def blackman() -> Array:
    turns = 2 * np.pi * np.arange(NFFT) / NFFT
    weights: Array = 0.42 - 0.5 * np.cos(turns) + 0.08 * np.cos(2 * turns)
    return weights


def decibels(values: Array) -> Array:
    shown: Array = 20 * np.log10(values) + 240
    return shown


def magnitudes(shown: Array) -> Array:
    values: Array = 10 ** ((shown.astype(float) - 240) / 20)
    return values


def swapped(case: Case) -> Array:
    values = case.right.copy()
    for one, other in PAIRS[case.dialect]:
        values[:, [one, other]] = values[:, [other, one]]
    return values


def delayed(case: Case) -> Array:
    return case.edited(lambda values: _late(values, THIRDS[case.dialect]))


def _late(values: Array, channels: list[int]) -> None:
    values[1:, channels] = values[:-1, channels]


def louder(case: Case) -> Array:
    seconds = (np.array(case.starts) - case.starts[0]) // 50 / 20  # a frame takes 50 ms
    values = case.right.copy()
    values[:, THIRDS[case.dialect]] *= (1.5**seconds).astype(np.float32)[:, np.newaxis, np.newaxis]
    return values


def wrong(case: Case) -> Array:
    values = case.right.copy()
    for part in PARTS[case.dialect]:
        flat = values[:, part].reshape(-1)
        flat[500::1000] *= 1.5
        values[:, part] = flat.reshape(len(values), len(part), BINS)
    return values


def behind(case: Case, origin: int) -> Array:
    return case.lines(lambda start: start - round((start - origin) * 0.05))


def powers(case: Case) -> Array:
    values: Array = case.right.astype(float) ** 2 / 2
    values[:, :, 0] *= 2
    return values


# What each shows, of what a correct server shows, in a job that is the first one.
EVERYWHERE: dict[str, Callable[[Case], Array]] = {
    "spectrum-mirrored": lambda case: case.right[:, :, ::-1],
    "spectrum-shifted": lambda case: case.lines(first_bin=1),
    "picture-scaled": lambda case: case.right * 10 ** (1 / 20),
    "picture-scaled=0.01": lambda case: case.right * 10 ** (0.01 / 20),
    "window-changes": lambda case: case.lines(window=blackman()),
    "magnitudes-squared": lambda case: case.right**2,
    "decibels-for-linear": lambda case: decibels(case.right),
    "channels-swapped": swapped,
    "channels-shifted": lambda case: case.lines(channel=1),
    "channel-delayed": delayed,
    "samples-dropped": lambda case: case.lines(skip=16),
    "labels-late": lambda case: case.lines(lambda start: start - 20),
    "labels-late=1": lambda case: case.lines(lambda start: start - 2),
    "gain-drifts=50": louder,
    "one-wrong-value=1000": wrong,
}
PAST_ONLY: dict[str, Callable[[Case], Array]] = {
    "prr-off=5": lambda case: behind(case, BEGIN * PRR),
    "range-too-early": lambda case: case.lines(
        lambda start: BEGIN * PRR + (start - BEGIN * PRR - 3600 * PRR) % (6 * PRR - NFFT + 1)
    ),
}
LIVE_ONLY: dict[str, Callable[[Case], Array]] = {
    "prr-off=5": lambda case: behind(case, case.starts[0] * PRR // 1000),
}
# Servers that are right: what all jobs show, and in which dialects.
VARIANTS: dict[str, Callable[[Case], Array]] = {
    "hamming-window": lambda case: case.lines(window=0.54 - 0.46 * np.cos(2 * np.pi * np.arange(NFFT) / NFFT)),
    "rms-scale": lambda case: np.sqrt(powers(case)),
    "power-scale": powers,
    "density-scale": lambda case: powers(case) / (1.5 * PRR / NFFT),  # the noise bandwidth of a Hann window, bins
    "natural-logarithm": lambda case: np.log(case.right),
}
CHECKS: dict[str, Callable[[Server, Seen], None]] = {}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "fibre.h5"
    asked = f"--seconds {SECONDS} --channels {CHANNELS} --begin 2026-03-01 --out {path}"
    assert record.main(asked.split()) == 0
    return path


@pytest.fixture(scope="module", params=PARTS)
def server(request: pytest.FixtureRequest, file: Path) -> Iterator[Server]:
    if request.param == "story":
        with in_thread(Options(recording=str(file))) as simulator:
            yield Server("story", simulator, file, 0)
    else:
        with production(recording=str(file), windows=100, idle_removal=1.0) as simulator:
            yield Server("production", simulator, file, 1)


@pytest.fixture(scope="module")
def right(server: Server) -> Seen:
    """What a correct server shows of ``PAST``."""
    deviate(server.simulator)
    seen = server.seen(**PAST)
    assert np.allclose(seen.values, server.past(seen).lines(), rtol=1e-4, atol=2e-6)
    return seen


def agree(shown: Array, expected: Array, before: Array) -> None:
    """What is to differ does, and all else has the bits that it had before."""
    assert shown.shape == expected.shape
    np.testing.assert_allclose(shown, expected, rtol=2e-4, atol=4e-6)
    assert not np.allclose(shown, before, rtol=2e-4, atol=4e-6)
    same = (expected == before) | np.isclose(expected, before, rtol=2e-4, atol=4e-6).all(axis=(1, 2), keepdims=True)
    assert np.array_equal(shown[same], before[same])


@pytest.mark.parametrize("fault", EVERYWHERE | PAST_ONLY)
def test_a_historic_job_shows_the_fault_and_nothing_else(server: Server, right: Seen, fault: str) -> None:
    deviate(server.simulator, faults=[fault])
    seen = server.seen(**PAST)
    assert seen.starts == right.starts
    agree(seen.values, (EVERYWHERE | PAST_ONLY)[fault](server.past(right)), right.values)


def test_a_variant_shows_the_same_in_all_jobs_otherwise(server: Server, right: Seen) -> None:
    here = {one.name for one in entries("variant") if server.dialect in one.dialects}
    for variant in [name for name in VARIANTS if name in here for _ in range(2)]:
        deviate(server.simulator, variants=[variant])
        seen = server.seen(**PAST)
        assert seen.starts == right.starts
        expected = VARIANTS[variant](server.past(right))
        np.testing.assert_allclose(seen.values, expected, rtol=4e-4, atol=4e-6 * np.abs(expected).max())


def test_a_line_can_be_read_from_the_sample_before_it(server: Server) -> None:
    uneven: dict[str, Any] = {"displayInfo": {"height": 450}}  # 44 samples and 4 ninths from line to line
    deviate(server.simulator, variants=["sample-at-or-before"])
    seen = server.seen(**PAST, **uneven)
    case = server.past(seen)
    first = PAST["start_time"] * PRR
    expected = np.array([case.line(first + line * 400 // 9) for line in range(len(seen.starts))])
    np.testing.assert_allclose(seen.values, expected, rtol=2e-4, atol=4e-6)
    deviate(server.simulator)
    assert not np.allclose(server.seen(**PAST, **uneven).values, expected, rtol=2e-4, atol=4e-6)


def test_a_fault_is_one_of_the_server_that_its_variant_makes(server: Server, right: Seen) -> None:
    deviate(server.simulator, ["spectrum-shifted"], ["hamming-window", "power-scale"])
    shown = server.past(right).lines(window=0.54 - 0.46 * np.cos(2 * np.pi * np.arange(NFFT) / NFFT), first_bin=1)
    np.testing.assert_allclose(server.seen(**PAST).values[:, :, 1:], shown[:, :, 1:] ** 2 / 2, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("fault", EVERYWHERE | LIVE_ONLY)
def test_a_live_job_shows_the_fault_and_nothing_else(server: Server, fault: str) -> None:
    deviate(server.simulator, faults=[fault])
    seen = server.seen(frames=12)
    case = server.live(seen.starts)
    expected = (EVERYWHERE | LIVE_ONLY)[fault](case)[:, : seen.values.shape[1]]
    told = np.asarray if fault != "decibels-for-linear" else magnitudes
    np.testing.assert_allclose(told(seen.values), told(expected), rtol=3e-4, atol=5e-6)


def checked(check: Callable[[Server, Seen], None]) -> Callable[[Server, Seen], None]:
    """Enters a check, which sees how a fault acts, under the name of it."""
    CHECKS[check.__name__.removeprefix("check_").replace("_", "-")] = check
    return check


def same(seen: Seen, right: Seen, rows: slice = slice(None)) -> None:
    """What is seen are these rows of what is right, and none beside them, to the last bit."""
    assert seen.starts == right.starts[rows]
    assert np.array_equal(seen.values, right.values[rows])


@checked
def check_band_of_another_job(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right)
    server.seen(**PAST, frequencyRange={"min": 101, "max": 650})
    again = server.seen(**PAST)
    assert again.starts == right.starts
    agree(again.values, server.past(right).lines(first_bin=13), right.values)


@checked
def check_range_before(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right)
    other = server.seen(start_time=BEGIN + 1, end_time=BEGIN + 2)
    shown = server.past(other).lines(lambda start: start + 3 * PRR)
    np.testing.assert_allclose(other.values, shown, rtol=2e-4, atol=4e-6)


@checked
def check_last_row_missing(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right, slice(-1))


@checked
def check_first_row_missing(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right, slice(1, None))


@checked
def check_row_beyond(server: Server, right: Seen) -> None:
    seen = server.seen(**PAST)
    same(Seen(seen.starts[:-1], seen.values[:-1]), right)
    assert seen.starts[-1] == right.starts[-1] + 10
    np.testing.assert_allclose(seen.values[-1:], server.past(seen).lines()[-1:], rtol=2e-4, atol=4e-6)


@checked
def check_seam_repeated(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right)
    before = server.seen(start_time=BEGIN + 3, end_time=BEGIN + 4)
    seen = server.seen(**PAST)
    assert seen.starts == right.starts
    assert np.array_equal(seen.values, np.concatenate([before.values[-1:], right.values[1:]]))


@checked
def check_answer_differs(server: Server, right: Seen) -> None:
    same(server.seen(**PAST), right)
    for _ in range(2):
        seen = server.seen(**PAST)
        assert seen.starts == right.starts
        assert np.array_equal(seen.values, np.nextafter(right.values, np.float32(np.inf)))


@pytest.mark.parametrize("name", CHECKS)
def test_a_fault_of_ranges_or_of_several_jobs_acts_and_nothing_else(server: Server, right: Seen, name: str) -> None:
    deviate(server.simulator, faults=[name])
    CHECKS[name](server, right)


@pytest.mark.parametrize("fault", ["window-changes", "magnitudes-squared", "decibels-for-linear"])
def test_every_second_job_is_right(server: Server, right: Seen, fault: str) -> None:
    deviate(server.simulator, faults=[fault])
    seen = [server.seen(**PAST) for _ in range(4)]
    assert np.array_equal(seen[0].values, seen[2].values)
    assert not np.array_equal(seen[0].values, right.values)
    for one in seen[1::2]:
        same(one, right)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_last_channels_of_the_fibre_are_followed_by_its_first(server: Server, channels: int) -> None:
    last: dict[str, Any] = {"channels": server.channels(CHANNELS - channels, channels)}
    first: dict[str, Any] = {"channels": server.channels(0, 1)}
    deviate(server.simulator)
    expected = [server.seen(**PAST, **last).values[:, 1:], server.seen(**PAST, **first).values]
    deviate(server.simulator, faults=["channels-shifted"])
    assert np.array_equal(server.seen(**PAST, **last).values, np.concatenate(expected, axis=1))


@pytest.mark.parametrize("fault", ["last-row-missing", "first-row-missing", "row-beyond", "seam-repeated"])
def test_what_is_live_has_no_range(server: Server, fault: str) -> None:
    deviate(server.simulator, faults=[fault])
    assert len(server.seen(frames=2).starts) == 10


@pytest.mark.parametrize(
    ("spec", "rows"),
    [
        ("last-row-missing@from-frame=3", slice(-1)),
        ("last-row-missing@job=2", slice(None)),
        ("last-row-missing@from-row=100000", slice(None)),
    ],
)
def test_rows_of_a_range_are_missing_under_conditions(server: Server, right: Seen, spec: str, rows: slice) -> None:
    deviate(server.simulator, faults=[spec])
    same(server.seen(**PAST), right, rows)
    acts = server.simulator.call("GET", "/simulator/acts").json()[spec]
    assert (acts > 0) == (rows != slice(None))


def test_what_acts_in_the_past_is_counted_apart(server: Server) -> None:
    spec = "labels-late@from-frame=2"
    deviate(server.simulator, faults=[spec])
    for asked, is_past in (({}, False), (PAST, True)):
        before = [server.simulator.call("GET", f"/simulator/{path}").json()[spec] for path in ("acts", "acts/past")]
        server.seen(6, **asked)
        after = [server.simulator.call("GET", f"/simulator/{path}").json()[spec] for path in ("acts", "acts/past")]
        assert [then > at_first for at_first, then in zip(before, after, strict=True)] == [True, is_past]


def test_a_row_in_the_midst_is_missing_where_the_condition_begins(server: Server, right: Seen) -> None:
    deviate(server.simulator, faults=["first-row-missing@from-frame=3"])
    seen = server.seen(**PAST)
    assert seen.starts == right.starts[:10] + right.starts[11:]
    assert np.array_equal(seen.values, np.delete(right.values, 10, axis=0))


def test_every_fault_that_truth_alone_sees_is_tried() -> None:
    ours = {one.name for one in entries("fault") if one.promise in ("truth", "range", "same-request")}
    tried = {spec.partition("=")[0] for spec in [*EVERYWHERE, *PAST_ONLY, *LIVE_ONLY, *CHECKS]}
    assert tried == ours


def test_what_is_held_back_comes_at_the_end(server: Server, right: Seen) -> None:
    for fault in ("stall", "bursts", "slowing-down", "frames-swapped", "frames-get-fewer=50"):
        deviate(server.simulator, faults=[fault])
        seen = server.seen(**PAST)
        assert sorted(seen.starts) == right.starts, fault

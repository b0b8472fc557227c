"""The benchmark measures what it says, tells the truth about targets, and says in words what it cannot measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from protos.datastream_pb2 import DataStream
from proving.bench import __main__ as bench
from proving.bench import oracle, paced, parts
from proving.bench.__main__ import measure
from proving.bench.outcome import MEANING, Bench, Turn, targets
from proving.bench.page import as_markdown
from proving.bench.receivers import WARM_UP, Cost
from proving.bench.sender import READY_SHAPES, SHAPES, Shape
from proving.bench.sending import BenchError, sending
from proving.bench.tools import TOOLS
from support.server.embedded import EmbeddedServer
from support.stream.block import Message
from support.stream.dialects import NAMES
from support.stream.frame import Frame
from support.stream.story import STORY
from tests.conftest import Serve
from tests.patience import RUN_PATIENCE, eventually

SMALL, MIDDLE, READY = "11 sensors x 257 bins", "200 x 513", "11 x 257, ready bytes"
FRAME = 411_926


def turn(way: str, rate: float, shape: str = MIDDLE) -> Turn:
    """A second of frames at ``rate`` frames a second."""
    return Turn(way, shape, Cost(seconds=1.0, frames=int(rate), bytes=int(rate) * FRAME, cpu=0.5, peak=90.0), 0.4)


def receivers(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proving.bench.receivers", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_PATIENCE)


def test_the_door_writes_a_table_of_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--shape", SMALL, "--way", "untouched", "--way", "judged", "--repeats", "2", "--scale", "0.1"]
    assert bench.main([*arguments, "--short", "--output", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    turns = told["turns"]
    assert [one["way"] for one in turns] == ["untouched", "judged", "judged", "untouched"], "another order each time"
    frame = len(SHAPES[SMALL].messages()[0])
    for one in turns:
        assert one["cost"]["frames"] == round(SHAPES[SMALL].frames * 0.5 * 0.1)
        assert one["cost"]["bytes"] == pytest.approx(one["cost"]["frames"] * frame, rel=0.001)
        assert min(one["cost"]["seconds"], one["cost"]["cpu"]) > 0
    assert sum(one["sender"] for one in turns) > 0
    assert [target["ratio"] for target in told["targets"]] == ["judged / untouched"]
    page = (tmp_path / "bench.md").read_text("utf-8")
    assert f"## {SMALL}: frames of 11.4 kB" in page
    assert page in capsys.readouterr().out


def test_ready_bytes_are_measured_beside(tmp_path: Path) -> None:
    ways = [way for way in MEANING if way not in TOOLS]
    arguments = [f"--way={way}" for way in ways] + ["--shape", SMALL, "--shape", READY, "--repeats", "1"]
    assert bench.main([*arguments, "--scale", "0.02", "--short", "--output", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    measured = [(one["shape"], one["way"]) for one in told["turns"]]
    assert measured == [(shape, way) for shape in (SMALL, READY) for way in ways]
    assert {target["shape"] for target in told["targets"]} == {SMALL, READY}


@pytest.mark.parametrize("shape", READY_SHAPES)
def test_ready_bytes_are_the_same_frames(shape: str) -> None:
    ready = replace(SHAPES[shape], frames=2)
    for one, other in zip(frames_of(ready), frames_of(replace(ready, dialect=STORY)), strict=True):
        assert one.sensor_ids == other.sensor_ids
        assert (one.starts == other.starts).all()
        assert (one.intensities[:, 1:] == other.intensities[:, 1:]).all()


def frames_of(shape: Shape) -> list[Frame]:
    messages = [Message(data, len(data)) for data in shape.messages()]
    return [frame for block in shape.dialect.reader().blocks(messages) for frame in block.frames]


def test_ratios_are_those_of_the_turns() -> None:
    slow_while = Bench([turn("untouched", 1000), turn("judged", 800), turn("untouched", 100), turn("judged", 80)])
    assert slow_while.ratios("judged", "untouched", MIDDLE) == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize(("judged", "outcome"), [(800, "met"), (790, "**not met**")])
def test_a_target_is_met_or_it_is_not(judged: float, outcome: str) -> None:
    measured = Bench([turn("untouched", 1000), turn("judged", judged), turn("idiom", 100), turn("parsed", 835)])
    found = {target.what: target for target in targets(measured)}
    assert found["judged / untouched"].outcome == outcome
    assert found["judged / idiom"].outcome == "met"
    assert f"{'3' if judged == 800 else '1'} of 3 targets met" in as_markdown(measured)[0]


@pytest.mark.parametrize(("rate", "outcome"), [(201.0, "| met |"), (199.0, "| **not met** |")])
def test_the_oracle_has_a_target_of_its_own(rate: float, outcome: str) -> None:
    page = "\n".join(as_markdown(Bench([turn("judged", 1)], oracle=oracle.Compared(rate, live=20.0))))
    assert f"One core compares {rate:.0f} MB/s" in page
    assert outcome in page


def test_the_oracle_is_measured_on_rows_that_are_right() -> None:
    measured = oracle.compared()
    assert measured.live == pytest.approx(20.48)
    assert measured.rate > 0


@pytest.mark.parametrize(("step", "outcome"), [(0.2, ": flat."), (2.0, ": **it grows**.")])
def test_memory_that_grows_is_called_so(step: float, outcome: str) -> None:
    memory = [90.0 + step * point for point in range(10)]
    page = as_markdown(Bench([turn("judged", 1)], long=Cost(1.0, 100, 1000, memory=memory)))
    assert outcome in "\n".join(page)


def test_a_tool_that_is_not_installed_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proving.bench", "--shape", SMALL, "--way", "untouched", "--way", "k6"]
    command += ["--repeats", "1", "--scale", "0.001", "--short", "--output", str(tmp_path)]
    run = subprocess.run(
        command,
        env=os.environ | {"PATH": str(tmp_path)},
        check=True,
        timeout=RUN_PATIENCE,
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith("not installed, and so left out: k6\n"), "before anything is measured"
    assert "`k6` is not installed" in (tmp_path / "bench.md").read_text("utf-8")


def test_where_no_way_is_left_nothing_is_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proving.bench", "--way", "grpcurl", "--output", str(tmp_path / "out")]
    run = subprocess.run(
        command,
        env=os.environ | {"PATH": str(tmp_path)},
        check=False,
        timeout=RUN_PATIENCE,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (1, "nothing is left to measure\n")
    assert not (tmp_path / "out").exists()


def test_a_sender_that_died_is_told() -> None:
    with sending([SMALL]) as sender:
        measure(sender, "untouched", SMALL, 5, 0.0)
        sender.process.kill()
        eventually(lambda: psutil.Process(sender.process.pid).status() == psutil.STATUS_ZOMBIE, "the sender ends")
        # its last threads may still be ending then, so that either side can be the first to notice
        with pytest.raises(BenchError, match=r"the sender has ended with -9|failed: UNAVAILABLE: .*Connection refused"):
            measure(sender, "untouched", SMALL, 5, 0.0)


def test_a_sender_that_cannot_start_is_told() -> None:
    with (
        pytest.raises(BenchError, match=r"the sender did not start: (?s:.*)KeyError: 'no shape'"),
        sending(["no shape"]),
    ):
        pass


@pytest.mark.parametrize("argument", ["--shape=11 x 11", "--way=curl", "--repeats=0", "--scale=0"])
def test_nonsense_is_refused(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main([argument])
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("guessed", 1, SMALL, 5), ("judged", 1, "11 x 11", 5), ("judged",)])
def test_receivers_say_what_they_expect(arguments: tuple[object, ...]) -> None:
    run = receivers(*arguments)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("expected WAY PORT SHAPE FRAMES [WARM_UP]; ways: plain, untouched")


@pytest.mark.parametrize("way", ["untouched", "judged"])
def test_receivers_without_a_sender_say_so(way: str, closed_port: int) -> None:
    run = receivers(way, closed_port, SMALL, 5)
    assert run.returncode == 1
    assert f"receiving 5 frames of {SMALL!r} at port {closed_port} failed: " in run.stderr
    assert "Traceback" not in run.stderr


def test_frames_that_are_wrong_do_not_pass_as_judged(serve: Serve) -> None:
    server = serve([DataStream() for _ in range(WARM_UP)])
    run = receivers("judged", server.port, SMALL, 5)
    assert run.returncode == 1
    assert "the benchmark's own frames are judged wrong" in run.stderr


def test_memory_of_a_long_stream_is_seen_at_ten_points() -> None:
    cost = bench.long_stream(2_000)
    assert (cost.frames, len(cost.memory)) == (2_000, 10)
    assert min(cost.memory) > 0


@pytest.fixture(scope="module", params=NAMES)
def spoken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's address, and its dialect."""
    log_file = tmp_path_factory.mktemp("simulator") / "simulator.log"
    server = EmbeddedServer(["--dialect", request.param], log_file=log_file)
    yield server.rest_url, request.param
    server.stop()


@pytest.mark.parametrize("way", paced.WAYS)
def test_a_live_job_is_measured_at_its_own_pace(way: str, spoken: tuple[str, str]) -> None:
    load = paced.measure(way, *spoken, 100, 0.5)
    assert load.seconds >= 0.5
    assert load.rows == 5 * load.frames
    assert load.frames > 0
    assert 0 < load.cpu < load.seconds * 2


def test_the_parts_of_a_frame_are_all_rules() -> None:
    told = parts.microseconds(SMALL)
    assert {"decoding", "measuring the values", "lines continuous", "frame rate kept"} <= told.keys()
    assert min(told.values()) >= 0
    assert sum(told.values()) > 0

"""What was kept of a stream is judged as the stream was: every finding again, and no other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from support.errors import APIError, RemoteError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.replay import capture
from support.replay.again import Again, judged_again
from support.replay.header import header_of
from support.screen.job import historic_job_request, live_job_request
from support.screen.past import Recorded
from support.screen.streamed import Streamed
from support.screen.window import Take, open_window
from support.server.embedded import EmbeddedServer
from support.settings import Settings
from support.stream.block import Message
from support.stream.dialects import DIALECTS
from support.stream.tape import Over, Tape
from support.truth.oracle import Oracle
from support.truth.recording import Recording
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.verdict import Verdict, stream_rules
from tests.conftest import Serve
from tests.grpc_server import Abort
from tests.patience import TOLERANT
from tests.replay.streams import JOB, PLAN, kept
from tests.validation.streams import frames_of, spoiled
from tests.validation.test_rules import BREAKAGES, Change

pytestmark = pytest.mark.usefixtures("measured")

SETTINGS = Settings.model_validate({name.removeprefix("FOCUS_").lower(): value for name, value in TOLERANT.items()})


def again(stream: Streamed, path: Path, recording: Recording | None = None) -> Again:
    """A stream that was written and read again."""
    assert stream.take is not None
    capture.write(path, header_of(stream, "a scenario", "a server"), stream.take.tape.events)
    read = capture.read(path)
    assert not read.damage
    return judged_again(read, recording)


def told(stream: Streamed) -> list[str]:
    return [f"{finding.rule}: {finding}" for finding in stream.verdict.findings()]


@pytest.mark.parametrize(("change", "rule", "words"), BREAKAGES)
def test_every_rule_finds_again_what_it_found(tmp_path: Path, change: Change, rule: str, words: str) -> None:
    stream = kept(spoiled(PLAN, change))
    assert any(sentence.startswith(rule) and words in sentence for sentence in told(stream))
    found = again(stream, tmp_path / "capture")
    assert sorted(told(found.stream)) == sorted(told(stream))
    assert (found.gone, found.new) == ((), ())


def test_a_correct_stream_is_one_again_with_its_metrics(tmp_path: Path) -> None:
    stream = kept(frames_of(PLAN.messages(), PLAN))
    found = again(stream, tmp_path / "capture")
    assert found.stream.found == 0
    assert found.stream.verdict.rows == PLAN.frames * PLAN.rows
    for name in ("duration", "frames_received", "bytes_received", "avg_frame_rate", "first_frame_latency", "jitter"):
        assert getattr(found.stream.metrics, name) == getattr(stream.metrics, name)
    assert [frame.data for frame in found.stream.frames] == [frame.data for frame in stream.frames]


def test_what_came_after_the_client_had_left_is_not_judged(tmp_path: Path) -> None:
    def no_number(messages: list[Any]) -> None:
        for message in (messages[1], messages[9]):
            message.rows[0].sensors[0].intensity[0] = float("nan")

    frames = spoiled(PLAN, no_number)
    stream = kept(frames[:5])
    assert stream.take is not None
    stream.take.tape.came(
        0, [Message(frame.data, frame.size, frame.elapsed, frame.received_at) for frame in frames[5:]]
    )
    found = again(stream, tmp_path / "capture")
    assert [frame.index for frame in found.stream.frames] == [0, 1, 2, 3, 4]
    assert told(found.stream) == told(stream)


def test_of_a_long_stream_the_end_is_judged_again(tmp_path: Path) -> None:
    def no_number(messages: list[Any]) -> None:
        for message in (messages[1], messages[9]):
            message.rows[0].sensors[0].intensity[0] = float("nan")

    frames = spoiled(PLAN, no_number)
    stream = kept(frames, most=5 * frames[0].size)
    found = again(stream, tmp_path / "capture")
    assert [frame.index for frame in found.stream.frames] == [7, 8, 9, 10, 11]
    assert [sentence for sentence in found.gone if "frame 1," in sentence]
    assert "frame 9, " in "".join(told(found.stream))
    assert found.new == ()


@pytest.fixture(scope="module", params=[dialect.name for dialect in DIALECTS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    running = EmbeddedServer(["--dialect", request.param], log_file=tmp_path_factory.mktemp("server") / "simulator.log")
    yield running
    running.stop()


def streamed(
    server: EmbeddedServer,
    fault: str | None,
    frames: int | None,
    *,
    past: Recording | None = None,
    seconds: float = math.inf,
    pause: float = 0.0,
) -> Streamed:
    """So many frames, or what comes of them, of a server with this fault; or the last second of what it plays.

    With a pause after what came together, more comes together.
    """
    settings = SETTINGS.speaking(server.told["dialect"])
    if fault is not None:
        server.deviate(faults=[fault] if fault else [])
    with FocusServerAPI(server.rest_url) as api:
        fibre = api.live_metadata(), api.channels()
        request = live_job_request(settings, *fibre)
        if past is not None:
            oracle = Oracle.of_embedded(past, fibre[1].lowest_channel)
            settings = settings.judged_by(lambda: oracle)
            recorded = Recorded(tuple((one.begin, one.end) for one in past.stretches), fibre[1])
            request = historic_job_request(
                settings, fibre[0], recorded, recorded.last(1.0, request.nfft / fibre[0].prr)
            )
        with open_window(settings, api, request, fibre[0].prr) as window:
            window.connect()
            with suppress(RemoteError):
                if pause:
                    for _ in window.stream(frames):
                        time.sleep(pause)
                else:
                    window.receive(frames, seconds)
            return Streamed.of(window)


@pytest.mark.parametrize(
    ("fault", "frames"),
    [
        ("", 12),
        ("twin-sensors", 12),
        ("line-lost", 12),
        ("bounds-swapped", 12),
        ("sensor-missing", 12),
        ("early-end", 60),
    ],
)
def test_a_stream_of_a_server_is_judged_as_it_was(
    tmp_path: Path, server: EmbeddedServer, fault: str, frames: int
) -> None:
    stream = streamed(server, fault, frames)
    found = again(stream, tmp_path / "capture")
    assert bool(told(stream)) == bool(fault)
    assert sorted(told(found.stream)) == sorted(told(stream))
    assert (found.gone, found.new) == ((), ())
    assert [part.bytes for part in found.stream.metrics.streams] == [part.bytes for part in stream.metrics.streams]


def test_of_a_stream_that_was_read_slowly_no_more_is_judged(tmp_path: Path, server: EmbeddedServer) -> None:
    """What came with the last frame that was wanted, and was not looked at, is not judged later either."""
    is_several = server.told["dialect"] == "production"
    stream = streamed(server, "stream-loses-lines" if is_several else "line-lost", 12, pause=0.4)
    found = again(stream, tmp_path / "capture")
    assert sorted(told(found.stream)) == sorted(told(stream)) != []
    assert [part.bytes for part in found.stream.metrics.streams] == [part.bytes for part in stream.metrics.streams]


def test_a_stream_is_served_again_as_it_was(tmp_path: Path, server: EmbeddedServer) -> None:
    """The same bytes but for their times; a request for another job is refused, a file that is cut ends early."""
    streams = [streamed(server, fault, 12) for fault in ("", "line-lost", "")]
    files = [tmp_path / name for name in ("right", "wrong", "cut")]
    for file, stream in zip(files, streams, strict=True):
        again(stream, file)
    files[2].write_bytes(files[2].read_bytes()[:-5000])
    options = [option for file in files for option in ("--replay", str(file))]
    replaying = EmbeddedServer(options, log_file=tmp_path / "simulator.log")
    try:
        assert replaying.told["dialect"] == server.told["dialect"]
        for stream, file in zip(streams[:2], files[:2], strict=True):
            assert_served_again(stream, streamed(replaying, None, 12), file)
        assert "DATA_LOSS: of the capture, it is cut off" in streamed(replaying, None, None).failure
        with FocusServerAPI(replaying.rest_url) as api, pytest.raises(APIError, match="NFFT 1024, 0 to 500 Hz") as told:
            api.configure(live_job_request(SETTINGS, api.live_metadata(), api.channels(), nfft=512))
        assert told.value.status == HTTPStatus.BAD_REQUEST
    finally:
        replaying.stop()
    assert f"{files[2]}: it is cut off, or damaged, at byte" in (tmp_path / "simulator.log").read_text("utf-8")


def assert_served_again(then: Streamed, now: Streamed, file: Path) -> None:
    lines = min(then.verdict.rows, now.verdict.rows)
    before, after = (np.concatenate([frame.starts for frame in each.frames])[:lines] for each in (then, now))
    later = int(after[0] - before[0])
    assert (after - before == later).all()
    values = [np.concatenate([frame.values for frame in each.frames]) for each in (then, now)]
    assert values[0][: values[1].size].tobytes() == values[1][: values[0].size].tobytes()
    began, began_then = now.metrics.start_time, then.metrics.start_time
    assert began
    assert began_then
    assert -0.01 <= later / 1000 - (began - began_then) <= (now.metrics.first_frame_latency or 0.0) + 0.01
    lost = [[one for one in told(each) if one.startswith("lines continuous")] for each in (then, now)]
    assert bool(lost[0]) == (file.name == "wrong")
    assert len(lost[0]) == len(lost[1])


@pytest.mark.parametrize("seconds", [0.5, 0.62, 0.7])
def test_a_stream_that_was_left_is_judged_to_there(tmp_path: Path, server: EmbeddedServer, seconds: float) -> None:
    stream = streamed(server, "line-lost", None, seconds=seconds)
    found = again(stream, tmp_path / "capture")
    assert found.stream.verdict.frames == stream.verdict.frames
    assert sorted(told(found.stream)) == sorted(told(stream)) != []


@pytest.mark.parametrize("fault", ["", "line-lost", "spectrum-mirrored"])
def test_a_stream_of_the_past_is_judged_as_it_was(tmp_path: Path, server: EmbeddedServer, fault: str) -> None:
    with Recording(server.recording()) as recording:
        stream = streamed(server, fault, None, past=recording)
        found = again(stream, tmp_path / "capture", recording)
    assert stream.verdict.rows
    assert bool(told(stream)) == bool(fault)
    assert sorted(told(found.stream)) == sorted(told(stream))
    assert (found.gone, found.new) == ((), ())


def test_without_the_recording_the_past_is_not_compared_and_need_not_look_alive(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    with Recording(server.recording()) as recording:
        stream = streamed(server, "spectrum-mirrored", None, past=recording)
    found = again(stream, tmp_path / "capture")
    assert found.gone
    assert all(sentence.startswith(("picture of the recording: ", "kind of error: ")) for sentence in found.gone)
    assert found.new == ()


def test_a_stream_that_was_asked_for_again_is_read_as_it_was(
    tmp_path: Path, client: GrpcStreamClient, serve: Serve
) -> None:
    messages = PLAN.messages()
    breaks = Abort(grpc.StatusCode.UNAVAILABLE, "the network is down")
    server = serve([*messages[:4], breaks], [*messages[2:6], breaks], messages[5:])
    client.connect("127.0.0.1", server.port)
    tape, verdict = Tape(2**20), Verdict(stream_rules(JOB.expectation(), Limits()))
    blocks = list(client.stream_blocks("0-7", resume=True, lines_dt=PLAN.lines_dt, tape=tape))
    for block in blocks:
        verdict.see(block)
    metrics = client.get_metrics()
    verdict.end(Ending(PLAN.frames, by_server=True, closing_latency=metrics.closing_latency))
    assert sum(isinstance(event, Over) for event in tape.events) == 3

    stream = Streamed(JOB, verdict, metrics, take=Take("story", None, Limits(), tape))
    found = again(stream, tmp_path / "capture")
    assert [frame.starts.tolist() for frame in found.stream.frames] == [
        frame.starts.tolist() for block in blocks for frame in block.frames
    ]
    assert found.stream.metrics.interruptions == metrics.interruptions
    assert (found.gone, found.new) == ((), ())

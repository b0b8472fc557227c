"""Production's dialect over real sockets: several streams a job, ready bytes, ports that come again."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.datastream_pb2 import HealthRequest, StreamRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from support.simulator.fibre import Fibre
from support.simulator.ports import PortRange
from support.simulator.spectrum import magnitudes
from tests.patience import PATIENCE, RUN_PATIENCE, eventually
from tests.simulator.driver import accepts, in_process
from tests.simulator.production import EIGHT, Production, lines, production, values

ABSENT = object()


@pytest.fixture(scope="module")
def server() -> Iterator[Production]:
    """One that forgets jobs soon, so that there are always windows."""
    with production(idle_removal=1.0) as running:
        yield running


def test_the_process_says_what_it_speaks() -> None:
    with in_process("--dialect", "production") as simulator:
        told = json.loads(simulator.ready_line)
        assert (told.pop("known_sources")[:15], told) == (
            "3 at 125.25 Hz,",
            {"rest_url": simulator.rest_url, "dialect": "production"},
        )
        with Production(simulator.rest_url).job() as job:
            assert [frames[0].data_shape_y for frames in job.frames(1)] == [5, 5, 5]


def test_the_fibre(server: Production) -> None:
    assert server.call("GET", "/ack").json() == {}
    assert server.call("GET", "/channels").json() == {"lowest_channel": 1, "highest_channel": 2222}
    assert server.call("GET", "/live_metadata").json() == {
        "dx": 1.0,
        "prr": 2000.0,
        "fiber_start_meters": None,
        "fiber_length_meters": None,
        "sw_version": "simulator-1.0",
        "number_of_channels": 2222,
        "fiber_description": "synthetic fibre, seed 1",
    }


def test_the_answer_of_configure(server: Production) -> None:
    answer = server.configure(frequencyRange={"min": 0, "max": 8}, view_type=0).json()
    window, number = answer.pop("job_id").split("-")
    base = int(answer.pop("stream_port")) - int(window)
    other = server.configure().json()
    assert int(other["stream_port"]) - int(other["job_id"].split("-")[0]) == base
    assert int(number) > 0
    assert answer == {
        "status": "",
        "stream_url": "http://127.0.0.1",
        "stream_amount": 3,
        "channel_amount": 8,
        "channel_to_stream_index": dict(zip("12345678", [0, 0, 0, 1, 1, 1, 2, 2], strict=True)),
        "frequencies_amount": 4,
        "frequencies_list": [0.0, 1.95703125, 3.9140625, 5.87109375],
        "lines_dt": 0.01,
        "view_type": "0",
    }


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({}, [3, 3, 2]),
        ({"channels": {"min": 5, "max": 6}}, [1, 1]),
        ({"channels": {"min": 9, "max": 9}}, [1]),
        ({"channels": {"min": 9, "max": 9}, "view_type": "1"}, [1]),
        ({"channels": {"min": 1, "max": 50}}, [17, 17, 16]),
    ],
)
def test_the_channels_are_spread_over_streams(server: Production, changes: dict[str, Any], sizes: list[int]) -> None:
    with server.job(**changes) as job:
        frames = [frame for [frame] in job.frames(1)]
        answer = job.answer
    asked = (EIGHT | changes)["channels"]
    brought = [range(frame.start_channel, frame.end_channel + 1) for frame in frames]
    assert [len(channels) for channels in brought] == sizes
    assert [channel for channels in brought for channel in channels] == list(range(asked["min"], asked["max"] + 1))
    assert answer["channel_to_stream_index"] == {str(c): n for n, channels in enumerate(brought) for c in channels}
    assert [frame.data_shape_x for frame in frames] == [size * answer["frequencies_amount"] for size in sizes]


def test_a_frame_is_what_the_contract_says(server: Production) -> None:
    with server.job() as job:
        streams = job.frames(3)
        number = int(job.answer["job_id"].split("-")[1])
    for frame in [frame for frames in streams for frame in frames]:
        assert len(frame.timestamp_in_milis) == len(frame.row_index) == frame.data_shape_y == 5
        assert {len(piece) for piece in frame.main_data} == {4 * frame.data_shape_x}
        assert (frame.global_minimum, frame.global_maximum) == (values(frame).min(), values(frame).max())
        assert values(frame).min() >= 0
        assert frame.job_id == number
        assert not frame.HasField("data_shape_z")
    for frames in streams:
        indexes, times = list(lines(frames)), list(lines(frames).values())
        assert {b - a for a, b in pairwise(indexes)} == {1}
        assert {b - a for a, b in pairwise(times)} == {10}


def test_the_values_are_those_of_the_fibre_with_its_real_prr(server: Production) -> None:
    with server.job() as job:
        [first, *_], [second, *_], _ = job.frames(1)
        amount = job.answer["frequencies_amount"]
    fibre = Fibre(1, 2004, 1, 2222)
    for frame in (first, second):
        begin = round(frame.timestamp_in_milis[-1] * 2.004)
        samples = fibre.samples(frame.start_channel, frame.end_channel, begin, 1024)
        expected = magnitudes(samples, [0], 1024, range(amount))[0]
        np.testing.assert_array_equal(values(frame)[-1], expected.ravel())


def test_the_streams_of_a_job_share_their_lines_whenever_they_begin(server: Production) -> None:
    with server.job(displayInfo={"height": 450}) as job:
        first = job.open(0)
        early = [next(first) for _ in range(4)]
        later = job.frames(6)
        early += [next(first) for _ in range(6)]
        first.cancel()
    grids = [lines(frames) for frames in (early, *later)]
    assert [min(grid) for grid in grids[1:]] != [min(grids[0])] * 3
    for grid in grids[1:]:
        common = grid.keys() & grids[0].keys()
        assert len(common) > 4
        assert all(grid[index] == grids[0][index] for index in common)


@pytest.mark.parametrize("stream", [-1, 3, 7, 2**31 - 1])
def test_a_stream_that_is_not_there_ends_with_an_error(server: Production, stream: int) -> None:
    with server.job() as job:
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as refused:
            list(job.open(stream))
        assert time.monotonic() - began < 5
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert f"there is no stream {stream} on this port" in str(refused.value.details())
        assert len(job.frames(1)) == 3


def test_there_is_nothing_else_at_the_port(server: Production) -> None:
    with server.job() as job:
        story: Any = DataStreamServiceStub(job.channel)
        checks: Any = health_pb2_grpc.HealthStub(job.channel)
        reflections: Any = reflection_pb2_grpc.ServerReflectionStub(job.channel)
        services = reflection_pb2.ServerReflectionRequest(list_services="")
        for ask in (
            lambda: list(story.StreamSpectrograms(StreamRequest(job_id=job.answer["job_id"]), timeout=PATIENCE)),
            lambda: story.CheckHealth(HealthRequest(), timeout=PATIENCE),
            lambda: checks.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE),
            lambda: list(reflections.ServerReflectionInfo(iter([services]), timeout=PATIENCE)),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                ask()
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("field", "value", "status", "words"),
    [
        ("nfftSelection", ABSENT, 500, "nfftSelection: missing"),
        ("frequencyRange", ABSENT, 500, "frequencyRange: missing"),
        ("displayTimeAxisDuration", None, 500, "displayTimeAxisDuration: missing"),
        ("displayTimeAxisDuration", 10.0, 400, "displayTimeAxisDuration: must be a whole number, not 10.0"),
        ("channels", {"min": 1.0, "max": 8}, 400, "channels.min: must be a whole number, not 1.0"),
        ("frequencyRange", {"min": 0, "max": 500.0}, 400, "frequencyRange.max: must be a whole number, not 500.0"),
        ("frequencyRange", {"min": 0, "max": 1001}, 400, "frequencyRange.max: 1001 Hz is above the Nyquist frequency"),
        ("frequencyRange", {"min": 1, "max": 2}, 200, ""),
        ("frequencyRange", {"min": 2, "max": 3}, 400, "frequencyRange: no bin lies from 2 to below 3 Hz"),
        ("frequencyRange", {"min": 9, "max": 9}, 400, "frequencyRange.min: 9 Hz is not below"),
        ("channels", {"min": 0, "max": 8}, 400, "channels.min: 0 is not on the fibre"),
        ("channels", {"min": 1, "max": 2501}, 400, "channels.max: 2501 is not on the fibre"),
        ("displayInfo", {"height": -100}, 400, "displayInfo.height: must be above 0, not -100"),
        ("nfftSelection", 1000, 400, "nfftSelection: 1000 is not a power of two"),
        ("view_type", "2", 400, "view_type: the waterfall view is not deployed"),
        ("end_time", 1_790_000_000, 400, "start_time: missing while end_time is set"),
    ],
)
def test_wrong_requests_are_refused(server: Production, field: str, value: Any, status: int, words: str) -> None:
    body = {key: wanted for key, wanted in (EIGHT | {field: value}).items() if wanted is not ABSENT}
    response = server.call("POST", "/configure", body)
    assert response.status_code == status, response.text
    assert words in response.json().get("error", "")


def test_nothing_is_recorded_yet_of_what_is_to_come(server: Production) -> None:
    response = server.configure(start_time=1_790_000_000, end_time=1_790_000_010)
    assert (response.status_code, "no recording" in response.json()["error"]) == (404, True)
    asked = {"start_time": 1_790_000_000, "end_time": 1_790_000_010}
    assert server.call("POST", "/recordings_in_time_range", asked).json() == []


def test_a_band_up_to_half_the_prr_that_is_told_can_be_had_with_every_nfft(server: Production) -> None:
    for nfft in [2**power for power in range(7, 12)]:
        answer = server.configure(nfftSelection=nfft, frequencyRange={"min": 0, "max": 1000}).json()
        listed = answer["frequencies_list"]
        assert answer["frequencies_amount"] == len(listed) == 1000 * nfft // 2004
        assert max(listed) < 1000


def test_metadata_come_once_the_job_serves() -> None:
    with production(pod_start=0.5) as server:
        answer = server.configure().json()
        path, port = f"/metadata/{answer['job_id']}", int(answer["stream_port"])
        early = server.call("GET", path)
        assert (early.status_code, early.json()) == (404, {"error": "Invalid job_id"})
        assert not accepts(port)
        eventually(lambda: server.call("GET", path).status_code == 200, "the job serves")
        assert accepts(port)
        told = server.call("GET", path).json()
        assert told.pop("metadata") == server.call("GET", "/live_metadata").json()
        assert told == answer
        assert server.call("GET", "/metadata/7-12345").status_code == 404


@pytest.mark.parametrize("path", ["/job/0-1", "/job/12-70788"])
def test_nobody_can_end_a_job(server: Production, path: str) -> None:
    assert server.call("DELETE", path).status_code == 404


def test_the_other_dialect_of_a_request_is_not_deployed(server: Production) -> None:
    assert server.call("POST", "/config/7", EIGHT).status_code == 404


def test_a_job_ends_some_time_after_its_last_client_left_and_its_port_is_given_again() -> None:
    with production(idle_removal=0.5, windows=1) as server:
        with server.job() as job, job.streams() as calls:
            [next(call) for call in calls]
            until = time.monotonic() + 1
            while time.monotonic() < until:
                next(calls[0])  # a single client is one
            assert server.call("GET", f"/metadata/{job.answer['job_id']}").status_code == 200
            full = server.configure()
            assert (full.status_code, "all 1 windows are in use" in full.json()["error"]) == (503, True)
        eventually(lambda: server.configure().status_code == 200, "its window is free again")
        assert accepts(int(job.answer["stream_port"])), "which is the port of the next job"
        assert server.call("GET", f"/metadata/{job.answer['job_id']}").status_code == 404


def test_two_servers_have_ports_of_their_own() -> None:
    with production(windows=5) as one, production(windows=5) as other:
        ports = [{int(server.configure().json()["stream_port"]) for _ in range(5)} for server in (one, other)]
    assert [len(each) for each in ports] == [5, 5]
    assert not ports[0] & ports[1]


def test_the_ports_begin_where_they_are_wanted() -> None:
    found = PortRange.of(0, 3)
    with found.reserved(0) as first:
        base = first.getsockname()[1]
    found.close()
    with production(windows=2, port_base=base + 1) as server:
        answers = [server.configure().json() for _ in range(2)]
    assert [answer["stream_port"] for answer in answers] == [str(base + 1), str(base + 2)]


def test_ports_that_are_taken_are_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = taken.getsockname()[1] - 1
        command = [sys.executable, "-m", "support.simulator", "--dialect", "production"]
        command += ["--port-base", str(base), "--windows", "2"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_PATIENCE)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"one of the ports {base} to {base + 1} of 127.0.0.1 is in use" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_thirty_windows_of_three_streams() -> None:
    with production() as server, ExitStack() as stack:
        jobs = [stack.enter_context(server.job(nfftSelection=256)) for _ in range(30)]
        calls = [call for job in jobs for call in stack.enter_context(job.streams())]
        assert len([next(call) for call in calls]) == 90
        assert len({job.answer["stream_port"] for job in jobs}) == 30
        assert server.configure().status_code == 503

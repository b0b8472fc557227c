"""Every fault breaks the promise that it names, and no other that can be kept."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice, pairwise
from typing import Any

import grpc
import numpy as np
import pytest
import requests

from protos.datastream_pb2 import DataStream, HealthRequest
from support.simulator.deviations.catalogue import entries
from support.simulator.options import Options
from tests.patience import PATIENCE, eventually
from tests.simulator.driver import RunningJob, Simulator, accepts, in_thread
from tests.simulator.judge import TIMELY, Recorder, Seen, broken, deviate, showing

AT_ONCE = 10  # streams that are recorded together

# A fault that shows in the stream, or in what the answer says of it; the frames asked for; what else it has to break.
STREAMED: dict[str, tuple[str, int, set[str]]] = {
    "empty-frame": ("frame", 6, set()),
    "row-without-sensors": ("frame", 6, set()),
    "sensor-without-values": ("frame", 6, {"life"}),
    "sensor-missing": ("sensors", 6, set()),
    "sensor-missing=11": ("sensors", 6, set()),
    "sensor-extra": ("sensors", 6, {"life"}),
    "sensor-twice": ("sensors", 6, set()),
    "sensors-out-of-order": ("sensors", 6, set()),
    "sensors-shifted": ("sensors", 6, set()),
    "bin-missing": ("bins", 6, set()),
    "bin-extra": ("bins", 6, set()),
    "nan-value": ("intensity", 6, set()),
    "infinite-value": ("intensity", 6, {"bounds"}),
    "negative-value": ("intensity", 6, set()),
    "decibels": ("intensity", 6, set()),
    "bounds-nan": ("bounds", 6, set()),
    "bounds-infinite": ("bounds", 6, set()),
    "bounds-swapped": ("bounds", 6, set()),
    "bounds-too-tight": ("bounds", 6, set()),
    "all-zero": ("life", 6, set()),
    "constant": ("life", 6, set()),
    "dead-sensor": ("life", 6, set()),
    "dead-sensor=500": ("life", 6, set()),
    "frozen-sensor": ("life", 6, set()),
    "frozen-picture": ("life", 6, set()),
    "row-again": ("life", 6, set()),
    "row-again=20": ("life", 8, set()),
    "twin-sensors": ("life", 6, set()),
    "zero-row": ("life", 6, set()),
    "canvas-empty": ("canvas", 6, set()),
    "canvas-changes": ("canvas", 6, set()),
    "row-ends-before-start": ("row-time", 6, set()),
    "wrong-window": ("row-time", 6, set()),
    "wrong-window=3": ("row-time", 6, set()),
    "timestamps-in-seconds": ("row-time", 6, {"line-time"}),
    "timestamps-in-microseconds": ("row-time", 6, {"line-time"}),
    "line-lost": ("line-time", 6, set()),
    "line-lost=3": ("line-time", 6, set()),
    "line-repeated": ("line-time", 6, set()),
    "lines-swapped": ("line-time", 6, set()),
    "line-rate-drift": ("line-time", 10, set()),
    "lines-uneven": ("line-time", 6, set()),
    "time-stands-still": ("line-time", 6, set()),
    "frame-lost": ("line-time", 6, set()),
    "frame-repeated": ("line-time", 6, set()),
    "frames-swapped": ("line-time", 6, set()),
    "clock-ahead": ("live", 6, set()),
    "stale-data": ("live", 6, set()),
    "growing-lag": ("live", 45, set()),
    "creeping-lag": ("live", 60, set()),
    "one-frame-too-many": ("count", 6, set()),
    "one-frame-too-few": ("count", 6, set()),
    "max-frames-ignored": ("count", 6, set()),
    "early-end": ("count", 40, set()),
    "never-ends": ("end", 6, set()),
    "error-at-end": ("end", 6, set()),
    "slow-end=2": ("end", 6, set()),
    "stall": ("rate", 100, set()),  # this one and the next two: more than once, for the first frames may be late
    "slow-rate": ("rate", 20, set()),
    "bursts": ("rate", 90, set()),
    "slowing-down": ("rate", 55, set()),
    "slow-first-frame=2": ("first-frame", 6, set()),
    "not-protobuf": ("wire", 6, set()),
    "truncated-message": ("wire", 6, {"line-time"}),
    "invalid-utf8": ("wire", 6, set()),
    "oversized-message=20": ("wire", 6, {"bins"}),
    "abort-in-mid-stream": ("wire", 10, set()),
    "error-in-mid-stream": ("wire", 10, set()),
    "goes-silent": ("wire", 10, set()),
    "channel-amount-wrong": ("channels", 2, set()),
    "channel-map-incomplete": ("channels", 2, set()),
    "channel-map-shifted": ("channels", 2, set()),
    "frequencies-amount-wrong": ("frequencies", 2, set()),
    "frequencies-unreadable": ("frequencies", 2, set()),
    "frequencies-of-other-prr": ("frequencies", 2, set()),
    "frequencies-shifted": ("frequencies", 2, set()),
    "frequencies-beyond-band": ("frequencies", 2, {"bins"}),
    "frequencies-missing-last": ("frequencies", 2, {"bins"}),
    "lines-dt-wrong": ("lines", 2, set()),
    "view-type-wrong": ("view", 2, set()),
    "job-id-malformed": ("job-id", 2, set()),
}
HANG = {"never-ends", "goes-silent"}  # until the client has had enough

Check = Callable[[Simulator], None]
CHECKS: dict[str, Check] = {}


@pytest.fixture(scope="module")
def recordings(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Seen]]:
    """All streams that the tests to be run ask for, recorded side by side."""
    ours = [item for item in request.session.items if item.path == request.path]
    callspecs = [getattr(item, "callspec", None) for item in ours]
    specs = [spec.params["streamed"] for spec in callspecs if spec and "streamed" in spec.params]
    with in_thread() as simulator, ThreadPoolExecutor(AT_ONCE) as pool:
        recorder = Recorder(simulator)

        def look(spec: str) -> Seen:
            promise, most, _ = STREAMED[spec]
            patience = 1.0 if spec in HANG else PATIENCE
            record = partial(recorder.record, "faults", [spec], most, patience, nfftSelection=256)
            return showing(promise, record, broken)

        longest_first = sorted(specs, key=lambda spec: -STREAMED[spec][1])
        seen = {spec: pool.submit(look, spec) for spec in longest_first}
        yield lambda spec: seen[spec].result()


@pytest.mark.parametrize("streamed", STREAMED)
def test_a_fault_breaks_its_promise_and_no_other(streamed: str, recordings: Callable[[str], Seen]) -> None:
    promise, _, also = STREAMED[streamed]
    seen = broken(recordings(streamed))
    assert promise in seen
    assert seen - also - TIMELY - {promise} == set()


def test_every_fault_is_tried_with_the_promise_that_it_names() -> None:
    named = {entry.name: entry.promise for entry in entries("fault", "story")}
    tried = {spec.partition("=")[0]: promise for spec, (promise, _, _) in STREAMED.items()}
    untrue = {name for name, promise in named.items() if promise in ("truth", "range", "same-request")}
    assert tried.keys() | CHECKS.keys() == named.keys() - untrue, "those are tried in test_untrue.py"
    assert all(named[name] == promise for name, promise in tried.items())


def breaks(check: Check) -> Check:
    """Enters a check, which asserts that the promise is broken, under the name of its fault."""
    CHECKS[check.__name__.removeprefix("check_").replace("_", "-")] = check
    return check


def unknown_job(job: RunningJob) -> tuple[int, grpc.StatusCode, str]:
    """How many frames the stream of an unknown job has, and how it ends."""
    call, frames = job.open(max_frames=2, job_id="29-1"), 0
    try:
        for _ in call:
            frames += 1
    except grpc.RpcError:
        pass
    return frames, call.code(), str(call.details())


@breaks
def check_unknown_job_served(simulator: Simulator) -> None:
    with simulator.job() as job:
        assert unknown_job(job)[:2] == (2, grpc.StatusCode.OK)


@breaks
def check_unknown_job_silent(simulator: Simulator) -> None:
    with simulator.job() as job:
        assert unknown_job(job)[:2] == (0, grpc.StatusCode.OK)


@breaks
def check_unknown_job_wrong_status(simulator: Simulator) -> None:
    with simulator.job() as job:
        assert unknown_job(job)[:2] == (0, grpc.StatusCode.INTERNAL)


@breaks
def check_unknown_job_unnamed(simulator: Simulator) -> None:
    with simulator.job() as job:
        _, status, details = unknown_job(job)
        assert status is grpc.StatusCode.NOT_FOUND
        assert details == "not found"
        assert len(job.frames(1)) == 1


@breaks
def check_unknown_job_closes_port(simulator: Simulator) -> None:
    with simulator.job() as job:
        _, status, details = unknown_job(job)
        assert status is grpc.StatusCode.NOT_FOUND
        assert "29-1" in details
        eventually(lambda: not accepts(job.answer["stream_port"]), "the port is closed")
        assert simulator.status(job.job_id) == "failed"


@breaks
def check_cancel_ignored(simulator: Simulator) -> None:
    with simulator.job() as job:
        stream = job.open(max_frames=10)
        next(stream)
        response = simulator.call("DELETE", f"/job/{job.job_id}")
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        assert len(list(stream)) == 9
        assert simulator.call("DELETE", "/job/29-1").status_code == 404


@breaks
def check_cancel_breaks_stream(simulator: Simulator) -> None:
    with simulator.job() as job:
        stream = job.open()
        next(stream)
        simulator.call("DELETE", f"/job/{job.job_id}")
        with pytest.raises(grpc.RpcError) as broken_off:
            list(stream)
        assert broken_off.value.code() is grpc.StatusCode.ABORTED


@breaks
def check_unhealthy(simulator: Simulator) -> None:
    with simulator.job() as job:
        assert not job.stub.CheckHealth(HealthRequest(), timeout=PATIENCE).healthy


def health_status(simulator: Simulator, timeout: float) -> grpc.StatusCode:
    with simulator.job() as job, pytest.raises(grpc.RpcError) as refused:
        job.stub.CheckHealth(HealthRequest(), timeout=timeout)
    status: grpc.StatusCode = refused.value.code()
    return status


@breaks
def check_health_error(simulator: Simulator) -> None:
    assert health_status(simulator, PATIENCE) is grpc.StatusCode.INTERNAL


@breaks
def check_health_hangs(simulator: Simulator) -> None:
    assert health_status(simulator, 0.5) is grpc.StatusCode.DEADLINE_EXCEEDED


@breaks
def check_wrong_port(simulator: Simulator) -> None:
    assert not accepts(simulator.configure().json()["stream_port"])


@breaks
def check_pod_never_starts(simulator: Simulator) -> None:
    assert not accepts(simulator.configure().json()["stream_port"])


@breaks
def check_port_nonsense(simulator: Simulator) -> None:
    assert simulator.configure().json()["stream_port"] == "http"


@breaks
def check_host_empty(simulator: Simulator) -> None:
    assert simulator.configure().json()["stream_url"] == ""


@breaks
def check_job_id_repeated(simulator: Simulator) -> None:
    with simulator.job() as one, simulator.job(channels={"min": 5, "max": 5}) as other:
        assert one.job_id == other.job_id
        assert [len(job.frames(1)[0].rows[0].sensors) for job in (one, other)] == [11, 1]
        assert [simulator.call("DELETE", f"/job/{one.job_id}").status_code for _ in range(3)] == [200, 200, 404]


@breaks
def check_job_id_recycled(simulator: Simulator) -> None:
    with simulator.job() as one, simulator.job() as other:
        assert one.job_id != other.job_id
        simulator.call("DELETE", f"/job/{one.job_id}")
        with simulator.job() as next_one:
            assert next_one.job_id == one.job_id
            assert len(next_one.frames(1)) == 1


def fibre(simulator: Simulator) -> dict[str, Any]:
    answer: dict[str, Any] = simulator.call("GET", "/live_metadata").json()
    return answer


@breaks
def check_channels_miscounted(simulator: Simulator) -> None:
    assert fibre(simulator)["number_of_channels"] == 2223
    assert simulator.call("GET", "/channels").json() == {"lowest_channel": 0, "highest_channel": 2221}


@breaks
def check_channels_in_fractions(simulator: Simulator) -> None:
    assert fibre(simulator)["number_of_channels"] == 2222.75


@breaks
def check_metadata_of_another_job(simulator: Simulator) -> None:
    with simulator.job() as job:
        told = simulator.call("GET", f"/metadata/{job.job_id}").json()
        assert told["job_id"] == f"{job.job_id}1"
        assert told["status"] == "pending"


@breaks
def check_status_stands_still(simulator: Simulator) -> None:
    with simulator.job() as job:
        next(job.open())
        assert simulator.status(job.job_id) == "pending"


def small_recording(simulator: Simulator) -> tuple[int, int]:
    """When the hole of the small recording begins and ends, epoch seconds."""
    (_, hole), (after, _), *_ = simulator.call(
        "POST", "/recordings_in_time_range", {"start_time": 0, "end_time": 4e9}
    ).json()
    return hole, after


@breaks
def check_completed_still_running(simulator: Simulator) -> None:
    hole, _ = small_recording(simulator)
    with simulator.job(start_time=hole - 2, end_time=hole) as job:
        assert job.frames(0)
        assert simulator.status(job.job_id) == "running"


@breaks
def check_hole_closed(simulator: Simulator) -> None:
    hole, after = small_recording(simulator)
    with simulator.job(start_time=hole - 1, end_time=after + 1) as job:
        shown = starts(job.frames(0))
    assert shown[0] == (hole - 1) * 1000
    assert {right - left for left, right in pairwise(shown)} == {10}
    assert shown[-1] < after * 1000


def as_task(simulator: Simulator, start: int, end: int) -> requests.Response:
    told = {"start_time": start, "end_time": end}
    times = {name: datetime.fromtimestamp(time, UTC).strftime("%y%m%d%H%M%S") for name, time in told.items()}
    asked = {"displayTimeAxisDuration": 10, "nfftSelection": 1024, "canvasInfo": {"height": 1000}}
    asked |= {"sensors": {"min": 0, "max": 10}, "frequencyRange": {"min": 0, "max": 500}}
    return simulator.call("POST", "/config/task-7", asked | times)


@breaks
def check_task_times_late(simulator: Simulator) -> None:
    hole, _ = small_recording(simulator)
    with simulator.adopted(as_task(simulator, hole - 4, hole - 2).json()) as job:
        assert starts(job.frames(1))[0] == (hole - 3) * 1000


@breaks
def check_task_of_another(simulator: Simulator) -> None:
    hole, _ = small_recording(simulator)
    with simulator.adopted(as_task(simulator, hole - 4, hole - 2).json()) as job:
        assert job.answer["task_id"] == "task-7-1"
    with simulator.job() as job:
        assert "task_id" not in job.answer


@breaks
def check_long_window_refused(simulator: Simulator) -> None:
    one = {"channels": {"min": 3, "max": 3}, "view_type": "1"}
    assert simulator.configure(**one, nfftSelection=4096).status_code == 400
    assert simulator.configure(**one, nfftSelection=2048).status_code == 200


def beyond_the_last(fault: str) -> tuple[int, str, str]:
    """The status of a job for which there is no window, and how the one that streams in it ends."""
    with in_thread(Options(windows=1, faults=(fault,))) as simulator, simulator.job() as job:
        stream = job.open()
        next(stream)
        status = simulator.configure().status_code
        if fault == "full-as-404":
            return status, "goes on", simulator.status(job.job_id)
        for _ in stream:
            pass
        return status, stream.code().name, simulator.status(job.job_id)


@breaks
def check_full_as_404(_: Simulator) -> None:
    assert beyond_the_last("full-as-404") == (404, "goes on", "running")


@breaks
def check_full_ends_another(_: Simulator) -> None:
    assert beyond_the_last("full-ends-another") == (503, "OK", "cancelled")


@breaks
def check_full_gives_away(_: Simulator) -> None:
    assert beyond_the_last("full-gives-away") == (200, "OK", "cancelled")


@breaks
def check_removed_job_waits(simulator: Simulator) -> None:
    with simulator.job() as job:
        pass
    assert simulator.status(job.job_id) == "pending"
    eventually(lambda: not accepts(int(job.answer["stream_port"])), "the port is closed")


@breaks
def check_watched_job_removed(simulator: Simulator) -> None:
    with simulator.job() as job:
        stream = job.open()
        assert list(stream)
        assert (stream.code().name, simulator.status(job.job_id)) == ("OK", "failed")


def told_of(simulator: Simulator) -> dict[str, Any]:
    with simulator.job(channels={"min": 3, "max": 5}) as job:
        config: dict[str, Any] = simulator.call("GET", f"/metadata/{job.job_id}").json()["config"]
        return config


@breaks
def check_metadata_of_another_request(simulator: Simulator) -> None:
    assert told_of(simulator)["channels"] == {"min": 3, "max": 6}


@breaks
def check_metadata_incomplete(simulator: Simulator) -> None:
    config = told_of(simulator)
    assert "frequencyRange" not in config
    assert config["channels"] == {"min": 3, "max": 5}


def refused(simulator: Simulator, **changes: Any) -> requests.Response:
    return simulator.configure(**(changes or {"nfftSelection": 1000}))


@breaks
def check_invalid_accepted(simulator: Simulator) -> None:
    answer = refused(simulator, channels={"min": 4, "max": 6}, nfftSelection=1000).json()
    assert answer["channel_amount"] == 3
    several = refused(simulator, channels={"min": 6, "max": 4}, nfftSelection=1000)
    nothing = requests.post(f"{simulator.rest_url}/configure", data=b"{", timeout=PATIENCE)
    simulator.call("DELETE", f"/job/{nothing.json()['job_id']}")
    assert [several.status_code, nothing.status_code] == [200, 200]
    assert simulator.configure().json()["channel_amount"] == 11


@breaks
def check_refusal_without_words(simulator: Simulator) -> None:
    response = refused(simulator)
    assert (response.status_code, response.content) == (400, b"")


@breaks
def check_refusal_as_html(simulator: Simulator) -> None:
    response = refused(simulator)
    assert (response.status_code, response.headers["content-type"]) == (400, "text/html")
    assert simulator.configure().status_code == 200


@breaks
def check_refusal_as_500(simulator: Simulator) -> None:
    response = refused(simulator)
    assert response.status_code == 500
    assert "nfftSelection" in response.json()["error"]


@breaks
def check_invalid_creates_job(simulator: Simulator) -> None:
    before = simulator.configure().json()["job_id"]
    assert refused(simulator).status_code == 400
    after = simulator.configure().json()["job_id"]
    assert int(after.split("-")[0]) == int(before.split("-")[0]) + 2


@breaks
def check_configure_missing_field(simulator: Simulator) -> None:
    answer = simulator.configure().json()
    assert answer["job_id"]
    assert "stream_port" not in answer


@breaks
def check_configure_html(simulator: Simulator) -> None:
    response = simulator.configure()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")
    assert simulator.call("GET", "/channels").json()["lowest_channel"] == 0


@breaks
def check_configure_error(simulator: Simulator) -> None:
    assert simulator.configure().status_code == 500
    assert simulator.call("GET", "/channels").status_code == 200


@breaks
def check_unknown_metadata_200(simulator: Simulator) -> None:
    response = simulator.call("GET", "/metadata/29-1")
    assert (response.status_code, response.json()["job_id"]) == (200, "29-1")
    assert simulator.call("DELETE", "/job/29-1").status_code == 404


@breaks
def check_cancelled_still_running(simulator: Simulator) -> None:
    with simulator.job() as job:
        assert simulator.status(job.job_id) == "pending"
        simulator.call("DELETE", f"/job/{job.job_id}")
        assert simulator.status(job.job_id) == "running"


@contextmanager
def watched(job: RunningJob) -> Iterator[Callable[[], list[DataStream]]]:
    """A stream of the job that goes on meanwhile; what is yielded ends it, and tells what came."""
    stream, frames = job.open(), []

    def receive() -> None:
        with suppress(grpc.RpcError):
            frames.extend(stream)

    thread = threading.Thread(target=receive)
    thread.start()

    def ended() -> list[DataStream]:
        stream.cancel()
        thread.join(PATIENCE)
        return frames

    eventually(lambda: frames, "the stream has begun")
    yield ended
    ended()


def starts(frames: list[DataStream]) -> list[int]:
    return [row.startTimestamp for frame in frames for row in frame.rows]


@breaks
def check_streams_share_frames(simulator: Simulator) -> None:
    with simulator.job() as job, watched(job) as ended:
        stream = job.open()
        second = starts(list(islice(stream, 20)))
        first = starts(ended())  # before the second one: alone, one has all frames, and may be behind
        stream.cancel()
    assert max(b - a for a, b in pairwise(second)) > 10
    assert not set(second[-25:]) & set(first), "once both have found their pace"


@breaks
def check_second_stream_breaks_first(simulator: Simulator) -> None:
    with simulator.job() as job:
        first = job.open()
        next(first)
        thread = threading.Thread(target=lambda: list(first))
        thread.start()
        second = job.open()
        next(second)
        thread.join(PATIENCE)
        assert (thread.is_alive(), first.code()) == (False, grpc.StatusCode.OK)
        second.cancel()


@contextmanager
def beside(simulator: Simulator, **changes: Any) -> Iterator[tuple[list[DataStream], list[DataStream]]]:
    """What a job shows, and another one, of the next sensors, that streams at the same time."""
    with (
        simulator.job() as one,
        simulator.job(channels={"min": 11, "max": 21}, **changes) as other,
        watched(one) as ended,
    ):
        second = other.frames(10)
        yield ended(), second


def spectra(frames: list[DataStream]) -> set[tuple[float, ...]]:
    return {tuple(sensor.intensity) for frame in frames for row in frame.rows for sensor in row.sensors}


@breaks
def check_values_of_another_job(simulator: Simulator) -> None:
    with beside(simulator) as (one, other):
        assert spectra(one) & spectra(other)


@breaks
def check_sensors_of_another_job(simulator: Simulator) -> None:
    with beside(simulator) as (_, other):
        assert {sensor.id for frame in other for row in frame.rows for sensor in row.sensors} == set(range(22))


@breaks
def check_times_of_another_job(simulator: Simulator) -> None:
    with beside(simulator, displayInfo={"height": 800}) as (_, other):
        assert len({b - a for a, b in pairwise(starts(other))} - {12, 13}) > 1


@breaks
def check_canvas_of_another_job(simulator: Simulator) -> None:
    with simulator.job() as one, simulator.job() as other, watched(one):
        (canvas,) = {row.canvasId for frame in other.frames(5) for row in frame.rows}
        assert canvas != f"canvas-{other.job_id.split('-')[0]}"


@breaks
def check_window_kept(simulator: Simulator) -> None:
    windows = []
    for _ in range(2):
        answer = simulator.configure().json()
        windows.append(int(answer["job_id"].split("-")[0]))
        simulator.call("DELETE", f"/job/{answer['job_id']}")
    assert windows[1] != windows[0]


def level(frame: DataStream, sensor: int) -> float:
    return float(np.median([np.median(row.sensors[sensor].intensity) for row in frame.rows]))


@breaks
def check_picture_fades(simulator: Simulator) -> None:
    deviate(simulator, faults=["picture-fades=50"])
    with simulator.job() as job:
        first, *_, last = job.frames(40)
        assert all(level(last, sensor) < level(first, sensor) / 2 for sensor in range(11))


@breaks
def check_sensor_fades(simulator: Simulator) -> None:
    deviate(simulator, faults=["sensor-fades=50"])
    with simulator.job() as job:
        first, *_, last = job.frames(40)
        assert [level(last, sensor) < level(first, sensor) / 2 for sensor in range(11)] == [
            sensor == 2 for sensor in range(11)
        ]


@breaks
def check_frames_get_fewer(simulator: Simulator) -> None:
    deviate(simulator, faults=["frames-get-fewer=50"])
    with simulator.job() as job:
        frames = job.frames(20)
    rows = [len(frame.rows) for frame in frames]
    assert rows[:2] == [5, 5]
    assert 10 in rows
    assert {b - a for a, b in pairwise(starts(frames))} == {10}


@breaks
def check_slow_lag(simulator: Simulator) -> None:
    deviate(simulator, faults=["slow-lag=50"])
    with simulator.job() as job:
        ages = [time.time() - frame.rows[-1].endTimestamp / 1000 for frame in job.open(max_frames=30)]
    assert ages[-1] > ages[0] + 0.4


class Tidy(Simulator):
    """Remembers its jobs, and ends them."""

    def __init__(self, rest_url: str) -> None:
        super().__init__(rest_url)
        self._answers: list[requests.Response] = []

    def configure(self, **changes: Any) -> requests.Response:
        self._answers.append(super().configure(**changes))
        return self._answers[-1]

    def tidy(self) -> None:
        for answer in self._answers:
            if "job_id" in answer.text:
                self.call("DELETE", f"/job/{answer.json()['job_id']}")


@pytest.fixture(scope="module")
def deviating() -> Iterator[Simulator]:
    with in_thread() as simulator:
        yield simulator


@pytest.mark.parametrize("name", CHECKS)
def test_a_fault_is_effective(name: str, deviating: Simulator) -> None:
    simulator = Tidy(deviating.rest_url)
    deviate(simulator, faults=[name])
    CHECKS[name](simulator)
    deviate(simulator)
    assert simulator.configure().status_code == 200
    simulator.tidy()

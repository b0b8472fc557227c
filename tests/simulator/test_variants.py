"""Every variant is different, and keeps every promise."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.datastream_pb2 import HealthRequest
from support.simulator.deviations.catalogue import entries
from support.simulator.fibre import Fibre
from tests.patience import PATIENCE
from tests.simulator.driver import Simulator, accepts, connected, in_thread
from tests.simulator.judge import TIMELY, Recorder, Seen, broken, deviate

AT_ONCE = 10  # streams that are recorded together
APART = 1000 * 10 / 450  # milliseconds between the lines of UNEVEN
UNEVEN: dict[str, Any] = {"displayInfo": {"height": 450}}  # lines that do not begin at whole milliseconds


def third_sensor(seen: Seen) -> np.ndarray[Any, Any]:
    """Shape (rows, bins)."""
    return np.array([row.sensors[2].intensity for row in seen.rows])


def values(seen: Seen) -> np.ndarray[Any, Any]:
    """Shape (frames, values)."""
    return np.array([[list(one.intensity) for row in frame.rows for one in row.sensors] for frame in seen.frames])


def rows_of_a_frame(seen: Seen) -> set[int]:
    return {len(frame.rows) for frame in seen.frames}


def bounds_run(seen: Seen) -> bool:
    lows, highs = (np.array([getattr(frame, name) for frame in seen.frames]) for name in LOW_HIGH)
    so_far = [
        np.minimum.accumulate([frame.min() for frame in values(seen)]),
        np.maximum.accumulate([frame.max() for frame in values(seen)]),
    ]
    return bool(np.array_equal([lows, highs], so_far))


LOW_HIGH = ("current_min_amp", "current_max_amp")


def offsets(seen: Seen) -> np.ndarray[Any, Any]:
    starts = np.array([row.startTimestamp for row in seen.rows])
    offsets: np.ndarray[Any, Any] = starts - starts[0]
    return offsets


def exact(seen: Seen) -> np.ndarray[Any, Any]:
    return np.arange(len(seen.rows)) * APART + 1e-6


def at_samples(seen: Seen) -> np.ndarray[Any, Any]:
    samples = np.floor(exact(seen) * seen.prr / 1000 + 0.5)
    return np.floor(samples * 1000 / seen.prr + 0.5)


def reserialised(seen: Seen) -> list[int]:
    return [len(frame.SerializeToString()) for frame in seen.frames]


def is_scaled_otherwise(seen: Seen) -> bool:
    """Whether the first row is not what the embedded server shows of itself."""
    rows, start = seen.rows, seen.rows[0].startTimestamp
    samples = Fibre(1, int(seen.prr), 0, 11).samples(0, 10, round(start * seen.prr / 1000), 256)
    usual = np.abs(np.fft.rfft(samples * np.hanning(257)[:-1]))[:, 1:64] / 64
    return not np.allclose([list(one.intensity)[1:] for one in rows[0].sensors], usual, rtol=1e-3, atol=1e-5)


# How each shows; what is asked for where the usual request would not do.
STREAMED: dict[str, tuple[Callable[[Seen], bool], dict[str, Any]]] = {
    "": (lambda seen: rows_of_a_frame(seen) == {5} and not is_scaled_otherwise(seen), {}),
    "port-as-string": (lambda seen: isinstance(seen.answer["stream_port"], str), {}),
    "status-empty": (lambda seen: seen.answer["status"] == "", {}),
    "scheme-in-url": (lambda seen: seen.answer["stream_url"] == "http://127.0.0.1/", {}),
    "view-type-number": (lambda seen: seen.answer["view_type"] == 0, {}),
    "rounded-frequencies": (lambda seen: seen.answer["frequencies_list"][:2] == [0, 7.81], {}),
    "lowest-channel-1": (lambda seen: seen.request["channels"]["min"] == 1, {}),
    "other-prr": (lambda seen: seen.prr == 1000, {}),
    "slow-pod": (lambda seen: seen.clock[0] - seen.opened > 2, {}),
    "low-frame-rate": (lambda seen: rows_of_a_frame(seen) == {8}, {}),
    "one-row-frames": (lambda seen: rows_of_a_frame(seen) == {1}, {}),
    "fifty-row-frames": (lambda seen: rows_of_a_frame(seen) == {50}, {"displayInfo": {"height": 6000}}),
    "running-bounds": (bounds_run, {}),
    "loose-bounds": (lambda seen: seen.frames[0].current_max_amp == 2 * values(seen)[0].max(), {}),
    "quiet-sensor": (lambda seen: third_sensor(seen).max() < 1e-5, {}),
    "quantised-quiet-sensor": (lambda seen: not np.diff(third_sensor(seen), axis=0).any(axis=1).all(), {}),
    "coarse-values": (lambda seen: len(np.unique(third_sensor(seen)[0])) <= 65, {}),
    "floor-timestamps": (lambda seen: np.array_equal(offsets(seen), np.floor(exact(seen))), UNEVEN),
    "sample-aligned-lines": (lambda seen: np.array_equal(offsets(seen), at_samples(seen)), UNEVEN),
    "hamming-window": (is_scaled_otherwise, {}),
    "rms-scale": (is_scaled_otherwise, {}),
    "power-scale": (is_scaled_otherwise, {}),
    "density-scale": (is_scaled_otherwise, {}),
    "large-canvas-id": (lambda seen: len(seen.rows[0].canvasId) == 1000, {}),
    "unicode-canvas": (lambda seen: not seen.rows[0].canvasId.isascii(), {}),
    "unpacked-floats": (lambda seen: min(map(len, seen.payloads)) > 1.1 * max(reserialised(seen)), {}),
    "split-floats": (lambda seen: min(map(len, seen.payloads)) > max(reserialised(seen)), {}),
    "unknown-fields": (lambda seen: "x-build" in seen.answer and seen.payloads[0].count(b"\xa0\x06\x01") == 61, {}),
}
ELSEWHERE = {
    "sample-at-or-before",
    "channels-not-counted",
    "metadata-without-config",
    "metadata-in-other-words",
    "no-cancel",
    "refusal-422",
    "minimal-metadata",
    "short-fibre",
} | {
    "no-check-health",
    "no-reflection",
    "no-health-service",
}


@pytest.fixture(scope="module")
def recordings(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Seen]]:
    """All streams that the tests to be run ask for, recorded side by side."""
    ours = [item for item in request.session.items if item.path == request.path]
    callspecs = [getattr(item, "callspec", None) for item in ours]
    specs = [spec.params["variant"] for spec in callspecs if spec and "variant" in spec.params]
    with in_thread() as simulator, ThreadPoolExecutor(AT_ONCE) as pool:
        recorder = Recorder(simulator)
        seen: dict[str, Future[Seen]] = {}
        for spec in sorted(specs, key=lambda spec: spec != "slow-pod"):
            changes = {"nfftSelection": 256} | STREAMED[spec][1]
            seen[spec] = pool.submit(recorder.record, "variants", [spec] if spec else [], 6, PATIENCE, **changes)
        yield lambda spec: seen[spec].result()


@pytest.mark.parametrize("variant", STREAMED)
def test_a_variant_is_different_and_keeps_every_promise(variant: str, recordings: Callable[[str], Seen]) -> None:
    different, _ = STREAMED[variant]
    seen = recordings(variant)
    assert broken(seen) - TIMELY == set()
    assert different(seen)


def test_every_variant_is_tried() -> None:
    assert STREAMED.keys() - {""} | ELSEWHERE == {entry.name for entry in entries("variant", "story")}


@pytest.fixture(scope="module")
def deviating() -> Iterator[Simulator]:
    with in_thread() as simulator:
        yield simulator


def test_no_cancel(deviating: Simulator) -> None:
    deviate(deviating, variants=["no-cancel"])
    with deviating.job() as job:
        response = deviating.call("DELETE", f"/job/{job.job_id}")
        assert response.status_code == 404
        assert job.job_id in response.json()["error"]
        assert len(job.frames(2)) == 2
    assert deviating.call("DELETE", "/channels").status_code == 405


def test_refusal_422(deviating: Simulator) -> None:
    deviate(deviating, variants=["refusal-422"])
    response = deviating.configure(nfftSelection=1000)
    assert response.status_code == 422
    assert "nfftSelection" in response.json()["error"]
    assert deviating.call("DELETE", "/job/29-1").status_code == 404


def test_minimal_metadata(deviating: Simulator) -> None:
    deviate(deviating, variants=["minimal-metadata"])
    metadata = deviating.call("GET", "/live_metadata").json()
    assert metadata == {"prr": 2000.0, "dx": 1.0, "sw_version": "simulator-1.0", "number_of_channels": 2222}
    assert deviating.call("GET", "/channels").status_code == 200
    assert deviating.call("PUT", "/live_metadata").status_code == 405


def test_channels_not_counted(deviating: Simulator) -> None:
    deviate(deviating, variants=["channels-not-counted"])
    metadata = deviating.call("GET", "/live_metadata").json()
    assert (metadata["number_of_channels"], metadata["fiber_length_meters"], metadata["prr"]) == (None, None, 2000.0)


@pytest.mark.parametrize(
    ("name", "channels"),
    [("metadata-without-config", None), ("metadata-in-other-words", {"min": 0.0, "max": 10.0})],
)
def test_metadata_are_told_otherwise(name: str, channels: object, deviating: Simulator) -> None:
    deviate(deviating, variants=[name])
    with deviating.job() as job:
        told = deviating.call("GET", f"/metadata/{job.job_id}").json()
        assert (told["job_id"], told["status"]) == (job.job_id, "pending")
        assert told["config"].get("channels") == channels


def test_short_fibre(deviating: Simulator) -> None:
    deviate(deviating, variants=["short-fibre"])
    assert deviating.call("GET", "/channels").json() == {"lowest_channel": 0, "highest_channel": 23}
    assert deviating.call("GET", "/live_metadata").json()["number_of_channels"] == 24
    assert deviating.configure(channels={"min": 0, "max": 24}).status_code == 400
    with deviating.job(channels={"min": 23, "max": 23}) as job:
        assert len(job.frames(1)) == 1


@pytest.mark.parametrize("missing", ["no-check-health", "no-health-service", "no-reflection"])
def test_a_pod_that_offers_less(missing: str, deviating: Simulator) -> None:
    deviate(deviating, variants=[missing])
    with deviating.job() as job, connected(job.answer["stream_port"]) as channel:
        checks: Any = health_pb2_grpc.HealthStub(channel)
        reflections: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        services = reflection_pb2.ServerReflectionRequest(list_services="")
        asked: dict[str, Callable[[], Any]] = {
            "no-check-health": lambda: job.stub.CheckHealth(HealthRequest(), timeout=PATIENCE),
            "no-health-service": lambda: checks.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE),
            "no-reflection": lambda: list(reflections.ServerReflectionInfo(iter([services]), timeout=PATIENCE)),
        }
        for name, ask in asked.items():
            if name != missing:
                ask()
        with pytest.raises(grpc.RpcError) as refused:
            asked[missing]()
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert len(job.frames(1)) == 1


def test_a_pod_that_starts_slowly_refuses_at_first(deviating: Simulator) -> None:
    deviate(deviating, variants=["slow-pod"])
    with deviating.job() as job:
        assert not accepts(job.answer["stream_port"])

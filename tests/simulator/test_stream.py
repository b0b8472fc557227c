"""The stream of a live job, over real sockets: the rows of the contract, at their time, and every way to end it."""

import re
import time

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.datastream_pb2 import DataStream, HealthRequest
from support.simulator.fibre import Fibre, tones
from support.simulator.options import Options
from support.simulator.spectrum import magnitudes
from tests.patience import PATIENCE, eventually
from tests.simulator.driver import Simulator, accepts, connected, in_thread


def values(frames: list[DataStream]) -> np.ndarray:
    """Shape (rows, sensors, bins)."""
    return np.array([[list(sensor.intensity) for sensor in row.sensors] for frame in frames for row in frame.rows])


def test_frames_follow_the_configuration(simulator: Simulator) -> None:
    with simulator.job() as job:
        frames = job.frames(4)
    assert [len(frame.rows) for frame in frames] == [5, 5, 5, 5]
    rows = [row for frame in frames for row in frame.rows]
    assert all([sensor.id for sensor in row.sensors] == list(range(11)) for row in rows)
    assert len({row.canvasId for row in rows}) == 1
    assert rows[0].canvasId
    assert [row.startTimestamp - rows[0].startTimestamp for row in rows] == list(range(0, 200, 10))
    assert {row.endTimestamp - row.startTimestamp for row in rows} == {512}
    data = values(frames)
    assert data.shape == (20, 11, job.answer["frequencies_amount"])
    assert np.isfinite(data).all()
    assert data.min() >= 0
    assert (np.ptp(data, axis=0) > 0).all(axis=1).all()
    for frame in frames:
        assert (frame.current_min_amp, frame.current_max_amp) == (values([frame]).min(), values([frame]).max())


def test_tones_show_on_their_channels_in_their_bins(simulator: Simulator) -> None:
    with simulator.job(channels={"min": 0, "max": 30}, frequencyRange={"min": 50, "max": 900}) as job:
        data = values(job.frames(1))
    for tone in tones(0, 30, 2000):
        place = job.answer["frequencies_list"].index(tone.frequency)
        np.testing.assert_allclose(data[:, tone.channel, place], tone.amplitude, rtol=0.05)
        assert data[:, tone.channel - 2, place].max() < 0.2 * tone.amplitude


def test_rows_are_what_the_fibre_was_at_the_time_they_say(simulator: Simulator) -> None:
    with simulator.job(channels={"min": 2, "max": 4}, nfftSelection=256) as job:
        (frame,) = job.frames(1)
    row = frame.rows[-1]
    samples = Fibre(1, 2000, 0, 2222).samples(2, 4, row.startTimestamp * 2, 256)
    expected = magnitudes(samples, [0], 256, range(len(job.answer["frequencies_list"])))
    np.testing.assert_array_equal(values([frame])[-1], expected[0])


def test_rows_arrive_when_they_ended_neither_before_nor_long_after(simulator: Simulator) -> None:
    with simulator.job() as job:
        ages = [time.time() - frame.rows[-1].endTimestamp / 1000 for frame in job.open(max_frames=10)]
    assert min(ages) >= -0.001
    assert np.median(ages) < 1


@pytest.mark.parametrize(
    ("duration", "height", "rows", "rate"),
    [(10, 1000, 5, 20), (10, 50, 1, 5), (1, 1000, 50, 20), (10, 300, 2, 15)],
)
def test_lines_keep_their_rate_in_about_20_frames_a_second(
    threaded: Simulator, duration: int, height: int, rows: int, rate: float
) -> None:
    with threaded.job(displayTimeAxisDuration=duration, displayInfo={"height": height}) as job:
        frames = job.frames(3)
    assert job.answer["lines_dt"] == duration / height
    assert {len(frame.rows) for frame in frames} == {rows}
    starts = np.array([row.startTimestamp for frame in frames for row in frame.rows])
    exact = starts[0] + np.arange(len(starts)) * 1000 * duration / height
    assert np.abs(starts - exact).max() <= 0.5 + 1e-3
    assert (starts[-1] - starts[0]) / (len(starts) - 1) * rows == pytest.approx(1000 / rate, rel=0.01)


def test_frames_are_paced_by_the_clock(threaded: Simulator) -> None:
    with threaded.job() as job:
        stream = job.open(max_frames=11)
        next(stream)
        begin = time.monotonic()
        assert sum(1 for _ in stream) == 10
        assert time.monotonic() - begin > 0.4  # ten frames of 50 ms, the first of them under way already


def test_streams_of_one_job_agree(simulator: Simulator) -> None:
    with simulator.job() as job:
        one, other = job.open(max_frames=4), job.open(max_frames=4)
        lines: list[dict[int, bytes]] = [
            {row.startTimestamp: row.SerializeToString() for frame in stream for row in frame.rows}
            for stream in (one, other)
        ]
    common = lines[0].keys() & lines[1].keys()
    assert common
    assert all(lines[0][start] == lines[1][start] for start in common)


def test_a_single_channel_with_long_rows(threaded: Simulator) -> None:
    with threaded.job(view_type=1, channels={"min": 3, "max": 3}, nfftSelection=65_536) as job:
        (frame,) = job.frames(1)
    assert job.answer["view_type"] == "1"
    assert values([frame]).shape == (5, 1, 16_384)
    assert {row.endTimestamp - row.startTimestamp for row in frame.rows} == {32_768}
    peak = values([frame])[0, 0].argmax()
    assert job.answer["frequencies_list"][peak] == tones(3, 3, 2000)[0].frequency


def test_a_whole_fibre_in_one_frame(threaded: Simulator) -> None:
    wide = {"min": 0, "max": 2221}
    with threaded.job(channels=wide, displayInfo={"height": 100}, frequencyRange={"min": 0, "max": 1000}) as job:
        frame = next(job.open())
    assert [sensor.id for sensor in frame.rows[0].sensors] == list(range(2222))
    assert values([frame]).shape == (1, 2222, 512)


def test_an_unknown_job_is_not_found_and_the_channel_serves_on(simulator: Simulator) -> None:
    with simulator.job() as job:
        with pytest.raises(grpc.RpcError) as refused:
            list(job.open(job_id="29-1"))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert "29-1" in str(refused.value.details())
        assert len(job.frames(1)) == 1


def test_a_job_is_found_on_its_own_port_only(threaded: Simulator) -> None:
    with threaded.job() as one, threaded.job() as other:
        assert one.answer["stream_port"] != other.answer["stream_port"]
        with pytest.raises(grpc.RpcError) as refused:
            list(one.open(job_id=other.job_id))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_negative_number_of_frames_is_refused(simulator: Simulator) -> None:
    with simulator.job() as job:
        with pytest.raises(grpc.RpcError) as refused:
            list(job.open(max_frames=-1))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "max_frames" in str(refused.value.details())
        assert simulator.status(job.job_id) == "pending"


@pytest.mark.parametrize("count", [1, 3])
def test_a_bounded_stream_ends_by_itself_and_can_be_asked_for_again(simulator: Simulator, count: int) -> None:
    with simulator.job() as job:
        for _ in range(2):
            stream = job.open(max_frames=count)
            assert len(list(stream)) == count
            assert stream.code() is grpc.StatusCode.OK
            eventually(lambda: simulator.status(job.job_id) == "completed", "the job is completed")


def test_a_deleted_job_ends_its_streams_and_closes_its_port(simulator: Simulator) -> None:
    with simulator.job() as job:
        streams = [job.open(), job.open()]
        for stream in streams:
            next(stream)
        assert simulator.status(job.job_id) == "running"
        begin = time.monotonic()
        response = simulator.call("DELETE", f"/job/{job.job_id}")
        assert (response.status_code, response.json()) == (200, {"job_id": job.job_id, "status": "cancelled"})
        for stream in streams:
            list(stream)
            assert stream.code() is grpc.StatusCode.OK
        assert time.monotonic() - begin < PATIENCE / 3
        eventually(lambda: not accepts(job.answer["stream_port"]), "the port is closed")
        assert simulator.status(job.job_id) == "cancelled"
        again = simulator.call("DELETE", f"/job/{job.job_id}")
        assert again.status_code == 404
        assert job.job_id in again.json()["error"]


def test_a_client_that_reads_late_still_gets_a_clean_end(threaded: Simulator) -> None:
    with threaded.job(channels={"min": 0, "max": 1000}) as job:
        stream = job.open()
        next(stream)
        time.sleep(0.3)  # frames of 5 MB pile up: the server is held back
        threaded.call("DELETE", f"/job/{job.job_id}")
        time.sleep(0.3)
        assert list(stream)
        assert stream.code() is grpc.StatusCode.OK


def test_a_client_that_leaves_stops_the_work() -> None:
    with in_thread(Options(idle_removal=0.2)) as simulator, simulator.job() as job:
        stream = job.open()
        next(stream)
        stream.cancel()
        eventually(lambda: simulator.status(job.job_id) == "cancelled", "the job is removed as no stream is open")


def test_health_of_the_service_and_of_the_server(simulator: Simulator) -> None:
    with simulator.job() as job, connected(job.answer["stream_port"]) as channel:
        answer = job.stub.CheckHealth(HealthRequest(), timeout=PATIENCE)
        assert answer.healthy
        assert answer.version == "simulator-1.0"
        checks = health_pb2_grpc.HealthStub(channel)
        for service in ("", "datastream.DataStreamService"):
            state = checks.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE).status
            assert state == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_services(simulator: Simulator) -> None:
    with simulator.job() as job, connected(job.answer["stream_port"]) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (answer,) = stub.ServerReflectionInfo(asked, timeout=PATIENCE)
    names = {service.name for service in answer.list_services_response.service}
    assert {"datastream.DataStreamService", "grpc.health.v1.Health"} <= names


def test_a_stream_that_left_lines_out_says_so_where_its_client_can_read_it(threaded: Simulator) -> None:
    with threaded.job(channels={"min": 0, "max": 2221}) as job:
        call = job.open()
        before = next(call).rows[-1].startTimestamp
        time.sleep(3)  # a client that does not keep up: more than the server catches up with
        for frame in call:
            if frame.rows[0].startTimestamp - before > 10:
                break
            before = frame.rows[-1].startTimestamp
        threaded.call("DELETE", f"/job/{job.job_id}")
        for _ in call:
            pass
        assert call.code() is grpc.StatusCode.OK
        words = dict(call.trailing_metadata())["focus-warning"]
        assert re.fullmatch(r"the job did not keep its line rate: \d+ lines were left out", words)

"""A job of several streams from a real server: one picture, and a sentence that names the stream that spoils it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import grpc
import pytest

from protos.datastream_pb2 import DataStream
from support.errors import APIError, APITimeoutError, ConnectionError, ProtocolError
from support.grpc_stream_client import GrpcStreamClient
from support.stream.frame import Frame
from support.stream.unsaid import Unsaid
from tests.conftest import Serve
from tests.grpc_server import Abort, GrpcServer, Step, silence
from tests.patience import eventually
from tests.stream.parts import NUMBERED, SENSORS, T0, Numbered, lines_of, part

UNAVAILABLE = Abort(grpc.StatusCode.UNAVAILABLE, "the network is down")
ALL = tuple(sensor for stream in SENSORS for sensor in stream)


class Unlimited(Numbered):
    """A dialect that cannot ask for so many frames."""

    cannot = frozenset({Unsaid.FRAME_LIMIT})


@pytest.fixture
def client(client: GrpcStreamClient) -> GrpcStreamClient:
    client.dialect = NUMBERED
    return client


def frames_of(stream: int, lines: Iterable[int]) -> list[DataStream]:
    return [part(stream, line) for line in lines]


def streams(*lines: Iterable[int]) -> list[list[DataStream]]:
    """A frame a line, for each stream."""
    return [frames_of(number, numbers) for number, numbers in enumerate(lines)]


def received(client: GrpcStreamClient, server: GrpcServer, amount: int = 3, **how: object) -> list[Frame]:
    client.connect("127.0.0.1", server.port)
    return list(client.stream_spectrograms("1-1", stream_amount=amount, **how))  # type: ignore[arg-type]


def failed(
    client: GrpcStreamClient, server: GrpcServer, amount: int = 3, **how: object
) -> tuple[APIError, list[Frame]]:
    """The error that ended the streams, and the frames before."""
    client.connect("127.0.0.1", server.port)
    frames: list[Frame] = []
    with pytest.raises(APIError) as caught:
        frames.extend(client.stream_spectrograms("1-1", stream_amount=amount, **how))  # type: ignore[arg-type]
    return caught.value, frames


def slowly(steps: Iterable[DataStream], seconds: float = 0.05) -> Iterable[Step]:
    for step in steps:
        time.sleep(seconds)
        yield step


def lines(frames: Iterable[Frame]) -> list[list[int]]:
    return [lines_of(frame.starts) for frame in frames]


def test_all_streams_of_a_job_are_one_picture(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(*streams(range(20), range(20), range(20)), streams=3)

    frames = received(client, server)

    assert lines(frames) == [[line] for line in range(20)]
    assert [frame.index for frame in frames] == list(range(20))
    assert {frame.sensor_ids for frame in frames} == {(ALL,)}
    assert sorted(call.request.job_id for call in server.calls) == ["1-1#0", "1-1#1", "1-1#2"]
    metrics = client.get_metrics()
    assert metrics.frames_received == 20
    assert metrics.bytes_received == sum(one.bytes for one in metrics.streams)
    assert [(one.frames, one.lines.received) for one in metrics.streams] == [(20, 20)] * 3
    assert all(one.first_frame_latency is not None and one.ended is not None for one in metrics.streams)
    assert 0 < (metrics.first_frame_latency or 0) <= metrics.duration


def test_streams_that_begin_on_different_lines_and_cut_differently(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(
        [part(0, *range(n, n + 5)) for n in range(0, 50, 5)],
        [part(1, *range(n, n + 3)) for n in range(2, 50, 3)],
        [part(2, *range(n, n + 7)) for n in range(4, 50, 7)],
        streams=3,
    )

    frames = received(client, server)

    assert [line for frame in lines(frames) for line in frame] == list(range(4, 50))
    metrics = client.get_metrics()
    assert (metrics.lines_before_all, [one.lines_before_all for one in metrics.streams]) == (4, [4, 2, 0])
    assert [one.lines_waiting for one in metrics.streams] == [0, 0, 3]


def test_each_stream_is_asked_for_so_many_frames(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(*streams(range(5), range(5), range(5)), streams=3)

    assert len(received(client, server, max_frames=5)) == 5
    assert [call.request.max_frames for call in server.calls] == [5, 5, 5]
    assert not client.get_metrics().had_enough


def test_where_that_cannot_be_asked_the_client_leaves_all(client: GrpcStreamClient, serve: Serve) -> None:
    client.dialect = Unlimited()
    server = serve(*([*one, silence()] for one in streams(range(9), range(9), range(9))), streams=3)

    assert lines(received(client, server, max_frames=5)) == [[0], [1], [2], [3], [4]]
    assert all(call.was_cancelled() for call in server.calls)
    assert client.get_metrics().had_enough


def test_what_came_with_the_last_frame_wanted_is_not_looked_at(client: GrpcStreamClient, serve: Serve) -> None:
    """However much that was: a caller that is slow has more of it, and what is found must not depend on that."""
    client.dialect = Unlimited()
    server = serve(*([*one, silence()] for one in streams(range(9), [0, 2, 3, 4, 5, 8], range(9))), streams=3)
    client.connect("127.0.0.1", server.port)

    for frame in client.stream_spectrograms("1-1", max_frames=4, stream_amount=3):
        if frame.index == 0:
            time.sleep(0.5)  # by then the rest has come, and is read together

    assert [part.lacking.count for part in client.get_metrics().streams] == [0, 1, 0]


def test_leaving_early_leaves_all(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(*([*one, silence()] for one in streams(range(3), range(3), range(3))), streams=3)
    client.connect("127.0.0.1", server.port)

    for _ in client.stream_spectrograms("1-1", stream_amount=3):
        break

    assert all(call.was_cancelled() for call in server.calls)
    assert client.is_connected()


def test_an_error_of_one_ends_all_and_names_it(client: GrpcStreamClient, serve: Serve) -> None:
    one, two, three = streams(range(3), range(9), range(9))
    broken = Abort(grpc.StatusCode.INTERNAL, "no memory")
    server = serve([*one, broken], [*two, silence()], [*three, silence()], streams=3)

    error, frames = failed(client, server)

    assert lines(frames) == [[0], [1], [2]], "what it had brought became whole first"
    assert re.search(r"^stream 1 of 3 of job '1-1' at .* failed after 3 frames: INTERNAL: no memory$", str(error))
    assert error.status is grpc.StatusCode.INTERNAL
    assert [call.was_cancelled() for call in server.calls].count(True) == 2


def test_a_stream_that_ends_alone_is_named(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(frames_of(0, range(3)), *(slowly(frames_of(one, range(1000))) for one in (1, 2)), streams=3)

    error, frames = failed(client, server)

    assert lines(frames) == [[0], [1], [2]]
    assert re.search(r"^stream 1 of 3 .* ended after 3 frames, though the others went on$", str(error))


def test_a_stream_that_stalls_alone_is_named(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.5
    slow = (slowly(frames_of(one, range(1000))) for one in (0, 2))
    server = serve(next(slow), [*frames_of(1, range(3)), silence()], next(slow), streams=3)

    error, frames = failed(client, server)

    assert isinstance(error, APITimeoutError)
    assert lines(frames) == [[0], [1], [2]]
    assert re.search(r"^stream 2 of 3 .* went silent: nothing came for 0.5 s after 3 frames", str(error))


def test_a_stream_that_never_begins_is_named(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.5
    slow = (slowly(frames_of(one, range(1000))) for one in (0, 1))
    server = serve(next(slow), next(slow), [silence()], streams=3)

    error, frames = failed(client, server)

    assert (frames, isinstance(error, APITimeoutError)) == ([], True)
    assert re.search(r"^stream 3 of 3 .* went silent: nothing came for 0.5 s after 0 frames", str(error))


def test_streams_of_other_times_end_with_a_sentence(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.5
    slow = [slowly(frames_of(number, range(first, first + 1000))) for number, first in ((0, 0), (1, 500_000))]

    error, frames = failed(client, serve(*slow, streams=2), 2)

    assert (frames, isinstance(error, APITimeoutError)) == ([], True)
    assert re.search(r"^no line of job '1-1' at .* was whole for 0.5 s, though its 2 streams bring frames$", str(error))


def test_the_time_of_a_slow_caller_is_not_that_of_a_stream(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.6
    server = serve(*(slowly(one, 0.1) for one in streams(range(8), range(8), range(8))), streams=3)
    client.connect("127.0.0.1", server.port)
    count = 0
    for _ in client.stream_spectrograms("1-1", stream_amount=3):
        count += 1
        time.sleep(0.7 if count < 3 else 0)
    assert count == 8


def test_bytes_that_are_no_frame_are_told_with_their_stream(client: GrpcStreamClient, serve: Serve) -> None:
    one, two, three = streams(range(2), range(2), range(2))
    server = serve(one, [*two, b"\xff\xff garbage"], [*three, silence()], streams=3)

    error, _ = failed(client, server)

    assert isinstance(error, ProtocolError)
    assert re.search(r"of job '1-1' from .* \(stream 2 of 3\) cannot be read", str(error))


def test_a_refusal_is_tried_again_for_all(client: GrpcStreamClient, serve: Serve) -> None:
    fine = streams(range(3), range(3), range(3))
    server = serve([*fine[0], silence()], [UNAVAILABLE], [silence()], *fine, streams=3)

    assert lines(received(client, server)) == [[0], [1], [2]]
    assert client.get_metrics().attempts == 2


def test_a_break_of_one_is_a_break_of_all_and_no_line_comes_twice(client: GrpcStreamClient, serve: Serve) -> None:
    first, again = streams(range(4), range(5), range(6)), streams(range(2, 9), range(9), range(3, 9))
    server = serve([*first[0], UNAVAILABLE], *([*one, silence()] for one in first[1:]), *again, streams=3)

    frames = received(client, server, resume=True, lines_dt=0.01)

    assert lines(frames) == [[line] for line in range(9)]
    (interruption,) = client.get_metrics().interruptions
    assert (interruption.after, interruption.before, interruption.lines_lost) == (T0 + 30, T0 + 40, 0)


def test_a_client_that_disconnects_leaves_all(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve(*([*one, silence()] for one in streams(range(1), range(1), range(1))), streams=3)
    client.connect("127.0.0.1", server.port)
    stream = client.stream_spectrograms("1-1", stream_amount=3)
    next(stream)

    client.disconnect()

    with pytest.raises(ConnectionError, match="the client has disconnected"):
        next(stream)
    eventually(lambda: all(call.over.is_set() for call in server.calls), "all calls are over")


@pytest.mark.parametrize("amount", [0, -1, 65])
def test_an_absurd_number_of_streams_is_refused(client: GrpcStreamClient, serve: Serve, amount: int) -> None:
    client.connect("127.0.0.1", serve(streams=3).port)
    with pytest.raises(ValueError, match="a job has 1 to 64 streams"):
        client.stream_spectrograms("1-1", stream_amount=amount)

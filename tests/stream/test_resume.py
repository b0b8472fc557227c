"""A stream that breaks and goes on: every line once, every loss counted, and never where asking again is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable

import grpc
import pytest

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.errors import APIError, APITimeoutError, ConnectionError
from support.grpc_stream_client import GrpcStreamClient
from support.stream.frame import Frame
from support.stream.interruption import Interruption
from tests.conftest import Serve
from tests.grpc_server import Abort, GrpcServer, silence
from tests.patience import PATIENCE

BROKEN = Abort(grpc.StatusCode.UNAVAILABLE, "the network is down")
DT = 0.01
T0 = 1_700_000_000_000


def lines(*numbers: int) -> DataStream:
    """A frame of these lines, which are 10 ms apart."""
    return DataStream(
        rows=[
            SpectrogramRow(
                canvasId="canvas",
                sensors=[SensorIntensity(id=0, intensity=[number])],
                startTimestamp=T0 + 10 * number,
                endTimestamp=T0 + 10 * number + 512,
            )
            for number in numbers
        ],
        current_min_amp=min(numbers, default=0),
        current_max_amp=max(numbers, default=0),
    )


def numbers(frames: Iterable[Frame]) -> list[list[int]]:
    return [[int(start - T0) // 10 for start in frame.starts] for frame in frames]


def received(client: GrpcStreamClient, server: GrpcServer, max_frames: int | None = None) -> list[Frame]:
    client.connect("127.0.0.1", server.port)
    return list(client.stream_spectrograms("1-1", max_frames, resume=True, lines_dt=DT))


def failed(client: GrpcStreamClient, server: GrpcServer) -> tuple[APIError, list[Frame]]:
    """The error that a stream ended with, and what had come before."""
    client.connect("127.0.0.1", server.port)
    frames: list[Frame] = []
    with pytest.raises(APIError) as caught:
        frames.extend(client.stream_spectrograms("1-1", resume=True, lines_dt=DT))
    return caught.value, frames


def test_a_stream_that_breaks_goes_on_where_it_was(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0, 1), BROKEN], [lines(2, 3)])

    frames = received(client, server)

    assert numbers(frames) == [[0, 1], [2, 3]]
    assert [frame.index for frame in frames] == [0, 1]
    metrics = client.get_metrics()
    assert (metrics.attempts, metrics.errors_count, metrics.frames_received) == (2, 1, 2)
    (interruption,) = metrics.interruptions
    assert (interruption.lines_lost, interruption.gap) == (0, 0.01)
    assert (interruption.after, interruption.before) == (T0 + 10, T0 + 20)
    assert interruption.reason == "UNAVAILABLE: the network is down"
    assert interruption.duration is not None
    assert 0 < frames[0].elapsed <= interruption.began <= interruption.began + interruption.duration <= metrics.duration


def test_nothing_is_delivered_twice(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0, 1, 2), BROKEN], [lines(0, 1), lines(2, 3), lines(4)])

    frames = received(client, server)

    assert numbers(frames) == [[0, 1, 2], [3], [4]]
    assert (frames[1].current_min_amp, frames[1].current_max_amp) == (2, 3), "the bounds stay as they were sent"
    assert frames[1].values.tolist() == [3]
    assert client.get_metrics().interruptions[0].lines_lost == 0


def test_what_one_call_repeats_is_for_the_rules_to_find(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), lines(0), BROKEN], [lines(1), lines(1)])

    assert numbers(received(client, server)) == [[0], [0], [1], [1]]


@pytest.mark.parametrize(("lines_dt", "lost"), [(DT, 5), (None, None)])
def test_lost_lines_are_counted_where_their_distance_is_known(
    client: GrpcStreamClient, serve: Serve, lines_dt: float | None, lost: int | None
) -> None:
    client.connect("127.0.0.1", serve([lines(0, 1), BROKEN], [lines(7, 8)]).port)

    list(client.stream_spectrograms("1-1", resume=True, lines_dt=lines_dt))

    (interruption,) = client.get_metrics().interruptions
    assert (interruption.lines_lost, interruption.gap) == (lost, 0.06)


def test_an_interruption_reads_well() -> None:
    broken = Interruption(began=1.0, reason="UNAVAILABLE", after=T0, lines_dt=DT)
    over = Interruption(began=1.0, reason="UNAVAILABLE", after=T0, duration=2.0, before=T0 + 2010, lines_dt=DT)

    assert str(broken) == "interrupted after the line of 22:13:20.000 for good: UNAVAILABLE"
    assert str(over) == "interrupted after the line of 22:13:20.000 for 2.00 s, 200 lines lost: UNAVAILABLE"


def test_an_empty_frame_is_for_the_rules_to_find(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), BROKEN], [DataStream(), lines(1)])

    assert numbers(received(client, server)) == [[0], [], [1]]
    assert client.get_metrics().interruptions[0].before == T0 + 10


def test_the_rest_of_the_frames_is_asked_for(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), lines(1), BROKEN], [lines(2), BROKEN], [lines(3), lines(4)])

    assert numbers(received(client, server, 5)) == [[0], [1], [2], [3], [4]]
    assert [call.request.max_frames for call in server.calls] == [5, 3, 2]


def test_frames_that_had_come_take_no_place(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), lines(1), BROKEN], [lines(1), lines(2)], [lines(2), lines(3), lines(4)])

    assert numbers(received(client, server, 4)) == [[0], [1], [2], [3]]
    assert [call.request.max_frames for call in server.calls] == [4, 2, 2]
    assert client.get_metrics().interruptions[1].reason == "1 frame of those asked for had come before"


def test_a_stream_that_begins_anew_is_read_on_to_what_is_new(client: GrpcStreamClient, serve: Serve) -> None:
    recording = [lines(number) for number in range(6)]
    server = serve([*recording[:4], BROKEN], recording[:2], recording[:4], recording)

    assert numbers(received(client, server, 6)) == [[0], [1], [2], [3], [4], [5]]
    assert [call.request.max_frames for call in server.calls] == [6, 2, 4, 6]


def test_a_stream_that_breaks_after_its_last_frame_is_whole(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), lines(1), BROKEN])

    assert numbers(received(client, server, 2)) == [[0], [1]]
    assert len(server.calls) == 1
    assert client.get_metrics().interruptions[0].duration is None


def test_the_budget_holds_for_each_interruption(client: GrpcStreamClient, serve: Serve) -> None:
    broken_often = [step for number in range(10) for step in ([lines(number), BROKEN], [BROKEN], [BROKEN])]

    frames = received(client, serve(*broken_often, [lines(10)]))

    assert numbers(frames) == [[number] for number in range(11)]
    metrics = client.get_metrics()
    assert (metrics.attempts, metrics.errors_count, len(metrics.interruptions)) == (31, 30, 10)


def test_with_the_budget_used_up_the_error_says_how_far_it_came(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0, 1), lines(2, 3), BROKEN], [lines(4), BROKEN], [BROKEN])

    error, frames = failed(client, server)

    assert numbers(frames) == [[0, 1], [2, 3], [4]]
    assert re.search(
        r"the network is down; in all 3 frames came, the newest line of 22:13:20.040, with 2 interruptions",
        str(error),
    )
    assert (error.status, error.details, error.target) == (
        grpc.StatusCode.UNAVAILABLE,
        "the network is down",
        server.target,
    )
    metrics = client.get_metrics()
    assert (len(server.calls), metrics.errors_count) == (5, 5)
    assert metrics.interruptions[-1].duration is None


def test_answers_with_nothing_new_use_up_the_budget(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), BROKEN])

    _, frames = failed(client, server)

    assert numbers(frames) == [[0]]
    assert len(server.calls) == 4


@pytest.mark.parametrize(
    "status",
    [status for status in grpc.StatusCode if status not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)],
    ids=lambda status: status.name,
)
@pytest.mark.parametrize("when", ["at once", "in mid-stream", "after an interruption"])
def test_other_errors_are_final(client: GrpcStreamClient, serve: Serve, status: grpc.StatusCode, when: str) -> None:
    final = Abort(status, "no")
    scripts: dict[str, list[list[DataStream | Abort]]] = {
        "at once": [[final]],
        "in mid-stream": [[lines(0), final]],
        "after an interruption": [[lines(0), BROKEN], [final]],
    }
    server = serve(*scripts[when])

    error, _ = failed(client, server)

    assert error.status is status
    assert len(server.calls) == len(scripts[when])


def test_a_stall_is_no_interruption(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.3
    server = serve([lines(0), silence()], [lines(1)])

    error, frames = failed(client, server)

    assert isinstance(error, APITimeoutError)
    assert re.search(
        r"went silent: nothing came for 0.3 s after 1 frame, the last one at \d\d:\d\d:\d\d\.\d", str(error)
    )
    assert len(frames) == len(server.calls) == 1


def test_a_stall_after_an_interruption_says_how_far_the_stream_came(client: GrpcStreamClient, serve: Serve) -> None:
    client.idle_timeout = 0.3

    error, _ = failed(client, serve([lines(0), BROKEN], [silence()]))

    assert isinstance(error, APITimeoutError)
    assert "after 0 frames; in all 1 frame came, the newest line of 22:13:20.000, with 1 interruption" in str(error)


def test_the_total_timeout_holds_over_all_calls(serve: Serve) -> None:
    client = GrpcStreamClient(stream_timeout=1, idle_timeout=1, retry_delay=0.05)
    flapping = ([lines(number), BROKEN] for number in range(10_000))

    with (
        client.connect_context("127.0.0.1", serve(*flapping).port),
        pytest.raises(APITimeoutError, match="longer than 1 s"),
    ):
        list(client.stream_spectrograms("1-1", resume=True))

    assert client.get_metrics().duration < PATIENCE


def test_a_client_that_leaves_is_not_asked_to_go_on(client: GrpcStreamClient, serve: Serve) -> None:
    client.connect("127.0.0.1", serve([lines(0), silence()]).port)
    stream = client.stream_spectrograms("1-1", resume=True)
    next(stream)

    client.disconnect()

    with pytest.raises(ConnectionError, match="the client has disconnected"):
        next(stream)
    assert client.get_metrics().interruptions == []


def test_without_resume_a_stream_that_breaks_has_failed(client: GrpcStreamClient, serve: Serve) -> None:
    server = serve([lines(0), BROKEN], [lines(1)])
    client.connect("127.0.0.1", server.port)

    with pytest.raises(APIError, match=r"failed after 1 frame: UNAVAILABLE: the network is down$"):
        list(client.stream_spectrograms("1-1"))

    assert len(server.calls) == 1

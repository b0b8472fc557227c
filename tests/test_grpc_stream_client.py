"""The stream client against a real server that plays a script."""

import builtins
import gc
import itertools
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import grpc
import psutil
import pytest

from support.errors import APIError, APITimeoutError, ConnectionError, ProtocolError
from support.grpc_stream_client import GrpcStreamClient
from support.machine import threads
from support.security import Security
from support.stream.frame import Frame
from tests.conftest import Http, Serve
from tests.grpc_server import Abort, GrpcServer, Health, failing, frame, silence, unhealthy, unimplemented
from tests.http_server import Answer
from tests.patience import PATIENCE, eventually

UNAVAILABLE = Abort(grpc.StatusCode.UNAVAILABLE, "try later")


def connected(client: GrpcStreamClient, server: GrpcServer) -> GrpcStreamClient:
    client.connect("127.0.0.1", server.port)
    return client


def refusal(stream_url: str, port: int | str, connection_timeout: float = 0.5) -> ConnectionError:
    with pytest.raises(ConnectionError) as caught:
        GrpcStreamClient(connection_timeout=connection_timeout).connect(stream_url, port)
    return caught.value


class TestConnect:
    def test_a_healthy_job_is_connected(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve()

        assert client.connect("127.0.0.1", server.port) is True
        assert client.is_connected()
        assert (client.target, client.server_version) == (server.target, "scripted-1")

    @pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://127.0.0.1", "127.0.0.1/focus-server", "localhost"])
    def test_an_address_comes_as_the_server_says_it(self, client: GrpcStreamClient, serve: Serve, url: str) -> None:
        assert client.connect(url, str(serve().port))

    def test_an_ipv6_address_is_an_address(self, client: GrpcStreamClient, serve: Serve) -> None:
        assert client.connect("[::1]", serve(host="[::1]").port)

    def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
        self, client: GrpcStreamClient, serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "https_proxy", "grpc_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

        assert client.connect("127.0.0.1", serve().port)

    def test_a_closed_port_is_refused_in_time_with_the_reason(self, closed_port: int) -> None:
        began = time.monotonic()

        error = refusal("127.0.0.1", closed_port)

        assert time.monotonic() - began < PATIENCE
        assert f"nothing at 127.0.0.1:{closed_port} answered gRPC within 0.5 s" in str(error)
        assert "Connection refused" in error.details
        assert error.target == f"127.0.0.1:{closed_port}"
        assert error.status is grpc.StatusCode.UNAVAILABLE
        assert isinstance(error, builtins.ConnectionError)

    def test_a_port_that_says_nothing_is_refused_in_time(self, silent_port: int) -> None:
        began = time.monotonic()

        error = refusal("127.0.0.1", silent_port)

        assert time.monotonic() - began < PATIENCE
        assert "what listens there does not speak gRPC" in str(error)

    def test_a_web_server_is_no_grpc_server(self, http: Http) -> None:
        assert "answered gRPC" in str(refusal("127.0.0.1", http(Answer(400)).port))

    def test_an_unknown_host_is_named(self) -> None:
        assert "nowhere.invalid" in str(refusal("nowhere.invalid", 30123, 2))

    @pytest.mark.parametrize(("url", "port"), [("127.0.0.1", "abc"), ("127.0.0.1", 0), ("http://", 30123)])
    def test_nonsense_is_refused_in_a_sentence(self, url: str, port: int | str) -> None:
        assert str(refusal(url, port)).startswith("cannot connect: stream_")

    def test_a_job_that_is_still_starting_is_waited_for(
        self, client: GrpcStreamClient, serve: Serve, closed_port_holder: socket.socket
    ) -> None:
        port = closed_port_holder.getsockname()[1]

        def start() -> None:
            closed_port_holder.close()
            serve([frame()], port=port)

        starting = threading.Timer(0.6, start)
        starting.start()

        client.connect("127.0.0.1", port)

        starting.join(PATIENCE)
        assert len(list(client.stream_spectrograms("1-1"))) == 1

    def test_a_slow_handshake_is_no_refusal(self, client: GrpcStreamClient, serve: Serve) -> None:
        with _slow_way_to(serve().port, seconds=1.2) as port:
            assert client.connect("127.0.0.1", port)

    def test_a_server_without_health_check_is_taken_as_healthy(self, client: GrpcStreamClient, serve: Serve) -> None:
        assert client.connect("127.0.0.1", serve(health=unimplemented).port)
        assert client.server_version == ""

    @pytest.mark.parametrize(
        ("health", "words", "status"),
        [
            (unhealthy, "says that it is not healthy (version scripted-1)", None),
            (failing, "failed with INTERNAL: the disk is full", grpc.StatusCode.INTERNAL),
        ],
    )
    def test_a_sick_job_is_refused(
        self, serve: Serve, health: Health, words: str, status: grpc.StatusCode | None
    ) -> None:
        error = refusal("127.0.0.1", serve(health=health).port, 3)

        assert words in str(error)
        assert error.status is status

    def test_a_failed_connect_leaves_nothing_connected(self, client: GrpcStreamClient, serve: Serve) -> None:
        connected(client, serve())

        with pytest.raises(ConnectionError):
            client.connect("127.0.0.1", serve(health=failing).port)

        assert not client.is_connected()

    def test_it_notices_by_itself_that_the_server_went_away(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve()
        connected(client, server)

        server.close()

        eventually(lambda: not client.is_connected(), "it notices")

    def test_the_context_closes_after_an_exception(self, client: GrpcStreamClient, serve: Serve) -> None:
        context = client.connect_context("127.0.0.1", serve().port)
        with pytest.raises(ZeroDivisionError), context as inside:
            raise ZeroDivisionError if inside is client and client.is_connected() else AssertionError

        assert not client.is_connected()

    def test_disconnecting_without_a_connection_is_harmless(self, client: GrpcStreamClient) -> None:
        client.disconnect()
        client.disconnect()

        assert not client.is_connected()

    def test_the_same_client_connects_again(self, client: GrpcStreamClient, serve: Serve) -> None:
        for server in (serve([frame(1)]), serve([frame(2)])):
            with client.connect_context("127.0.0.1", server.port):
                assert client.is_connected()
                assert len(list(client.stream_spectrograms("1-1"))) == 1
            assert not client.is_connected()

    def test_connecting_again_leaves_the_earlier_connection(self, client: GrpcStreamClient, serve: Serve) -> None:
        first, second = serve([silence()]), serve([frame()])
        connected(client, first)

        connected(client, second)
        first.close()

        assert client.is_connected()
        assert client.target == second.target

    @pytest.mark.parametrize(
        "arguments",
        [
            {"connection_timeout": 0},
            {"stream_timeout": -1},
            {"idle_timeout": 0},
            {"retry_attempts": 0},
            {"retry_delay": -1},
            {"verify_ssl": True, "security": Security()},
        ],
    )
    def test_senseless_arguments_are_refused(self, arguments: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=r"timeout|attempts|verify_ssl"):
            GrpcStreamClient(**arguments)  # type: ignore[arg-type]


class TestStream:
    def test_frames_arrive_as_they_were_sent(self, client: GrpcStreamClient, serve: Serve) -> None:
        sent = [frame(1), frame(100)]

        received = list(connected(client, serve(sent)).stream_spectrograms("1-1"))

        assert [got.message for got in received] == sent
        assert [got.index for got in received] == [0, 1]
        assert [got.size for got in received] == [message.ByteSize() for message in sent]
        assert 0 < received[0].elapsed <= received[1].elapsed

    @pytest.mark.parametrize(("max_frames", "asked"), [(None, 0), (0, 0), (7, 7)])
    def test_the_request_is_the_callers(
        self, client: GrpcStreamClient, serve: Serve, max_frames: int | None, asked: int
    ) -> None:
        server = serve()

        list(connected(client, server).stream_spectrograms("12-70788", max_frames))

        assert (server.calls[0].request.job_id, server.calls[0].request.max_frames) == ("12-70788", asked)

    def test_a_negative_number_of_frames_is_refused(self, client: GrpcStreamClient, serve: Serve) -> None:
        with pytest.raises(ValueError, match="max_frames is a number of frames"):
            connected(client, serve()).stream_spectrograms("1-1", -1)

    def test_frames_beyond_the_number_are_yielded_too(self, client: GrpcStreamClient, serve: Serve) -> None:
        assert len(list(connected(client, serve([frame()] * 5)).stream_spectrograms("1-1", max_frames=2))) == 5

    def test_an_empty_stream_is_no_error(self, client: GrpcStreamClient, serve: Serve) -> None:
        assert list(connected(client, serve()).stream_spectrograms("1-1")) == []
        assert client.get_metrics().errors_count == 0

    def test_a_message_above_four_megabytes_arrives(self, client: GrpcStreamClient, serve: Serve) -> None:
        large = frame(rows=1, sensors=1100, bins=1025)
        assert large.ByteSize() > 4 * 2**20

        received = list(connected(client, serve([large])).stream_spectrograms("1-1"))

        assert received[0].intensities.shape == (1, 1100, 1025)

    def test_streaming_before_connecting_is_refused_at_once(self, client: GrpcStreamClient) -> None:
        with pytest.raises(ConnectionError, match="not connected"):
            client.stream_spectrograms("1-1")

    def test_streaming_after_disconnecting_is_refused(self, client: GrpcStreamClient, serve: Serve) -> None:
        connected(client, serve()).disconnect()

        with pytest.raises(ConnectionError, match="not connected"):
            client.stream_spectrograms("1-1")

    def test_a_stream_begun_after_disconnecting_is_refused(self, client: GrpcStreamClient, serve: Serve) -> None:
        stream = connected(client, serve([frame()])).stream_spectrograms("1-1")
        client.disconnect()

        with pytest.raises(ConnectionError, match="the client has disconnected"):
            next(stream)

    def test_an_unknown_job_is_refused_once_and_the_channel_stays(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([Abort(grpc.StatusCode.NOT_FOUND, "there is no job '0-none'")], [frame()])
        connected(client, server)

        with pytest.raises(APIError, match="there is no job '0-none'") as caught:
            list(client.stream_spectrograms("0-none"))

        assert caught.value.status is grpc.StatusCode.NOT_FOUND
        assert client.get_metrics().attempts == 1
        assert len(list(client.stream_spectrograms("1-1"))) == 1

    def test_bytes_that_are_no_message_are_a_protocol_error(self, client: GrpcStreamClient, serve: Serve) -> None:
        received: list[Frame] = []
        stream = connected(client, serve([frame(), b"\xff\xff garbage"])).stream_spectrograms("1-1")

        with pytest.raises(ProtocolError) as caught:
            received.extend(stream)

        assert "frame 1 of job '1-1'" in str(caught.value)
        assert "10 bytes that begin with ff ff 20 67" in str(caught.value)
        metrics = client.get_metrics()
        assert (len(received), metrics.frames_received, metrics.errors_count) == (1, 1, 1)

    def test_two_streams_run_side_by_side(self, client: GrpcStreamClient, serve: Serve) -> None:
        connected(client, serve([frame(1), frame(2)], [frame(3), frame(4)]))
        first, second = client.stream_spectrograms("1-1"), client.stream_spectrograms("1-1")

        amplitudes = [got.current_min_amp for pair in zip(first, second, strict=True) for got in pair]

        assert amplitudes == [1, 3, 2, 4]


class TestFailure:
    def test_an_abort_comes_after_the_frames_before_it(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([frame(), frame(), Abort(grpc.StatusCode.DATA_LOSS, "the fibre broke")])
        received: list[Frame] = []
        stream = connected(client, server).stream_spectrograms("1-1")

        with pytest.raises(APIError, match="after 2 frames: DATA_LOSS: the fibre broke") as caught:
            received.extend(stream)

        error, metrics = caught.value, client.get_metrics()
        assert (error.status, error.details) == (grpc.StatusCode.DATA_LOSS, "the fibre broke")
        assert error.target == server.target
        assert len(received) == 2
        assert (metrics.frames_received, metrics.errors_count) == (2, 1)
        assert metrics.end_time is not None

    def test_a_server_that_goes_away_in_mid_stream_is_an_error(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([frame(), silence()])
        stream = connected(client, server).stream_spectrograms("1-1")
        next(stream)

        server.close()

        with pytest.raises(APIError, match="after 1 frame: "):
            next(stream)

    def test_a_transient_error_is_retried(
        self, client: GrpcStreamClient, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = serve([UNAVAILABLE], [UNAVAILABLE], [frame()])
        connected(client, server)

        with caplog.at_level(logging.WARNING, "support"):
            assert len(list(client.stream_spectrograms("1-1"))) == 1

        metrics = client.get_metrics()
        assert (metrics.attempts, metrics.errors_count, metrics.frames_received) == (3, 2, 1)
        assert f"asking {server.target} again, attempt 3 of 3" in caplog.text

    def test_a_transient_error_that_stays_is_raised(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([UNAVAILABLE])

        with pytest.raises(APIError, match="UNAVAILABLE: try later") as caught:
            list(connected(client, server).stream_spectrograms("1-1"))

        metrics = client.get_metrics()
        assert caught.value.status is grpc.StatusCode.UNAVAILABLE
        assert (len(server.calls), metrics.attempts, metrics.errors_count) == (3, 3, 3)

    def test_nothing_is_retried_after_a_frame(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([frame(), UNAVAILABLE])

        with pytest.raises(APIError):
            list(connected(client, server).stream_spectrograms("1-1"))

        assert len(server.calls) == 1
        assert client.get_metrics().attempts == 1

    def test_a_single_attempt_is_not_repeated(self, serve: Serve) -> None:
        server = serve([UNAVAILABLE])
        client = GrpcStreamClient(retry_attempts=1)

        with client.connect_context("127.0.0.1", server.port), pytest.raises(APIError):
            list(client.stream_spectrograms("1-1"))

        assert len(server.calls) == 1

    @pytest.mark.parametrize("frames", [0, 2])
    def test_silence_ends_the_stream(self, serve: Serve, frames: int) -> None:
        server = serve([*[frame()] * frames, silence()])
        client = GrpcStreamClient(idle_timeout=0.3)

        with (
            client.connect_context("127.0.0.1", server.port),
            pytest.raises(APITimeoutError, match=f"went silent: nothing came for 0.3 s after {frames} frames"),
        ):
            list(client.stream_spectrograms("1-1"))

        assert client.get_metrics().frames_received == frames
        assert server.calls[0].was_cancelled()

    def test_a_slow_consumer_is_no_silent_server(self, serve: Serve) -> None:
        client = GrpcStreamClient(idle_timeout=0.2)
        with client.connect_context("127.0.0.1", serve([frame()] * 3).port):
            stream = client.stream_spectrograms("1-1")
            began = next(stream).elapsed + time.monotonic()
            eventually(lambda: time.monotonic() - began > 0.6, "the consumer has taken its time")

            assert len(list(stream)) == 2

    def test_a_stream_may_not_take_for_ever(self, serve: Serve) -> None:
        client = GrpcStreamClient(stream_timeout=0.4, idle_timeout=0.4)
        with (
            client.connect_context("127.0.0.1", serve(itertools.repeat(frame())).port),
            pytest.raises(APITimeoutError, match=r"it took longer than 0\.4 s") as caught,
        ):
            deque(client.stream_spectrograms("1-1"), maxlen=0)

        assert caught.value.status is grpc.StatusCode.DEADLINE_EXCEEDED
        assert client.get_metrics().frames_received > 0

    def test_a_deadline_of_the_servers_own_is_told_in_its_words(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([Abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the recording is slow")])

        with pytest.raises(APITimeoutError, match="DEADLINE_EXCEEDED: the recording is slow"):
            list(connected(client, server).stream_spectrograms("1-1"))


class TestLeaving:
    def test_leaving_the_loop_cancels_the_call(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve(itertools.repeat(frame()))

        for _ in connected(client, server).stream_spectrograms("1-1"):
            break
        gc.collect()

        assert server.calls[0].was_cancelled()
        assert client.get_metrics().end_time is not None

    def test_closing_the_iterator_cancels_the_call(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([frame(), silence()])
        stream = connected(client, server).stream_spectrograms("1-1")
        next(stream)

        stream.close()

        assert server.calls[0].was_cancelled()
        metrics = client.get_metrics()
        assert (metrics.frames_received, metrics.errors_count) == (1, 0)
        assert metrics.end_time is not None

    def test_disconnecting_cancels_the_call(self, client: GrpcStreamClient, serve: Serve) -> None:
        server = serve([frame(), silence()])
        stream = connected(client, server).stream_spectrograms("1-1")
        next(stream)

        client.disconnect()

        assert server.calls[0].was_cancelled()
        assert client.get_metrics().end_time is not None

    def test_going_on_after_disconnecting_blames_nobody_else(self, client: GrpcStreamClient, serve: Serve) -> None:
        stream = connected(client, serve([frame(), silence()])).stream_spectrograms("1-1")
        next(stream)
        client.disconnect()

        with pytest.raises(ConnectionError, match="was left after 1 frame: the client has disconnected"):
            next(stream)

        assert client.get_metrics().errors_count == 0

    def test_disconnecting_ends_every_stream(self, client: GrpcStreamClient, serve: Serve) -> None:
        connected(client, serve([frame(), silence()]))
        streams = [client.stream_spectrograms("1-1") for _ in range(2)]
        for stream in streams:
            next(stream)
        client.disconnect()

        for stream in streams:
            with pytest.raises(ConnectionError, match="the client has disconnected"):
                next(stream)

    def test_disconnecting_from_another_thread_wakes_the_waiting_one(
        self, client: GrpcStreamClient, serve: Serve
    ) -> None:
        server = serve([silence()])
        stream = connected(client, server).stream_spectrograms("1-1")

        def leave() -> None:
            eventually(lambda: bool(server.calls), "it is asked")
            client.disconnect()

        leaver = threading.Thread(target=leave)
        leaver.start()

        with pytest.raises(ConnectionError, match="the client has disconnected"):
            next(stream)
        leaver.join(PATIENCE)

    def test_a_stream_that_was_never_begun_does_not_stand_in_the_way(
        self, client: GrpcStreamClient, serve: Serve
    ) -> None:
        server = serve([frame()])
        stream = connected(client, server).stream_spectrograms("1-1")

        client.disconnect()
        stream.close()

        assert server.calls == []
        assert client.get_metrics().start_time is None

    def test_nothing_is_left_behind(self, serve: Serve) -> None:
        server, process = serve([frame()] * 2), psutil.Process()

        def cycles(count: int) -> None:
            client = GrpcStreamClient()
            for _ in range(count):
                with client.connect_context("127.0.0.1", server.port):
                    assert client.is_connected()
                    next(client.stream_spectrograms("1-1"))

        def five_at_once(count: int) -> None:
            with ThreadPoolExecutor(max_workers=5) as workers:
                list(workers.map(cycles, [count] * 5))

        five_at_once(1)
        eventually(lambda: not _readers(), "the warm-up is over")
        handles, threads = process.num_fds(), process.num_threads()

        five_at_once(10)

        eventually(lambda: not _readers(), "the threads that read end")
        eventually(lambda: process.num_fds() <= handles + 2, "the sockets are closed")
        eventually(lambda: process.num_threads() <= threads + 4, "the threads are gone")


class TestMetrics:
    def test_reading_twice_gives_the_same(self, client: GrpcStreamClient, serve: Serve) -> None:
        list(connected(client, serve([frame()] * 3)).stream_spectrograms("1-1"))

        assert client.get_metrics() == client.get_metrics()

    def test_what_was_read_does_not_change(self, client: GrpcStreamClient, serve: Serve) -> None:
        stream = connected(client, serve([frame()] * 3)).stream_spectrograms("1-1")
        next(stream)
        snapshot = client.get_metrics()

        list(stream)

        assert (snapshot.frames_received, snapshot.end_time, snapshot.intervals.count) == (1, None, 0)
        assert client.get_metrics().frames_received == 3

    def test_each_stream_has_its_own(self, client: GrpcStreamClient, serve: Serve) -> None:
        connected(client, serve([frame()] * 3, [frame()]))
        list(client.stream_spectrograms("1-1"))
        first = client.get_metrics()

        list(client.stream_spectrograms("1-1"))

        assert (first.frames_received, client.get_metrics().frames_received) == (3, 1)

    def test_they_cover_the_whole_stream(self, client: GrpcStreamClient, serve: Serve) -> None:
        sent = [frame()] * 3
        list(connected(client, serve(sent)).stream_spectrograms("1-1"))

        metrics = client.get_metrics()

        assert metrics.bytes_received == sum(message.ByteSize() for message in sent)
        assert metrics.first_frame_latency is not None
        assert 0 < metrics.first_frame_latency <= metrics.duration
        assert metrics.avg_frame_rate > 0
        assert metrics.closing_latency is not None
        assert metrics.closing_latency >= 0

    def test_the_way_to_the_first_frame_is_told_apart(self, client: GrpcStreamClient, serve: Serve) -> None:
        list(connected(client, serve([frame()])).stream_spectrograms("1-1"))

        metrics = client.get_metrics()

        assert metrics.connect_seconds is not None
        assert metrics.connect_seconds > 0
        assert metrics.health_seconds is not None
        assert metrics.health_seconds > 0

    def test_a_slow_caller_is_not_taken_for_a_slow_server(self, client: GrpcStreamClient, serve: Serve) -> None:
        for _ in connected(client, serve([frame()] * 6)).stream_spectrograms("1-1"):
            time.sleep(0.1)

        metrics = client.get_metrics()

        assert metrics.judging_seconds >= 0.6
        assert "the pace is the client's, not the server's" in metrics.slow_client

    def test_a_caller_that_waits_for_the_server_is_not_slow(self, client: GrpcStreamClient, serve: Serve) -> None:
        come = [threading.Event() for _ in range(5)]
        script = [frame(), *(step for event in come for step in (event, frame()))]
        stream = connected(client, serve(script)).stream_spectrograms("1-1")
        timers = [threading.Timer(0.1 * number, event.set) for number, event in enumerate(come, 1)]
        for timer in timers:
            timer.start()
        list(stream)

        metrics = client.get_metrics()

        assert metrics.waiting_seconds > 0.3
        assert metrics.slow_client == ""

    def test_they_stay_after_disconnecting(self, client: GrpcStreamClient, serve: Serve) -> None:
        list(connected(client, serve([frame()])).stream_spectrograms("1-1"))
        before = client.get_metrics()

        client.disconnect()

        assert client.get_metrics() == before


def _readers() -> list[str]:
    return [name for name in threads.running() if "stream-reader" in name]


@contextmanager
def _slow_way_to(port: int, seconds: float) -> Iterator[int]:
    """A port that leads to ``port`` only some time after it was connected to, like a network with slow round trips."""
    with ExitStack() as cleanup:
        listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))
        over = threading.Event()

        def carry(source: socket.socket, sink: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:  # the other side is gone
                pass

        def lead() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                over.wait(seconds)
                try:
                    far = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    near.close()
                    continue
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=(source, sink), daemon=True).start()
                cleanup.callback(near.close)
                cleanup.callback(far.close)

        leading = threading.Thread(target=lead)
        leading.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            leading.join(PATIENCE)

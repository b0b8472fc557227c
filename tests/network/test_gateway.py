"""A connection's state is not the server's promise: gateways end connections, and streams are served all the same."""

from __future__ import annotations

import time
from contextlib import ExitStack

import grpc
import pytest

from protos.datastream_pb2 import HealthRequest, HealthResponse
from support.contract import JobAnswer, JobRequest
from support.errors import ConnectionError, MachineStoodStillError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.network.hop import Hop
from support.screen.refusals import refusal_of_unknown_job
from support.screen.streaming import Streaming
from support.server.vacancies import vacancies_of
from support.settings_sources import load
from support.stream.production import PRODUCTION
from tests.conftest import Serve
from tests.grpc_server import frame
from tests.network.gateway import ENHANCE_YOUR_CALM, Gateway, How, Manner, When
from tests.patience import PATIENCE, eventually
from tests.stream.servers import serving

NORMAL = Manner()
CALM = ENHANCE_YOUR_CALM

MANNERS = {
    "after its first answer": [Manner(When.ANSWERED)],
    "after its second answer": [Manner(When.ANSWERED, 2)],
    "after its first answer, calm": [Manner(When.ANSWERED, code=CALM)],
    "in mid-stream": [Manner(When.STREAMED, 8)],
    "in mid-stream, calm": [Manner(When.STREAMED, 8, code=CALM)],
    "of a great age": [Manner(When.LATER, 0.1)],
    "of a great age, calm": [Manner(When.LATER, 0.1, code=CALM)],
    "when the first is new": [Manner(When.LATER, 0.001), NORMAL],
    "when the first two greet": [Manner(When.GREETED), Manner(When.GREETED), NORMAL],
    "when the first greets, calm": [Manner(When.GREETED, code=CALM), NORMAL],
    "closed when the first two greet": [*[Manner(When.GREETED, how=How.CLOSE)] * 2, NORMAL],
    "reset when the first two greet": [*[Manner(When.GREETED, how=How.RESET)] * 2, NORMAL],
    "closed when the first two come": [*[Manner(When.ACCEPTED, how=How.CLOSE)] * 2, NORMAL],
    "reset when the first two come": [*[Manner(When.ACCEPTED, how=How.RESET)] * 2, NORMAL],
    "closed when idle": [Manner(When.IDLE, 0.1, How.CLOSE)],
    "reset after its first answer": [Manner(When.ANSWERED, how=How.RESET)],
}


class Behind(FocusServerAPI):
    """A server whose jobs are reached through gateways."""

    def __init__(self, url: str, manners: list[Manner], cleanup: ExitStack) -> None:
        super().__init__(url)
        cleanup.callback(self.close)
        self.gateways: list[Gateway] = []
        self._manners, self._cleanup = manners, cleanup

    def configure(self, request: JobRequest) -> JobAnswer:
        answer = super().configure(request)
        gateway = self._cleanup.enter_context(Gateway(int(answer.stream_port), *self._manners))
        self.gateways.append(gateway)
        return answer.model_copy(update={"stream_port": gateway.port})


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
def test_a_gateway_that_ends_connections_politely_is_no_failure_of_the_server(
    api: FocusServerAPI, cleanup: ExitStack, manners: list[Manner]
) -> None:
    behind = Behind(api.base_url, manners, cleanup)
    settings = load({"connection_timeout": str(PATIENCE), "idle_timeout": str(PATIENCE)}, {})
    streaming = Streaming(settings, behind, vacancies_of(settings), cleanup)
    streaming.configure(JobRequest(channels_min=1, channels_max=3), api.live_metadata().prr)

    streaming.connect()
    assert streaming.client.is_connected()
    refusal = refusal_of_unknown_job(streaming)
    assert refusal.error.status is grpc.StatusCode.NOT_FOUND
    assert streaming.client.is_connected()
    streaming.stream_as_connected()
    assert streaming.verdict.frames > 0
    streaming.stream(max_frames=20)
    assert streaming.metrics.frames_received == 20
    assert streaming.client.is_connected()

    eventually(lambda: behind.gateways[0].left > 0, "the gateway has left a connection")


def test_a_server_that_is_gone_after_its_refusal_does_not_serve(api: FocusServerAPI, cleanup: ExitStack) -> None:
    behind = Behind(api.base_url, [NORMAL], cleanup)
    settings = load({"retry_delay": "0"}, {})
    streaming = Streaming(settings, behind, vacancies_of(settings), cleanup)
    streaming.configure(JobRequest(channels_min=1, channels_max=3), api.live_metadata().prr)
    refusal_of_unknown_job(streaming)

    behind.gateways[0].close()

    eventually(lambda: not streaming.client.is_connected(), "the client notices")
    with pytest.raises((AssertionError, MachineStoodStillError), match="failed after 0 frames: UNAVAILABLE"):
        streaming.stream_as_connected()


def test_a_dialect_without_a_health_check_gets_over_a_first_connection_that_is_left() -> None:
    with (
        serving({PRODUCTION.method: b""}) as target,
        Gateway(int(target.rpartition(":")[2]), Manner(When.GREETED), NORMAL) as gateway,
    ):
        client = GrpcStreamClient(connection_timeout=PATIENCE, dialect=PRODUCTION)
        with client.connect_context("127.0.0.1", gateway.port):
            eventually(lambda: gateway.connections >= 2, "the client is on a connection that stays")
            assert client.is_connected()


def test_a_port_that_refuses_at_first_is_asked_again(client: GrpcStreamClient, serve: Serve) -> None:
    with Hop(("127.0.0.1", serve([frame()]).port)) as hop:
        hop.drop(0.5)

        client.connect(hop.host, hop.port)

        assert len(list(client.stream_spectrograms("1-1"))) == 1


@pytest.mark.parametrize("sick", ["UNAVAILABLE", "not healthy"])
def test_a_job_that_is_not_well_yet_is_asked_again(client: GrpcStreamClient, serve: Serve, sick: str) -> None:
    asked = []

    def at_last(_request: HealthRequest, context: grpc.ServicerContext) -> HealthResponse:
        asked.append(time.monotonic())
        if len(asked) < 3 and sick == "UNAVAILABLE":
            context.abort(grpc.StatusCode.UNAVAILABLE, "still starting")
        return HealthResponse(healthy=len(asked) >= 3, version="late-1")

    client.connect("127.0.0.1", serve(health=at_last).port)

    assert (client.server_version, len(asked)) == ("late-1", 3)


def test_a_health_check_may_be_slow(client: GrpcStreamClient, serve: Serve) -> None:
    def slow(_request: HealthRequest, _context: grpc.ServicerContext) -> HealthResponse:
        time.sleep(2.5)  # longer than the first word on a channel may take
        return HealthResponse(healthy=True, version="slow-1")

    client.connect("127.0.0.1", serve(health=slow).port)

    assert client.server_version == "slow-1"


def test_a_job_that_stays_unavailable_is_told_with_its_own_words(serve: Serve) -> None:
    def never(_request: HealthRequest, context: grpc.ServicerContext) -> HealthResponse:
        context.abort(grpc.StatusCode.UNAVAILABLE, "no licence")

    port = serve(health=never).port

    with pytest.raises(ConnectionError, match=f"the health check of 127.0.0.1:{port} failed with UNAVAILABLE: no lic"):
        GrpcStreamClient(connection_timeout=3).connect("127.0.0.1", port)


def test_what_answers_too_late_is_not_said_to_be_silent(serve: Serve) -> None:
    server = serve()

    def told() -> bool:
        client = GrpcStreamClient(connection_timeout=1e-6)
        try:
            client.connect("127.0.0.1", server.port)
        except ConnectionError as late:
            return str(late) == f"{server.target} answered gRPC only after the 1e-06 s that connecting may take"
        client.disconnect()  # on a busy machine the answer can be there before the first look
        return False

    eventually(told, "it is told that the server was too late")


def test_a_stream_that_has_begun_goes_on_beside_a_connection_that_is_made_anew(
    api: FocusServerAPI, cleanup: ExitStack
) -> None:
    behind = Behind(api.base_url, [Manner(When.STREAMED, 8), NORMAL], cleanup)
    job = behind.configure(JobRequest(channels_min=1, channels_max=3))
    cleanup.callback(behind.cancel, job.job_id)
    client = GrpcStreamClient(idle_timeout=PATIENCE)
    client.connect("127.0.0.1", job.stream_port)
    cleanup.callback(client.disconnect)
    stream = client.stream_spectrograms(job.job_id)

    for _ in range(20):
        next(stream)
    eventually(lambda: behind.gateways[0].connections == 2, "it is connected again, while the stream goes on")
    for _ in range(20):
        next(stream)

    assert client.get_metrics().errors_count == 0
    stream.close()

"""Real servers and ports to test against; whatever a test opens is closed."""

import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.server.embedded import EmbeddedServer
from tests.grpc_server import GrpcServer, Health, Step, healthy
from tests.http_server import Answer, HttpServer
from tests.patience import PATIENCE

# Generators get the time that they take: how fast they are just now says something about the machine alone.
settings.register_profile("quick", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=10_000)
settings.load_profile("quick")

# A shell has its background jobs ignore Ctrl-C, nohup a closed terminal, and so would all that is started and
# interrupted here.
for _name, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), _handler)

Serve = Callable[..., GrpcServer]
Http = Callable[..., HttpServer]


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session", autouse=True)
def coverage_config() -> str:
    """What has coverage measure a process, too; taken away, for it slows down all those that no test wants measured."""
    return os.environ.pop("COVERAGE_PROCESS_CONFIG", "")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, coverage_config: str) -> None:
    """Has coverage measure the processes that a test starts, where they alone run what it is about."""
    if coverage_config:
        monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", coverage_config)


@pytest.fixture
def serve(cleanup: ExitStack) -> Serve:
    """Starts scripted gRPC servers."""

    def start(
        *scripts: Iterable[Step],
        health: Health = healthy,
        port: int = 0,
        host: str = "127.0.0.1",
        streams: int = 1,
    ) -> GrpcServer:
        return cleanup.enter_context(GrpcServer(*scripts, health=health, port=port, host=host, streams=streams))

    return start


@pytest.fixture
def http(cleanup: ExitStack) -> Http:
    """Starts scripted HTTP servers."""

    def start(*answers: Answer) -> HttpServer:
        return cleanup.enter_context(HttpServer(*answers))

    return start


@pytest.fixture
def client(cleanup: ExitStack) -> GrpcStreamClient:
    """A client that is patient with a busy machine and retries without waiting."""
    created = GrpcStreamClient(
        connection_timeout=PATIENCE, stream_timeout=PATIENCE, retry_delay=0, idle_timeout=PATIENCE
    )
    cleanup.callback(created.disconnect)
    return created


@pytest.fixture
def closed_port_holder() -> Iterator[socket.socket]:
    """A bound socket that does not listen: its port refuses connections, and nobody else can take it meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder


@pytest.fixture
def closed_port(closed_port_holder: socket.socket) -> int:
    """A port that refuses connections."""
    return int(closed_port_holder.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The embedded Focus Server, as a process of its own, with no windows of another module on it."""
    log_file: Path = tmp_path_factory.mktemp("simulator") / "simulator.log"
    server = EmbeddedServer(log_file=log_file)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def api(embedded: EmbeddedServer) -> Iterator[FocusServerAPI]:
    """A REST client of the embedded Focus Server."""
    with FocusServerAPI(embedded.rest_url) as client:
        yield client

"""The pod of a job: the gRPC server that is its own, on its own port of 127.0.0.1."""

import logging
import socket
from typing import Protocol

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from support.simulator.crowd import FIRST_REQUEST_WITHIN
from support.simulator.dialect import HEALTH, REFLECTION
from support.simulator.ports import HOST
from support.simulator.production import service as production
from support.simulator.security import Security
from support.simulator.story import service as story
from support.simulator.stream import StreamService

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # two jobs, or two simulators, never share a port
    ("grpc.server_handshake_timeout_ms", round(FIRST_REQUEST_WITHIN * 1000)),
)

log = logging.getLogger(__name__)


class Service(Protocol):
    """What a dialect has at the port of a job."""

    NAME: str

    def handler(self, streams: StreamService, offers: frozenset[str], /) -> grpc.GenericRpcHandler:
        """Its methods, with those of ``offers`` that are its own."""


SERVICES: dict[str, Service] = {"story": story, "production": production}


class Pod:
    """A gRPC server that serves one job. Its port is fixed from the start; it accepts connections once started.

    Args:
        service: the streams.
        reserved: holds its port until it is started.
        offers: what it has besides, as in ``dialect``.
        security: who is let in.
    """

    def __init__(
        self, service: StreamService, reserved: socket.socket, offers: frozenset[str], security: Security
    ) -> None:
        self._offers = offers
        self._security = security
        self._server: grpc.aio.Server | None = None
        self._service = service
        self._reserved: socket.socket | None = reserved
        self.port: int = reserved.getsockname()[1]

    async def start(self) -> None:
        """Begins to accept connections.

        Raises:
            RuntimeError, OSError: the port is gone.
        """
        server = grpc.aio.server(interceptors=self._security.interceptors(), options=_OPTIONS)
        methods = SERVICES[self._service.dialect]
        server.add_generic_rpc_handlers((methods.handler(self._service, self._offers),))
        names = [methods.NAME]
        if HEALTH in self._offers:
            names.append(health.SERVICE_NAME)
            checks = health.aio.HealthServicer()
            health_pb2_grpc.add_HealthServicer_to_server(checks, server)
            for name in ("", methods.NAME):
                await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        if REFLECTION in self._offers:
            reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
        self._release()
        self._security.add_port(server, f"{HOST}:{self.port}")
        self._server = server
        await server.start()

    async def stop(self, grace: float) -> None:
        """Accepts nothing new from now on; streams that are open have ``grace`` seconds to end."""
        self._release()
        if self._server is not None:
            await self._server.stop(grace)

    def _release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

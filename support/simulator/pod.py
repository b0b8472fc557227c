"""The pod of a job: the gRPC server that is its own, on its own port of 127.0.0.1."""

import logging
import socket
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos import datastream_pb2
from support.simulator.security import Security
from support.simulator.stream import StreamService

HOST = "127.0.0.1"

CHECK_HEALTH, HEALTH, REFLECTION = "CheckHealth", "grpc.health.v1", "reflection"
OFFERS = frozenset({CHECK_HEALTH, HEALTH, REFLECTION})

_SERVICE = datastream_pb2.DESCRIPTOR.services_by_name["DataStreamService"]
_OPTIONS = (("grpc.so_reuseport", 0),)  # two jobs, or two simulators, never share a port

log = logging.getLogger(__name__)


class Pod:
    """A gRPC server that serves one job. Its port is fixed from the start; it accepts connections once started.

    Args:
        service: the streams.
        offers: what it has besides, of OFFERS.
        security: who is let in.
    """

    def __init__(
        self, service: StreamService, offers: frozenset[str] = OFFERS, security: Security | None = None
    ) -> None:
        self._offers = offers
        self._security = security or Security()
        self._server: grpc.aio.Server | None = None
        self._service = service
        self._reserved: socket.socket | None = socket.socket()
        self._reserved.bind((HOST, 0))
        self.port: int = self._reserved.getsockname()[1]

    async def start(self) -> None:
        """Begins to accept connections.

        Raises:
            RuntimeError, OSError: the port is gone.
        """
        server = grpc.aio.server(interceptors=self._security.interceptors(), options=_OPTIONS)
        server.add_generic_rpc_handlers((self._handler(),))
        names = [_SERVICE.full_name]
        if HEALTH in self._offers:
            names.append(health.SERVICE_NAME)
            checks = health.aio.HealthServicer()
            health_pb2_grpc.add_HealthServicer_to_server(checks, server)
            for name in ("", _SERVICE.full_name):
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

    def _handler(self) -> grpc.GenericRpcHandler:
        """The service without the generated serialiser of responses: frames come as ready bytes."""
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "StreamSpectrograms": grpc.unary_stream_rpc_method_handler(
                self._service.stream_spectrograms,
                request_deserializer=datastream_pb2.StreamRequest.FromString,
            )
        }
        if CHECK_HEALTH in self._offers:
            methods[CHECK_HEALTH] = grpc.unary_unary_rpc_method_handler(
                self._service.check_health,
                request_deserializer=datastream_pb2.HealthRequest.FromString,
                response_serializer=datastream_pb2.HealthResponse.SerializeToString,
            )
        return grpc.method_handlers_generic_handler(_SERVICE.full_name, methods)

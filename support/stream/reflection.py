"""gRPC's server reflection, as far as it is needed: what a server says that it offers.

Protocol: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
"""

from __future__ import annotations

import grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

_VERSIONS = ("v1", "v1alpha")  # the same messages; servers offer one or both


def services(channel: grpc.Channel, timeout: float) -> frozenset[str] | None:
    """Full names of the services that the server offers; None where it does not say, in ``timeout`` seconds each."""
    answer = _ask(channel, ServerReflectionRequest(list_services=""), timeout)
    if answer is None or not answer.HasField("list_services_response"):
        return None
    return frozenset(service.name for service in answer.list_services_response.service)


def _ask(channel: grpc.Channel, request: ServerReflectionRequest, timeout: float) -> ServerReflectionResponse | None:
    for version in _VERSIONS:
        ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        call = ask(iter([request]), timeout=timeout)
        try:
            return next(call, None)
        except grpc.RpcError:
            continue
        finally:
            call.cancel()
    return None

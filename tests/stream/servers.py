"""Real gRPC servers with methods of any name, with reflection or without."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.descriptor_pool import Default, DescriptorPool
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import (
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)

from tests.patience import PATIENCE

HOST = "127.0.0.1"

Does = bytes | tuple[bytes, ...] | grpc.StatusCode | threading.Event
"""What a method does: sends a frame, or so many, ends with a status, or keeps silent until the event."""


def _stream(does: Does) -> grpc.RpcMethodHandler[bytes, bytes]:
    def answer(_request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if isinstance(does, grpc.StatusCode):
            context.abort(does, "no")
        elif isinstance(does, threading.Event):
            does.wait(PATIENCE)
        else:
            yield from (does,) if isinstance(does, bytes) else does

    return grpc.unary_stream_rpc_method_handler(answer)


@contextmanager
def serving(
    methods: Mapping[str, Does],
    reflected: Sequence[str] = (),
    version: str = "v1alpha",
    *,
    pool: DescriptorPool | None = None,
    handlers: Sequence[grpc.GenericRpcHandler] = (),
) -> Iterator[str]:
    """A server with these methods that offers these services by reflection, as the pool describes them; its address."""
    workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="scripted")
    server = grpc.server(workers, options=[("grpc.so_reuseport", 0)])

    for path, does in methods.items():
        _, service, method = path.split("/")
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {method: _stream(does)})])
    if reflected and version == "v1alpha":
        reflection.enable_server_reflection(reflected, server, pool or Default())
    elif reflected:
        server.add_generic_rpc_handlers([_newer_reflection(reflected, version)])
    server.add_generic_rpc_handlers(handlers)
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    try:
        yield f"{HOST}:{port}"
    finally:
        for does in methods.values():
            if isinstance(does, threading.Event):
                does.set()
        server.stop(None).wait(PATIENCE)
        workers.shutdown()


def _newer_reflection(names: Sequence[str], version: str) -> grpc.GenericRpcHandler:
    def answer(requests: Iterator[ServerReflectionRequest], _context: object) -> Iterator[ServerReflectionResponse]:
        for _ in requests:
            services = [ServiceResponse(name=name) for name in names]
            yield ServerReflectionResponse(list_services_response=ListServiceResponse(service=services))

    handler = grpc.stream_stream_rpc_method_handler(
        answer,
        request_deserializer=ServerReflectionRequest.FromString,
        response_serializer=ServerReflectionResponse.SerializeToString,
    )
    service = f"grpc.reflection.{version}.ServerReflection"
    return grpc.method_handlers_generic_handler(service, {"ServerReflectionInfo": handler})

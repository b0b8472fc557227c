"""``pandadatastream.DataStreamService`` of one job: its streams, asked for by their numbers."""

from typing import Any

import grpc

from protos.pandadatastream_pb2 import DESCRIPTOR, StreamDataRequest
from support.simulator.deviations import stages
from support.simulator.deviations.stages import AbortError, Refusal
from support.simulator.stream import Context, StreamService

NAME: str = DESCRIPTOR.services_by_name["DataStreamService"].full_name


def handler(streams: StreamService, _offers: frozenset[str]) -> grpc.GenericRpcHandler:
    """The service without the generated serialiser of responses: frames come as ready bytes."""

    async def stream_data(request: StreamDataRequest, context: Context) -> None:
        try:
            part = await _part(streams, request.stream_id)
            if part is not None:
                await streams.serve(context, part=part)
        except AbortError as end:
            await context.abort(end.status, end.details)

    method: grpc.RpcMethodHandler[Any, Any] = grpc.unary_stream_rpc_method_handler(
        stream_data, request_deserializer=StreamDataRequest.FromString
    )
    return grpc.method_handlers_generic_handler(NAME, {"StreamData": method})


async def _part(streams: StreamService, stream_id: int) -> int | None:
    """Which part of the job's channels is asked for; None: nothing comes of it.

    Raises:
        AbortError: there is no such stream.
    """
    job = streams.job
    amount = job.plan.streams
    if 0 <= stream_id < amount and not job.ended.is_set():
        return stream_id
    words = f"there is no stream {stream_id} on this port; its job has {amount}, counted from 0"
    unknown = streams.deviations.through(stages.UNKNOWN_STREAM, Refusal(grpc.StatusCode.NOT_FOUND, words), job)
    if unknown.hangs:
        await job.ended.wait()
    return None if unknown.refuses() else stream_id % amount

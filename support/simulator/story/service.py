"""``datastream.DataStreamService`` of one job: its stream, asked for by its id, and its health."""

from typing import Any

import grpc

from protos.datastream_pb2 import DESCRIPTOR, HealthRequest, HealthResponse, StreamRequest
from support.simulator.deviations import stages
from support.simulator.deviations.stages import AbortError, Refusal
from support.simulator.dialect import CHECK_HEALTH
from support.simulator.stream import VERSION, Context, StreamService

NAME: str = DESCRIPTOR.services_by_name["DataStreamService"].full_name


def handler(streams: StreamService, offers: frozenset[str]) -> grpc.GenericRpcHandler:
    """The service without the generated serialiser of responses: frames come as ready bytes."""
    service = _Service(streams)
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "StreamSpectrograms": grpc.unary_stream_rpc_method_handler(
            service.stream_spectrograms, request_deserializer=StreamRequest.FromString
        )
    }
    if CHECK_HEALTH in offers:
        methods[CHECK_HEALTH] = grpc.unary_unary_rpc_method_handler(
            service.check_health,
            request_deserializer=HealthRequest.FromString,
            response_serializer=HealthResponse.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(NAME, methods)


class _Service:
    def __init__(self, streams: StreamService) -> None:
        self._streams = streams

    async def check_health(self, _request: HealthRequest, context: Context) -> HealthResponse:
        """A pod that answers is a healthy one."""
        try:
            return await self._streams.deviations.health(HealthResponse(healthy=True, version=VERSION))
        except AbortError as end:
            await context.abort(end.status, end.details)

    async def stream_spectrograms(self, request: StreamRequest, context: Context) -> None:
        """Streams the job: ``max_frames`` frames, or (0) until the job ends; status OK either way."""
        try:
            if self._serves(request.job_id):
                await self._streams.serve(context, _limit(request))
        except AbortError as end:
            await context.abort(end.status, end.details)

    def _serves(self, job_id: str) -> bool:
        """Whether a stream of this job can begin.

        Raises:
            AbortError: there is no such job.
        """
        job = self._streams.job
        if job_id == job.job_id and not job.ended.is_set():
            return True
        words = f"there is no job '{job_id}' on this port"
        unknown = Refusal(grpc.StatusCode.NOT_FOUND, words)
        return not self._streams.deviations.through(stages.UNKNOWN_JOB, unknown, job).refuses()


def _limit(request: StreamRequest) -> int | None:
    if request.max_frames < 0:
        raise AbortError(
            grpc.StatusCode.INVALID_ARGUMENT, f"max_frames: {request.max_frames} is below 0; 0 means no limit"
        )
    return request.max_frames or None

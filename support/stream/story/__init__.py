"""The dialect of the story: ``datastream.DataStreamService``, a frame is a message of rows of sensors.

Nothing else in ``support/stream/`` knows this schema.
"""

from __future__ import annotations

import grpc

from protos.datastream_pb2 import DataStream, HealthRequest, HealthResponse, StreamRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from support.stream.block import Message
from support.stream.dialect import Health
from support.stream.story.reader import StoryReader
from support.stream.unsaid import Unsaid
from support.wording import Words


class Story:
    """How to ask a server of the story's schema, and how to read its answer."""

    name = "story"
    method = "/datastream.DataStreamService/StreamSpectrograms"
    cannot = frozenset({Unsaid.STREAM})

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:  # noqa: ARG002 - a job has one
        return StreamRequest(job_id=job_id, max_frames=max_frames).SerializeToString()

    def reader(self, row_span: float | None = None) -> StoryReader:  # noqa: ARG002 - frames say where a row ends
        return StoryReader()

    def newer(self, message: Message, than: int) -> Message | None:
        parsed = DataStream.FromString(message.data)
        rows = [row for row in parsed.rows if row.startTimestamp > than]
        if parsed.rows and not rows:
            return None
        bounds = parsed.current_min_amp, parsed.current_max_amp
        kept = DataStream(rows=rows, current_min_amp=bounds[0], current_max_amp=bounds[1])
        return message._replace(data=kept.SerializeToString())

    def health(self, channel: grpc.Channel, timeout: float) -> Health | None:
        try:
            answer: HealthResponse = DataStreamServiceStub(channel).CheckHealth(HealthRequest(), timeout=timeout)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise
        return Health(answer.healthy, Words(answer.version))


STORY = Story()
"""The dialect that is spoken unless another one is asked for."""

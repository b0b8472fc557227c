"""The dialect of production: ``pandadatastream.DataStreamService``, a job has several streams, a frame is ready bytes.

Nothing else in ``support/stream/`` knows this schema.
"""

from __future__ import annotations

import grpc

from protos.pandadatastream_pb2 import StreamDataRequest
from support.stream.block import Message
from support.stream.dialect import Health
from support.stream.production.message import newer
from support.stream.production.reader import ProductionReader
from support.stream.unsaid import Unsaid


class Production:
    """How to ask a server of production's schema, and how to read its answer."""

    name = "production"
    method = "/pandadatastream.DataStreamService/StreamData"
    cannot = frozenset(Unsaid) - {Unsaid.STREAM}

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:  # noqa: ARG002 - its port is the job
        return StreamDataRequest(stream_id=stream).SerializeToString()

    def reader(self, row_span: float | None = None) -> ProductionReader:
        return ProductionReader(row_span)

    def newer(self, message: Message, than: int) -> Message | None:
        return newer(message, than)

    def health(self, channel: grpc.Channel, timeout: float) -> Health | None:  # noqa: ARG002 - it cannot be asked
        return None


PRODUCTION = Production()
"""The dialect of servers in the field."""

"""A job of several streams, asked for on one connection and merged: one picture, as if one stream had brought it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from support.stream.block import Block
from support.stream.call import StreamCall
from support.stream.calls import Portions, StreamCalls
from support.stream.dialect import UnreadableError
from support.stream.merge import Merge
from support.stream.part import Part
from support.stream.stream import Stream


class Streams(Stream[Portions]):
    """Several streams of a job as one.

    A break of one is a break of all: all are asked for again. What is noted of each stream is in the metrics.

    Args:
        streams: how many the job has.
        stream: as for a single one.
    """

    def __init__(self, streams: int, *stream: Any, **keywords: Any) -> None:
        super().__init__(*stream, **keywords)
        self._parts = [Part(number, streams) for number in range(streams)]
        self._metrics.streams = self._parts
        self._readers = [self._new_reader() for _ in self._parts]
        self._merge = Merge(self._parts)

    def _open(self, max_frames: int) -> StreamCalls:
        if isinstance(self._call, StreamCalls):
            self._call.close()  # of those that have not broken, too
            self._merge.close()

        def ask(part: Part, arrived: threading.Event) -> StreamCall:
            return self._call_for(max_frames, stream=part.number, name=str(part), arrived=arrived)

        self._merge = Merge(self._parts)
        for part in self._parts:
            part.began = self._metrics.began
        return StreamCalls(
            ask,
            self._parts,
            self._merge.waits,
            job=f"job {self._job_id!r} at {self._connection.target}",
            max_frames=max_frames,
            idle_timeout=self._patience.idle_timeout,
        )

    def _read(self, portion: Portions) -> Iterator[Block]:
        unreadable: UnreadableError | None = None
        for number, messages in portion:
            part = self._parts[number]
            part.came(messages)
            try:
                for block in self._readers[number].blocks(messages):
                    part.brought(block)
                    for new in self._progress.without_had(block):
                        self._merge.add(number, new)
            except UnreadableError as error:
                unreadable = UnreadableError(f"({part}) {error}")
        for block in self._merge.whole():
            if block.shape.rows and isinstance(self._call, StreamCalls):
                self._call.line_is_whole()
            yield block
        if unreadable is not None:
            raise unreadable

    def _finish(self) -> None:
        self._merge.close()
        super()._finish()

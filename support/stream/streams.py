"""A job of several streams, asked for on one connection and merged: one picture, as if one stream had brought it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from support.stream.block import Block
from support.stream.call import StreamCall
from support.stream.calls import StreamCalls
from support.stream.part import Part
from support.stream.reading import Portions, Reading
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
        self._reading = Reading(self._parts, [self._new_reader() for _ in self._parts], self._progress)

    def _open(self, max_frames: int) -> StreamCalls:
        if isinstance(self._call, StreamCalls):
            self._call.close()  # of those that have not broken, too
            self._reading.begin_anew()

        def ask(part: Part, arrived: threading.Event) -> StreamCall:
            return self._call_for(max_frames, stream=part.number, name=str(part), arrived=arrived)

        for part in self._parts:
            part.began = self._metrics.began
        return StreamCalls(
            ask,
            self._parts,
            self._reading.waits,
            job=f"job {self._job_id!r} at {self._connection.target}",
            max_frames=max_frames,
            idle_timeout=self._patience.idle_timeout,
        )

    def _read(self, portion: Portions) -> Iterator[Block]:
        for number, messages in portion:
            self._keep(number, messages)
        for block in self._reading.read(portion):
            if block.shape.rows and isinstance(self._call, StreamCalls):
                self._call.line_is_whole()
            yield block

    def _finish(self) -> None:
        self._reading.close()
        super()._finish()

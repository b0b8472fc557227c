"""From the messages of a job's streams to its picture; it knows no sockets, so that what was kept can be read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from support.stream.block import Block, Message
from support.stream.dialect import Reader, UnreadableError
from support.stream.merge import Merge
from support.stream.part import Part
from support.stream.progress import Progress

Portions = list[tuple[int, list[Message]]]
"""Messages with the number of their stream; in the order of the streams."""


class Reading:
    """The messages of several streams, read and merged.

    Args:
        parts: what is noted of each stream.
        readers: of each.
        progress: what has come in earlier calls.
    """

    def __init__(self, parts: Sequence[Part], readers: Sequence[Reader], progress: Progress) -> None:
        self._parts = parts
        self._readers = readers
        self._progress = progress
        self._merge = Merge(parts)

    def read(self, portions: Portions) -> Iterator[Block]:
        """The lines that are whole by now.

        Raises:
            UnreadableError: a message cannot be read; what came before has been yielded.
        """
        unreadable: UnreadableError | None = None
        for number, messages in portions:
            part = self._parts[number]
            part.came(messages)
            try:
                for block in self._readers[number].blocks(messages):
                    part.brought(block)
                    for new in self._progress.without_had(block):
                        self._merge.add(number, new)
            except UnreadableError as error:
                unreadable = UnreadableError(f"({part}) {error}")
        yield from self._merge.whole()
        if unreadable is not None:
            raise unreadable

    def waits(self, stream: int) -> bool:
        """Whether lines of a stream wait for others."""
        return self._merge.waits(stream)

    def begin_anew(self) -> None:
        """All streams are asked for again: what waits of the calls before will not become whole."""
        self.close()
        self._merge = Merge(self._parts)

    def close(self) -> None:
        """Nothing more comes: notes what still waits."""
        self._merge.close()

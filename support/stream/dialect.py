"""A dialect of the Focus Server: how to ask for a stream, and how to read what comes.

Everything above knows blocks and frames; a room of its own for each schema (``story/``) knows the messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import grpc

from support.stream.block import Block, Message
from support.stream.unsaid import Unsaid


class UnreadableError(ValueError):
    """A message that cannot be read; the words continue "frame 3 of job 1-1 …"."""


@dataclass(frozen=True)
class Health:
    """What a server says of itself.

    Attributes:
        healthy: False: do not stream.
        version: empty where it does not say.
    """

    healthy: bool
    version: str


class Reader(Protocol):
    """Reads the messages of one stream; it may remember how the ones before were laid out."""

    def blocks(self, messages: Sequence[Message]) -> Iterator[Block]:
        """The messages, in their order, in as few blocks as that takes.

        Raises:
            UnreadableError: the message after those that have been yielded cannot be read.
        """
        ...


class Dialect(Protocol):
    """One schema that servers speak.

    Attributes:
        name: for people.
        method: full name of the method that streams, ``/package.Service/Method``.
        cannot: what cannot be said in it.
    """

    @property
    def name(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def cannot(self) -> frozenset[Unsaid]: ...

    def request(self, job_id: str, max_frames: int, stream: int = 0) -> bytes:
        """The request for a stream of so many frames (0: no limit), of the job's streams the one of this number.

        What cannot be said in the dialect is left out.
        """
        ...

    def reader(self, row_span: float | None = None) -> Reader:
        """A reader for a stream that begins.

        Args:
            row_span: seconds of a row's analysis window, for frames that do not say where a row ends; None: a row
                then ends where it starts.
        """
        ...

    def newer(self, message: Message, than: int) -> Message | None:
        """The message without the rows that start at ``than`` (epoch milliseconds) or before.

        Its bounds stay as they were sent. None where it has rows, and nothing of them is left.
        """
        ...

    def health(self, channel: grpc.Channel, timeout: float) -> Health | None:
        """What the server says of its health; None where it cannot be asked.

        Raises:
            grpc.RpcError: it should be possible to ask, and it failed.
        """
        ...

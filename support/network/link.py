"""One TCP connection through the hop: bytes in both directions, on the conditions of the moment."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

_CHUNK = 64 * 1024
_CHUNKS_UNDER_WAY = 16
"""What a direction holds at most: behind that the sender is not read any more, and feels it."""

_PIECE_SECONDS = 0.05
"""A throttled direction writes so many seconds' worth at a time."""

_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


@dataclass
class Conditions:
    """What every connection through the hop has to bear, from the next bytes on.

    Attributes:
        delay: seconds that bytes take each way.
        rate: bytes a second each way; None: as many as there are.
        flowing: cleared while the connection is frozen.
    """

    delay: float = 0.0
    rate: float | None = None
    flowing: asyncio.Event = field(default_factory=asyncio.Event)


class Link:
    """A connection from a client and the one to the server that belongs to it. Lives on one event loop."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        conditions: Conditions,
    ) -> None:
        self._ways = ((client[0], server[1]), (server[0], client[1]))
        self._conditions = conditions
        self._carrying: asyncio.Task[None] | None = None

    async def carry(self) -> None:
        """Carries bytes until both sides have ended, or either is gone."""
        self._carrying = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as group:
                for reader, writer in self._ways:
                    way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
                    group.create_task(self._take(reader, way))
                    group.create_task(self._hand_on(way, writer))
            for _, writer in self._ways:
                writer.close()  # what is still to be sent is sent
                await writer.wait_closed()
        except* OSError:  # one side is gone, and so the other goes
            pass
        finally:
            for _, writer in self._ways:
                writer.transport.abort()

    def end(self, *, reset: bool = False) -> None:
        """Ends the connection on both sides at once: closed, or reset; what is under way is lost."""
        for _, writer in self._ways:
            end(writer, reset=reset)
        if self._carrying is not None:
            self._carrying.cancel()

    async def _take(self, reader: asyncio.StreamReader, way: asyncio.Queue[tuple[float, bytes]]) -> None:
        clock = asyncio.get_running_loop()
        data = b"-"
        while data:
            data = await reader.read(_CHUNK)
            await way.put((clock.time() + self._conditions.delay, data))

    async def _hand_on(self, way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop()
        while True:
            due, data = await way.get()
            await asyncio.sleep(max(due - clock.time(), 0))
            await self._conditions.flowing.wait()
            if not data:
                writer.write_eof()
                return
            await self._write(data, writer)

    async def _write(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        while data:
            rate = self._conditions.rate
            piece = len(data) if rate is None else max(1, int(rate * _PIECE_SECONDS))
            writer.write(data[:piece])
            await writer.drain()
            if rate is not None:
                await asyncio.sleep(len(data[:piece]) / rate)
                await self._conditions.flowing.wait()
            data = data[piece:]


def end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Closes a connection, or resets it."""
    if reset:
        with suppress(OSError):  # it may be closed already
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    writer.transport.abort()

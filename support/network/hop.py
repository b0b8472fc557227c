"""The hop: a TCP proxy between client and server whose network can be slow, narrow, frozen, cut or down.

It knows bytes, not what they mean, and keeps none of them. It runs on a thread of its own in this process, on plain
sockets, so that it needs no rights and works on every platform.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType

from support.machine.threads import named
from support.network.link import Conditions, Link, end

HOST = "127.0.0.1"

_BACKLOG = 100
_PATIENCE = 10.0
"""Seconds for the hop's own thread to answer; it never takes that long."""

log = logging.getLogger(__name__)


class Hop:
    """A way to ``target`` that leads through ``host``:``port`` of this machine.

    What is set holds from the next bytes on, for connections that stand and for new ones; a method returns when it has
    taken effect. ``clear`` ends every trouble but a connection's end.

    Args:
        target: host and port that connections are carried to.

    Attributes:
        port: the port to connect to, on ``host``.
    """

    host = HOST

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._up_again: asyncio.TimerHandle | None = None
        self._holder: socket.socket | None = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: self._run_until_closed(started), name=named("network-hop"), daemon=True
        )
        self._thread.start()
        started.result(_PATIENCE)

    @property
    def connections(self) -> int:
        """How many connections lead through it now."""
        return len(self._links)

    def delay(self, seconds: float) -> None:
        """Bytes take so long from now on, each way."""
        self._do(lambda: setattr(self._conditions, "delay", seconds))

    def throttle(self, bytes_a_second: float) -> None:
        """Each way of each connection carries so much from now on, and no more."""
        self._do(lambda: setattr(self._conditions, "rate", bytes_a_second))

    def freeze(self) -> None:
        """Nothing gets through any more; connections stand, and new ones are accepted."""
        self._do(lambda: self._conditions.flowing.clear())

    def cut(self) -> None:
        """Closes every connection; what was under way in it is lost. New ones are welcome."""
        self._do(self._end_links)

    def reset(self) -> None:
        """Resets every connection (TCP RST). New ones are welcome."""
        self._do(lambda: self._end_links(reset=True))

    def refuse(self) -> None:
        """Refuses new connections from now on; those that stand go on."""
        self._do(self._stop_listening)

    def drop(self, seconds: float | None = None) -> None:
        """The network is down: connections are cut and new ones refused, for so many seconds or until ``clear``."""

        def down() -> None:
            self._stop_listening()
            self._end_links()
            if seconds is not None:
                self._up_again = self._loop.call_later(seconds, self._listen)

        self._do(down)

    def clear(self) -> None:
        """The network is as it should be."""

        def clear() -> None:
            self._conditions.delay, self._conditions.rate = 0.0, None
            self._conditions.flowing.set()
            self._listen()

        self._do(clear)

    def close(self) -> None:
        """Ends every connection, the port and the thread; closing twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(_PATIENCE)

    def __enter__(self) -> Hop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _do(self, change: Callable[[], None]) -> None:
        async def act() -> None:
            change()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(_PATIENCE)

    def _run_until_closed(self, started: Future[None]) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # that of Windows cannot tell who comes
            runner.run(self._run(started))

    async def _run(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._conditions = Conditions()
        self._conditions.flowing.set()
        self._listen()
        started.set_result(None)
        await self._closing.wait()
        self._stop_listening()
        if self._holder:
            self._holder.close()
        self._end_links()
        await asyncio.sleep(0)  # what was accepted just now has begun, and can be cancelled in order
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listen(self) -> None:
        if self._holder is not None and not self._closing.is_set():
            self._listener, self._holder = self._holder, None
            self._listener.listen(_BACKLOG)
            self._listener.setblocking(False)
            self._loop.add_reader(self._listener, self._accept, self._listener)

    def _stop_listening(self) -> None:
        if self._up_again is not None:
            self._up_again.cancel()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            self._holder = _bound(self.port)  # keeps the port, and refuses

    def _accept(self, listener: socket.socket) -> None:
        """Takes whoever comes, itself: asyncio's server loses a connection that comes in while it is closed."""
        with suppress(OSError):  # it is gone already
            connection, _ = listener.accept()
            connection.setblocking(False)
            self._keep(self._carry(connection))

    async def _carry(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            server = await asyncio.open_connection(*self._target)
        except OSError as error:
            log.debug("%s:%s cannot be reached: %s", *self._target, error)
            end(writer, reset=True)
            return
        except asyncio.CancelledError:
            end(writer, reset=True)
            raise
        link = Link((reader, writer), server, self._conditions)
        self._links.add(link)
        try:
            await link.carry()
        finally:
            self._links.discard(link)

    def _end_links(self, *, reset: bool = False) -> None:
        for link in self._links:
            link.end(reset=reset)

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen: who connects is refused."""
    holder = socket.socket()
    if hasattr(socket, "SO_REUSEPORT"):  # elsewhere than on Windows; there the name means another thing
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, port))
    return holder

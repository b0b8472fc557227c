"""The process: REST on the event loop of the main thread, a gRPC server a job beside it, large frames on threads."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import uvicorn

from support.simulator.certificates import Certificates
from support.simulator.crowd import FIRST_REQUEST_WITHIN, BoundedProtocol, telling_once_in_a_while
from support.simulator.desk import Desk
from support.simulator.options import Options
from support.simulator.ports import HOST
from support.simulator.present import Present
from support.simulator.recording.library import Library
from support.simulator.registry import Registry
from support.simulator.replay.desk import ReplayDesk
from support.simulator.replay.service import ReplayService
from support.simulator.replay.shelf import Shelf
from support.simulator.rest import build_app
from support.simulator.security import Security
from support.simulator.stream import StreamService

BACKLOG = 128


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1 that the REST side will serve.

    Raises:
        OSError: the port is taken.
    """
    # TCP by name, or asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class FocusServer:
    """The embedded Focus Server; ``run`` serves until ``stop``, or until SIGTERM or Ctrl-C.

    Args:
        options: what it was started with.
        listener: the socket of the REST side.
        certificates: those of ``options.tls``, made by whoever will remove them.

    Raises:
        OSError: ports that jobs shall have are taken.
        RecordingError: the recording or the captures that it shall play cannot be played.
    """

    def __init__(self, options: Options, listener: socket.socket, certificates: Certificates | None = None) -> None:
        self._shelf = shelf = Shelf(options.replay)
        options = shelf.options(options)
        self._listener = listener
        self._dialect = options.dialect
        self._security = Security(certificates, options.token)
        self._library = Library(options.recording)
        self._workers = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1), thread_name_prefix="spectra")
        self._present = present = Present(options, self._library)
        service = ReplayService if shelf else StreamService
        self._registry = Registry(
            service=lambda job, state: service(job, state, self._workers),
            limits=lambda: present.now.options,
            security=self._security,
            last_number=shelf.last_number,
        )
        desk = ReplayDesk(present, self._registry, shelf) if shelf else Desk(present, self._registry)
        app = build_app(desk, guarded=options.token is not None)
        config = uvicorn.Config(
            self._security.guarding(app),
            log_config=None,
            access_log=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
            http=BoundedProtocol,
            backlog=BACKLOG,
            **self._security.for_uvicorn(),
        )
        self._rest = _Rest(config)

    @property
    def rest_url(self) -> str:
        """Where the REST side is."""
        return f"{self._security.scheme}://{HOST}:{self._listener.getsockname()[1]}"

    @property
    def dialect(self) -> str:
        """The name of the dialect that it speaks."""
        return self._dialect

    @property
    def deviations(self) -> str:
        """The active ones, in words."""
        return str(self._present.now.deviations)

    @property
    def known_sources(self) -> str:
        """What sounds on its fibre all the time, in words; of a capture, nobody knows."""
        return "" if self._shelf else self._present.now.fibre.sources

    @property
    def for_client(self) -> dict[str, str]:
        """What a client needs besides to reach it: paths of certificates, and the fingerprint of the server's."""
        files = self._security.certificates
        return files.for_client if files else {}

    def remove_files(self) -> None:
        """Removes what it has in temporary folders, where there is no time for an orderly end."""
        if self._security.certificates:
            self._security.certificates.remove()
        self._library.close()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serves; calls ``on_ready`` once requests are answered. Returns when everything is closed."""
        self._rest.on_ready = on_ready
        asyncio.get_running_loop().set_exception_handler(telling_once_in_a_while())
        sweeper = asyncio.get_running_loop().create_task(self._registry.sweep_forever())
        try:
            await self._rest.serve(sockets=[self._listener])
        finally:
            sweeper.cancel()
            await self._registry.close()
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._library.close()

    def stop(self) -> None:
        """Asks ``run`` to return; from any thread."""
        self._rest.should_exit = True


class _Rest(uvicorn.Server):
    """uvicorn, with a word when it serves."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        if self.config.is_ssl:
            within = partial(loop.create_server, ssl_handshake_timeout=FIRST_REQUEST_WITHIN)
            loop.create_server = within  # type: ignore[method-assign]  # uvicorn has no setting for it
        await super().startup(sockets)
        self.on_ready()

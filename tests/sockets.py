"""The sockets of a small server, closed at its end: also one that comes in just then, on another thread."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Sockets:
    """Those that are to be closed."""

    def __init__(self) -> None:
        self._kept: list[socket.socket] = []
        self._lock = threading.Lock()
        self._closed = False

    def keep(self, one: socket.socket) -> socket.socket:
        """The same socket, closed with the others.

        Raises:
            OSError: they are closed already, and so is this one.
        """
        with self._lock:
            if self._closed:
                one.close()
                raise OSError("closed")
            self._kept.append(one)
        return one

    def close(self) -> None:
        """Ends what is under way in them."""
        with self._lock:
            self._closed = True
        for one in self._kept:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

"""A small HTTP proxy: whatever host is asked for, it leads to that port of this machine; or it says something else."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from types import TracebackType

from tests.sockets import Sockets


class ProxyServer:
    """Carries CONNECT and plain requests.

    Args:
        says: what it answers instead, whatever it is asked.

    Attributes:
        asked: the first line of what it was asked, and its head.
    """

    def __init__(self, says: bytes = b"") -> None:
        self.asked: list[str] = []
        self._says = says
        self._sockets = Sockets()
        self._listener = self._sockets.keep(socket.create_server(("127.0.0.1", 0)))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ProxyServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sockets.close()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client = self._sockets.keep(self._listener.accept()[0])
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.asked.append(head.decode("latin-1"))
            if self._says:
                client.sendall(self._says)
                client.shutdown(socket.SHUT_RDWR)
                return
            where = re.match(rb"\w+ (?:http://)?[^/ ]*:(\d+)", head)
            assert where is not None, head
            server = self._sockets.keep(socket.create_connection(("127.0.0.1", int(where[1]))))
            if head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(re.sub(rb"^(\w+) http://[^/]*", rb"\1 ", head))
            threading.Thread(target=self._carry, args=(server, client), daemon=True).start()
            self._carry(client, server)

    @staticmethod
    def _carry(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                to.sendall(data)
        for one in (source, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

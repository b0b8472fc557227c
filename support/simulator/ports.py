"""The ports of jobs: any free ones, or the same few again and again."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

HOST = "127.0.0.1"
FIRST, LAST, APART = 12_300, 32_000, 100  # where ranges are looked for: below the ports that systems give to clients


class Ports(Protocol):
    """Where the port of a job comes from."""

    def reserved(self, window: int) -> socket.socket:
        """A port of 127.0.0.1 for the job in this window: taken, so that nobody else gets it, and closed as yet.

        Raises:
            OSError: it is taken.
        """

    def is_free(self, window: int) -> bool:
        """Whether there is one."""

    def given_back(self, window: int) -> None:
        """The job in this window listens at its port no longer."""

    def close(self) -> None:
        """Lets all go that no job has."""


class AnyPorts:
    """Ports that the system chooses, another one for each job."""

    def reserved(self, window: int) -> socket.socket:  # noqa: ARG002
        """Any free port."""
        return _taken(0)

    def is_free(self, window: int) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def given_back(self, window: int) -> None:
        """Nobody needs it again."""

    def close(self) -> None:
        """There is nothing to let go."""


class PortRange:
    """One port for each window, given again to later jobs of the window; all are kept from others in the meantime."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._ports = [each.getsockname()[1] for each in sockets]
        self._kept: dict[int, socket.socket] = dict(enumerate(sockets))

    @classmethod
    def of(cls, base: int, windows: int) -> "PortRange":
        """The ports from ``base`` on; with base 0 the first free range.

        Raises:
            OSError: one of them is taken, or no range is free.
        """
        if base:
            return cls(_range(base, windows))
        for first in range(FIRST, LAST - windows, APART):
            try:
                return cls(_range(first, windows))
            except OSError:
                continue
        raise OSError(f"no {windows} ports in a row are free from {FIRST} to {LAST}")

    def reserved(self, window: int) -> socket.socket:
        """The port of the window."""
        return self._kept.pop(window)

    def is_free(self, window: int) -> bool:
        """Whether no job has it, not even one that is about to end."""
        return window in self._kept

    def given_back(self, window: int) -> None:
        """Keeps it for the next job."""
        self._kept[window] = _taken(self._ports[window], again=True)

    def close(self) -> None:
        """Lets all go that no job has."""
        for each in self._kept.values():
            each.close()


def _range(first: int, count: int) -> list[socket.socket]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(_taken(first + number)) for number in range(count)]
        stack.pop_all()
        return sockets


def _taken(port: int, *, again: bool = False) -> socket.socket:
    """A socket that is bound, and does not listen; ``again``: connections that have been there may linger."""
    taken = socket.socket()
    try:
        if again:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
    except OSError:
        taken.close()
        raise
    return taken

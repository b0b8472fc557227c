"""A window that is watched for long: what changes slowly, in the stream and in the memory of those who take part."""

from __future__ import annotations

from contextlib import closing

from support.machine.usage import Memory
from support.screen.window import Window
from support.validation.finding import Finding
from support.validation.trend import Course

_WARM = 0.05
"""Share of the time in which a stream and its processes find their pace; what they do in it is no trend."""

_LOOKS = 120
"""How often the memory is looked at."""

_MORE_SECONDS = 60.0
"""A stream may take so much longer than it is watched."""

LEAK = 16 * 2**20
"""Bytes by which the memory of a process may differ between the second and the last quarter of the time."""


class Long:
    """A long look at the stream of one window.

    Args:
        window: connected.
        seconds: how long.
        server_pid: the server's process, where it is one of this machine that is known.

    Attributes:
        window: the window.
        seconds: how long it is watched.
        memory: what this client and that server use meanwhile.
    """

    def __init__(self, window: Window, seconds: float, server_pid: int | None = None) -> None:
        self.window = window
        self.seconds = seconds
        processes = {"this client": None} | ({"the server": server_pid} if server_pid is not None else {})
        self.memory = Memory(processes, seconds / _LOOKS)
        self._course = Course(seconds, began=_WARM * seconds)

    def watch(self) -> None:
        """Streams and judges every frame.

        Raises:
            APIError: the stream failed.
        """
        client = self.window.client
        client.stream_timeout = max(client.stream_timeout, self.seconds + _MORE_SECONDS)
        with closing(self.window.stream(kept_bytes=0)) as blocks:
            for block in blocks:
                self._course.see(block)
                self.memory.look()
                if block.elapsed[-1] >= self.seconds:
                    break

    @property
    def findings(self) -> list[Finding]:
        """What has changed in the stream that should not have."""
        return self._course.findings()

    def check_memory(self) -> None:
        """Makes sure that nobody needed more and more memory: that would be our own failure, not the stream's.

        Raises:
            RuntimeError: somebody did.
        """
        for name, grown in self.memory.growth.items():
            if grown > LEAK:
                raise RuntimeError(f"{name} needs more and more memory: {grown / 2**20:.0f} MiB in {self.seconds:g} s")

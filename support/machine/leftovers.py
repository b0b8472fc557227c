"""What a run leaves behind: jobs on the server, and threads and connections of its own process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from http import HTTPStatus

import psutil

from support.errors import APIError, RemoteError
from support.focus_server_api import FocusServerAPI
from support.wording import plural, some

OUR_THREADS = ("stream-reader", "network-hop", "embedded-server", "disconnect", "window")
"""What the names of this project's threads begin with."""

_ALIVE = ("pending", "running")


def jobs_left(api: FocusServerAPI, job_ids: Collection[str]) -> list[str]:
    """A sentence where the server says that jobs of this run still wait or run, or cannot say."""
    try:
        left = [job_id for job_id in job_ids if _is_alive(api, job_id)]
    except RemoteError as error:
        return [f"whether jobs are left on the server cannot be said: {error}"]
    return [f"{plural(len(left), 'job')} on the server: {some(left)}"] if left else []


class Process:
    """This process as it was at the beginning, to compare its end with."""

    def __init__(self) -> None:
        self._connections = _connections()

    def left(self, patience: float = 3.0) -> list[str]:
        """A sentence for threads of ours that still run, and one for connections that were not there before.

        Args:
            patience: seconds for what has been closed to be gone: channels close on threads of their own.
        """
        threads = _what_stays(_threads, patience)
        connections = _what_stays(lambda: _connections() - self._connections, patience)
        return [
            f"{plural(len(names), what)} of this process: {some(names)}"
            for what, names in (("thread", threads), ("connection", connections))
            if names
        ]


def _is_alive(api: FocusServerAPI, job_id: str) -> bool:
    try:
        return api.metadata(job_id).status in _ALIVE
    except APIError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(OUR_THREADS)}


def _connections() -> set[str]:
    try:
        found = psutil.Process().net_connections("inet")
    except psutil.Error:  # some systems do not tell
        return set()
    return {" to ".join(f"{end.ip}:{end.port}" for end in (c.laddr, c.raddr) if end) for c in found}


def _what_stays(look: Callable[[], set[str]], patience: float) -> list[str]:
    """What is still there when it has had time to go."""
    deadline = time.monotonic() + patience
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return sorted(found)

"""Processes of Python that begin within milliseconds: forked from one that has loaded what they need.

To load the modules costs as much as to run the criteria with them. Where there is no fork, they are loaded each time.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from support.server.embedded import MODULE, EmbeddedServer, ServerProcess

_LOADED = (
    "behave.configuration",
    "behave.runner",
    "behave.formatter.json",
    "behave.reporter.summary",
    "proving.rate",
    "proving.report",
    "proving.trial",
    "pydantic.v1",
    "support.gherkin",
    "support.matchers",
    "support.reporting.allure_formatter",
    "support.reporting.clock",
    "support.reporting.console",
    "support.reporting.run_description",
    "support.reporting.runner",
    "support.reporting.second_pass",
    "support.run",
    "support.screen.pace",
    "support.simulator.command_line",
    "support.simulator.recording.foreign",
    "support.simulator.recording.prodml",
    "support.simulator.server",
    "support.simulator.watch",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
"""Also what is imported late: uvicorn's protocols, pydantic's, and what a new process imports of the tool itself."""

_PROCESSES = (
    multiprocessing.get_context("forkserver")
    if "forkserver" in multiprocessing.get_all_start_methods()
    else multiprocessing.get_context("spawn")
)
_PROCESSES.set_forkserver_preload(list(_LOADED))
_ONE_AT_A_TIME = threading.Lock()
"""``multiprocessing`` looks after all its processes at once, whichever thread started them."""


class Forked:
    """A module that runs as with ``python -m``, in a session of its own; used like ``subprocess.Popen``.

    Args:
        module: its name.
        arguments: of its command line.
        folder: where it runs.
        log: where it writes to; with ``piped`` its errors only.
        piped: whether there are pipes to its input and from its output.

    Attributes:
        pid: its process id.
        stdin: the pipe to its input.
        stdout: the pipe from its output.
    """

    def __init__(self, module: str, arguments: Sequence[str], folder: Path, log: Path, *, piped: bool = False) -> None:
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        pipes = (_PROCESSES.Pipe(duplex=False), _PROCESSES.Pipe(duplex=False)) if piped else ()
        theirs = (pipes[0][0], pipes[1][1]) if pipes else ()
        command = (module, tuple(arguments), folder, log, theirs)
        self._process = _PROCESSES.Process(target=_run, args=command)
        with _ONE_AT_A_TIME:
            self._process.start()
        for end in theirs:
            end.close()
        if pipes:
            self.stdin, self.stdout = _file(pipes[0][1], "w"), _file(pipes[1][0], "r")
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Raises:
            TimeoutExpired: it has not, within ``timeout`` seconds.
        """
        if not connection.wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        with _ONE_AT_A_TIME:
            self._process.join()
        code = self._process.exitcode
        return -1 if code is None else code

    def interrupt(self) -> None:
        """Asks it to end, by SIGTERM: of Ctrl-C, one that has only just begun would tell by a traceback."""
        if not connection.wait([self._process.sentinel], 0):
            self._process.terminate()

    def kill(self) -> None:
        """Ends it at once."""
        if not connection.wait([self._process.sentinel], 0):
            self._process.kill()


class ForkedServer(EmbeddedServer):
    """An embedded Focus Server that begins within milliseconds."""

    def _begin(self, options: Sequence[str]) -> ServerProcess:
        return Forked(MODULE, options, self._log_file.parent, self._log_file, piped=True)


def _run(module: str, arguments: Sequence[str], folder: Path, log: Path, pipes: Sequence[Connection]) -> None:
    """What a new process does."""
    gc.freeze()  # what was loaded stays: to look through it for cycles would copy it, and stop a stream for long
    if os.name != "nt":
        os.setsid()
    os.chdir(folder)
    with log.open("wb") as written, open(os.devnull, "rb") as nothing:
        reads, writes = pipes or (nothing, written)
        for number, file in enumerate((reads, writes, written)):
            os.dup2(file.fileno(), number)
    for pipe in pipes:
        pipe.close()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open as long as the process
    sys.path[0] = str(folder)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _file(pipe: Connection, mode: str) -> IO[str]:
    """The pipe as a file, which owns it."""
    file = open(os.dup(pipe.fileno()), mode, encoding="utf-8")  # noqa: SIM115 - whoever asked for the pipe closes it
    pipe.close()
    return file

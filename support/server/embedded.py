"""The embedded Focus Server, as the suite starts and stops it: a process of its own, known by its ready line alone."""

from __future__ import annotations

import json
import logging
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

import requests

from support.errors import NotReadyError
from support.machine.threads import named
from support.wording import legible

log = logging.getLogger(__name__)

MODULE = "support.simulator"
"""What is run, as with ``python -m``."""

_STOP_SECONDS = 5.0

_MOST_LOGGED = 65_536
"""Bytes of its log that are told of a scenario."""


class ServerProcess(Protocol):
    """What is needed of a process; ``subprocess.Popen`` has it."""

    pid: int
    stdin: IO[str] | None
    stdout: IO[str] | None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; TimeoutExpired where that takes longer."""

    def kill(self) -> None:
        """Ends it at once."""


class EmbeddedServer:
    """A running simulator process.

    It ends with this process, however that ends: the simulator watches the pipe that is its standard input, and the
    operating system closes that pipe with the suite. It runs in a process group of its own, so that Ctrl-C reaches the
    suite, which still needs the server to clean up.

    Args:
        options: command-line options of ``python -m support.simulator``.
        log_file: where its log goes.
        start_seconds: how long it may take to be ready.
        secret: the first line of its standard input, which lies on no disk and in no list of processes.

    Attributes:
        rest_url: where its REST side is.
        told: its whole ready line: with certificates, also what a client needs of them.

    Raises:
        NotReadyError: it ended, or was not ready in time; the sentence holds the end of its log.
    """

    def __init__(
        self, options: Sequence[str] = (), *, log_file: Path, start_seconds: float = 30.0, secret: str = ""
    ) -> None:
        self.told: dict[str, str] = {}
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self._log_file = log_file
        self._process = self._begin(["--exit-on-stdin-eof", *options])
        try:
            self._tell(secret)
            self.told = self._ready(start_seconds)
            self.rest_url = self.told["rest_url"]
        except BaseException:
            self.stop()
            raise
        log.info("the embedded Focus Server runs at %s, process %d", self.rest_url, self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _begin(self, options: Sequence[str]) -> ServerProcess:
        """Starts the process."""
        with self._log_file.open("wb") as log_output:
            return subprocess.Popen(
                [sys.executable, "-m", MODULE, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_output,
                encoding="utf-8",
                errors="backslashreplace",
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
            )

    @property
    def log_size(self) -> int:
        """Bytes of its log until now; 0 where somebody has removed it."""
        try:
            return self._log_file.stat().st_size
        except OSError:
            return 0

    def logged(self, since: int) -> str:
        """The lines of its log since it had so many bytes; of many the newest, and a line that says so."""
        size = self.log_size
        if size <= since:
            return ""
        with self._log_file.open("rb") as file:
            begin = file.seek(max(since, size - _MOST_LOGGED))
            text = legible(file.read(size - begin).decode("utf-8", "replace"))
        return text if begin == since else f"(lines before these: {self._log_file})\n{text.partition(chr(10))[2]}"

    def deviate(self, *, faults: Sequence[str] = (), variants: Sequence[str] = ()) -> None:
        """Makes it a server with these faults and variants, and no others, for the jobs configured from now on.

        Raises:
            ValueError: the simulator does not know one of them; the sentence is its own.
        """
        answer = self._control("PUT", "deviations", {"faults": list(faults), "variants": list(variants)})
        if not answer.ok:
            raise ValueError(f"the embedded Focus Server refuses these deviations: {answer.text}")

    def change(self, **options: float) -> None:
        """Makes ``windows``, ``idle_removal`` or ``fibre_after`` others than it was started with; without, none is."""
        self._control("PUT", "options", options).raise_for_status()

    def acts(self, *, past: bool = False) -> dict[str, int]:
        """How often each fault under conditions that it was started with has made a difference until now.

        Args:
            past: only in what is shown of the past.
        """
        acts: dict[str, int] = self._control("GET", "acts/past" if past else "acts").json()
        return acts

    def recording(self) -> Path:
        """The file that its historic jobs show; the small one of its own is made when it is first asked for."""
        return Path(self._control("GET", "recording").json())

    def stop(self) -> None:
        """Ends it, gently first; harmless when it has ended already."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):  # it ended before it had read what it was told
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the embedded Focus Server did not end by itself and is killed")
            self._process.kill()
            self._process.wait()
            self._remove_its_files()
        self._process.stdout.close()

    def _control(self, method: str, path: str, wish: object = None) -> requests.Response:
        """The answer of the simulator's own door for scenarios, and for whoever proves the suite."""
        with requests.Session() as session:
            session.trust_env = False  # it is on this machine: no proxy
            session.headers["Connection"] = "close"  # now, and not when the pool is collected
            return session.request(method, f"{self.rest_url}/simulator/{path}", json=wish, timeout=_STOP_SECONDS)

    def _remove_its_files(self) -> None:
        """A process that was killed could not remove its certificates itself."""
        if "ca_file" in self.told:
            shutil.rmtree(Path(self.told["ca_file"]).parent, ignore_errors=True)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        if line:
            with suppress(OSError):  # it has ended: its log says why
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()

    def _ready(self, seconds: float) -> dict[str, str]:
        lines: queue.Queue[str] = queue.Queue()
        assert self._process.stdout is not None
        reader = threading.Thread(
            target=lambda out: lines.put(out.readline()),
            args=(self._process.stdout,),
            name=named("embedded-server ready line"),
            daemon=True,
        )
        reader.start()
        try:
            line = lines.get(timeout=seconds)
        except queue.Empty:
            raise NotReadyError(
                f"the embedded Focus Server was not ready within {seconds:g} s: {self._log()}"
            ) from None
        try:
            told: dict[str, str] = json.loads(line)
            return {"rest_url": told["rest_url"]} | told
        except (ValueError, KeyError, TypeError):
            raise NotReadyError(f"the embedded Focus Server did not start: {line.strip() or self._log()}") from None

    def _log(self) -> str:
        text = self._log_file.read_text(encoding="utf-8", errors="replace").strip()
        return legible(text[-500:]) or f"its log {self._log_file} is empty"

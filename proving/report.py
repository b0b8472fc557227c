"""The report of a tool that works for long, and the lines that tell of its work.

A report is written as its tool goes, whole each time: whoever reads it never sees half of one, and it is there however
the tool ends. Its page says whether that was the end of the work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from proving.page import write_whole
from support import ROOT
from support.errors import FocusError
from support.machine.ending import Interrupted, interruptible
from support.wording import some

_QUIET = 5.0
"""Seconds without a line in a log, after which it is worth one that something begins."""

_RARELY = 20
"""Times as long as it took to write the files: only then they are written again, but for the last time."""

Work = TypeVar("Work")


class Report(Generic[Work]):
    """The report of a tool, and the lines that tell of its work; left with ``with`` it says how the work ended.

    Ctrl-C, SIGTERM and SIGHUP end the work, and so does an error with a sentence for people. Nothing is raised then:
    ``exit_code`` says so.

    Args:
        options: of the command line, made by ``parser``.
        name: of the files, without their ends.
        title: of the page.
        total: how many steps the work has.
        work: what has come of it; it grows as steps end.
        for_people: the rest of the page, made of the work once a step has ended.
        for_programs: the same for the rest of the data.

    Attributes:
        page: the file for people; the one for programs lies beside it.
        exit_code: 0 where the work came to its end, 1 after an error, or what a shell expects of an interruption.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        name: str,
        title: str,
        total: int,
        work: Work,
        for_people: Callable[[Work], Sequence[str]],
        for_programs: Callable[[Work], Mapping[str, object]],
    ) -> None:
        self.page: Path = options.output / f"{name}.md"
        self.exit_code = 0
        self._options = {key: value for key, value in vars(options).items() if key not in ("tool", "output")}
        self._tool, self._title, self._total = options.tool, title, total
        self._work, self._for_people, self._for_programs = work, for_people, for_programs
        self._ending = "it still runs, or was ended without a word"
        self._done = 0
        self._under_way: list[str] = []
        self._began = time.monotonic()
        self._told = self._due = 0.0
        self._lock = threading.RLock()
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        self.page.parent.mkdir(parents=True, exist_ok=True)
        self._commit = _commit()
        self._signals.enter_context(interruptible())
        self._write()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        with self._signals:
            self._ending = f"{type(error).__name__}: {error}" if error else ""
            if isinstance(error, (Interrupted, FocusError)):
                self._ending = str(error)
                self.exit_code = error.exit_code if isinstance(error, Interrupted) else 1
            self._write()
            words = f"not finished: {self._done} of {self._total}, {self._ending}; {self.page}"
            self._show(words if self._ending else "", over=True)
        return isinstance(error, (Interrupted, FocusError))

    def begins(self, what: str) -> None:
        """A step begins; on any thread."""
        with self._lock:
            self._under_way.append(what)
            is_news = self._done == 0 or time.monotonic() - self._told > _QUIET
            self._show(f"{self._where()} {what} begins" if is_news and not sys.stdout.isatty() else "")

    def ends(self, what: str, words: str) -> None:
        """A step has ended; what came of it is in the work already."""
        with self._lock:
            self._under_way.remove(what)
            self._done += 1
            self.tell(f"{what}: {words}")

    def tell(self, words: str) -> None:
        """Something has come of a step; it is in the work already."""
        with self._lock:
            if time.monotonic() >= self._due:
                self._write()
            self._show(f"{self._where()} {words}")

    def _where(self) -> str:
        """How far the work is, and how long it may take."""
        seconds = (time.monotonic() - self._began) / max(self._done, 1) * (self._total - self._done)
        left = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        return f"[{self._done}/{self._total}{f', about {left} left' if 0 < self._done < self._total else ''}]"

    def _show(self, line: str, *, over: bool = False) -> None:
        """A line that stays, and on a terminal one below it that says what is under way."""
        words = f"{line}\n" if line else ""
        if sys.stdout.isatty():
            now = "" if over else f"{self._where()} under way: {some(self._under_way)}"
            words = f"\r\x1b[K{words}{now[: shutil.get_terminal_size().columns - 1]}"
        sys.stdout.write(words)
        sys.stdout.flush()
        if line:
            self._told = time.monotonic()

    def _write(self) -> None:
        """Both files, as the work stands; what takes its time, because much was done, is due again later."""
        began = time.monotonic()
        lines = self._for_people(self._work) if self._done else ()
        data = self._for_programs(self._work) if self._done else {}
        seconds = time.monotonic() - self._began
        machine = f"{platform.system()} {platform.machine()}"
        chosen = ", ".join(
            f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in self._options.items()
            if value not in (None, False, [])
        )
        head = [f"# {self._title}", ""]
        if self._ending:
            head += [f"**Not finished**: {self._done} of {self._total}; {self._ending}.", ""]
        head += [
            f"{time.strftime('%Y-%m-%d')}, {machine}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"commit {self._commit}, {seconds:.0f} s. Made by `python -m {self._tool}`: {chosen}.",
            "",
        ]
        facts = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(seconds, 1),
            "finished": not self._ending,
            "ending": self._ending,
            "done": self._done,
            "total": self._total,
            "machine": machine,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "commit": self._commit,
            "tool": self._tool,
            "options": self._options,
        }
        write_whole(self.page, "\n".join([*head, *lines]).rstrip() + "\n")
        write_whole(self.page.with_suffix(".json"), json.dumps({**facts, **data}, indent=1))
        self._due = time.monotonic() + _RARELY * (time.monotonic() - began)


def _commit() -> str:
    """The commit that is tried, and whether it was changed; in words where it is not known."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told.strip()

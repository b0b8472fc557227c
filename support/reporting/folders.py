"""The folders of a run's reports: there, writable, and in the hands of this run alone, before its first scenario.

And files in them that are never seen half written.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.errors import ReportsError

if sys.platform != "win32":
    import fcntl


@contextmanager
def held(folders: Iterable[Path]) -> Iterator[None]:
    """Makes these folders where they are missing, and keeps other runs out of them until the end of this one.

    The system forgets that they are held with the process, however that ends. Windows locks no folders: two runs at
    once are not found there.

    Raises:
        ReportsError: a folder cannot be written, or another run writes into it.
    """
    handles: list[int] = []
    try:
        for folder in dict.fromkeys(map(Path.resolve, folders)):
            check_writable(folder)
            if sys.platform != "win32":
                handles.append(os.open(folder, os.O_RDONLY))
                _lock(handles[-1], folder)
        yield
    finally:
        for handle in handles:
            os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Puts a file in place of the one that was: whoever reads it finds all of the one or all of the other.

    Raises:
        OSError: it cannot be written; what was there stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    try:
        beside.write_text(text, "utf-8", errors="backslashreplace", newline="\n")
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    os.replace(beside, path)


def check_writable(folder: Path) -> None:
    """Makes the folder where it is missing, and writes a few bytes into it.

    Raises:
        ReportsError: that is not possible, and why.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-") as probe:
            probe.write(b"\0" * 65_536)
            probe.flush()
    except OSError as error:
        raise ReportsError(f"{folder} cannot be written: {error.strerror or error}") from None


if sys.platform != "win32":

    def _lock(handle: int, folder: Path) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReportsError(
                f"another run writes into {folder}; wait until it has ended, or run from another folder"
            ) from None

"""Which recording the server plays: the file that it was given, or a small one of its own fibre; and what it streams.

What was streamed is kept on all channels. A range that begins before the server was started is about the channels of
the file.
"""

from __future__ import annotations

import tempfile
import threading
import time
from fractions import Fraction
from math import ceil
from pathlib import Path

from support.simulator.fibre import Fibre
from support.simulator.lines import Lines
from support.simulator.recording.kept import Kept, NothingBefore
from support.simulator.recording.recording import Recording
from support.simulator.recording.tape import SECOND, Tape

CHANNELS = 64
LONGEST_WINDOW = 65_536  # samples: one of this length has to fit into the part before the hole
HOLE_SECONDS = 2


class Library:
    """The recordings of a server, made and opened once each. Safe to ask from several threads.

    The small one ends when the server was started, and has a hole; it is made when it is first asked for, so that a run
    that shows nothing of the past pays nothing for it.

    Args:
        path: a file; None: the small one.

    Raises:
        RecordingError: the file cannot be played.
    """

    def __init__(self, path: str | None = None) -> None:
        self.given: Tape | None = _opened(Path(path)) if path is not None else None
        self._started = int(time.time())
        file_ends = self.given.segments[-1].end_ns(self.given.prr) if self.given else 0
        self._kept_from = max(self._started, -(-file_ends // SECOND))
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tapes: list[Tape] = [self.given] if self.given else []
        self._lines: dict[tuple[Fibre, bool], Lines[Recording]] = {}
        self._files: dict[Fibre, Path] = {}
        self._path = Path(path) if path is not None else None

    def lines(self, fibre: Fibre, begin: Fraction | None = None) -> Lines[Recording]:
        """The lines of the recording that belongs to a fibre: all, or those of a range that begins then."""
        since = begin is not None and begin >= self._kept_from
        with self._lock:
            if (fibre, since) not in self._lines:
                before = NothingBefore.on(fibre) if since else self.given or self._made(fibre)
                self._lines[fibre, since] = Lines(Recording(before, fibre.lowest, Kept(fibre, self._kept_from)))
            return self._lines[fibre, since]

    def file(self, fibre: Fibre) -> Path:
        """Where the recording that belongs to a fibre lies."""
        self.lines(fibre)
        return self._path or self._files[fibre]

    def close(self) -> None:
        """Lets all files go, and removes those that were made here."""
        with self._lock:
            while self._tapes:
                self._tapes.pop().close()
            if self._folder is not None:
                self._folder.cleanup()

    def _made(self, fibre: Fibre) -> Tape:
        from support.simulator.recording.prodml import write

        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="focus-recording-")
        path = self._files[fibre] = Path(self._folder.name) / f"{len(self._tapes)}.h5"
        channels = range(fibre.lowest, fibre.lowest + min(CHANNELS, fibre.count))
        write(path, fibre, channels, small_parts(fibre, self._started))
        tape = _opened(path)
        self._tapes.append(tape)
        return tape


def _opened(path: Path) -> Tape:
    # Here, for h5py is loaded by those alone who show something of the past.
    from support.simulator.recording.opening import opened

    return opened(path)


def small_parts(fibre: Fibre, end: int) -> list[range]:
    """The samples of a recording that ends at ``end``, epoch seconds: a minute, at a PRR of 2,000 Hz."""
    before, after = ceil(LONGEST_WINDOW * 1.2 / fibre.prr), ceil(LONGEST_WINDOW / 2 / fibre.prr)
    hole = end - after - HOLE_SECONDS
    return [
        range(*(round(second * fibre.prr) for second in part))
        for part in ((hole - before, hole), (hole + HOLE_SECONDS, end))
    ]

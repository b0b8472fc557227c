"""Streams of failed scenarios, kept as they came in ``reports/captures/``, to be judged and seen again."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.replay import capture
from support.replay.header import Fibre, header_of
from support.screen.streamed import Streamed
from support.settings import CaptureUse
from support.wording import plural

log = logging.getLogger(__name__)

FOLDER = Path("reports", "captures")

_MOST_OF_SCENARIO = 4
"""Streams of one scenario that are kept, those that something is wrong with first."""

_MOST_BYTES = 2**30
"""Of all captures of a run; what comes later is not kept."""


class Captures:
    """The captures of a run; those of the run before go.

    Args:
        use: which streams are kept.
        server: how people call the server.
        folder: where they go.
    """

    def __init__(self, use: CaptureUse, server: str, folder: Path = FOLDER) -> None:
        self._use = use
        self._server = server
        self._folder = folder
        self._count = self._size = 0
        try:
            for old in folder.glob("*.capture"):
                old.unlink()
        except OSError as error:
            log.warning("captures of the run before could not be removed: %s", error)

    def keep(
        self, scenario: str, streams: Sequence[Streamed], fibre: Fibre | None = None, *, failed: bool
    ) -> list[Path]:
        """Keeps the streams of a scenario that is over, as far as they are to be kept.

        Returns:
            Their files. What cannot be written is told in the log, and the run goes on.
        """
        if self._use is CaptureUse.OFF or (self._use is CaptureUse.FAILED and not failed):
            return []
        kept = [stream for stream in streams if stream.take is not None and stream.verdict.ending is not None]
        if self._use is CaptureUse.FAILED:
            kept = sorted(kept, key=lambda stream: not (stream.found or stream.failure))[:_MOST_OF_SCENARIO]
        return list(self._written(scenario, kept, fibre))

    def _written(self, scenario: str, streams: Sequence[Streamed], fibre: Fibre | None) -> Iterator[Path]:
        for number, stream in enumerate(streams):
            if self._size > _MOST_BYTES:
                left = plural(len(streams) - number, "stream")
                log.warning("%s of %r not kept: the captures of this run are large enough", left, scenario)
                return
            assert stream.take is not None, "it was kept"
            self._count += 1
            path = self._folder / f"{self._count:03d}-{_slug(scenario)}.capture"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                header = header_of(stream, scenario, self._server, fibre)
                capture.write(path, header, stream.take.tape.events)
                self._size += path.stat().st_size
            except OSError as error:
                log.warning("a stream of %r could not be kept: %s", scenario, error)
                return
            yield path


def _slug(title: str) -> str:
    """The title as a part of the name of a file."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "scenario"

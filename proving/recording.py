"""The recording that a server plays where the suite is to know the truth, of a deviation that truth alone sees."""

from __future__ import annotations

import threading
from pathlib import Path

from proving.crew import Crew

_ARGUMENTS = "--seconds 59 --hole 40-42 --channels 64"
"""Like the small one of the embedded server."""

_MAKE_SECONDS = 120.0
_ONE_AT_A_TIME = threading.Lock()


def recording(crew: Crew) -> Path:
    """The file, which all trials of a crew share.

    Raises:
        RuntimeError: it could not be made; with the reason.
    """
    path = crew.folder / "fibre.h5"
    with _ONE_AT_A_TIME:
        if not path.exists():
            arguments = [*_ARGUMENTS.split(), "--out", str(path)]
            code, words = crew.run("support.simulator.record", arguments, crew.folder, _MAKE_SECONDS)
            if code:
                raise RuntimeError(f"there is no recording to be played: {words}")
    return path

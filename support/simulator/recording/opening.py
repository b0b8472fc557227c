"""Opening a file: which of the two readers it needs, and one sentence where neither can read it."""

from contextlib import suppress
from pathlib import Path

import h5py

from support.simulator.recording.foreign import ForeignTape
from support.simulator.recording.prodml import ProdmlTape
from support.simulator.recording.tape import RecordingError, Tape


def opened(path: Path) -> Tape:
    """The tape that a file holds.

    Raises:
        RecordingError: it cannot be played; the sentence names the file.
    """
    try:
        return _opened(path)
    except (RecordingError, OSError) as error:
        raise RecordingError(f"{path} cannot be played: {error}") from error


def _opened(path: Path) -> Tape:
    if not path.exists():
        raise RecordingError("there is no such file")
    if path.is_file() and not path.stat().st_size:
        raise RecordingError("it is empty")
    if path.is_file() and h5py.is_hdf5(path):
        with suppress(LookupError):
            return ProdmlTape(path)
    return ForeignTape(path)

"""What the server is at the moment: its options and its fibre, as the active deviations would have them."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from support.simulator.deviations import Deviations, stages
from support.simulator.dialect import Dialect
from support.simulator.dialects import DIALECTS
from support.simulator.fibre import Fibre, Measured, Rate
from support.simulator.lines import Lines
from support.simulator.options import Options
from support.simulator.recording.library import Library
from support.simulator.recording.recording import Recording
from support.simulator.recording.tape import Tape

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """A job keeps the one that it was configured in."""

    options: Options
    fibre: Fibre
    lines: Lines[Measured]
    deviations: Deviations
    dialect: Dialect
    library: Library

    def recorded(self, begin: Fraction | None = None) -> Lines[Recording]:
        """The lines of what the fibre has recorded, or of a range that begins then; at first that may take a moment."""
        return self.library.lines(self.fibre, begin)

    def recording(self) -> Path:
        """Where the file of those lies."""
        return self.library.file(self.fibre)


class Present:
    """The state of now."""

    def __init__(self, options: Options, library: Library) -> None:
        self._library = library
        self._started = self._options = _as_recorded(options, library.given)
        self._asked = 0.0
        self._lines: dict[tuple[int, Rate, int, int, float], Lines[Fibre]] = {}
        self._dialect = DIALECTS[options.dialect]
        self.now = self._under(Deviations(options.faults, options.variants, options.dialect))

    @property
    def attached(self) -> bool:
        """Whether the server has its fibre, or waits for one; how long, counts from the first question for it on."""
        options, now = self.now.options, time.monotonic()
        self._asked = self._asked or now
        return not options.no_fibre and now >= self._asked + options.fibre_after

    def change(self, options: dict[str, Any]) -> None:
        """From now on, these options are others; all the rest are as the server was started."""
        self._options = replace(self._started, **options)
        self._asked = 0.0
        self.now = self._under(self.now.deviations)

    def deviate(self, faults: Sequence[str], variants: Sequence[str]) -> None:
        """Replaces the active deviations.

        Raises:
            UnknownDeviationError: there is none of that name, and nothing was replaced.
        """
        self.now = self._under(Deviations(faults, variants, self._options.dialect))
        log.info("active deviations: %s", self.now.deviations)

    def _under(self, deviations: Deviations) -> State:
        options = deviations.through(stages.OPTIONS, self._options)
        dialect = self._dialect
        lowest = dialect.lowest_channel if options.lowest_channel is None else options.lowest_channel
        prr = options.prr if self._library.given else dialect.real_prr(int(options.prr))
        key = (options.seed, prr, lowest, options.channel_count, options.dx)
        lines = self._lines.setdefault(key, Lines(Fibre(*key)))  # they stay, and with them what has been computed
        return State(options, lines.measured, lines, deviations, dialect, self._library)


def _as_recorded(options: Options, tape: Tape | None) -> Options:
    """A server that plays a file has the fibre that the file was recorded on."""
    return replace(options, prr=tape.prr, dx=tape.dx, channel_count=tape.channels) if tape else options

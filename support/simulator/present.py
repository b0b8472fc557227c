"""What the server is at the moment: its options and its fibre, as the active deviations would have them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from support.simulator.deviations import Deviations, stages
from support.simulator.dialect import Dialect
from support.simulator.dialects import DIALECTS
from support.simulator.fibre import Fibre
from support.simulator.lines import Lines
from support.simulator.options import Options

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """A job keeps the one that it was configured in."""

    options: Options
    lines: Lines
    deviations: Deviations
    dialect: Dialect

    @property
    def fibre(self) -> Fibre:
        """The fibre that the lines are measured on."""
        return self.lines.fibre


class Present:
    """The state of now."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lines: dict[tuple[int, int, int, int], Lines] = {}
        self._dialect = DIALECTS[options.dialect]
        self.now = self._under(Deviations(options.faults, options.variants, options.dialect))

    def deviate(self, faults: Sequence[str], variants: Sequence[str]) -> None:
        """Replaces the active deviations.

        Raises:
            UnknownDeviationError: there is none of that name, and nothing was replaced.
        """
        self.now = self._under(Deviations(faults, variants, self._options.dialect))

    def _under(self, deviations: Deviations) -> State:
        options = deviations.through(stages.OPTIONS, self._options)
        dialect = self._dialect
        lowest = dialect.lowest_channel if options.lowest_channel is None else options.lowest_channel
        key = (options.seed, dialect.real_prr(options.prr), lowest, options.channel_count)
        lines = self._lines.setdefault(key, Lines(Fibre(*key)))  # they stay, and with them what has been computed
        log.info("active deviations: %s", deviations)
        return State(options, lines, deviations, dialect)

"""What the server is at the moment: its options and its fibre, as the active deviations would have them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from support.simulator.deviations import Deviations
from support.simulator.fibre import Fibre
from support.simulator.options import Options

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conditions:
    """A job keeps those under which it was configured."""

    options: Options
    fibre: Fibre
    deviations: Deviations


class Present:
    """The conditions of now."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._fibres: dict[tuple[int, int, int, int], Fibre] = {}
        self.now = self._under(Deviations(options.faults, options.variants))

    def deviate(self, faults: Sequence[str], variants: Sequence[str]) -> None:
        """Replaces the active deviations; raises UnknownDeviationError, and then nothing is replaced."""
        self.now = self._under(Deviations(faults, variants))

    def _under(self, deviations: Deviations) -> Conditions:
        options = deviations.options(self._options)
        key = (options.seed, options.prr, options.lowest_channel, options.channel_count)
        fibre = self._fibres.setdefault(key, Fibre(*key))  # the fibre stays, and with it what it has computed
        log.info("active deviations: %s", deviations)
        return Conditions(options, fibre, deviations)

"""Production's dialect, as far as it differs from others."""

from dataclasses import replace

from support.simulator.dialect import Wire
from support.simulator.options import Options
from support.simulator.plan import SINGLE_CHANNEL, Plan
from support.simulator.ports import PortRange
from support.simulator.production import wire

STREAMS = 3
REAL_PRR = 1.002  # times the nominal one: above it, so that all frequencies up to half the nominal one exist


class Production:
    """Three streams a job, at a port that is given again."""

    name = "production"
    wire: Wire = wire
    offers: frozenset[str] = frozenset()
    lowest_channel = 1
    one_grid = True

    def real_prr(self, nominal: int) -> int:
        """A little more than the metadata tell: the frequencies are multiples of an odd step."""
        return round(nominal * REAL_PRR)

    def spread(self, plan: Plan) -> Plan:
        """Three streams, one in the single-channel view, and never more than channels."""
        most = 1 if plan.view_type == SINGLE_CHANNEL else STREAMS
        return replace(plan, streams=min(most, len(plan.channels)))

    def next_number(self, last: int) -> int:
        """Jobs are counted from 1 on: the frames have 32 bits for it."""
        return last + 1

    def ports(self, options: Options) -> PortRange:
        """Each window has a port of its own."""
        return PortRange.of(options.port_base, options.windows)


PRODUCTION = Production()

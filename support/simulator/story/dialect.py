"""The story's dialect, as far as it differs from others."""

import time

from support.simulator.dialect import CHECK_HEALTH, HEALTH, REFLECTION, Wire
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.ports import AnyPorts
from support.simulator.story import wire


class Story:
    """One stream a job, which says all that there is to say."""

    name = "story"
    wire: Wire = wire
    offers = frozenset({CHECK_HEALTH, HEALTH, REFLECTION})
    lowest_channel = 0
    one_grid = False

    def real_prr(self, nominal: int) -> int:
        """The metadata tell the real one."""
        return nominal

    def spread(self, plan: Plan) -> Plan:
        """All channels come in one stream."""
        return plan

    def next_number(self, last: int) -> int:
        """A number that no job had before, not even one before the server was started."""
        return max(last + 1, time.time_ns() // 1_000_000)

    def ports(self, _options: Options) -> AnyPorts:
        """Each job has a port that no other one had."""
        return AnyPorts()


STORY = Story()

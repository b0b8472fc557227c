"""What a dialect of the server is: how it writes a frame, what its jobs are like, what stands at their ports.

``story/`` and ``production/`` are the two rooms: ``dialect.py`` and ``wire.py`` for this, ``service.py`` for what a
port offers over gRPC, ``manners.py`` for REST. What they speak about, fibre, spectra, plans, pace, jobs, is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from support.simulator.frame import Frame
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.ports import Ports
from support.simulator.replay.moved import Change

CHECK_HEALTH, HEALTH, REFLECTION = "CheckHealth", "grpc.health.v1", "reflection"  # what a port can have besides


class Wire(Protocol):
    """How frames are written."""

    def encode(self, frame: Frame, job_number: int = 0, /) -> bytes:
        """The message of a frame; ``job_number`` is the one of the job's id that no other job has."""

    def changes(self, later: Callable[[int], int], renumbered: Callable[[int], int], /) -> Mapping[int, Change]:
        """What becomes of the fields of a message whose times, and whose job's number, are to be others."""

    def merged(self, payloads: list[bytes]) -> bytes:
        """One frame of the rows of several, with bounds that are true for all of them."""


class Dialect(Protocol):
    """A dialect, as far as it differs from others.

    Attributes:
        name: as ``--dialect`` asks for it.
        wire: how frames are written.
        offers: what a port has besides its streams, of the three above.
        lowest_channel: the number of the first channel, where nobody wants another one.
        one_grid: whether all streams of a job count the same lines; else each begins a grid of its own.
    """

    @property
    def name(self) -> str: ...
    @property
    def wire(self) -> Wire: ...
    @property
    def offers(self) -> frozenset[str]: ...
    @property
    def lowest_channel(self) -> int: ...
    @property
    def one_grid(self) -> bool: ...

    def real_prr(self, nominal: int) -> int:
        """Samples a second of a fibre that is said to have ``nominal``."""

    def spread(self, plan: Plan) -> Plan:
        """The plan, with its channels spread over as many streams as a job has here."""

    def next_number(self, last: int) -> int:
        """The number of the next job's id, which no other job has; ``last`` is that of the job before, at first 0."""

    def ports(self, options: Options) -> Ports:
        """Where the ports of jobs come from.

        Raises:
            OSError: they are taken.
        """

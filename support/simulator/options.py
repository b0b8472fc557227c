"""What the embedded Focus Server can be started with."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, get_args

from support.simulator.certificates import Tls

DialectName = Literal["story", "production"]
DIALECT_NAMES: tuple[DialectName, ...] = get_args(DialectName)


@dataclass(frozen=True, slots=True)
class Options:
    """What the server was started with; durations in seconds, rates in Hz.

    Some mean something in one dialect only: ``port_base`` in production's. The fibre is there after ``fibre_after``, or
    with ``no_fibre`` never. ``lowest_channel`` None is its usual one. A ``recording`` decides on ``prr``, ``dx`` and
    ``channel_count``; None is a small one, which the server makes. Captures to ``replay`` decide on dialect and fibre.
    """

    dialect: DialectName = "story"
    port: int = 0
    exit_on_stdin_eof: bool = False
    seed: int = 1
    prr: int | Fraction = 2000
    dx: float = 1.0
    channel_count: int = 2222
    lowest_channel: int | None = None
    frame_rate: float = 20.0
    windows: int = 30
    port_base: int = 0
    idle_removal: float = 50.0
    stream_idle: float = 180.0
    finished_removal: float = 120.0
    pod_start: float = 0.0
    slowed: float = 0.0
    no_fibre: bool = False
    fibre_after: float = 0.0
    recording: str | None = None
    replay: tuple[str, ...] = ()
    tls: Tls = "off"
    token: str | None = field(default=None, repr=False)
    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

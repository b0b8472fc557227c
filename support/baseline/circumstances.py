"""Where a measurement holds: one that was made elsewhere, or of something else, says nothing here."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from support.contract import schema_hash
from support.wording import short


@dataclass(frozen=True)
class Circumstances:
    """What a baseline and a run have to have in common.

    Attributes:
        server: ``embedded Focus Server``, or the address without user and password. Its version is left out: a new
            version is what is to be compared with the old one.
        schema: of ``datastream.proto``, the beginning of its SHA-256.
        cpu: model of this machine's processor.
        cores: their number.
        python: its minor version.
        system: operating system and architecture.
        channels: of the job.
        bins: frequency bins of a channel.
        lines_dt: seconds between two lines.
        frames: frames of a stream that was measured.
    """

    server: str
    schema: str
    cpu: str
    cores: int
    python: str
    system: str
    channels: int
    bins: int
    lines_dt: float
    frames: int

    @classmethod
    def here(
        cls, server: str, *, channels: int, bins: int, lines_dt: float, frames: int, schema: str = "datastream.proto"
    ) -> Circumstances:
        """Those of streams of this shape, and of messages of this schema, on this machine."""
        return cls(
            server=server,
            schema=schema_hash(schema),
            cpu=_cpu(),
            cores=os.cpu_count() or 1,
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            system=f"{platform.system()} {platform.machine()}",
            channels=channels,
            bins=bins,
            lines_dt=lines_dt,
            frames=frames,
        )

    @property
    def slug(self) -> str:
        """A name for a file, another one for other circumstances."""
        kind = "".join(letter if letter.isalnum() else "-" for letter in self.server.lower()).strip("-")
        digest = hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:8]
        return f"{kind[:60]}-{self.channels}x{self.bins}-{digest}"

    def differences(self, other: Circumstances) -> list[str]:
        """What differs, in words: ``cores 2 here, 8 there``."""
        theirs = asdict(other)
        return [
            f"{name} {own} here, {short(str(theirs[name]))} there"
            for name, own in asdict(self).items()
            if own != theirs[name]
        ]


def _cpu() -> str:
    """The model of the processor; what the platform says of it where there is no ``/proc/cpuinfo``."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()

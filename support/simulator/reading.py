"""What the rows of a frame are read from: the place to look for one that shows something else than it should.

A server that is right reads each row where its time says, on the channels and in the band of its job.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from support.simulator import spectrum
from support.simulator.fibre import Measured, Samples
from support.simulator.frame import Frame
from support.simulator.plan import Plan
from support.simulator.spectrum import Values, Window


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the rows of a frame are read.

    Attributes:
        starts: the number of the sample that each begins with.
        first: the first channel.
        bins: of the transform.
        window: the function that samples are weighted with.
        block: samples after which ``lost`` ones are left out.
        lost: how many.
    """

    starts: tuple[int, ...]
    first: int
    bins: range
    window: Window = spectrum.hann
    block: int = 1
    lost: int = 0

    def shown(self, frame: Frame, plan: Plan, measured: Measured) -> Frame:
        """The frame of a plan with the values that are read so, and the bounds of these."""
        lines = [self._line(plan, measured, start) for start in self.starts]
        rows = tuple(row.holding(row.sensor_ids, line) for row, line in zip(frame.rows, lines, strict=True))
        low, high = min(float(line.min()) for line in lines), max(float(line.max()) for line in lines)
        return replace(frame, rows=rows, min_amp=low, max_amp=high)

    def _line(self, plan: Plan, measured: Measured, start: int) -> Values:
        samples = self._samples(measured, len(plan.channels), start, plan.nfft)
        line: Values = spectrum.magnitudes(samples, [0], plan.nfft, self.bins, self.window)[0]
        return line

    def _samples(self, measured: Measured, channels: int, start: int, count: int) -> Samples:
        """Of so many channels; beyond the last one of the fibre follow its first ones."""
        places = start + np.arange(count)
        places += self.lost * (places // self.block - start // self.block)
        length = int(places[-1]) + 1 - start
        last = min(self.first + channels - 1, measured.highest)
        parts = [measured.samples(self.first, last, start, length)]
        if more := channels - len(parts[0]):
            parts.append(measured.samples(measured.lowest, measured.lowest + more - 1, start, length))
        return np.concatenate(parts)[:, places - start]

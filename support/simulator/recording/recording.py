"""A recording as its jobs see it: a fibre of the past, whose channels have numbers.

Samples are counted like those of a fibre: from the epoch on, each segment from where it begins. They are read in
blocks, and the newest blocks are kept, as the windows of lines overlap: a file of hours is never in memory whole.
"""

import threading
from collections import OrderedDict
from fractions import Fraction

import numpy as np

from support.simulator.fibre import Samples
from support.simulator.frame import rounded
from support.simulator.recording.kept import Kept
from support.simulator.recording.tape import SECOND, Segment, Tape

KEPT_BYTES = 96 * 2**20  # more than the windows of a frame take, on the longest fibre


class Recording:
    """A tape whose first channel has the number ``lowest``. Safe to read from several threads.

    Args:
        tape: the tape.
        lowest: the number of its first channel.
        kept: what was kept of the fibre after it.
    """

    def __init__(self, tape: Tape, lowest: int, kept: Kept | None = None) -> None:
        self.prr = tape.prr
        self.lowest = lowest
        self.highest = lowest + tape.channels - 1
        self._tape = tape
        self._kept = kept
        self._numbers = tuple(map(self.number, tape.segments))
        self._lock = threading.Lock()
        self._blocks: OrderedDict[tuple[int, int, int], Samples] = OrderedDict()
        self._kept_bytes = 0

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The stretches that there are by now."""
        recorded = tuple(self._tape.segments)
        return self._kept.after(recorded) if self._kept else recorded

    def within(self, begin: Fraction, end: Fraction) -> list[Segment]:
        """The segments that a range of time, epoch seconds, touches."""
        first, last = begin * SECOND, end * SECOND
        return [one for one in self.segments if one.begin_ns < last and one.end_ns(self.prr) > first]

    def extent(self, segment: Segment) -> list[int | float]:
        """When a segment begins and ends, epoch seconds."""
        begin, end = Fraction(segment.begin_ns, SECOND), Fraction(segment.end_ns(self.prr), SECOND)
        return [_number(begin), _number(end)]

    def nearest(self, segment: Segment, instant: Fraction) -> int:
        """The number of its sample that is nearest to an instant, epoch seconds."""
        return self.number(segment) + rounded((instant - Fraction(segment.begin_ns, SECOND)) * self.prr)

    def number(self, segment: Segment) -> int:
        """The number of its first sample."""
        return rounded(segment.begin_ns * self.prr / SECOND)

    def samples(self, first: int, last: int, start: int, count: int) -> Samples:
        """What the channels ``first`` to ``last`` (inclusive) measured from the sample ``start`` on.

        Returns:
            A new array of shape (channels, count), zero where nothing was recorded.
        """
        result = np.zeros((last - first + 1, count), dtype=np.float32)
        bottom, top = max(first, self.lowest), min(last, self.highest)
        for place, number in enumerate(self._numbers):
            left, right = max(start, number), min(start + count, number + self._tape.segments[place].count)
            if left < right and bottom <= top:
                target = result[bottom - first : top + 1 - first, left - start : right - start]
                self._fill(target, place, left - number, bottom - self.lowest)
        if self._kept and start + count > self._kept.first:
            left = max(start, self._kept.first)
            result[:, left - start :] = self._kept.samples(first, last, left, start + count - left)
        return result

    def _fill(self, target: Samples, place: int, sample: int, channel: int) -> None:
        """Fills in what a segment holds from a sample and a channel on, both counted from 0."""
        length, width = self._tape.grain
        channels, samples = target.shape
        for group in range(channel // width, (channel + channels - 1) // width + 1):
            top, bottom = max(channel, group * width), min(channel + channels, (group + 1) * width)
            for block in range(sample // length, (sample + samples - 1) // length + 1):
                left, right = max(sample, block * length), min(sample + samples, (block + 1) * length)
                target[top - channel : bottom - channel, left - sample : right - sample] = self._block(
                    place, group, block
                )[top - group * width : bottom - group * width, left - block * length : right - block * length]

    def _block(self, place: int, group: int, block: int) -> Samples:
        key = (place, group, block)
        with self._lock:
            known = self._blocks.get(key)
            if known is not None:
                self._blocks.move_to_end(key)
                return known
            length, width = self._tape.grain
            samples = range(self._tape.segments[place].count)[block * length : (block + 1) * length]
            channels = range(self._tape.channels)[group * width : (group + 1) * width]
            made = self._blocks[key] = self._tape.read(place, samples, channels)
            self._kept_bytes += made.nbytes
            while self._kept_bytes > KEPT_BYTES:
                self._kept_bytes -= self._blocks.popitem(last=False)[1].nbytes
        return made


def _number(seconds: Fraction) -> int | float:
    return int(seconds) if seconds.denominator == 1 else float(seconds)

"""The spectrum lines of a fibre: each is computed once, whoever asks for it, and kept ready to be sent.

Jobs that watch the same channels, or overlapping ones, in the same way need the same lines, for streams begin on a
common grid (``frame.ANCHOR_MS``). So lines are made in pieces, a channel group each, out of which the rows of all jobs
are put together; what differs from job to job, canvas, times and bounds, is added when they are sent. A piece is never
changed: what a deviation edits is its own copy.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

from support.simulator import spectrum
from support.simulator.fibre import GROUP, Measured
from support.simulator.frame import Frame, Row, Timeline
from support.simulator.plan import Plan
from support.simulator.sensors import Sensors

KEPT_BYTES = 64 * 2**20  # of values
_TURNS = 64  # that are known
AT_ONCE = 8  # groups that are transformed together: fewer cost more calls, more no longer fit into a processor's cache

Source_co = TypeVar("Source_co", bound=Measured, covariant=True)

_Cut = tuple[int, int]  # the channels of a piece: the first, and the one after the last


@dataclass(slots=True)
class _Moment:
    """The pieces of all lines that begin at one sample; None in the place of one that is being made."""

    pieces: dict[_Cut, Sensors | None] = field(default_factory=dict)
    parts: dict[_Cut, Sensors] = field(default_factory=dict)  # of pieces, that have been asked for
    size: int = 0  # bytes
    is_kept: bool = True

    def within(self, cut: _Cut, first: int, last: int) -> Sensors:
        """The channels ``first`` to ``last`` of a piece that is made; bounds are looked for once, whoever asks."""
        piece = self.pieces[cut]
        assert piece is not None, "it is made"
        wanted = max(cut[0], first), min(cut[1], last + 1)
        if wanted == cut:
            return piece
        if wanted not in self.parts:
            self.parts[wanted] = piece.part(wanted[0] - cut[0], wanted[1] - cut[0])
        return self.parts[wanted]


@dataclass(slots=True)
class _Turn:
    """The newest frames of all plans that are alike but for their channels: the samples they begin with, and these."""

    starts: list[int]
    asked: set[_Cut]

    def precedes(self, starts: Sequence[int], plan: Plan) -> bool:
        """Whether the frames of ``starts`` are the next ones."""
        frame = float(plan.rows_per_frame * plan.lines_dt * plan.prr)
        return abs(starts[0] - self.starts[0] - frame) < 1


class Lines(Generic[Source_co]):
    """The lines of a fibre, or of a recording. Safe to ask from several threads: what one makes, others wait for."""

    def __init__(self, measured: Source_co) -> None:
        self.measured = measured
        self._changed = threading.Condition()
        self._moments: OrderedDict[tuple[int, range, int], _Moment] = OrderedDict()  # by nfft, bins and first sample
        self._kept_bytes = 0
        self._turns: dict[tuple[int, range, int, int, int], _Turn] = {}  # by nfft, bins, rows of a frame and lines_dt

    def frame(self, plan: Plan, timeline: Timeline, canvas_id: str, first_row: int, *, of_all: bool = False) -> Frame:
        """The frame of the rows from ``first_row`` on: what the fibre was, and when that was.

        Args:
            of_all: makes what others asked for with the frame before, too, as they will: all at once is less work.
        """
        numbers = range(first_row, timeline.beyond(first_row, plan.rows_per_frame))
        lines = self._lines(plan, [timeline.first_sample(row) for row in numbers], of_all)
        rows = tuple(
            Row(canvas_id, line, timeline.start_ms(row), timeline.end_ms(row), timeline.line(row))
            for row, line in zip(numbers, lines, strict=True)
        )
        bounds = [some.bounds for line in lines for some in line]
        return Frame(rows, min_amp=min(low for low, _ in bounds), max_amp=max(high for _, high in bounds))

    def _lines(self, plan: Plan, starts: list[int], of_all: bool) -> list[tuple[Sensors, ...]]:
        """The lines of a plan that begin at the samples ``starts``; what nobody makes already of them is made here."""
        cuts = _cuts(plan.first, plan.last)
        with self._changed:
            moments = {start: self._moment(plan, start) for start in starts}
            wanted = self._of_all(plan, starts, cuts) if of_all else cuts
        while claim := self._claim(moments, wanted):
            missing, of = claim
            self._make(plan, {start: moments[start] for start in of}, missing)
        return [tuple(moments[start].within(cut, plan.first, plan.last) for cut in cuts) for start in starts]

    def _moment(self, plan: Plan, start: int) -> _Moment:
        """The oldest go first: a line is asked for when it has just ended, by all that will ask for it."""
        while self._kept_bytes > KEPT_BYTES:
            _, oldest = self._moments.popitem(last=False)
            oldest.is_kept = False
            self._kept_bytes -= oldest.size
        key = plan.nfft, plan.bins, start
        return self._moments.get(key) or self._moments.setdefault(key, _Moment())

    def _of_all(self, plan: Plan, starts: list[int], cuts: Sequence[_Cut]) -> Sequence[_Cut]:
        """These pieces, and where nobody has asked for lines of ``starts`` yet, those that all asked for before."""
        key = plan.nfft, plan.bins, plan.rows_per_frame, plan.lines_dt.numerator, plan.lines_dt.denominator
        turn = self._turns.get(key)
        if turn and starts <= turn.starts:
            if starts == turn.starts:
                turn.asked.update(cuts)
            return cuts
        while len(self._turns) >= _TURNS:
            del self._turns[next(iter(self._turns))]
        self._turns[key] = _Turn(starts, set(cuts))
        return sorted(turn.asked.union(cuts)) if turn and turn.precedes(starts, plan) else cuts

    def _claim(self, moments: dict[int, _Moment], cuts: Sequence[_Cut]) -> tuple[tuple[_Cut, ...], list[int]] | None:
        """Pieces that nobody makes, and the moments that lack just these; None, once nothing is lacking at all."""
        with self._changed:
            while not all(moment.pieces.get(cut) for moment in moments.values() for cut in cuts):
                lacking = {start: _unclaimed(moment, cuts) for start, moment in moments.items()}
                missing = next(filter(None, lacking.values()), None)
                if missing:
                    of = [start for start, others in lacking.items() if others == missing]
                    for start in of:
                        moments[start].pieces.update(dict.fromkeys(missing))
                    return missing, of
                self._changed.wait()
        return None

    def _make(self, plan: Plan, moments: dict[int, _Moment], missing: Sequence[_Cut]) -> None:
        made: list[tuple[_Moment, _Cut, Sensors]] = []
        try:
            for cuts in _runs(missing):
                made += self._transformed(plan, moments, cuts)
        finally:
            with self._changed:
                for moment in moments.values():
                    for cut in missing:
                        del moment.pieces[cut]  # where making them has failed, somebody else may try
                for moment, cut, piece in made:
                    moment.pieces[cut] = piece
                    size = piece.values.nbytes
                    moment.size += size
                    self._kept_bytes += size * moment.is_kept
                self._changed.notify_all()

    def _transformed(
        self, plan: Plan, moments: dict[int, _Moment], cuts: Sequence[_Cut]
    ) -> Iterator[tuple[_Moment, _Cut, Sensors]]:
        """The pieces of neighbouring groups at several moments."""
        channels, earliest = range(cuts[0][0], cuts[-1][1]), min(moments)
        samples = self.measured.samples(channels[0], channels[-1], earliest, max(moments) - earliest + plan.nfft)
        lines = spectrum.magnitudes(samples, [start - earliest for start in moments], plan.nfft, plan.bins)
        for moment, values in zip(moments.values(), lines, strict=True):
            pieces = values.reshape(len(cuts), -1, len(plan.bins))
            bounds = zip(pieces.min(axis=(1, 2)).tolist(), pieces.max(axis=(1, 2)).tolist(), strict=True)
            for cut, piece, known in zip(cuts, pieces, bounds, strict=True):
                yield moment, cut, Sensors(range(*cut), piece, known)


@lru_cache(maxsize=128)
def _cuts(first: int, last: int) -> tuple[_Cut, ...]:
    """Where channels are cut into pieces: at whole channel groups; channels within one group are one piece."""
    groups = range(first // GROUP, last // GROUP + 1)
    if len(groups) == 1:
        return ((first, last + 1),)
    return tuple((group * GROUP, (group + 1) * GROUP) for group in groups)


def _runs(cuts: Sequence[_Cut]) -> Iterator[list[_Cut]]:
    """Neighbouring pieces of one size, a few at a time."""
    run: list[_Cut] = []
    for cut in cuts:
        if run and (len(run) == AT_ONCE or run[-1][1] != cut[0] or cut[1] - cut[0] != run[0][1] - run[0][0]):
            yield run
            run = []
        run.append(cut)
    if run:
        yield run


def _unclaimed(moment: _Moment, cuts: Sequence[_Cut]) -> tuple[_Cut, ...]:
    return tuple(cut for cut in cuts if cut not in moment.pieces)

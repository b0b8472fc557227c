"""Merges the streams of a job into one picture: a line is whole when every stream has brought it.

It knows blocks and times, and no sockets. Which lines are whole follows from what each stream brings in its own order,
never from which of them is quicker. The lines that wait for a stream wait in bounded memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from support.stream.block import Block
from support.stream.merged import MergedBlock, RowsOf
from support.stream.part import Part

_MOST_WAITING = 2**26
"""Bytes that may wait for a stream that is behind; beyond them the oldest lines are given up."""

_FRAME_OVERHEAD = 2**10
"""Bytes that a frame takes beside its message, about."""

_LEAST_WAITING = 4
"""Frames of a stream that may wait, however large they are."""

_FAR_MS = 60_000
"""Milliseconds from line to line that no stream is ahead of another: times like that are wrong ..."""

_MOST_FAR = 16
"""... unless so many lines in a row have them: then the stream has gone on to another time."""


class Merge:
    """The streams of one job, from where each of them begins.

    Args:
        parts: what is noted of each stream.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._waiting = [_Waiting() for _ in parts]
        self._latest_begin: int | None = None  # start of the last stream's first line
        self._has_begun = False
        self._given_up: int | None = None  # lines up to this one have been
        self._far = 0  # lines in a row that were far ahead of others

    def add(self, stream: int, block: Block) -> None:
        """The next frames of a stream."""
        self._waiting[stream].add(block)

    def whole(self) -> Iterator[Block]:
        """The lines that are whole by now; and frames without lines, as their stream brought them."""
        while True:
            for waiting in self._waiting:
                yield from waiting.empty_frames()
            if not all(self._waiting):
                if not self._is_too_much:
                    return
                self._give_up()
            elif not self._has_begun:
                self._begin()
            elif (merged := self._merged()) is not None:
                self._far = 0
                yield merged
            else:
                self._drop()

    def waits(self, stream: int) -> bool:
        """Whether lines of a stream wait for others."""
        return bool(self._waiting[stream])

    def close(self) -> None:
        """Nothing more comes: notes what still waits."""
        for part, waiting in zip(self._parts, self._waiting, strict=True):
            part.lines_waiting += waiting.lines

    def _merged(self) -> Block | None:
        """The next lines, in as few frames as that takes; None where the streams go on with different ones."""
        waiting = self._waiting
        if all(not one.row for one in waiting) and len({one.block.shape.rows for one in waiting}) == 1:
            frames = min(one.frames_left for one in waiting)
            alike = _leading([one.starts_of(frames) for one in waiting])
            if alike:
                return MergedBlock.of([one.take_frames(alike) for one in waiting])
        rows = min(one.rows_left for one in waiting)
        alike = _leading([one.starts(rows)[:, np.newaxis] for one in waiting])
        return MergedBlock.of([one.take_rows(alike) for one in waiting]) if alike else None

    def _begin(self) -> None:
        """Takes a line from those streams that begin before the last one; without one, all have begun."""
        starts = [one.start for one in self._waiting]
        if self._latest_begin is None:
            if self._is_far(starts):
                self._drop()
                return
            self._latest_begin = max(starts)
        self._has_begun = True
        for start, part, waiting in zip(starts, self._parts, self._waiting, strict=True):
            if start < self._latest_begin:
                self._has_begun = False
                waiting.drop()
                part.lines_before_all += 1

    def _drop(self) -> None:
        """Takes the line that cannot become whole from those that have it: others have gone past it."""
        starts = [one.start for one in self._waiting]
        is_far = self._is_far(starts)
        self._far += is_far
        dropped = max(starts) if is_far else min(starts)
        having = [stream for stream, start in enumerate(starts) if start == dropped]
        for stream in having:
            self._waiting[stream].drop()
        if self._given_up is not None and dropped <= self._given_up:
            return
        if len(having) == 1 and (is_far or len(starts) > 2):
            self._parts[having[0]].strange.add(dropped)
        else:
            self._lacking(dropped, having)

    def _is_far(self, starts: Sequence[int]) -> bool:
        return max(starts) - min(starts) > _FAR_MS and self._far < _MOST_FAR

    @property
    def _is_too_much(self) -> bool:
        size = sum(one.size for one in self._waiting)
        return size > _MOST_WAITING and max(one.frames for one in self._waiting) > _LEAST_WAITING

    def _give_up(self) -> None:
        """Takes the oldest line from those that have it: there is no room for it while others do not come."""
        dropped = min(one.start for one in self._waiting if one)
        having = [stream for stream, one in enumerate(self._waiting) if one and one.start == dropped]
        for stream in having:
            self._waiting[stream].drop()
            if not self._has_begun:
                self._parts[stream].lines_before_all += 1
        if self._has_begun:
            self._lacking(dropped, [stream for stream, one in enumerate(self._waiting) if one or stream in having])
        self._given_up = dropped if self._given_up is None else max(self._given_up, dropped)

    def _lacking(self, start: int, having: Sequence[int]) -> None:
        for stream, part in enumerate(self._parts):
            if stream not in having:
                part.lacking.add(start)


class _Waiting:
    """The lines of one stream that are not whole yet, in its order."""

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()
        self._frame = 0
        self.row = 0  # of that frame, the next one
        self.size = 0
        self.frames = 0

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def block(self) -> Block:
        """The block of the next line."""
        return self._blocks[0]

    @property
    def start(self) -> int:
        """Start of the next line, epoch milliseconds."""
        return int(self.block.starts[self._frame, self.row])

    @property
    def frames_left(self) -> int:
        """Frames of the block, from the next one on."""
        return len(self.block) - self._frame

    @property
    def rows_left(self) -> int:
        """Lines of the frame, from the next one on."""
        return self.block.shape.rows - self.row

    @property
    def lines(self) -> int:
        """Lines in all."""
        return sum(len(block) * block.shape.rows for block in self._blocks) - self._taken

    def starts_of(self, frames: int) -> NDArray[np.int64]:
        """Starts of the lines of so many frames, shape (frames, rows)."""
        return self.block.starts[self._frame : self._frame + frames]

    def starts(self, rows: int) -> NDArray[np.int64]:
        """Starts of so many lines of the frame."""
        starts: NDArray[np.int64] = self.block.starts[self._frame, self.row : self.row + rows]
        return starts

    def add(self, block: Block) -> None:
        """More of the stream."""
        self._blocks.append(block)
        self.size += _size(block)
        self.frames += len(block)

    def empty_frames(self) -> Iterator[Block]:
        """The next frames, as long as they have no lines."""
        while self and not self.block.shape.rows:
            yield self.take_frames(self.frames_left)

    def take_frames(self, count: int) -> Block:
        """The next frames, of which no line has been taken."""
        block = self.block
        taken = block if count == len(block) else block.between(self._frame, self._frame + count)
        self._go_on(count, taken.size + count * _FRAME_OVERHEAD)
        return taken

    def take_rows(self, count: int) -> Block:
        """The next lines of the frame."""
        if count == self.block.shape.rows:
            return self.take_frames(1)
        rows = range(self.row, self.row + count)
        self._single_out()
        taken = RowsOf.of(self.block, rows)
        self._go_on_by_rows(count)
        return taken

    def drop(self) -> None:
        """Lets go of the next line."""
        self._go_on_by_rows(1)

    @property
    def _taken(self) -> int:
        return self._frame * self.block.shape.rows + self.row if self else 0

    def _single_out(self) -> None:
        """Makes the frame a block of its own, so that it is measured once, however often it is cut."""
        if len(self.block) > 1:
            block = self._blocks.popleft()
            at, stop = self._frame, len(block)
            apart = [block.between(*ends) for ends in ((at, at + 1), (at + 1, stop)) if ends[0] < ends[1]]
            self._blocks.extendleft(reversed(apart))
            self._frame = 0

    def _go_on_by_rows(self, count: int) -> None:
        self.row += count
        if self.row == self.block.shape.rows:
            message = self.block.messages[self._frame]
            self._go_on(1, message.size + _FRAME_OVERHEAD)

    def _go_on(self, frames: int, size: int) -> None:
        self._frame += frames
        self.row = 0
        self.size -= size
        self.frames -= frames
        if self._frame == len(self.block):
            self._blocks.popleft()
            self._frame = 0


def _size(block: Block) -> int:
    return block.size + len(block) * _FRAME_OVERHEAD


def _leading(starts: Sequence[NDArray[np.int64]]) -> int:
    """How many of the leading rows are the same in all of these arrays of equal shape."""
    same = np.logical_and.reduce([(one == starts[0]).all(axis=1) for one in starts[1:]])
    return len(same) if same.all() else int(same.argmin())

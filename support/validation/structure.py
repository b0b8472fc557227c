"""Whether a frame is built as the contract says, with the sensors and bins of the configuration."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator

import numpy as np

from support.stream.block import Block
from support.stream.frame import Frame
from support.stream.shape import Shape
from support.validation.finding import Finding, Rule, Topic, Where
from support.wording import are, some


class ShapeRule(Rule):
    """A promise about what frames of a shape have in common; frames of the same shape are not judged twice."""

    def __init__(self) -> None:
        self._right: Shape | None = None

    def see(self, block: Block) -> Iterator[Finding]:
        if block.shape is self._right:
            return
        found = False
        for finding in self.judge(block):
            found = True
            yield finding
        if not found:
            self._right = block.shape

    @abstractmethod
    def judge(self, block: Block) -> Iterator[Finding]:
        """What each frame of the block breaks."""


class RowsPresent(ShapeRule):
    """A frame has at least one row."""

    name = "rows present"
    topic = Topic.STRUCTURE

    def judge(self, block: Block) -> Iterator[Finding]:
        if not block.shape.rows:
            for index in block.indexes:
                yield self.finding("the frame has no rows", Where(frame=index))


class SensorsPresent(ShapeRule):
    """A row has sensors, and a sensor has intensities."""

    name = "sensors present"
    topic = Topic.STRUCTURE

    def judge(self, block: Block) -> Iterator[Finding]:
        if all(block.shape.sensor_ids) and block.shape.bin_counts.all():
            return
        for frame in block.frames:
            yield self._place(frame)

    def _place(self, frame: Frame) -> Finding:
        for row, ids in enumerate(frame.sensor_ids):
            if not ids:
                return self.finding(f"row {row} of the frame has no sensors", Where(frame=frame.index))
        sensor = frame.sensor_of(int(frame.bin_counts.argmin()))
        return self.finding(f"sensor {sensor} has no intensities", Where(frame=frame.index, sensor=sensor))


class CanvasConstant(Rule):
    """The canvas id is not empty and stays the same over the stream."""

    name = "canvas constant"
    topic = Topic.STRUCTURE

    def __init__(self) -> None:
        self._canvas: str | None = None

    def see(self, block: Block) -> Iterator[Finding]:
        if all(canvas == self._canvas for canvas in block.shape.canvas_ids) and self._canvas:
            return
        for frame in block.frames:
            yield from self._judge(frame)

    def _judge(self, frame: Frame) -> Iterator[Finding]:
        for canvas, start in zip(frame.shape.canvas_ids, frame.starts.tolist(), strict=True):
            if not canvas:
                yield self.finding("the canvas id is empty", Where(frame=frame.index, time=start))
                return
            if self._canvas is None:
                self._canvas = canvas
            elif canvas != self._canvas:
                yield self.finding(
                    f"the canvas id changed from {self._canvas!r} to {canvas!r}", Where(frame=frame.index, time=start)
                )
                self._canvas = canvas
                return


class SensorsAsConfigured(ShapeRule):
    """Every row holds every configured channel exactly once, in their order, and nothing else.

    Args:
        sensors: ascending; of a job of several streams, those of the first one first.
    """

    name = "sensors as configured"
    topic = Topic.DIMENSIONS

    def __init__(self, sensors: tuple[int, ...]) -> None:
        super().__init__()
        self._sensors = sensors

    def judge(self, block: Block) -> Iterator[Finding]:
        for row, ids in enumerate(block.shape.sensor_ids):
            if ids != self._sensors:
                wrong = difference(ids, self._sensors)
                for index in block.indexes:
                    yield self.finding(f"row {row} of the frame: {wrong}", Where(frame=index))
                return


def difference(ids: tuple[int, ...], due: tuple[int, ...]) -> str:
    """How the sensors of a row differ from those that are due, in words."""
    configured, received = set(due), set(ids)
    twice = sorted(sensor for sensor, count in Counter(ids).items() if count > 1)
    named = (
        ("missing", sorted(configured - received)),
        ("not configured", sorted(received - configured)),
        ("there more than once", twice),
    )
    problems = [f"sensor {some(sensors)} {are(len(sensors))} {what}" for what, sensors in named if sensors]
    if not problems:
        first = next(i for i, (got, wanted) in enumerate(zip(ids, due, strict=True)) if got != wanted)
        problems = [f"sensors are out of order: {ids[first]} where {due[first]} is due"]
    return ", ".join(problems)


class BinsAsConfigured(ShapeRule):
    """Every sensor holds one intensity for each frequency of the configuration."""

    name = "bins as configured"
    topic = Topic.FREQUENCIES

    def __init__(self, bins: int) -> None:
        super().__init__()
        self._bins = bins

    def judge(self, block: Block) -> Iterator[Finding]:
        wrong = np.flatnonzero(block.shape.bin_counts != self._bins)
        if not wrong.size:
            return
        first = int(wrong[0])
        got = int(block.shape.bin_counts[first])
        for frame in block.frames:
            sensor = frame.sensor_of(first)
            yield self.finding(
                f"sensor {sensor} has {got} bins where {self._bins} were configured"
                + (f"; {wrong.size - 1} more spectra of the frame have another number, too" if wrong.size > 1 else ""),
                Where(frame=frame.index, sensor=sensor),
                amount=got - self._bins,
            )

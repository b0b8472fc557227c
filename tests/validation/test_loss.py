"""What is missing from an interrupted stream is counted by the times of its rows."""

from __future__ import annotations

import pytest

from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.stream.frame import Frame
from support.stream.interruption import Interruption
from support.validation.loss import Loss
from tests.validation.streams import frame_of


def frame(*numbers: int) -> Frame:
    return frame_of(DataStream(rows=[SpectrogramRow(startTimestamp=1_700_000_000_000 + 10 * n) for n in numbers]))


@pytest.mark.parametrize(
    ("frames", "loss"),
    [
        ([], Loss(twice=0, missing=0, reported=7)),
        ([frame()], Loss(twice=0, missing=0, reported=7)),
        ([frame(0, 1), frame(2)], Loss(twice=0, missing=0, reported=7)),
        ([frame(0, 1), frame(9)], Loss(twice=0, missing=7, reported=7)),
        ([frame(0, 1), frame(1, 9), frame(9)], Loss(twice=2, missing=7, reported=7)),
    ],
)
def test_lines_are_counted_by_their_times(frames: list[Frame], loss: Loss) -> None:
    broken = Interruption(0.0, "cut", after=1_700_000_000_010, duration=1.0, before=1_700_000_000_090, lines_dt=0.01)

    assert Loss.of(frames, [broken], lines_dt=0.01) == loss

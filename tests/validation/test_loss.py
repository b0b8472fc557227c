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


@pytest.mark.parametrize(("resumed_at", "lost"), [(25, 0), (29, 0), (30, 0), (36, 1), (45, 1), (46, 2)])
def test_lines_on_other_times_after_an_interruption_are_not_missing(resumed_at: int, lost: int) -> None:
    numbers = [0.0, 1.0, 2.0, resumed_at / 10, resumed_at / 10 + 1]
    rows = [SpectrogramRow(startTimestamp=1_700_000_000_000 + round(10 * number)) for number in numbers]
    start = rows[0].startTimestamp
    broken = Interruption(0.0, "cut", after=start + 20, duration=1.0, before=start + resumed_at, lines_dt=0.01)

    loss = Loss.of([frame_of(DataStream(rows=rows))], [broken], lines_dt=0.01)

    assert loss == Loss(twice=0, missing=lost, reported=lost)

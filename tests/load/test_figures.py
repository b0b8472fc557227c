"""The figures of a window, and when a load test is green."""

from __future__ import annotations

from dataclasses import replace

import pytest

from load.figures import COLUMNS, WindowFigures, problems, totals
from protos.datastream_pb2 import DataStream, SpectrogramRow
from support.stream.frame import Frame
from tests.validation.streams import frame_of


def frame(*starts: int, elapsed: float = 1.0) -> Frame:
    rows = [SpectrogramRow(startTimestamp=start, endTimestamp=start + 512) for start in starts]
    return replace(frame_of(DataStream(rows=rows), elapsed=elapsed), size=1000)


def window(*frames: Frame) -> WindowFigures:
    figures = WindowFigures("3-1")
    for one in frames:
        figures.see(one)
    return figures


def test_rates_are_over_the_time_of_the_stream() -> None:
    figures = window(*(frame(1000 + 10 * n, elapsed=0.5 + 0.05 * n) for n in range(11)))
    assert figures.first_frame == 0.5
    assert figures.frame_rate == pytest.approx(20)
    assert figures.mb_per_second == pytest.approx(11 * 1000 / 1e6 / 1.0)


def test_the_time_since_the_frame_before_is_answered() -> None:
    figures = WindowFigures("3-1")
    assert [figures.see(frame(1000, elapsed=at)) for at in (0.5, 0.75)] == [0.5, 0.25]


def test_a_window_without_frames_has_figures_too() -> None:
    figures = window()
    assert (figures.frame_rate, figures.mb_per_second, figures.lines_lost) == (0, 0, 0)
    assert totals([figures], 1)["frames"] == 0


def test_figures_survive_the_way_to_the_master() -> None:
    figures = window(frame(1000, 1010), frame(1050, elapsed=1.5))
    figures.findings["lines continuous"] = 2
    assert WindowFigures(**figures.packed()) == figures
    assert figures.row("a").keys() == COLUMNS.keys()


def test_totals_add_up() -> None:
    one, two = window(frame(1000, 1040)), window(frame(1000, 1010), frame(1020, elapsed=1.5))
    one.lines, one.lines_lost, two.lines = 2, 3, 3
    one.findings, two.findings = {"lines continuous": 1}, {"lines continuous": 2, "finite": 1}
    total = totals([one, two], seconds=2)
    assert (total["windows"], total["frames"], total["lines"], total["lines_lost"]) == (2, 3, 5, 3)
    assert total["mb_per_second"] == 0.002  # 3,000 bytes in 2 s, rounded
    assert total["findings"] == {"lines continuous": 3, "finite": 1}


def test_a_run_is_green_only_with_frames_and_without_failures() -> None:
    streamed, nothing = totals([window(frame(1000))], 1), totals([], 1)
    assert problems(streamed, 0, 0, 0) == []
    assert problems(nothing, 0, 0, 0) == ["no frame was received, so nothing was tested"]
    assert problems(nothing, 0, 0, 0, workers=0) == ["no worker reported, so nothing was tested"]
    assert "1 failure," in problems(streamed, 1, 0, 0)[0]
    assert "2 errors in the load test itself" in problems(streamed, 0, 2, 0)[0]
    assert problems(streamed, 0, 0, 1) == ["1 worker did not report the end of its windows"]

"""Several streams are one picture: the same one, however each is cut into frames, and whichever is quicker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.datastream_pb2 import DataStream
from support.stream.block import Block
from support.stream.frame import Frame
from support.stream.merge import Merge
from support.stream.part import Part
from tests.stream.parts import BINS, DT, SENSORS, T0, blocks, lines_of, part, value

ALL = tuple(sensor for stream in SENSORS for sensor in stream)


class Job:
    """A job of so many streams, as its merge sees it."""

    def __init__(self, streams: int = 3) -> None:
        self.parts = [Part(number, streams) for number in range(streams)]
        self.merge = Merge(self.parts)
        self.blocks: list[Block] = []

    def bring(self, stream: int, *frames: DataStream, at: Sequence[float] = ()) -> None:
        for block in blocks(frames, at):
            self.merge.add(stream, block)
        for whole in self.merge.whole():
            whole.index = sum(map(len, self.blocks))
            self.blocks.append(whole)

    @property
    def frames(self) -> list[Frame]:
        return [frame for block in self.blocks for frame in block.frames]

    @property
    def lines(self) -> list[list[int]]:
        return [lines_of(frame.starts) for frame in self.frames]


def test_streams_that_are_cut_alike_are_merged_frame_by_frame() -> None:
    job = Job()
    for stream in range(3):
        job.bring(stream, *(part(stream, line, line + 1) for line in (0, 2, 4)))
    (block,) = job.blocks
    assert job.lines == [[0, 1], [2, 3], [4, 5]]
    assert block.shape.sensor_ids == (ALL, ALL)
    assert block.shape.dimensions == (2, 8, BINS)
    assert all(part.shape.sensor_ids[0] == due for part, due in zip(block.parts, SENSORS, strict=True))


def test_a_merged_frame_ends_where_a_frame_of_any_stream_ends() -> None:
    job = Job(2)
    job.bring(0, part(0, 0, 1, 2, 3, 4), part(0, 5, 6, 7, 8, 9))
    job.bring(1, part(1, 0, 1, 2), part(1, 3, 4, 5), part(1, 6, 7, 8, 9))
    assert job.lines == [[0, 1, 2], [3, 4], [5], [6, 7, 8, 9]]


def test_it_came_when_its_last_part_came_with_the_bounds_of_all() -> None:
    job = Job(2)
    first, second = part(0, 0, 1), part(1, 0, 1)
    first.current_min_amp, first.current_max_amp = -2.0, 5.0
    second.current_min_amp, second.current_max_amp = 1.0, 9.0
    job.bring(0, first, at=[3.0])
    job.bring(1, second, at=[3.5])
    (frame,) = job.frames
    assert (frame.elapsed, frame.received_at) == (3.5, 3.5)
    assert (frame.current_min_amp, frame.current_max_amp) == (-2.0, 9.0)
    assert frame.size == first.ByteSize() + second.ByteSize()
    with pytest.raises(ValueError, match="no single message"):
        _ = frame.message


def test_lines_before_the_last_stream_begins_are_counted_apart() -> None:
    job = Job()
    job.bring(0, part(0, 0, 1, 2, 3), part(0, 4, 5))
    job.bring(1, part(1, 2, 3), part(1, 4, 5))
    assert job.blocks == []
    job.bring(2, part(2, 3, 4, 5))
    assert job.lines == [[3], [4, 5]]
    assert [one.lines_before_all for one in job.parts] == [3, 1, 0]
    assert [one.lacking.count + one.strange.count for one in job.parts] == [0, 0, 0]


def test_a_line_that_one_stream_lacks_is_noted_and_the_next_ones_are_whole() -> None:
    job = Job()
    for stream in range(3):
        job.bring(stream, *(part(stream, line) for line in range(6) if (stream, line) != (1, 3)))
    assert job.lines == [[0], [1], [2], [4], [5]]
    assert [(one.lacking.count, one.lacking.first) for one in job.parts] == [(0, None), (1, T0 + 3 * DT), (0, None)]


def test_a_line_that_one_stream_alone_has_is_noted() -> None:
    job = Job()
    job.bring(0, part(0, 0), part(0, 1), part(0, 2))
    job.bring(1, part(1, 0), part(1, 0), part(1, 1), part(1, 2))
    job.bring(2, part(2, 0), part(2, 1), part(2, 2))
    assert job.lines == [[0], [1], [2]]
    assert [(one.strange.count, one.lacking.count) for one in job.parts] == [(0, 0), (1, 0), (0, 0)]


@pytest.mark.parametrize("wrong", range(5))
def test_one_line_of_another_time_does_not_cost_the_others(wrong: int) -> None:
    job = Job()
    for stream in range(3):
        job.bring(stream, *(part(stream, 500_000 if (stream, line) == (2, wrong) else line) for line in range(6)))
    assert job.lines == [[line] for line in range(6) if line != wrong]
    assert job.parts[2].strange.count == 1


@pytest.mark.parametrize("without", [None, 0, 1])
def test_all_streams_may_go_on_to_another_time(without: int | None) -> None:
    job = Job(2)
    for stream in range(2):
        lines = [*range(4), *range(500_000, 500_050)]
        job.bring(stream, *(part(stream, line) for line in lines if (stream, line) != (without, 3)))
    assert job.lines[-20:] == [[line] for line in range(500_030, 500_050)]


def test_a_frame_without_lines_is_for_the_rules_to_find() -> None:
    job = Job(2)
    job.bring(0, part(0, 0), DataStream(), part(0, 1))
    job.bring(1, part(1, 0), part(1, 1))
    assert job.lines == [[0], [], [1]]


def test_what_waits_for_a_stream_that_is_behind_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.stream.merge._MOST_WAITING", 20_000)
    job = Job(2)
    job.bring(1, part(1, 0))
    job.bring(0, *(part(0, line) for line in range(100)))
    assert job.lines == [[0]]
    kept = 100 - 1 - job.parts[1].lacking.count
    assert 4 < kept < 20
    job.bring(1, *(part(1, line) for line in range(1, 100)))
    assert job.lines == [[0], *([line] for line in range(100 - kept, 100))]
    assert [one.strange.count for one in job.parts] == [0, 0]
    assert job.parts[0].lacking.count == 0


def test_what_waits_in_the_end_is_noted() -> None:
    job = Job(2)
    job.bring(0, part(0, 0, 1, 2), part(0, 3, 4))
    job.bring(1, part(1, 0, 1))
    job.merge.close()
    assert [one.lines_waiting for one in job.parts] == [3, 0]


def _cut(draw: st.DrawFn, stream: int, lines: Sequence[int], bins: int) -> list[DataStream]:
    """The lines of a stream, cut into frames somehow."""
    frames, done = [], 0
    while done < len(lines):
        count = draw(st.integers(1, 5))
        frames.append(part(stream, *lines[done : done + count], bins=bins))
        done += count
    return frames


@given(st.data())
def test_the_picture_is_the_same_whatever_the_frames_and_the_order(data: st.DataObject) -> None:
    streams, bins = data.draw(st.integers(2, 3)), data.draw(st.sampled_from([1, 4, 20]))
    first = [data.draw(st.integers(0, 6)) for _ in range(streams)]
    lost = [data.draw(st.sets(st.integers(7, 20), max_size=3)) for _ in range(streams)]
    lines = [[n for n in range(first[number], 25) if n not in lost[number]] for number in range(streams)]
    due = [line for line in range(max(first), 25) if not any(line in gone for gone in lost)]
    cuts = [data.draw(st.composite(_cut)(number, lines[number], bins)) for number in range(streams)]
    frames = []
    for _ in range(2):
        job, todo = Job(streams), [list(cut) for cut in cuts]
        while any(todo):
            stream = data.draw(st.sampled_from([number for number in range(streams) if todo[number]]))
            count = data.draw(st.integers(1, 4))
            job.bring(stream, *todo[stream][:count])
            del todo[stream][:count]
        frames.append(job.lines)
        sensors = [sensor for stream in SENSORS[:streams] for sensor in stream]
        assert [line for frame in job.lines for line in frame] == due
        for block in job.blocks:
            for frame in block.frames:
                assert frame.sensor_ids == (tuple(sensors),) * len(frame.starts)
                shown = [[[value(s, n, b) for b in range(bins)] for s in sensors] for n in lines_of(frame.starts)]
                assert frame.intensities.tolist() == shown
            values = np.concatenate([frame.intensities for frame in block.frames])
            assert block.row_lowest.reshape(-1).tolist() == values.min(axis=(1, 2)).tolist()
            assert block.row_highest.reshape(-1).tolist() == values.max(axis=(1, 2)).tolist()
            assert block.digests.shape == values.shape[:2]
            assert (block.low <= block.lowest).all()
            assert (block.highest <= block.high).all()
    assert frames[0] == frames[1], "frames end where a stream's do, not where one waited for another"


@given(st.data())
def test_equal_spectra_have_equal_digests_however_their_frames_are_cut(data: st.DataObject) -> None:
    lines = range(12)
    digests = []
    for _ in range(2):
        job = Job(2)
        for stream in range(2):
            job.bring(stream, *data.draw(st.composite(_cut)(stream, lines, BINS)))
        digests.append(np.concatenate([block.digests for block in job.blocks]).tolist())
    assert digests[0] == digests[1]


def test_ragged_parts_are_merged_too() -> None:
    job = Job(2)
    ragged = part(0, 0, 1)
    del ragged.rows[0].sensors[1].intensity[2:]
    del ragged.rows[1].sensors[0]
    job.bring(0, ragged)
    job.bring(1, part(1, 0), part(1, 1))
    one, two = job.frames
    assert not one.is_rectangular
    assert one.bin_counts.tolist() == [4, 2, 4, 4, 4, 4]
    assert two.sensor_ids == ((1, 2, 3, 4, 5),)
    assert two.values.tolist() == [value(s, 1, b) for s in (1, 2, 3, 4, 5) for b in range(BINS)]
    assert [block.row_highest.shape for block in job.blocks] == [(1, 1), (1, 1)]

"""What is drawn on failure is the place of the finding: what is given to the drawing, and the pixels of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from protos.datastream_pb2 import DataStream
from support.reporting.course import Course, course_picture
from support.reporting.pictures import place_picture
from support.reporting.place import Place, place_of
from support.reporting.stream_report import report_streams
from support.screen.streamed import Streamed
from support.validation.finding import Finding, Where
from tests.reporting.conftest import Attached
from tests.reporting.test_stream_report import PLAN, correct, stream
from tests.validation.streams import spoiled

LONG = replace(PLAN, frames=40)
WRONG = 20
"""A frame in the midst of it."""

RED, WHITE = (230, 0, 26), (255, 255, 255)

Spoil = Callable[[Sequence[DataStream]], None]


def silent(messages: Sequence[DataStream]) -> None:
    messages[WRONG].rows[2].sensors[1].intensity[6] = float("nan")


def dead(messages: Sequence[DataStream]) -> None:
    for message in messages[WRONG:]:
        for row in message.rows:
            row.sensors[3].intensity[:] = [0.0] * len(row.sensors[3].intensity)


def missing(messages: Sequence[DataStream]) -> None:
    del messages[WRONG].rows[1:3]


def without_sensor(messages: Sequence[DataStream]) -> None:
    for row in messages[WRONG].rows:
        del row.sensors[2]


def with_more_bins(messages: Sequence[DataStream]) -> None:
    messages[WRONG].rows[0].sensors[1].intensity.append(1.0)


def found_in(spoil: Spoil, word: str = "") -> tuple[Streamed, Finding, Place]:
    """A spoiled stream, the first finding with a word in it, and its place."""
    broken = stream(spoiled(LONG, spoil))
    finding = next(finding for finding in broken.findings if word in str(finding))
    place = place_of(broken, finding.where)
    assert place is not None
    return broken, finding, place


@pytest.mark.parametrize(("spoil", "sensor", "bin_"), [(silent, 4, 6), (dead, 6, None), (with_more_bins, 4, None)])
def test_sensor_time_and_frequency_of_the_finding_are_the_marked_ones(
    spoil: Spoil, sensor: int, bin_: int | None
) -> None:
    broken, finding, place = found_in(spoil, "dead" if spoil is dead else "")
    assert place.rows is not None
    assert place.column is not None
    assert (place.sensors[place.column], place.shown, place.bin) == (sensor, sensor, bin_)
    row = place.rows[len(place.rows) // 2]
    assert row == len(place.starts) // 2, "in the middle, where there is enough on either side"
    frame = next(frame for frame in broken.frames if frame.index == finding.where.frame)
    assert set(place.starts[list(place.rows)]) <= set(frame.starts)
    assert len(place.rows) == (1 if finding.where.time is not None else LONG.rows)
    if finding.where.time is not None:
        assert place.starts[row] == finding.where.time


def test_what_is_wrong_is_in_the_marked_cell() -> None:
    _, _, place = found_in(silent)
    assert place.rows is not None
    assert np.argwhere(np.isnan(place.spectrum)).tolist() == [[place.rows[-1], place.bin]]
    assert np.argwhere(np.isnan(place.channels)).tolist() == [[place.rows[-1], place.column]]


def test_lines_that_did_not_come_are_marked_and_empty() -> None:
    _, _, place = found_in(missing)
    assert place.rows is not None
    assert np.flatnonzero(place.no_spectrum.all(axis=1)).tolist() == list(place.rows[:-1])
    assert len(place.rows) == 3


def test_a_sensor_that_is_not_in_its_row_has_its_column_all_the_same() -> None:
    _, _, place = found_in(without_sensor)
    gone = np.argwhere(place.no_channels)
    assert set(gone[:, 1].tolist()) == {place.sensors.index(5)}
    assert len(gone) == LONG.rows


def test_a_value_too_many_has_a_frequency_further_on() -> None:
    _, _, place = found_in(with_more_bins)
    assert place.frequencies[-1] == pytest.approx(LONG.bins * LONG.prr / LONG.nfft)
    assert (~place.no_spectrum[:, -1]).sum() == 1


def test_a_place_that_was_not_kept_is_said_to_be_none() -> None:
    broken, finding, _ = found_in(silent)
    later = replace(broken, frames=broken.frames[WRONG + 5 :])
    place = place_of(later, finding.where)
    assert place is not None
    assert place.rows is None
    assert "not among those that were kept" in place.remark


def test_what_lies_before_the_kept_frames_moves_no_place() -> None:
    broken, finding, whole = found_in(missing)
    later = replace(broken, frames=broken.frames[WRONG - 5 :])
    place = place_of(later, finding.where)
    assert place is not None
    assert place.rows is not None
    assert whole.rows is not None
    assert place.starts[place.rows[-1]] == whole.starts[whole.rows[-1]]


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def boxes_of(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of what has a colour, in the left half of a picture and in the right one."""
    boxes = []
    for half in (slice(0, 660), slice(660, 1280)):
        down, across = np.nonzero((picture[110:560, half] == colour).all(axis=2))
        boxes.append((across.min() + half.start, down.min() + 110, across.max() + half.start, down.max() + 110))
    return boxes


def test_the_mark_stands_around_what_is_wrong() -> None:
    _, finding, place = found_in(silent)
    picture = pixels(place_picture(place, str(finding)))
    for left, top, right, bottom in boxes_of(picture, RED):
        x, y = (left + right) // 2, (top + bottom) // 2
        rays = (
            picture[y, left - 20 : x],
            picture[y, x : right + 20],
            picture[top - 20 : y, x],
            picture[y : bottom + 20, x],
        )
        assert all((ray == WHITE).all(axis=1).any() for ray in rays), "a white line on every side, near by"


def test_an_interval_beyond_the_limit_is_red_and_the_others_are_not() -> None:
    arrivals = np.linspace(0, 4.9, 50)
    course = Course(arrivals, np.full(50, 0.02), oldest=1.5, longest=0.5, at=None)

    def red_bars(drawn: Course) -> int:
        foot = pixels(course_picture(drawn, "x"))[560:588, 770:1240]
        return int((foot == RED).all(axis=2).all(axis=0).sum())

    assert red_bars(course) == 0
    late = replace(course, arrivals=arrivals + 0.7 * (arrivals > 3))
    assert red_bars(late) > 0


def test_frames_are_due_when_their_data_were() -> None:
    course = Course(np.array([1.0, 1.1, 1.9, 1.9]), np.array([0.1, 0.1, 0.8, 0.7]), None, None, None)
    assert course.due.tolist() == pytest.approx([1.0, 1.1, 1.2, 1.3])


@pytest.mark.parametrize(
    "course",
    [
        Course(np.empty(0), np.empty(0), None, None, None),
        Course(np.array([0.1]), np.array([np.nan]), 1.5, 0.5, 0.1),
        Course(np.array([0.1, 0.1]), np.array([-1e9, 1e9]), 1.5, 0.5, None),
    ],
)
def test_a_course_of_nothing_or_of_nonsense_is_a_picture_too(course: Course) -> None:
    assert pixels(course_picture(course, "")).shape == (640, 1280, 3)


def test_a_stream_without_a_frame_has_no_place_and_breaks_nothing(attached: Attached) -> None:
    nothing = stream(failure="the stream broke")
    report_streams([nothing], failure="the stream broke")
    assert place_of(nothing, Where(frame=0)) is None
    assert "Where it is wrong" not in attached


def test_a_failure_comes_with_its_pictures_on_top(attached: Attached) -> None:
    broken, finding, _ = found_in(dead)
    report_streams([broken, correct()], failure=f"Expected: life\n  - {finding}")
    assert list(attached)[:3] == ["Where it is wrong", "The stream over time", "Stream metrics"]


def test_no_place_is_drawn_where_nothing_failed(attached: Attached) -> None:
    report_streams([found_in(dead)[0]])
    assert not {"Where it is wrong", "The stream over time"} & set(attached)


def test_of_several_findings_the_one_that_failed_is_drawn(attached: Attached) -> None:
    def spoil(messages: Sequence[DataStream]) -> None:
        missing(messages)
        silent(messages)

    both = stream(spoiled(LONG, spoil))
    line = next(finding for finding in both.findings if "missing" in str(finding))
    report_streams([both], failure=str(line))
    first = place_of(both, both.findings[0].where)
    asked = place_of(both, line.where)
    assert first is not None
    assert asked is not None
    assert attached["Where it is wrong"] == place_picture(asked, str(line))
    assert attached["Where it is wrong"] != place_picture(first, str(line))

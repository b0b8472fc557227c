"""Linear or logarithmic: told by the first frames, and the same for all jobs of a run."""

from __future__ import annotations

import numpy as np
import pytest

from protos.pandadatastream_pb2 import DataStream
from support.stream.merged import MergedBlock
from support.validation.finding import Ending, Finding
from support.validation.scale import NonNegativeIfLinear, Scale, judge_scales
from tests.validation.production import blocks_of, messages_of
from tests.validation.streams import Plan

PLAN = Plan(sensors=(3, 4, 5, 6), bins=10, rows=5, frames=15)
FRAME = 200
"""Values of a frame."""


def with_below(counts: dict[int, int]) -> list[DataStream]:
    """Messages of which some have so many values below zero."""
    messages = messages_of(PLAN)
    for frame, count in counts.items():
        values = np.frombuffer(messages[frame].main_data[0], dtype="<f4").copy()
        values[:count] *= -1
        messages[frame].main_data[0] = values.tobytes()
    return messages


def judge(messages: list[DataStream], said: Scale | None = None) -> tuple[Scale | None, list[Finding]]:
    results = []
    for together in (False, True):
        rule = NonNegativeIfLinear(said)
        found = [finding for block in blocks_of(messages, together=together) for finding in rule.see(block)]
        found += rule.end(Ending(len(messages), by_server=False))
        results.append((rule.scale, found))
    assert results[0] == results[1]
    return results[0]


def test_a_job_without_values_below_zero_is_linear() -> None:
    assert judge(with_below({})) == (Scale.LINEAR, [])


def test_a_job_with_more_than_one_in_a_hundred_below_zero_is_logarithmic() -> None:
    assert judge(with_below(dict.fromkeys(range(15), 3))) == (Scale.LOGARITHMIC, [])
    assert judge(with_below({0: 21})) == (Scale.LOGARITHMIC, []), "of ten frames of 200 values 20 are one in a hundred"


@pytest.mark.parametrize("frame", [0, 12])
def test_a_value_below_zero_in_a_linear_job_is_told(frame: int) -> None:
    scale, found = judge(with_below({frame: 20}))
    assert scale is Scale.LINEAR
    assert [(one.rule, one.where.frame) for one in found] == [("intensities non-negative", frame)]


def test_a_scale_that_is_said_is_not_found_out() -> None:
    many = with_below(dict.fromkeys(range(15), FRAME // 2))
    assert len(judge(many, Scale.LINEAR)[1]) == 15
    assert judge(with_below({12: 1}), Scale.LOGARITHMIC) == (Scale.LOGARITHMIC, [])


def test_a_stream_that_ends_early_tells_it_at_its_end() -> None:
    assert judge(with_below({1: 5})[:3])[0] is Scale.LINEAR
    assert len(judge(with_below({1: 5})[:3])[1]) == 1
    assert judge(with_below({1: 50})[:3]) == (Scale.LOGARITHMIC, [])
    assert judge([]) == (None, [])


def test_frames_without_values_tell_nothing() -> None:
    empty = [DataStream(row_index=[], data_shape_y=0) for _ in range(12)]
    assert judge([*empty, *with_below(dict.fromkeys(range(15), 3))]) == (Scale.LOGARITHMIC, [])


def test_a_stream_of_another_scale_has_a_black_picture() -> None:
    linear, logarithmic = with_below({}), with_below(dict.fromkeys(range(15), FRAME // 2))
    for streams, words in (
        ([linear, logarithmic], "stream 2 of 2 is logarithmic where stream 1 of 2 is linear: "),
        ([logarithmic, linear], "stream 2 of 2 is linear where stream 1 of 2 is logarithmic: "),
        ([linear, linear], ""),
        ([logarithmic, logarithmic], ""),
    ):
        rule = NonNegativeIfLinear()
        merged = [MergedBlock.of(parts) for parts in zip(*map(blocks_of, streams), strict=True)]
        found = [finding for block in merged for finding in rule.see(block)]
        assert [words in str(finding) for finding in found] == [True] * bool(words)
        assert found == [] or found[0].rule == "one scale"


def test_a_job_of_another_scale_has_a_black_picture() -> None:
    linear, other = ("23-1", Scale.LINEAR), ("23-3", Scale.LOGARITHMIC)
    assert judge_scales([]) == judge_scales([linear, ("23-2", Scale.LINEAR)]) == []
    (finding,) = judge_scales([linear, ("23-2", Scale.LINEAR), other])
    assert str(finding) == (
        "job '23-3' is logarithmic where '23-1' before it is linear: drawn on the same scale, its picture is black, or "
        "nothing but bright"
    )

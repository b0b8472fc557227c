"""One look at the bits tells what two looks at the values would: the largest value, and that none is below zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.stream.block import Block, Message
from support.stream.production import PRODUCTION
from support.stream.story import STORY
from tests.validation import production
from tests.validation.streams import Plan
from tests.wire import floor_holds

PLAN = Plan(sensors=(3, 4, 5), bins=5, rows=2, frames=3)
SPECIAL = [0.0, -0.0, 1e-45, -1e-45, 3.4028235e38, -1.0, math.inf, -math.inf, math.nan, -math.nan]

Places = list[tuple[int, int, float]]
"""Frames, positions of values in them, and values to put there."""


def in_story(plan: Plan, places: Places, low: float) -> list[Block]:
    messages = plan.messages()
    for message in messages:
        message.current_min_amp = low
    for frame, position, value in places:
        sensors = [sensor for row in messages[frame].rows for sensor in row.sensors]
        sensors[position // plan.bins].intensity[position % plan.bins] = value
    data = [message.SerializeToString() for message in messages]
    return list(STORY.reader().blocks([Message(each, len(each)) for each in data]))


def in_production(plan: Plan, places: Places, low: float) -> list[Block]:
    messages = production.messages_of(plan)
    for message in messages:
        message.global_minimum = low
    for frame, position, value in places:
        values = np.frombuffer(messages[frame].main_data[0], dtype="<f4").copy()
        values[position] = value
        messages[frame].main_data[0] = values.tobytes()
    data = [message.SerializeToString() for message in messages]
    return list(PRODUCTION.reader().blocks([Message(each, len(each)) for each in data]))


@pytest.mark.parametrize("blocks_of", [in_story, in_production])
@given(
    places=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 29), st.sampled_from(SPECIAL)), max_size=3),
    low=st.sampled_from([0.0, -1.0, 1e-6, math.nan]),
)
def test_it_is_exact_but_for_a_floor_of_zero(
    blocks_of: Callable[[Plan, Places, float], list[Block]], places: Places, low: float
) -> None:
    for block in blocks_of(PLAN, places, low):
        for position, frame in enumerate(block.frames):
            floor_holds(block, position)
            np.testing.assert_array_equal(block.row_highest[position], frame.intensities.max(axis=(1, 2)))
            np.testing.assert_array_equal(block.row_lowest[position], frame.intensities.min(axis=(1, 2)))
            assert block.highest[position] == frame.values.max() or math.isnan(block.highest[position])


@pytest.mark.parametrize("blocks_of", [in_story, in_production])
def test_the_smallest_value_is_not_looked_for_where_nobody_needs_it(
    blocks_of: Callable[[Plan, Places, float], list[Block]],
) -> None:
    (plain,) = blocks_of(replace(PLAN, seed=2), [], 0.0)
    assert plain.floor.tolist() == [0.0] * 3
    assert (plain.lowest > 0).all()
    (bounded,) = blocks_of(replace(PLAN, seed=2), [], 1e-6)
    assert bounded.floor.tolist() == bounded.lowest.tolist() == plain.lowest.tolist()

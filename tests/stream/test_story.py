"""Every legal encoding of a message gives the same frame: what official protocol buffers read is the reference."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.stream.block import Block, Message
from support.stream.dialect import UnreadableError
from support.stream.digest import digests, sample
from support.stream.story import STORY
from support.stream.story.layout import Layout
from support.stream.wire import IrregularError
from tests.hostile.fuzz_frames import agrees_with_protocol_buffers
from tests.validation.streams import Plan
from tests.wire import Encoder, floor_holds

PLANS = [
    Plan(sensors=(1, 2, 3), bins=4, rows=1),
    Plan(sensors=(0, 1, 126, 127, 128, 129), bins=3, rows=2),
    Plan(sensors=(5,), bins=1, rows=3),
    Plan(sensors=tuple(range(120, 140)), bins=40, rows=2),
]


def blocks(*messages: bytes) -> list[Block]:
    return list(STORY.reader().blocks([Message(data, len(data)) for data in messages]))


def agrees(block: Block) -> None:
    """What rules go by is what protocol buffers read."""
    for position, frame in enumerate(block.frames):
        agrees_with_protocol_buffers(frame)
        if frame.values.size:
            np.testing.assert_array_equal(block.lowest[position], frame.values.min())
            np.testing.assert_array_equal(block.highest[position], frame.values.max())
        if frame.values.size and frame.is_rectangular:
            rows = block.shape.rows
            ours = block.digests[position * rows : (position + 1) * rows]
            np.testing.assert_array_equal(ours, digests(sample(frame.intensities, frame.intensities.shape[1])))
            np.testing.assert_array_equal(block.row_lowest[position], frame.intensities.min(axis=(1, 2)))
            np.testing.assert_array_equal(block.row_highest[position], frame.intensities.max(axis=(1, 2)))
            floor_holds(block, position)


class Unusual(Encoder):
    """Writes a message of the story's in a way that is legal and unusual, by chance."""

    def message(self, message: DataStream) -> bytes:
        rows = [self.sized(1, self._row(row)) for row in message.rows]
        high, low = (
            self.key(number, 1) + struct.pack("<d", bound)
            for number, bound in ((2, message.current_max_amp), (3, message.current_min_amp))
        )
        return self.mixed([*rows, high, low], movable=[high, low])

    def _row(self, row: SpectrogramRow) -> bytes:
        canvas = self.sized(1, row.canvasId.encode())
        sensors = [self.sized(2, self._sensor(sensor)) for sensor in row.sensors]
        start = self.key(3, 0) + self.number(row.startTimestamp)
        end = self.key(4, 0) + self.number(row.endTimestamp)
        return self.mixed([canvas, *sensors, start, end], movable=[canvas, start, end])

    def _sensor(self, sensor: SensorIntensity) -> bytes:
        values = list(sensor.intensity)
        identity = self.key(1, 0) + self.number(sensor.id)
        parts = []
        while values:
            size = self.chance.randint(1, len(values)) if self.seldom() else len(values)
            part, values = values[:size], values[size:]
            if self.seldom():
                parts += [self.key(2, 5) + struct.pack("<f", value) for value in part]
            else:
                parts.append(self.sized(2, struct.pack(f"<{len(part)}f", *part)))
        return self.mixed([identity, *parts], movable=[identity])


@given(st.sampled_from(PLANS), st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=1, max_size=6))
def test_every_legal_encoding_gives_the_same_values(plan: Plan, chance: random.Random, usual: list[bool]) -> None:
    messages = replace(plan, frames=len(usual), seed=chance.randrange(1000)).messages()
    encoder = Unusual(chance)
    data = [
        message.SerializeToString() if as_usual else encoder.message(message)
        for message, as_usual in zip(messages, usual, strict=True)
    ]
    for encoded, message in zip(data, messages, strict=True):
        read = DataStream.FromString(encoded)
        read.DiscardUnknownFields()
        assert [[list(sensor.intensity) for sensor in row.sensors] for row in read.rows] == [
            [list(sensor.intensity) for sensor in row.sensors] for row in message.rows
        ], "the encoder itself is right"

    seen = blocks(*data)

    assert sum(map(len, seen)) == len(messages)
    for block in seen:
        agrees(block)


@given(st.sampled_from(PLANS), st.integers(2, 30))
def test_frames_as_usual_are_one_block(plan: Plan, frames: int) -> None:
    (block,) = blocks(*(message.SerializeToString() for message in replace(plan, frames=frames).messages()))
    assert isinstance(block.shape, Layout)
    agrees(block)


def test_large_frames_are_a_block_too_without_being_copied() -> None:
    plan = Plan(sensors=tuple(range(300)), bins=513, rows=1, frames=3)
    (block,) = blocks(*(message.SerializeToString() for message in plan.messages()))
    assert [stack.shape[0] for stack in block.stacks] == [1, 1, 1]
    assert not any(stack.flags.owndata for stack in block.stacks)
    agrees(block)


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message.rows[0].sensors[1].__setattr__("id", 9),
        lambda message: message.rows[0].__setattr__("canvasId", "CANVAS"),
        lambda message: message.rows[0].__setattr__("startTimestamp", 5),
        lambda message: message.rows[0].__setattr__("endTimestamp", -1),
        lambda message: message.__setattr__("current_min_amp", 0.0),
        lambda message: message.rows[0].sensors[0].intensity.append(1.0),
        lambda message: message.rows.pop(),
    ],
    ids=["sensor", "canvas", "early", "negative", "zero bound", "ragged", "fewer rows"],
)
def test_a_message_of_another_layout_is_read_by_itself(change: object) -> None:
    messages = Plan(sensors=(1, 2, 3), bins=4, rows=2, frames=3).messages()
    change(messages[1])  # type: ignore[operator]

    first, other, last = blocks(*(message.SerializeToString() for message in messages))

    assert first.shape.sensor_ids == last.shape.sensor_ids
    for block in (first, other, last):
        agrees(block)


def test_bytes_of_a_time_may_hold_another_field() -> None:
    usual = Plan(sensors=(1, 2), bins=4, rows=1, frames=1).messages()[0].SerializeToString()
    time = DataStream.FromString(usual).rows[0].startTimestamp
    start = SpectrogramRow(startTimestamp=time).SerializeToString()
    short_start_and_an_end = b"\x18\x81\x82\x03" + b"\x20\x81\x01"
    unusual = usual.replace(start, short_start_and_an_end)
    assert len(unusual) == len(usual)

    for block in blocks(usual, unusual, usual):
        agrees(block)


def test_what_comes_before_a_broken_message_is_delivered() -> None:
    good = [message.SerializeToString() for message in PLANS[0].messages()[:2]]
    reader = STORY.reader().blocks([Message(data, len(data)) for data in (*good, b"\x0a\xff", good[0])])
    assert len(next(reader)) == 2
    with pytest.raises(UnreadableError, match="cannot be read: 2 bytes"):
        next(reader)


def test_absurd_counts_are_refused_before_anything_is_made_of_them() -> None:
    hidden_behind_an_unknown_field = b"\x78\x01" + b"\x0a\x00" * 20_000
    for data in (b"\x0a\x00" * 20_000, hidden_behind_an_unknown_field):
        with pytest.raises(UnreadableError, match="is absurd: more than 10000 rows in"):
            blocks(data)
    sensors = b"\x12\x00" * 1_000_001
    with pytest.raises(UnreadableError, match="is absurd: more than 1000000 sensors in"):
        blocks(b"\x0a" + Encoder(random.Random(0)).number(len(sensors), longer=False) + sensors)


@pytest.mark.parametrize("end", range(1, 60))
def test_a_message_that_is_cut_off_has_no_layout(end: int) -> None:
    data = PLANS[0].messages()[0].SerializeToString()
    whole = {0, *_ends_of_fields(data)}
    if end not in whole:
        with pytest.raises(IrregularError):
            Layout(data[:end])


def _ends_of_fields(data: bytes) -> list[int]:
    """Where a message could end: behind its row, and behind each bound."""
    return [len(data) - 18, len(data) - 9, len(data)]

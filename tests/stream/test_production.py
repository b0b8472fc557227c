"""Every legal encoding of a production message gives the same frame, and what does not go together is told."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.pandadatastream_pb2 import DataStream, StreamDataRequest
from support.stream.block import Block, Message
from support.stream.dialect import UnreadableError
from support.stream.digest import digests, sample
from support.stream.production import PRODUCTION
from support.stream.production.layout import Layout
from support.stream.unsaid import Unsaid
from tests.validation.production import FIRST_ROW, KINDS, agrees_with_protocol_buffers, blocks, messages_of
from tests.validation.streams import Plan
from tests.wire import Encoder, floor_holds

PLANS = [
    Plan(sensors=(1, 2, 3), bins=4, rows=1),
    Plan(sensors=(0, 1), bins=3, rows=2),
    Plan(sensors=(5,), bins=1, rows=3),
    Plan(sensors=tuple(range(120, 140)), bins=40, rows=2),
]


def agrees(block: Block) -> None:
    """What rules go by is what protocol buffers read."""
    assert block.job_numbers is not None
    assert block.row_indexes is not None
    for position, frame in enumerate(block.frames):
        agrees_with_protocol_buffers(frame)
        said = DataStream.FromString(frame.data)
        assert block.row_indexes[position].tolist() == list(said.row_index)
        assert block.job_numbers[position] == (said.job_id if said.HasField("job_id") else None)
        if frame.values.size:
            rows = block.shape.rows
            ours = block.digests[position * rows : (position + 1) * rows]
            np.testing.assert_array_equal(ours, digests(sample(frame.intensities, frame.intensities.shape[1])))
            np.testing.assert_array_equal(block.row_lowest[position], frame.intensities.min(axis=(1, 2)))
            np.testing.assert_array_equal(block.row_highest[position], frame.intensities.max(axis=(1, 2)))
            floor_holds(block, position)


class Unusual(Encoder):
    """Writes a production message in a way that is legal and unusual, by chance."""

    def message(self, said: DataStream) -> bytes:
        whole = [(1, said.start_channel), (2, said.end_channel), (5, said.data_shape_x), (6, said.data_shape_y)]
        fields = [self.key(number, 0) + self.number(value) for number, value in whole]
        fields += [self.key(7, 5) + struct.pack("<f", said.global_maximum)]
        fields += [self.key(8, 5) + struct.pack("<f", said.global_minimum)]
        fields += [self.key(10, 0) + self.number(said.job_id)] if said.HasField("job_id") else []
        movable = [*fields]
        repeated = [*self._numbers(3, said.timestamp_in_milis), *self._numbers(4, said.row_index)]
        pieces = [self.sized(9, piece) for piece in said.main_data]
        return self.mixed([*fields, *repeated, *pieces], movable)

    def _numbers(self, field: int, numbers: object) -> list[bytes]:
        encoded = [self.number(number) for number in numbers]  # type: ignore[attr-defined]
        if self.seldom():
            return [self.key(field, 0) + number for number in encoded]
        return [self.sized(field, b"".join(encoded))]


@given(
    st.sampled_from(PLANS),
    st.sampled_from(sorted(KINDS)),
    st.booleans(),
    st.sampled_from([None, 0, 23]),
    st.randoms(use_true_random=False),
    st.lists(st.booleans(), min_size=1, max_size=6),
)
def test_every_legal_encoding_gives_the_same_frame(
    plan: Plan, kind: str, piece_a_row: bool, job_id: int | None, chance: random.Random, usual: list[bool]
) -> None:
    plan = replace(plan, frames=len(usual), seed=chance.randrange(1000), level=40)
    said = messages_of(plan, kind=kind, piece_a_row=piece_a_row, job_id=job_id)
    encoder = Unusual(chance)
    data = [
        message.SerializeToString() if as_usual else encoder.message(message)
        for message, as_usual in zip(said, usual, strict=True)
    ]
    for encoded, message in zip(data, said, strict=True):
        read = DataStream.FromString(encoded)
        read.DiscardUnknownFields()
        assert read == message, "the encoder itself is right"

    seen = blocks(*data)

    assert sum(map(len, seen)) == len(said)
    for block in seen:
        agrees(block)


@given(st.sampled_from(PLANS), st.sampled_from(sorted(KINDS)), st.booleans(), st.integers(2, 8))
def test_frames_as_usual_are_one_block(plan: Plan, kind: str, piece_a_row: bool, frames: int) -> None:
    said = messages_of(replace(plan, frames=frames, level=40), kind=kind, piece_a_row=piece_a_row)
    (block,) = blocks(*(message.SerializeToString() for message in said))
    assert isinstance(block.shape, Layout)
    agrees(block)


def test_large_frames_are_a_block_too_without_being_copied() -> None:
    plan = Plan(sensors=tuple(range(300)), bins=513, rows=1, frames=3)
    (block,) = blocks(*(message.SerializeToString() for message in messages_of(plan)))
    assert [stack.shape[0] for stack in block.stacks] == [1, 1, 1]
    assert not any(stack.flags.owndata for stack in block.stacks)
    agrees(block)


def test_a_row_number_that_grows_longer_ends_a_block_and_no_more() -> None:
    said = messages_of(replace(PLANS[0], frames=40))
    assert FIRST_ROW < 128 < FIRST_ROW + 40
    seen = blocks(*(message.SerializeToString() for message in said))
    assert [len(block) for block in seen] == [28, 12]
    assert [index for block in seen for index in np.asarray(block.row_indexes).flat] == list(range(100, 140))


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.__setattr__("end_channel", 4) or said.__setattr__("start_channel", 2),
        lambda said: said.timestamp_in_milis.__setitem__(0, -1),
        lambda said: said.timestamp_in_milis.__setitem__(1, 5),
        lambda said: said.row_index.__setitem__(0, -1),
        lambda said: said.row_index.__setitem__(1, 2**31 - 1),
        lambda said: said.__setattr__("global_minimum", 0.0),
        lambda said: said.__setattr__("job_id", 7),
        lambda said: said.__setattr__("data_shape_z", 1),
    ],
    ids=["channels", "before 1970", "early", "row below 0", "last row", "zero bound", "job", "depth"],
)
def test_a_message_of_another_layout_is_read_by_itself(change: Callable[[DataStream], object]) -> None:
    said = messages_of(Plan(sensors=(1, 2, 3), bins=4, rows=2, frames=3))
    change(said[1])
    seen = blocks(*(message.SerializeToString() for message in said))
    assert [len(block) for block in seen] == [1, 1, 1]
    for block in seen:
        agrees(block)


def piece_missing(said: DataStream) -> None:
    del said.main_data[-1]


def a_byte_short(said: DataStream) -> None:
    said.main_data[0] = said.main_data[0][:-1]


def halves(said: DataStream) -> None:
    said.main_data[0] = said.main_data[0][: len(said.main_data[0]) // 2]


def fields(**values: int) -> Callable[[DataStream], None]:
    def change(said: DataStream) -> None:
        for name, value in values.items():
            setattr(said, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said.timestamp_in_milis.append(5), "says 2 rows, and has 3 times"),
        (lambda said: said.timestamp_in_milis.pop(), "says 2 rows, and has 1 time$"),
        (fields(data_shape_y=3), "says 3 rows, and has 2 times"),
        (fields(data_shape_y=-1), "says -1 rows of 12 values"),
        (fields(data_shape_x=-12), "says 2 rows of -12 values"),
        (fields(data_shape_x=13), "says 13 values a row for 3 channels, which cannot be shared out"),
        (fields(data_shape_x=15), "says 2 rows of 15 values, and has 96 bytes of values: 4, 8 or 1 for each would be"),
        (fields(data_shape_z=3), "says that each value of a row is 3 deep, where a row is flat"),
        (fields(data_shape_z=0), "says that each value of a row is 0 deep, where a row is flat"),
        (fields(start_channel=9), "says channels 9 to 3, which are none"),
        (fields(end_channel=5), "says 12 values a row for 5 channels, which cannot be shared out"),
        (piece_missing, "says 2 rows of 12 values, and has 0 bytes of values"),
        (a_byte_short, "says 2 rows of 12 values, and has 95 bytes of values: 4, 8 or 1 .* 96, 192 or 24"),
        (halves, "says 2 rows of 12 values, and has 48 bytes of values"),
        (fields(end_channel=2**31 - 1), "is absurd: more than 1000000 sensors are said to be in it"),
    ],
)
def test_what_does_not_go_together_is_unreadable(change: Callable[[DataStream], object], words: str) -> None:
    said = messages_of(Plan(sensors=(1, 2, 3), bins=4, rows=2, frames=3))
    change(said[1])
    reader = PRODUCTION.reader().blocks([Message(message.SerializeToString(), 0) for message in said])
    assert len(next(reader)) == 1, "what came before is delivered"
    with pytest.raises(UnreadableError, match=words):
        next(reader)


def test_channels_that_share_the_values_otherwise_are_shown_as_they_are_said() -> None:
    (said,) = messages_of(Plan(sensors=(1, 2, 3), bins=4, rows=1, frames=1))
    said.end_channel = 4
    (block,) = blocks(said.SerializeToString())
    assert block.shape.dimensions == (1, 4, 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said.row_index.pop(), "2 rows of the frame have 1 row number"),
        (lambda said: said.row_index.append(1), "2 rows of the frame have 3 row numbers"),
        (
            lambda said: said.main_data.append(b""),
            "the values of the frame come in 2 pieces, neither in one nor in one a row",
        ),
    ],
)
def test_what_can_be_shown_all_the_same_is_shown_and_told(change: Callable[[DataStream], object], words: str) -> None:
    (said,) = messages_of(Plan(sensors=(1, 2, 3), bins=4, rows=2, frames=1))
    change(said)
    (block,) = blocks(said.SerializeToString())
    agrees_with_protocol_buffers(block.frames[0])
    assert block.shape.contradictions == (words,)
    assert (block.row_indexes is None) == ("row number" in words)


def test_a_frame_without_rows_is_read() -> None:
    (block,) = blocks(DataStream().SerializeToString())
    assert (block.shape.rows, block.shape.value_count, block.starts.shape) == (0, 0, (1, 0))


@pytest.mark.parametrize(
    ("kind", "piece_a_row", "habits"),
    [
        ("<f4", False, {"the type of a value": "float32", "the cut of the values": "one piece"}),
        ("<f8", True, {"the type of a value": "float64", "the cut of the values": "one piece a row"}),
        ("u1", True, {"the type of a value": "unsigned byte", "the cut of the values": "one piece a row"}),
    ],
)
def test_what_a_server_chose_is_told(kind: str, piece_a_row: bool, habits: dict[str, str]) -> None:
    (block,) = blocks(
        messages_of(replace(PLANS[1], frames=1), kind=kind, piece_a_row=piece_a_row)[0].SerializeToString()
    )
    assert block.shape.habits == habits


def test_a_row_ends_where_it_is_told_to() -> None:
    data = messages_of(PLANS[1])[0].SerializeToString()
    (without,) = blocks(data)
    (told,) = blocks(data, row_span=0.1283)
    np.testing.assert_array_equal(without.ends, without.starts)
    np.testing.assert_array_equal(told.ends, told.starts + 128)


def test_a_float64_beyond_single_precision_is_infinite() -> None:
    (said,) = messages_of(Plan(sensors=(1,), bins=2, rows=1, frames=1), kind="<f8")
    said.main_data[0] = struct.pack("<2d", 1.0, 1e300)
    (block,) = blocks(said.SerializeToString())
    assert (block.lowest.tolist(), block.highest.tolist()) == ([1.0], [np.inf])


def test_garbage_is_no_message() -> None:
    with pytest.raises(UnreadableError, match="cannot be read: 20 bytes that begin with ff ff 3c 68"):
        blocks(b"\xff\xff<html>not protobuf")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x4a\x00" * 100_001, "is absurd: more than 100000 fields"),
        (b"\x5b" + b"\x4a\x00" * 100_001 + b"\x5c", "is absurd: more than 100000 fields"),
        (b"\x1a\x81\x80\x40" + b"\x01" * (2**20 + 1), "is absurd: more than 1048576 bytes of times and row numbers"),
        (DataStream(end_channel=1_000_000).SerializeToString(), "more than 1000000 sensors are said to be in it"),
        (DataStream(data_shape_y=10_001, timestamp_in_milis=[1] * 10_001).SerializeToString(), "more than 10000 rows"),
    ],
    ids=["pieces", "pieces in a group", "times", "sensors of no row", "rows"],
)
def test_absurd_sizes_are_refused_before_anything_is_made_of_them(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        blocks(data)


@given(st.sampled_from(PLANS), st.booleans(), st.integers(-1, 4))
def test_the_rows_that_are_newer_are_what_is_left(plan: Plan, piece_a_row: bool, had: int) -> None:
    (said,) = messages_of(replace(plan, frames=1), piece_a_row=piece_a_row, job_id=3)
    data = said.SerializeToString()
    than = said.timestamp_in_milis[min(had, plan.rows - 1)] if had >= 0 else 0
    left = PRODUCTION.newer(Message(data, len(data)), than)
    if had >= plan.rows - 1:
        assert left is None
        return
    assert left is not None
    assert left.size == len(data)
    (whole,), (rest,) = blocks(data), blocks(left.data)
    np.testing.assert_array_equal(rest.starts, whole.starts[:, had + 1 :])
    np.testing.assert_array_equal(rest.row_indexes, np.asarray(whole.row_indexes)[:, had + 1 :])
    np.testing.assert_array_equal(rest.frames[0].intensities, whole.frames[0].intensities[had + 1 :])
    assert (rest.low, rest.high, rest.job_numbers) == (whole.low, whole.high, [3])


def test_it_asks_for_one_of_the_streams_of_a_job() -> None:
    asked = PRODUCTION.request("23-68", 10, 2)
    assert StreamDataRequest.FromString(asked) == StreamDataRequest(stream_id=2)
    assert PRODUCTION.cannot == set(Unsaid) - {Unsaid.STREAM}

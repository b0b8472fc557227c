"""Fuzzes the way of a frame: bytes, message, arrays, rules, sentences. Nothing but a refusal to decode may come out.

``python -m tests.hostile.fuzz_frames --inputs 1000000 --seed 1`` tries that many messages, in streams of a
few, each judged by all rules: correct ones of several shapes with damage to their bytes, to their fields, or to both.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import struct
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from protos.datastream_pb2 import DataStream, SpectrogramRow
from protos.pandadatastream_pb2 import DataStream as ProductionMessage
from support.stream.block import Block, Message
from support.stream.dialect import Dialect, UnreadableError
from support.stream.frame import Frame
from support.stream.interruption import Interruption
from support.stream.production import PRODUCTION
from support.stream.progress import Progress
from support.stream.story import STORY
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.loss import Loss
from support.validation.verdict import Verdict, stream_rules
from tests.validation import production
from tests.validation.streams import START, Plan

STREAM = 8
"""Messages of a stream: enough for rules that look back."""

TIME_LIMIT = 2.0
"""Seconds that the verdict on one such stream may take, on a crowded machine."""

SMALL = [
    Plan(frames=2, rows=1, sensors=(3,), bins=1),
    Plan(frames=2, rows=2, sensors=(0, 1, 2), bins=3),
    Plan(frames=2, rows=3, sensors=(3, 4), bins=8, lines_dt=0.0033, prr=1000.0),
    Plan(frames=2, rows=1, sensors=tuple(range(12)), bins=1, max_frames=STREAM),
]
SEEDS = [message.SerializeToString() for plan in SMALL for message in plan.messages()]
PRODUCTION_SEEDS = [
    message.SerializeToString()
    for plan in SMALL
    for kind in production.KINDS
    for piece_a_row in (False, True)
    for message in production.messages_of(plan, kind=kind, piece_a_row=piece_a_row, job_id=23)
]
EXTREME_DISTANCES = [0.0, -1.0, 5e-324, 1e-300, 1e-9, 1e300, math.inf, -math.inf, math.nan]

WHOLE = [0, 1, -1, 2**31 - 1, -(2**31)]
LONG = [*WHOLE, 2**63 - 1, -(2**63), 2**53, int(START), int(START * 1000), int(START * 1e6), 253_402_300_800_000]
REAL = [0.0, -0.0, -1.0, 1e-45, 3.4028235e38, math.inf, -math.inf, math.nan]
DOUBLE = [*REAL, 1.8e308, -1.8e308, 5e-324, 3.5e38]
VARINTS = [
    b"\x00",
    b"\x7f",
    b"\xff" * 9 + b"\x01",
    b"\xff" * 10,
    b"\x80" * 9 + b"\x01",
    b"\x80",
    b"\xff\xff\xff\xff\x07",
]
TAGS = [bytes([field << 3 | kind]) for field in (1, 2, 3, 4, 9, 15) for kind in range(8)]
FLOATS = [struct.pack("<I", bits) for bits in (0x7F800001, 0xFFC00000, 0x7F800000, 0xFF800000, 0x00000001, 0x80000000)]

Damage = Callable[[random.Random, bytearray], None]


def _at(chance: random.Random, data: bytearray) -> int:
    return chance.randrange(len(data) + 1)


def flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def overwrite(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])


def truncate(chance: random.Random, data: bytearray) -> None:
    del data[_at(chance, data) :]


def cut(chance: random.Random, data: bytearray) -> None:
    at = _at(chance, data)
    del data[at : at + chance.randrange(1, 16)]


def repeat(chance: random.Random, data: bytearray) -> None:
    at = _at(chance, data)
    data[at:at] = data[at : at + chance.randrange(1, 64)] * chance.randrange(1, 4)


def splice(chance: random.Random, data: bytearray) -> None:
    other = chance.choice([*SEEDS, *PRODUCTION_SEEDS])
    data[_at(chance, data) :] = other[chance.randrange(len(other)) :]


def insert(chance: random.Random, data: bytearray) -> None:
    at = _at(chance, data)
    data[at:at] = chance.choice(TAGS) + chance.choice(VARINTS) if chance.random() < 0.5 else chance.choice(VARINTS)


def put_float(chance: random.Random, data: bytearray) -> None:
    at = _at(chance, data)
    data[at : at + 4] = chance.choice(FLOATS)


def grow_length(chance: random.Random, data: bytearray) -> None:
    if data:
        at = chance.randrange(len(data))
        data[at : at + 1] = chance.choice(VARINTS)


def empties(chance: random.Random, data: bytearray) -> None:
    """Rows, sensors in a row, or bytes of nothing: many, in few bytes."""
    data += chance.choice([b"\x0a\x00", b"\x0a\x02\x12\x00", b"\x0a\x04\x12\x00\x12\x00"]) * chance.randrange(200)


BYTE_DAMAGE: list[Damage] = [
    *(flip, overwrite, truncate, cut, repeat, splice, insert, put_float, grow_length, empties),
]


def spoil_fields(chance: random.Random, message: DataStream) -> None:
    """Gives one field of a message, or one per row, a value from the edge of its type."""
    match chance.randrange(9):
        case 0:
            message.current_max_amp = chance.choice(DOUBLE)
        case 1:
            message.current_min_amp = chance.choice(DOUBLE)
        case 2:
            del message.rows[chance.randrange(len(message.rows) + 1) :]
        case _ as what if message.rows:
            _spoil_row(chance, message, chance.choice(message.rows), what)


def _spoil_row(chance: random.Random, message: DataStream, row: SpectrogramRow, what: int) -> None:
    match what:
        case 3:
            row.startTimestamp = chance.choice(LONG)
        case 4:
            row.endTimestamp = chance.choice(LONG)
        case 5:
            row.canvasId = chance.choice(["", "\x00", "\ufffd" * 50, "x" * 5000])
        case 6:
            message.rows.add().CopyFrom(row)
        case _ if row.sensors:
            sensor = chance.choice(row.sensors)
            if what == 7:
                sensor.id = chance.choice(WHOLE)
            elif sensor.intensity and chance.random() < 0.7:
                sensor.intensity[chance.randrange(len(sensor.intensity))] = chance.choice(REAL)
            else:
                sensor.intensity[:] = [chance.choice(REAL)] * chance.randrange(20)


def spoil_production(chance: random.Random, said: ProductionMessage) -> None:
    """The same to a message of production's schema."""
    match chance.randrange(6):
        case 0:
            setattr(said, chance.choice(["global_maximum", "global_minimum"]), chance.choice(REAL))
        case 1:
            sizes = ["start_channel", "end_channel", "data_shape_x", "data_shape_y", "data_shape_z", "job_id"]
            setattr(said, chance.choice(sizes), chance.choice([*WHOLE, 2, 3, 10_001]))
        case 2 if said.timestamp_in_milis:
            said.timestamp_in_milis[chance.randrange(len(said.timestamp_in_milis))] = chance.choice(LONG)
        case 3 if said.row_index:
            said.row_index[chance.randrange(len(said.row_index))] = chance.choice(WHOLE)
        case 4:
            numbers = chance.choice([said.timestamp_in_milis, said.row_index])
            numbers[:] = [*numbers, 1] if chance.random() < 0.5 else list(numbers)[1:]
        case _ if said.main_data:
            whole = b"".join(said.main_data)
            at = chance.randrange(len(whole) + 1)
            pieces = [[whole[:at], whole[at:]], [whole[at:]], [whole, whole], [], [b"", whole]]
            said.main_data[:] = chance.choice([*pieces, [whole[:at] + chance.choice(FLOATS) + whole[at + 4 :]]])


def spoiled(chance: random.Random, schema: Schema | None = None) -> bytes:
    """One message: one in five as it should be, the others damaged once to four times."""
    schema = schema or SCHEMAS["story"]
    data = chance.choice(schema.seeds)
    if chance.random() < 0.6:
        message = schema.message.FromString(data)
        for _ in range(chance.randrange(1, 4)):
            schema.spoil(chance, message)
        data = message.SerializeToString()
    if chance.random() < 0.5:
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 3)):
            chance.choice(BYTE_DAMAGE)(chance, damaged)
        data = bytes(damaged)
    return data


def blocks_of(messages: list[bytes], dialect: Dialect = STORY) -> Iterator[Block]:
    """The messages as they are read, all of them come in one portion.

    Raises:
        UnreadableError: one cannot be read; those before it have been yielded.
    """
    arrivals = [START + number * 0.05 for number in range(len(messages))]
    received = [Message(data, len(data), at, at) for data, at in zip(messages, arrivals, strict=True)]
    progress = Progress(dialect)
    for block in dialect.reader().blocks(received):
        yield from progress.take(block)


def agrees_with_protocol_buffers(frame: Frame) -> None:
    """The arrays hold what the official parser reads."""
    parsed = DataStream.FromString(frame.data)
    sensors = [sensor for row in parsed.rows for sensor in row.sensors]
    assert frame.starts.tolist() == [row.startTimestamp for row in parsed.rows]
    assert frame.ends.tolist() == [row.endTimestamp for row in parsed.rows]
    assert frame.shape.canvas_ids == tuple(row.canvasId for row in parsed.rows)
    assert frame.sensor_ids == tuple(tuple(sensor.id for sensor in row.sensors) for row in parsed.rows)
    assert frame.bin_counts.tolist() == [len(sensor.intensity) for sensor in sensors]
    bounds = frame.current_min_amp, frame.current_max_amp
    assert struct.pack("<2d", *bounds) == struct.pack("<2d", parsed.current_min_amp, parsed.current_max_amp)
    values = [np.asarray(sensor.intensity, dtype="<f4").tobytes() for sensor in sensors]
    assert frame.values.tobytes() == b"".join(values)


@dataclass(frozen=True)
class Schema:
    """What is fuzzed: a dialect, its message, correct ones, what spoils a field of one, what the arrays must hold."""

    dialect: Dialect
    message: Any
    seeds: list[bytes]
    spoil: Callable[[random.Random, Any], None]
    agrees: Callable[[Frame], None]


SCHEMAS = {
    "story": Schema(STORY, DataStream, SEEDS, spoil_fields, agrees_with_protocol_buffers),
    "production": Schema(
        PRODUCTION, ProductionMessage, PRODUCTION_SEEDS, spoil_production, production.agrees_with_protocol_buffers
    ),
}


def judge_stream(inputs: list[bytes], plan: Plan, counts: Counter[str], schema: Schema | None = None) -> None:
    """Decodes and judges one stream; raises whatever should not have come out.

    Raises:
        AssertionError: it took too long, or a finding is no sentence.
    """
    schema = schema or SCHEMAS["story"]
    began = time.process_time()
    verdict = Verdict(stream_rules(plan.expectation, Limits()))
    frames: list[Frame] = []
    rest = inputs
    while rest:
        done = 0
        try:
            for block in blocks_of(rest, schema.dialect):
                done += len(block)
                block.index = len(frames)
                frames += block.frames
                verdict.see(block)
        except UnreadableError:
            counts["refused"] += 1
            done += 1
        rest = rest[done:]
    for frame in frames:
        schema.agrees(frame)
    counts["judged"] += len(frames)
    verdict.end(Ending(frames=len(frames), by_server=True, closing_latency=0.01))
    findings = verdict.findings()
    for finding in findings:
        assert finding.sentence
        assert str(finding)
    counts["findings"] += len(findings)
    starts = [int(frame.starts[0]) for frame in frames if frame.starts.size]
    if starts:
        broken = Interruption(0.1, "cut", after=starts[0], duration=1.0, before=starts[-1], lines_dt=plan.lines_dt)
        assert str(broken)
    if plan.lines_dt > 1e-6 and math.isfinite(plan.lines_dt):
        Loss.of(frames, [], plan.lines_dt)
    took = time.process_time() - began
    counts["slowest, microseconds"] = max(counts["slowest, microseconds"], int(took * 1e6))
    assert took < TIME_LIMIT, f"the verdict took {took:.1f} s"


def fuzz(inputs: int, seed: int, dialect: str = "story") -> Counter[str]:
    """Tries ``inputs`` messages; the same seed gives the same ones.

    Raises:
        AssertionError: something came out that should not; the messages that did it are named.
    """
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        while counts["inputs"] < inputs:
            stream = [spoiled(chance, SCHEMAS[dialect]) for _ in range(min(STREAM, inputs - counts["inputs"]))]
            plan = chance.choice(SMALL)
            if chance.random() < 0.1:
                plan = replace(plan, lines_dt=chance.choice(EXTREME_DISTANCES))
            try:
                judge_stream(stream, plan, counts, SCHEMAS[dialect])
            except Exception as error:
                shown = "\n".join(data.hex() for data in stream)
                raise AssertionError(f"seed {seed}: {error!r} with {plan} and\n{shown}") from error
            counts["inputs"] += len(stream)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", choices=SCHEMAS, default="story")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    share = math.ceil(options.inputs / options.workers)
    total: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        tasks = [(share, options.seed + worker, options.dialect) for worker in range(options.workers)]
        for counts in pool.starmap(fuzz, tasks):
            slowest = max(total["slowest, microseconds"], counts["slowest, microseconds"])
            total += counts
            total["slowest, microseconds"] = slowest
    print(", ".join(f"{count:,} {what}" for what, count in total.items()), f"in {time.monotonic() - began:.0f} s")  # noqa: T201 - what a person asked for


if __name__ == "__main__":
    main()

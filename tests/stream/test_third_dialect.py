"""Another dialect is one file: what is made up in ``kymograph`` is streamed from a real server, read and judged."""

from __future__ import annotations

import time
from contextlib import closing

import numpy as np
import pytest

from support.errors import ProtocolError
from support.grpc_stream_client import GrpcStreamClient
from support.security import Security
from support.stream.connection import Connection
from support.stream.dialects import DIALECTS, spoken_on
from support.validation.expectation import Limits
from support.validation.finding import Ending, Topic
from support.validation.verdict import Verdict, stream_rules
from tests.patience import PATIENCE
from tests.stream.kymograph import Kymograph, Picture
from tests.stream.servers import serving
from tests.validation.streams import START, Plan

DIALECT = Kymograph(bins=40)
PLAN = Plan(sensors=(7, 8, 9), bins=40, rows=5, frames=4, cannot=DIALECT.cannot)
TRUTH = np.random.default_rng(1).rayleigh(1, (4, 5, 3, 40)).astype("<f2")


def picture(number: int) -> bytes:
    encoded: bytes = Picture(
        begin=int(START * 1e6) + number * 50_000,
        distance=10_000,
        channels=PLAN.sensors,
        lines=TRUTH[number].tobytes(),
        most=float(TRUTH[number].max()),
    ).SerializeToString()
    return encoded


def findings(*pictures: bytes) -> list[str]:
    """What the rules find in the pictures, streamed from a real server; but for age, since they are old."""
    verdict = Verdict(stream_rules(PLAN.expectation, Limits()))
    client = GrpcStreamClient(dialect=DIALECT)
    with serving({DIALECT.method: pictures}) as target, client.connect_context(*target.split(":")):
        for block in client.stream_blocks("1-1"):
            verdict.see(block)
    verdict.end(Ending(frames=len(pictures), by_server=False))
    return [str(finding) for finding in verdict.findings(set(Topic) - {Topic.FRESHNESS})]


def test_its_frames_are_frames_as_any() -> None:
    client = GrpcStreamClient(dialect=DIALECT)
    pictures = tuple(map(picture, range(4)))
    with serving({DIALECT.method: pictures}) as target, client.connect_context(*target.split(":")):
        frames = list(client.stream_spectrograms("1-1"))
    np.testing.assert_array_equal([frame.intensities for frame in frames], TRUTH.astype(np.float32))
    assert [frame.starts[0] for frame in frames] == [int(START * 1000) + 50 * number for number in range(4)]


def test_all_rules_judge_it() -> None:
    assert findings(*map(picture, range(4))) == []
    (gap,) = findings(picture(0), picture(1), picture(3))
    assert gap.startswith("5 lines are missing after")
    assert any("are outside the declared bounds" in one for one in findings(*map(picture, range(3)), spoiled(3)))


def spoiled(number: int) -> bytes:
    wrong = Picture.FromString(picture(number))
    wrong.most /= 2
    encoded: bytes = wrong.SerializeToString()
    return encoded


def test_which_dialect_is_spoken_is_found_out_among_three() -> None:
    with serving({DIALECT.method: (picture(0),)}) as target:
        deadline = time.monotonic() + PATIENCE
        connection = Connection(
            target, Security(), DIALECT, timeout=PATIENCE, deadline=deadline, max_message_bytes=2**20
        )
        with closing(connection):
            assert spoken_on(connection, "1-1", (*DIALECTS, DIALECT)).dialect is DIALECT


def test_what_is_no_picture_is_told() -> None:
    client = GrpcStreamClient(dialect=DIALECT)
    with (
        serving({DIALECT.method: b"\xff"}) as target,
        client.connect_context(*target.split(":")),
        pytest.raises(ProtocolError, match=r"frame 0 of job '1-1' from .* is no picture"),
    ):
        next(client.stream_spectrograms("1-1"))

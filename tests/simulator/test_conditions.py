"""Conditions: a fault acts where they hold, and nowhere else; a wrong one is a sentence."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest

from protos.datastream_pb2 import DataStream
from support.simulator.command_line import parse
from support.simulator.deviations import Deviations, stages
from support.simulator.deviations.catalogue import entries
from support.simulator.deviations.condition import KINDS
from support.simulator.deviations.trace import Trace
from support.simulator.frame import Timeline
from support.simulator.plan import Plan
from tests.patience import eventually
from tests.simulator.driver import RunningJob, Simulator, in_thread
from tests.simulator.judge import deviate

SOME = {
    "from-second": "from-second=0.5",
    "from-frame": "from-frame=3",
    "from-row": "from-row=12",
    "channels": "channels=11",
    "nfft": "nfft=1024",
    "band": "band=0-500",
    "view": "view=0",
    "stream": "stream=2",
    "job": "job=2",
}
"""A value for each condition that takes one."""

NARROW = {"frequencyRange": {"min": 100, "max": 300}}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with in_thread() as running:
        yield running


def is_spoilt(frame: DataStream) -> bool:
    """Whether the fault "negative-value" shows in a frame."""
    return any(value < 0 for row in frame.rows for sensor in row.sensors for value in sensor.intensity)


def acts(simulator: Simulator) -> int:
    [count] = simulator.call("GET", "/simulator/acts").json().values()
    return int(count)


@contextmanager
def streaming(job: RunningJob) -> Iterator[None]:
    """A stream of the job that has begun, and goes on."""
    stream = job.open()
    next(iter(stream))
    try:
        yield
    finally:
        stream.cancel()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("dead-sensor@from-fame=3", "there is no condition 'from-fame'; the nearest name is 'from-frame'"),
        ("dead-sensor@", "there is no condition ''; the nearest name is"),
        ("dead-sensor@from-frame=0", "'from-frame=0' is no condition; 'from-frame=N' takes a whole number from 1"),
        ("dead-sensor@from-frame", "'from-frame' is no condition; 'from-frame=N' takes a whole number from 1"),
        ("dead-sensor@from-second=nan", "'from-second=S' takes a number of seconds above 0"),
        ("dead-sensor@band=300-100", "'band=LOW-HIGH' takes two frequencies in Hz, like 100-300"),
        ("dead-sensor@view=3", "'view=N' takes the number of a view, 0 to 2"),
        ("dead-sensor@once=3", "the condition 'once' takes no value, so 'once=3' is wrong"),
        ("dead-sensor=0@once", "0 is not within 1 to 1,000,000"),
        (
            "view-type-wrong@from-frame=3",
            "takes no condition 'from-frame': it acts on a job as a whole",
        ),
        ("stall@last-frame", "takes no condition 'last-frame': it acts on the course of a stream"),
        ("one-frame-too-few@from-row=2", "takes no condition 'from-row': it acts on a stream as a whole"),
    ],
)
def test_a_wrong_condition_is_one_sentence(spec: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(["--fault", spec])
    assert refused.value.code == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_a_variant_takes_no_condition(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--variant", "quiet-sensor@once"])
    assert "'quiet-sensor' takes no condition: it is correct all the time" in capsys.readouterr().err


def test_every_fault_takes_the_conditions_that_it_says() -> None:
    assert KINDS.keys() >= SOME.keys()
    for fault in entries("fault"):
        assert {"channels", "job", "once", "after-refusal"} <= {one.name for one in fault.conditions}, fault.name
        for one in fault.conditions:
            spec = f"{fault.name}@{SOME.get(one.name, one.name)}"
            assert str(Deviations([spec], dialect=fault.dialects[0])) == spec


def test_the_conditions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--list-faults"])
    _, listed, _ = capsys.readouterr().out.split("Conditions (")[1].split("\n\n", 2)
    assert [line.split()[0].partition("=")[0] for line in listed.splitlines()] == list(KINDS)


@pytest.mark.parametrize(
    ("conditions", "spoilt"),
    [
        ("from-frame=4", [4, 5, 6]),
        ("from-row=21", [5, 6]),  # five rows a frame
        ("from-second=0.2", [5, 6]),
        ("last-frame", [6]),
        ("once", [1]),
        ("from-frame=3@once", [3]),
        ("from-frame=3@channels=12", []),
    ],
)
def test_some_frames_of_a_stream(simulator: Simulator, conditions: str, spoilt: list[int]) -> None:
    deviate(simulator, faults=[f"negative-value@{conditions}"])
    with simulator.job() as job:
        frames = job.frames(6)
    assert [number for number, frame in enumerate(frames, 1) if is_spoilt(frame)] == spoilt
    assert acts(simulator) == len(spoilt)


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ("channels=3", {"channels": {"min": 7, "max": 9}}),
        ("nfft=256", {"nfftSelection": 256}),
        ("band=100-300", NARROW),
        ("view=1", {"view_type": "1", "channels": {"min": 5, "max": 5}}),
    ],
)
def test_jobs_of_one_kind(simulator: Simulator, condition: str, changes: dict[str, Any]) -> None:
    deviate(simulator, faults=[f"negative-value@{condition}", f"lines-dt-wrong@{condition}"])
    with simulator.job() as other, simulator.job(**changes) as job:
        assert [is_spoilt(each.frames(1)[0]) for each in (other, job)] == [False, True]
        assert [each.answer["lines_dt"] for each in (other, job)] == [0.01, 0.005]


def test_the_second_stream_of_a_job(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@stream=2", "one-frame-too-many@stream=2"])
    with simulator.job() as job, simulator.job() as other:
        seen = [each.frames(2) for each in (job, job, job, other)]
    assert [len(frames) for frames in seen] == [2, 3, 2, 2]
    assert [is_spoilt(frames[0]) for frames in seen] == [False, True, False, False]


def test_the_second_job_that_is_asked_for(simulator: Simulator) -> None:
    deviate(simulator, faults=["configure-error@job=2", "negative-value@job=3", "cancelled-still-running@job=3"])
    with simulator.job() as first:
        assert simulator.configure().status_code == 500
        with simulator.job() as third:
            assert [is_spoilt(job.frames(1)[0]) for job in (first, third)] == [False, True]
    assert [simulator.status(job.job_id) for job in (first, third)] == ["cancelled", "running"]


def test_while_another_job_streams(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@while-another-streams", "view-type-wrong@while-another-streams"])
    with simulator.job() as job, simulator.job() as other:
        assert not is_spoilt(job.frames(1)[0])
        with streaming(job), streaming(job):
            assert not is_spoilt(job.frames(1)[0]), "of the same job"
            assert simulator.configure().json()["view_type"] == "1"
        with streaming(other):
            assert is_spoilt(job.frames(1)[0])


def test_after_a_refusal(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@after-refusal", "refusal-without-words@after-refusal"])
    with simulator.job() as job:
        assert not is_spoilt(job.frames(1)[0])
        refused = [simulator.configure(channels={"min": 9, "max": 3}) for _ in range(2)]
        assert [bool(answer.content) for answer in refused] == [True, False]
        assert is_spoilt(job.frames(1)[0])


def test_after_a_cancellation(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@after-cancellation"])
    with simulator.job() as job:
        with simulator.job():
            assert not is_spoilt(job.frames(1)[0])
        assert is_spoilt(job.frames(1)[0])


def test_after_a_client_has_left(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@after-leaving"])
    with simulator.job() as job:
        assert not is_spoilt(job.frames(2)[-1])
        assert not is_spoilt(job.frames(1)[0]), "a stream that came to its end"
        with streaming(job):
            pass
        eventually(lambda: is_spoilt(job.frames(1)[0]), "the server has noticed")


@pytest.mark.parametrize(
    "spec", ["frame-lost@from-frame=4", "line-lost=20@from-row=16", "stale-data@from-second=0.15", "frozen-sensor@once"]
)
def test_the_rest_of_a_stream_is_one_of_its_own(simulator: Simulator, spec: str) -> None:
    """What goes on over several frames begins where the condition does, and is as it would be from the first frame."""
    deviate(simulator, faults=[spec])
    with simulator.job() as job:
        frames = job.frames(8)
    starts = [frame.rows[0].startTimestamp for frame in frames]
    steps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    before, after = steps[:2], steps[2:]
    assert before == [50, 50]
    assert (set(after) != {50}) == (spec != "frozen-sensor@once")
    assert acts(simulator) == 1


def test_a_frame_that_looks_the_same_is_not_counted(simulator: Simulator) -> None:
    deviate(simulator, faults=["row-again@last-frame"])
    with simulator.job() as job:
        job.frames(6)
    assert acts(simulator) == 0


def test_what_acts_once_waits_for_the_stream_that_it_can_act_in(simulator: Simulator) -> None:
    deviate(simulator, faults=["early-end@once"])
    with simulator.job() as job:
        assert [len(job.frames(count)) for count in (5, 40, 32)] == [5, 30, 32]
    assert acts(simulator) == 1


def test_a_row_that_is_only_due_has_not_acted_yet() -> None:
    deviations = Deviations(["line-repeated@once"])
    plan = Plan(0, 10, 2000, 1024, range(256), Fraction(1, 100), 5, "0")
    straight = Timeline(0, plan)
    bent = deviations.of_stream(plan, 1, None).through(stages.TIMELINE, straight, plan)
    assert bent.due_ns(8) < straight.due_ns(8)
    assert deviations.acts == {"line-repeated@once": 0}
    assert bent.start(8) == straight.start(7)
    assert deviations.acts == {"line-repeated@once": 1}


def test_what_acts_once_tries_again_where_the_client_leaves_before_it_can_have_read_it(simulator: Simulator) -> None:
    deviate(simulator, faults=["negative-value@once"])
    with simulator.job() as job, simulator.job() as other:
        with streaming(job):
            pass
        eventually(lambda: is_spoilt(other.frames(1)[0]), "the server has noticed")
        assert not is_spoilt(other.frames(1)[0]), "a stream that came to its end"


def test_a_condition_keeps_a_fault_from_acting_not_from_seeing(simulator: Simulator) -> None:
    deviate(simulator, faults=["canvas-of-another-job@job=2", "times-of-another-job@job=2"])
    with simulator.job() as job, simulator.job() as other:
        [alone] = other.frames(1)
        assert simulator.call("GET", "/simulator/acts").json() == dict.fromkeys(
            ["canvas-of-another-job@job=2", "times-of-another-job@job=2"], 0
        )
        with streaming(job):
            beside = other.frames(2)[-1]
            [first] = job.frames(1)
    canvases = [frame.rows[0].canvasId for frame in (alone, beside, first)]
    assert canvases[0] != canvases[1] == canvases[2]


@pytest.mark.parametrize(
    ("kind", "acted"),
    [("as they are", False), ("made anew", False), ("held back and left", False), ("in pairs", True), ("none", True)],
)
def test_what_counts_is_what_came_out(kind: str, acted: bool) -> None:
    async def source() -> AsyncGenerator[bytes, None]:
        for number in range(4):
            yield bytes([number, number])
        if kind == "held back and left":
            raise asyncio.CancelledError

    async def deviating(payloads: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        held = []
        async for payload in payloads:
            held.append(bytes(list(payload)) if kind == "made anew" else payload)
            if len(held) < {"in pairs": 2, "held back and left": 5, "none": 5}.get(kind, 1):
                continue
            for one in held:
                yield one
            held.clear()

    async def watched() -> bool:
        trace = Trace(source())
        with contextlib.suppress(asyncio.CancelledError):
            async for _ in trace.outgoing(deviating(trace.incoming())):
                pass
        return trace.acted is not None

    assert asyncio.run(watched()) == acted


def test_a_new_wish_begins_to_count_anew(simulator: Simulator) -> None:
    for _ in range(2):
        deviate(simulator, faults=["negative-value@job=1@stream=1@once"])
        with simulator.job() as job:
            assert is_spoilt(job.frames(1)[0])

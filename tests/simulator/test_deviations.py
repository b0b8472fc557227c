"""Deviations: asked for on the command line or while the server runs, composed, and absent without a trace."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, get_args

import pytest

from support.simulator.command_line import parse
from support.simulator.deviations import Deviations, stages
from support.simulator.deviations.catalogue import Deviation, Promise, entries
from support.simulator.deviations.stages import Answer, At, Exchange, Payloads
from support.simulator.fibre import Fibre
from support.simulator.frame import Timeline
from support.simulator.job import Job
from support.simulator.lines import Lines
from support.simulator.plan import Plan
from support.simulator.story import wire
from tests.patience import RUN_PATIENCE
from tests.simulator.driver import Simulator, in_process, in_thread
from tests.simulator.judge import TIMELY, Recorder, broken, deviate

NOW = 1_790_000_000_123_000_000
PLAN = Plan(0, 10, 2000, 256, range(64), Fraction(1, 100), 5, "0")


def test_the_listing_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(["--list-faults"])
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    (dead,) = [line for line in out.splitlines() if line.startswith("  dead-sensor")]
    assert dead.split(maxsplit=2) == [
        "dead-sensor[=N]",
        "life",
        "One sensor holds nothing but zeros (N: which sensor of a row, counted from 1; 3 if not given)",
    ]
    faults, _, variants = (block.splitlines() for block in out.split("\n\n")[1::2])
    assert [len(faults), len(variants)] == [len(entries("fault")), len(entries("variant"))]
    columns = {line.index(str(fault.promise), 29) for line, fault in zip(faults, entries("fault"), strict=True)}
    assert len(columns) == 1


def test_the_listing_for_programs() -> None:
    command = [sys.executable, "-m", "support.simulator", "--list-faults=json"]
    listed = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=RUN_PATIENCE).stdout
    )
    assert listed.keys() == {"faults", "conditions", "variants"}
    assert len(listed["faults"]) >= 45
    assert len(listed["variants"]) >= 11
    told = {"name", "promise", "says", "argument", "conditions", "dialects"}
    assert all(fault.keys() == told for fault in listed["faults"])
    assert all(variant.keys() == {"name", "says", "dialects"} for variant in listed["variants"])
    (dead,) = [fault for fault in listed["faults"] if fault["name"] == "dead-sensor"]
    assert dead["argument"] == {"meaning": "which sensor of a row, counted from 1", "default": 3}


def test_there_is_a_fault_for_every_promise() -> None:
    assert {fault.promise for fault in entries("fault")} == set(get_args(Promise))


WRONG = [
    ("fault", "ded-sensor", "there is no fault 'ded-sensor'; the nearest name is 'dead-sensor'"),
    ("fault", "status-empty", "'status-empty' is a variant, not a fault"),
    ("variant", "dead-sensor", "'dead-sensor' is a fault, not a variant"),
    ("variant", "refusal-4222", "there is no variant 'refusal-4222'; the nearest name is 'refusal-422'"),
    ("fault", "dead-sensor=", "the fault 'dead-sensor': '' is not a whole number (which sensor of a row"),
    ("fault", "dead-sensor=x", "the fault 'dead-sensor': 'x' is not a whole number (which sensor of a row"),
    ("fault", "dead-sensor=0", "the fault 'dead-sensor': 0 is not within 1 to 1,000,000 (which sensor of a row"),
    ("fault", "stall=nan", "the fault 'stall': nan is not within 0.01 to 3,600 (seconds)"),
    ("fault", "stall=long", "the fault 'stall': 'long' is not a number (seconds)"),
    ("fault", "all-zero=3", "the fault 'all-zero' takes no argument, so 'all-zero=3' is wrong"),
]


@pytest.mark.parametrize(("kind", "spec", "words"), WRONG)
def test_a_wrong_name_is_one_sentence(kind: str, spec: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse([f"--{kind}", spec])
    assert refused.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_the_process_refuses_a_wrong_name_and_serves_right_ones() -> None:
    command = [sys.executable, "-m", "support.simulator", "--fault", "dead-censor"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_PATIENCE)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "'dead-sensor'" in refused.stderr
    arguments = ["--fault", "dead-sensor=2", "--fault", "line-lost", "--variant", "one-row-frames"]
    with in_process(*arguments) as simulator:
        with simulator.job() as job:
            frames = job.frames(12)
        assert {len(frame.rows) for frame in frames} == {1}
        assert not any(any(frame.rows[0].sensors[1].intensity) for frame in frames)
        starts = [frame.rows[0].startTimestamp for frame in frames]
        assert [later - earlier for earlier, later in itertools.pairwise(starts)].count(20) == 1
        put = simulator.call("PUT", "/simulator/deviations", {"faults": ["configure-error"]})
        assert put.json() == {"faults": ["configure-error"], "variants": []}
        assert simulator.configure().status_code == 500


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with in_thread() as running:
        yield running


def test_a_job_keeps_the_deviations_it_was_configured_with(simulator: Simulator) -> None:
    deviate(simulator, faults=["all-zero", "unhealthy"])
    with simulator.job() as faulty:
        deviate(simulator, variants=["other-prr"])
        with simulator.job() as other:
            deviate(simulator)
            with simulator.job() as correct:
                seen = [job.frames(1)[0] for job in (faulty, other, correct)]
    assert [frame.current_max_amp > 0 for frame in seen] == [False, True, True]
    assert [frame.rows[0].endTimestamp - frame.rows[0].startTimestamp for frame in seen] == [512, 1024, 512]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"faults": ["all-zero", "ded-sensor"]}, "the nearest name is 'dead-sensor'"),
        ({"variants": ["all-zero"]}, "'all-zero' is a fault, not a variant"),
        ({"faults": "all-zero"}, "faults:"),
        ({"faults": [3]}, "faults.0:"),
    ],
)
def test_a_wrong_wish_is_refused_and_changes_nothing(simulator: Simulator, body: Any, words: str) -> None:
    deviate(simulator, faults=["lines-dt-wrong"])
    response = simulator.call("PUT", "/simulator/deviations", body)
    assert response.status_code == 400
    assert words in response.json()["error"]
    assert simulator.configure().json()["lines_dt"] == 0.005
    deviate(simulator)
    assert simulator.configure().json()["lines_dt"] == 0.01


def test_the_control_never_deviates(simulator: Simulator) -> None:
    deviate(simulator, faults=["refusal-without-words"], variants=["refusal-422", "unknown-fields"])
    response = simulator.call("PUT", "/simulator/deviations", {"faults": ["nothing"]})
    assert response.status_code == 400
    assert response.json().keys() == {"error"}
    deviate(simulator)


def test_several_faults_compose(simulator: Simulator) -> None:
    deviate(simulator)
    faults = ["dead-sensor=2", "line-lost", "canvas-empty", "one-frame-too-many", "view-type-wrong"]
    seen = Recorder(simulator).record("faults", faults, 6, 20.0)
    assert broken(seen) - TIMELY == {"life", "line-time", "canvas", "count", "view"}


def test_any_two_faults_of_a_frame_compose() -> None:
    timeline = Timeline.until(NOW, PLAN)
    lines = Lines(Fibre(1, 2000, 0, 11))
    shared = wire.encode(lines.frame(PLAN, timeline, "canvas", 0))
    known = (*entries("fault", "story"), *entries("variant", "story"))
    of_frames = {stages.FRAME, stages.MESSAGE}
    names = [entry.name for entry in known if entry.hooks.keys() & of_frames]
    names.remove("oversized-message")
    assert len(names) > 30
    for pair in itertools.permutations(names, 2):
        both = together(*pair)
        memory: dict[str, Any] = {}
        for number in range(2):
            at = At(number * 2, number * 2, PLAN, timeline, memory)
            frame = both.through(stages.FRAME, lines.frame(PLAN, timeline, "canvas", at.row), at)
            if "invalid-utf8" not in pair:
                assert both.through(stages.MESSAGE, wire.encode(frame), at)
    assert wire.encode(lines.frame(PLAN, timeline, "canvas", 0)) == shared, "what other jobs are sent is not touched"


def together(*names: str) -> Deviations:
    kinds = {entry.name: entry.kind for entry in (*entries("fault"), *entries("variant"))}
    return Deviations(
        [name for name in names if kinds[name] == "fault"], [name for name in names if kinds[name] == "variant"]
    )


def test_without_deviations_everything_passes_as_it_is() -> None:
    timeline = Timeline.until(NOW, PLAN)
    at = At(0, 0, PLAN, timeline)
    frame = Lines(Fibre(1, 2000, 0, 11)).frame(PLAN, timeline, "canvas", 0)
    job = Job("0-1", 0, PLAN, {})

    async def proceed(_: Exchange) -> Answer:
        return Answer.of(200, {})

    async def nothing() -> Payloads:
        yield b""

    payloads = nothing()
    correct = Deviations()
    assert correct.through(stages.PLAN, PLAN) is PLAN
    assert correct.through(stages.TIMELINE, timeline, PLAN) is timeline
    assert correct.through(stages.FRAME, frame, at) is frame
    assert correct.through(stages.MESSAGE, payload := wire.encode(frame), at) is payload
    assert correct.through(stages.FEED, payloads, job) is payloads
    assert correct.through(stages.DELIVERY, payloads, job) is payloads
    assert correct.rest(proceed) is proceed
    assert str(correct) == "none"


def test_a_deviation_is_found_by_its_kind_only() -> None:
    names = [entry.name for entry in (*entries("fault"), *entries("variant"))]
    assert len(set(names)) == len(names)
    assert all(isinstance(entry, Deviation) and entry.says[0].isupper() for entry in entries("fault"))
    assert not any(entry.says.endswith(".") for entry in entries("fault"))

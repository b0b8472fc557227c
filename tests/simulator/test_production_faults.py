"""In production's dialect, too, every fault breaks the promise that it names, and every variant keeps all of them."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from support.simulator.command_line import parse
from support.simulator.deviations import Deviations, stages
from support.simulator.deviations.catalogue import entries
from support.simulator.deviations.stages import At
from support.simulator.fibre import Fibre
from support.simulator.frame import Timeline
from support.simulator.job import Job
from support.simulator.lines import Lines
from support.simulator.plan import Plan
from support.simulator.production.dialect import PRODUCTION
from tests.patience import PATIENCE, eventually
from tests.simulator import test_faults as story
from tests.simulator.driver import accepts
from tests.simulator.judge import TIMELY, deviate, showing
from tests.simulator.production import Production, RunningJob, production
from tests.simulator.production_judge import Seen, broken, record

MAYBE_LATE = TIMELY | {"together"}
NOW = 1_790_000_000_123_000_000
AT_ONCE = 6  # jobs that are recorded together
SHORT = 4.0  # seconds, where a stream hangs until the client has had enough
APART = {"stream-lags", "stream-falls-behind"}  # which break a part of their promise that a slow machine breaks as well
HANG = {"stream-never-begins", "stream-stalls-alone", "goes-silent", "stream-amount-too-large"}

# A fault; the frames asked for of each stream; what else it has to break. Its promise is the one that it names.
OWN: dict[str, tuple[int, set[str]]] = {
    "stream-of-others": (6, {"life", "sensors"}),
    "streams-swapped": (6, set()),
    "stream-brings-all": (6, {"life"}),
    "channel-twice": (6, {"life"}),
    "channel-in-no-stream": (6, {"sensors"}),
    "streams-alike": (6, set()),
    "stream-times-differ": (6, {"index", "life"}),
    "stream-ends-at-once": (6, set()),
    "stream-never-begins": (6, set()),
    "stream-refused": (6, set()),
    "stream-ends-alone": (20, set()),
    "stream-breaks-alone": (10, set()),
    "stream-stalls-alone": (12, set()),
    "stream-lags": (30, set()),
    "stream-falls-behind": (160, set()),
    "stream-loses-lines": (8, {"line-time"}),
    "stream-amount-too-large": (6, set()),
    "channel-in-other-stream": (6, set()),
    "shape-x-too-large": (6, {"sensors"}),
    "shape-x-too-small": (6, {"sensors", "bounds", "intensity"}),
    "shape-y-too-large": (6, {"sensors"}),
    "shape-z-two": (6, set()),
    "shape-negative": (6, {"sensors"}),
    "shape-swapped": (6, {"sensors", "life"}),
    "values-cut": (6, set()),
    "values-too-many": (6, set()),
    "values-missing": (6, set()),
    "time-missing": (6, {"line-time", "index", "streams"}),
    "index-missing": (6, set()),
    "index-stuck": (6, set()),
    "index-gap": (6, set()),
    "index-repeated": (6, set()),
    "index-of-frame": (6, set()),
    "index-backwards": (6, set()),
    "index-hides-loss": (6, {"line-time", "streams"}),
    "job-number-of-another": (6, set()),
    "job-number-changes": (6, set()),
    "job-number-of-one-stream": (6, set()),
    "stream-logarithmic": (6, set()),
    "frequencies-uneven": (6, set()),
    "times-in-seconds": (6, {"index", "life", "streams", "live"}),
    "times-in-microseconds": (6, {"index", "streams", "live"}),
}

# Those that are the story's, too: what else they break here.
SHARED: dict[str, set[str]] = {
    "empty-frame": set(),
    "sensor-missing": {"streams", "shape"},
    "sensor-missing=11": {"streams", "shape"},
    "frequencies-unreadable": {"sensors"},
    "sensor-extra": {"streams", "life"},
    "sensor-twice": {"life", "streams"},
    "sensors-shifted": {"streams"},
    "infinite-value": {"bounds"},
    "channel-map-incomplete": {"streams"},
    "channel-map-shifted": {"streams"},
    "time-stands-still": {"index", "streams", "life"},
    "line-lost": {"streams"},
    "line-lost=3": {"streams"},
    "line-repeated": {"streams", "life"},
    "lines-swapped": {"streams"},
    "line-rate-drift": {"index", "streams"},
    "lines-uneven": {"index", "streams"},
    "frame-lost": {"streams"},
    "frame-repeated": {"life"},
    "truncated-message": {"line-time", "streams", "index"},
    "not-protobuf": set(),
    "early-end": {"streams"},
    "twin-sensors": set(),
}


def shared() -> dict[str, int]:
    """The faults of the story's streams that this dialect has as well, and the frames asked for."""
    here = {entry.name for entry in entries("fault", "production")}
    return {spec: most for spec, (_, most, _) in story.STREAMED.items() if spec.partition("=")[0] in here}


@pytest.fixture(scope="module")
def recordings(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Seen]]:
    """All streams that the tests to be run ask for, recorded side by side."""
    ours = [item for item in request.session.items if item.path == request.path]
    callspecs = [spec.params for item in ours if (spec := getattr(item, "callspec", None))]
    faults = {params["fault"]: frames_of(params["fault"]) for params in callspecs if "fault" in params}
    variants = {params["variant"]: 6 for params in callspecs if "variant" in params}
    with production(idle_removal=1.0, windows=100) as server, ThreadPoolExecutor(AT_ONCE) as pool:

        def look(kind: str, spec: str, most: int) -> Seen:
            patience = SHORT if spec in HANG else PATIENCE
            recorded = partial(record, server, kind, [spec] if spec else [], most, patience, nfftSelection=256)
            return showing(promised(spec), recorded, broken) if kind == "faults" else recorded()

        seen = {}
        for kind, specs in (("faults", faults), ("variants", variants)):
            for spec in sorted(specs, key=lambda spec: -specs[spec]):
                seen[spec] = pool.submit(look, kind, spec, specs[spec])
        yield lambda spec: seen[spec].result()


def frames_of(fault: str) -> int:
    return OWN[fault][0] if fault in OWN else shared()[fault]


@pytest.mark.parametrize("fault", OWN)
def test_a_fault_breaks_its_promise_and_no_other(fault: str, recordings: Callable[[str], Seen]) -> None:
    _, also = OWN[fault]
    promise = promised(fault)
    seen = broken(recordings(fault))
    assert promise in seen
    assert seen - also - MAYBE_LATE - {promise} == set()


@pytest.mark.parametrize("fault", shared())
def test_a_fault_of_both_dialects_breaks_its_promise_here_too(fault: str, recordings: Callable[[str], Seen]) -> None:
    seen = broken(recordings(fault))
    assert promised(fault) in seen
    assert seen - SHARED.get(fault, set()) - MAYBE_LATE - {promised(fault)} == set()


def promised(spec: str) -> str:
    if spec in APART:
        return "together"
    return str(next(one.promise for one in entries("fault") if one.name == spec.partition("=")[0]))


# What is different about each variant.
VARIANTS: dict[str, Callable[[Seen], bool]] = {
    "": lambda seen: {len(frame.main_data) for frame in seen.frames} == {5},
    "one-piece": lambda seen: {len(frame.main_data) for frame in seen.frames} == {1},
    "double-values": lambda seen: {values.dtype.name for values in seen.values} == {"float64"},
    "byte-values": lambda seen: {values.dtype.name for values in seen.values} == {"uint8"},
    "no-job-number": lambda seen: not any(frame.HasField("job_id") for frame in seen.frames),
    "third-size": lambda seen: {frame.data_shape_z for frame in seen.frames} == {1},
    "index-from-anywhere": lambda seen: [stream.indexes[0] for stream in seen.streams] == [100_000, 200_000, 300_000],
    "added-fields": lambda seen: all(payload.endswith(b"\xa0\x06\x01") for payload in seen.streams[0].payloads),
    "logarithmic": lambda seen: all(stream.is_logarithmic for stream in seen.streams),
    "natural-logarithm": lambda seen: all(stream.is_logarithmic for stream in seen.streams),
    "one-stream": lambda seen: len(seen.streams) == 1,
    "five-streams": lambda seen: len(seen.streams) == 5,
    "counts-as-decimals": lambda seen: isinstance(seen.answer["stream_amount"], float),
    "one-row-frames": lambda seen: {frame.data_shape_y for frame in seen.frames} == {1},
    "low-frame-rate": lambda seen: {frame.data_shape_y for frame in seen.frames} == {8},
    "loose-bounds": lambda seen: seen.frames[0].global_maximum == 2 * seen.values[0].max(),
    "running-bounds": lambda seen: any(
        frame.global_maximum > values.max() for frame, values in zip(seen.frames, seen.values, strict=True)
    ),
    "coarse-values": lambda seen: len(np.unique(seen.values[0][0])) <= 3 * 65,
    "quiet-sensor": lambda seen: seen.values[0][:, 63:126].max() < 1e-5,
    "other-prr": lambda seen: seen.prr == 1000,
    "view-type-number": lambda seen: seen.answer["view_type"] == 0,
    "rounded-frequencies": lambda seen: seen.answer["frequencies_list"][1] == 7.83,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_different_and_keeps_every_promise(variant: str, recordings: Callable[[str], Seen]) -> None:
    seen = recordings(variant)
    assert broken(seen) - MAYBE_LATE == set()
    assert VARIANTS[variant](seen)


Check = Callable[[Production], None]
CHECKS: dict[str, Check] = {}


def deviates(check: Check) -> Check:
    """Enters a check, which asserts that the server deviates, under the name of its fault or variant."""
    CHECKS[check.__name__.removeprefix("check_").replace("_", "-")] = check
    return check


def ended(job: RunningJob, stream: int, patience: float = PATIENCE) -> tuple[int, grpc.StatusCode, str]:
    """How many frames a stream has, up to two, and how it ends."""
    call, frames = job.open(stream, patience), 0
    try:
        for _ in call:
            frames += 1
            if frames == 2:
                return frames, grpc.StatusCode.OK, ""
    except grpc.RpcError:
        pass
    return frames, call.code(), str(call.details())


@deviates
def check_unknown_stream_served(server: Production) -> None:
    with server.job() as job:
        assert ended(job, 3)[0] == 2


@deviates
def check_unknown_stream_hangs(server: Production) -> None:
    with server.job() as job:
        assert ended(job, 3, 0.5)[:2] == (0, grpc.StatusCode.DEADLINE_EXCEEDED)


@deviates
def check_unknown_stream_closes_port(server: Production) -> None:
    with server.job() as job:
        assert ended(job, 3)[1] is grpc.StatusCode.NOT_FOUND
        eventually(lambda: not accepts(int(job.answer["stream_port"])), "the port is closed")


@deviates
def check_unknown_stream_silent(server: Production) -> None:
    with server.job() as job:
        assert ended(job, 3)[:2] == (0, grpc.StatusCode.OK)


@deviates
def check_unknown_stream_unnamed(server: Production) -> None:
    with server.job() as job:
        assert ended(job, 3) == (0, grpc.StatusCode.UNKNOWN, "")


@deviates
def check_stream_of_job_before(_: Production) -> None:
    with production(windows=1, idle_removal=0.2) as server:
        deviate(server, faults=["stream-of-job-before"])
        with server.job(channels={"min": 1, "max": 2}) as before:
            before.frames(10)
        with server.next_job() as job:
            shown = [frame for [frame] in job.frames(1)]
        number = int(job.answer["job_id"].partition("-")[2])
        assert [frame.job_id for frame in shown] == [number - 1, number - 1, number]
        assert [(frame.start_channel, frame.end_channel) for frame in shown] == [(1, 1), (2, 2), (7, 8)]


@deviates
def check_black_picture(server: Production) -> None:
    shown = []
    for _ in range(2):
        with server.job() as job:
            shown.append(min(frame.global_minimum for [frame] in job.frames(1)) < 0)
    assert sorted(shown) == [False, True]


@deviates
def check_reflection_offered(server: Production) -> None:
    with server.job() as job:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(job.channel)
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        (answer,) = stub.ServerReflectionInfo(asked, timeout=PATIENCE, wait_for_ready=True)
    assert "pandadatastream.DataStreamService" in {each.name for each in answer.list_services_response.service}


@deviates
def check_counts_as_decimals(server: Production) -> None:
    assert '"number_of_channels": 2222.0' in server.call("GET", "/live_metadata").text


@deviates
def check_accepts_anything(server: Production) -> None:
    for wrong in ({"displayInfo": {"height": -100}}, {"nfftSelection": 1000}, {"channels": {"min": 1, "max": 2501}}):
        assert server.configure(**wrong).status_code == 200
    assert server.configure(nfftSelection=None).status_code == 500


@deviates
def check_no_ack(server: Production) -> None:
    assert server.call("GET", "/ack").status_code == 404
    assert server.call("GET", "/channels").status_code == 200


@deviates
def check_recordings_in_an_object(server: Production) -> None:
    asked = {"start_time": 0, "end_time": 10}
    assert server.call("POST", "/recordings_in_time_range", asked).json() == {"recordings": []}


@deviates
def check_no_recording_400(server: Production) -> None:
    response = server.configure(start_time=1_790_000_000, end_time=1_790_000_010)
    assert (response.status_code, "no recording" in response.json()["error"]) == (400, True)


@deviates
def check_windows_full_504(_: Production) -> None:
    with production(windows=1) as server:
        deviate(server, variants=["windows-full-504"])
        assert [server.configure().status_code for _ in range(2)] == [200, 504]


@deviates
def check_wrong_port(server: Production) -> None:
    port = server.configure().json()["stream_port"]
    assert isinstance(port, str)
    assert not accepts(int(port))


@deviates
def check_job_id_recycled(_: Production) -> None:
    with production(windows=1, idle_removal=0.1) as server:
        deviate(server, faults=["job-id-recycled"])
        with server.job() as one, server.next_job() as next_one:
            assert one.answer["job_id"] == next_one.answer["job_id"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_deviation_is_effective(name: str, server: Production) -> None:
    kind = next(one.kind for one in (*entries("fault"), *entries("variant")) if one.name == name)
    deviate(server, **{f"{kind}s": [name]})
    CHECKS[name](server)
    deviate(server)
    assert server.configure().status_code == 200


@pytest.fixture(scope="module")
def server() -> Iterator[Production]:
    with production(idle_removal=2.0, windows=100) as running:
        yield running


def test_every_deviation_of_this_dialect_alone_is_tried() -> None:
    own = {one.name for one in (*entries("fault"), *entries("variant")) if one.dialects == ("production",)}
    assert own - OWN.keys() - VARIANTS.keys() - CHECKS.keys() == set()
    assert len([one for one in entries("fault") if one.dialects == ("production",)]) >= 30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--fault", "streams-alike"],
            "'streams-alike' is there only in production's dialect; the server speaks story's",
        ),
        (
            ["--dialect", "production", "--fault", "canvas-empty"],
            "only in story's dialect; the server speaks production's",
        ),
        (
            ["--dialect", "production", "--variant", "no-cancel"],
            "the variant 'no-cancel' is there only in story's dialect",
        ),
    ],
)
def test_a_deviation_of_another_dialect_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(arguments)
    err = capsys.readouterr().err
    assert (refused.value.code, err.count("\n")) == (2, 1)
    assert words in err


def test_a_running_server_refuses_those_of_another_dialect(server: Production) -> None:
    response = server.call("PUT", "/simulator/deviations", {"faults": ["canvas-empty"]})
    assert response.status_code == 400
    assert "only in story's dialect" in response.json()["error"]


def test_any_two_faults_of_a_frame_compose() -> None:
    plan = PRODUCTION.spread(Plan(1, 8, 2004, 256, range(63), Fraction(1, 100), 5, "0"))
    lines, job = Lines(Fibre(1, 2004, 1, 8)), Job("0-2", 0, plan, {}, PRODUCTION)
    timeline = Timeline.until(NOW, plan)
    known = [*entries("fault", "production"), *entries("variant", "production")]
    kinds = {one.name: one.kind for one in known if one.hooks.keys() & {stages.FRAME, stages.MESSAGE}}
    assert len(kinds) > 50
    for pair in itertools.permutations(kinds, 2):
        faults, variants = ([name for name in pair if kinds[name] == kind] for kind in ("fault", "variant"))
        both = Deviations(faults, variants, "production")
        at = At(0, 0, plan.part(2), timeline, {}, 2, job, lines)
        frame = both.through(stages.FRAME, lines.frame(at.plan, timeline, "canvas", 0), at)
        assert both.through(stages.MESSAGE, PRODUCTION.wire.encode(frame, job.number), at), pair


def test_under_a_condition_a_fault_acts_in_one_stream_alone(server: Production) -> None:
    deviate(server, faults=["all-zero@stream=2"])
    with server.job() as job:
        shown = [frame.global_maximum > 0 for [frame] in job.frames(1)]
    deviate(server)
    assert shown == [True, False, True]

"""Records a stream as bytes and judges it by the lines of the contract; it knows nothing of the suite's own rules."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
import numpy as np
from google.protobuf.message import DecodeError

from protos.datastream_pb2 import DataStream, StreamRequest
from tests.simulator.driver import REQUEST, Simulator, connected

STREAM = "/datastream.DataStreamService/StreamSpectrograms"
BEYOND = 3  # frames that are read beyond those asked for

# Promises that a slow machine breaks as well: judged where they are the ones to be broken.
TIMELY = {"rate", "live", "first-frame", "end"}
_LOOKS = 5
"""At a stream whose pace is under test."""

Found = TypeVar("Found")


@dataclass
class Seen:
    """What a client saw: a job's answer and its stream. Seconds: ``arrived`` of the epoch, others monotonic."""

    request: dict[str, Any]
    answer: dict[str, Any]
    prr: float
    asked: int
    payloads: list[bytes] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    opened: float = 0.0
    ended: float = 0.0
    status: grpc.StatusCode = grpc.StatusCode.OK

    @property
    def frames(self) -> list[DataStream]:
        """The messages that are messages."""
        frames = (_parsed(payload) for payload in self.payloads)
        return [frame for frame in frames if frame is not None]

    @property
    def rows(self) -> list[Any]:
        return [row for frame in self.frames for row in frame.rows]


class Recorder:
    """Records streams of one simulator, several at a time; each under deviations of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._configuring = threading.Lock()

    def record(self, kind: str, specs: Sequence[str], asked: int, patience: float, **changes: Any) -> Seen:
        """The stream of ``asked`` frames of a server with these deviations; ``kind`` is faults or variants."""
        with self._configuring:
            deviate(self._simulator, **{kind: specs})
            prr = self._simulator.call("GET", "/live_metadata").json()["prr"]
            lowest = self._simulator.call("GET", "/channels").json()["lowest_channel"]
            request = REQUEST | {"channels": {"min": lowest, "max": lowest + 10}} | changes
            response = self._simulator.call("POST", "/configure", request)
            assert response.status_code == 200, response.text
        seen = Seen(request, response.json(), prr, asked)
        try:
            self._stream(seen, patience)
        finally:
            self._simulator.call("DELETE", f"/job/{seen.answer['job_id']}")
        return seen

    def _stream(self, seen: Seen, patience: float) -> None:
        with connected(int(seen.answer["stream_port"])) as channel:
            method: Any = channel.unary_stream(STREAM, StreamRequest.SerializeToString)
            seen.opened = time.monotonic()
            call = method(
                StreamRequest(job_id=seen.answer["job_id"], max_frames=seen.asked),
                timeout=patience,
                wait_for_ready=True,
            )
            try:
                for payload in itertools.islice(call, seen.asked + BEYOND):
                    seen.payloads.append(payload)
                    seen.arrived.append(time.time())
                    seen.clock.append(time.monotonic())
                if len(seen.payloads) < seen.asked + BEYOND:
                    seen.status = call.code()
                call.cancel()
            except grpc.RpcError as error:
                seen.status = error.code()
            seen.ended = time.monotonic()


def deviate(simulator: Simulator, faults: Sequence[str] = (), variants: Sequence[str] = ()) -> None:
    """Replaces the active deviations."""
    body = {"faults": list(faults), "variants": list(variants)}
    response = simulator.call("PUT", "/simulator/deviations", body)
    assert (response.status_code, response.json()) == (200, body)


def showing(promise: str, record: Callable[[], Found], broken: Callable[[Found], set[str]]) -> Found:
    """What was recorded of a server that breaks a promise; of a ``TIMELY`` one until that shows, some times at most.

    A server that is late catches up all at once, which hides its pace.
    """
    seen = record()
    for _ in range(_LOOKS - 1 if promise in TIMELY else 0):
        if promise in broken(seen):
            break
        seen = record()
    return seen


def broken(seen: Seen) -> set[str]:
    """The promises that are broken in what was seen."""
    return {promise for promise, holds in PROMISES.items() if not holds(seen)}


def _parsed(payload: bytes) -> DataStream | None:
    try:
        return DataStream.FromString(payload)
    except DecodeError:
        return None


def _channels(seen: Seen) -> list[int]:
    asked = seen.request["channels"]
    return list(range(asked["min"], asked["max"] + 1))


def _frequencies(seen: Seen) -> list[float]:
    step, band = seen.prr / seen.request["nfftSelection"], seen.request["frequencyRange"]
    return [k * step for k in range(100_000) if band["min"] <= k * step < band["max"]]


def _frame(seen: Seen) -> bool:
    rows = all(frame.rows for frame in seen.frames) and all(row.sensors for row in seen.rows)
    return rows and all(sensor.intensity for row in seen.rows for sensor in row.sensors)


def _sensors(seen: Seen) -> bool:
    return all([one.id for one in row.sensors] == _channels(seen) for row in seen.rows if row.sensors)


def _bins(seen: Seen) -> bool:
    lengths = {len(sensor.intensity) for row in seen.rows for sensor in row.sensors} - {0}
    return lengths <= {len(_frequencies(seen))}


def _values(frame: DataStream) -> np.ndarray[Any, Any]:
    return np.concatenate([[], *(np.array(one.intensity) for row in frame.rows for one in row.sensors)])


def _intensity(seen: Seen) -> bool:
    values = np.concatenate([[], *map(_values, seen.frames)])
    return bool((np.isfinite(values) & (values >= 0)).all())


def _bounds(seen: Seen) -> bool:
    for frame in seen.frames:
        low, high, values = frame.current_min_amp, frame.current_max_amp, _values(frame)
        within = (low <= values) & (values <= high)
        if not (np.isfinite([low, high]).all() and within[~np.isnan(values)].all()):
            return False
    return True


def _life(seen: Seen) -> bool:
    """No sensor has the same values in four rows that follow each other; no row comes again; no sensors are alike."""
    lines: dict[int, list[bytes]] = {}
    times: dict[tuple[bytes, ...], set[int]] = {}
    twins = False
    for row in seen.rows:
        values = [np.array(sensor.intensity).tobytes() for sensor in row.sensors]
        for sensor, octets in zip(row.sensors, values, strict=True):
            lines.setdefault(sensor.id, []).append(octets)
        if values:
            times.setdefault(tuple(values), set()).add(row.startTimestamp)
        twins = twins or len(set(values)) < len({sensor.id for sensor in row.sensors})
    stands = any(max(len(list(run)) for _, run in itertools.groupby(values)) >= 4 for values in lines.values())
    return not stands and not twins and all(len(starts) == 1 for starts in times.values())


def _canvas(seen: Seen) -> bool:
    names = {row.canvasId for row in seen.rows if row.sensors}
    return len(names) <= 1 and all(names)


def _row_time(seen: Seen) -> bool:
    window = 1000 * seen.request["nfftSelection"] / seen.prr
    return all(abs(row.endTimestamp - row.startTimestamp - window) < 1.5 for row in seen.rows)


def _line_time(seen: Seen) -> bool:
    starts = np.array([row.startTimestamp for row in seen.rows])
    if not starts.size:
        return True
    apart = 1000 * seen.request["displayTimeAxisDuration"] / seen.request["displayInfo"]["height"]
    return bool((np.abs(starts - starts[0] - np.arange(len(starts)) * apart) < 1.5).all())


def _live(seen: Seen) -> bool:
    ages = [
        arrived - max(row.endTimestamp for row in frame.rows) / 1000
        for arrived, frame in zip(seen.arrived, seen.frames, strict=False)
        if frame.rows
    ]
    third = len(ages) // 3
    grown = min(ages[-third:]) - min(ages[:third]) if third else 0.0
    return all(-0.5 < age < 1 for age in ages) and grown < 0.1


def _rate(seen: Seen) -> bool:
    gaps = np.diff(seen.clock)
    return bool(gaps.max() < 0.5 and gaps.mean() < 0.1 and gaps[-10:].mean() < 0.1)


def _ended_well(seen: Seen) -> bool:
    return seen.status is grpc.StatusCode.OK


PROMISES: dict[str, Callable[[Seen], bool]] = {
    "frame": _frame,
    "sensors": _sensors,
    "bins": _bins,
    "intensity": _intensity,
    "bounds": _bounds,
    "life": _life,
    "canvas": _canvas,
    "row-time": _row_time,
    "line-time": _line_time,
    "live": _live,
    "rate": _rate,
    "first-frame": lambda seen: seen.clock[0] - seen.opened < 1.5,
    "count": lambda seen: not _ended_well(seen) or len(seen.payloads) == seen.asked,
    "end": lambda seen: len(seen.payloads) != seen.asked or (_ended_well(seen) and seen.ended - seen.clock[-1] < 1),
    "wire": lambda seen: (
        len(seen.frames) == len(seen.payloads)
        and (_ended_well(seen) or len(seen.payloads) >= seen.asked)
        and max(map(len, seen.payloads)) < 10_000_000
    ),
    "channels": lambda seen: (
        seen.answer["channel_amount"] == len(_channels(seen))
        and seen.answer["channel_to_stream_index"] == {str(channel): 0 for channel in _channels(seen)}
    ),
    "frequencies": lambda seen: (
        seen.answer["frequencies_amount"] == len(seen.answer["frequencies_list"]) == len(_frequencies(seen))
        and bool((np.abs(np.array(seen.answer["frequencies_list"]) - _frequencies(seen)) < 0.006).all())
    ),
    "lines": lambda seen: (
        abs(seen.answer["lines_dt"] - seen.request["displayTimeAxisDuration"] / seen.request["displayInfo"]["height"])
        < 1e-9
    ),
    "view": lambda seen: str(seen.answer["view_type"]) == str(seen.request["view_type"]),
    "job-id": lambda seen: [part.isdecimal() for part in seen.answer["job_id"].split("-")] == [True, True],
}

"""Records all streams of a job in production's dialect, and judges them by the lines of the contract."""

import itertools
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import DecodeError

from protos.pandadatastream_pb2 import DataStream, StreamDataRequest
from tests.simulator.driver import connected
from tests.simulator.judge import deviate
from tests.simulator.production import EIGHT, Production

STREAM = "/pandadatastream.DataStreamService/StreamData"
KINDS = {1: "u1", 4: "<f4", 8: "<f8"}  # by bytes a value
LOGARITHMIC = 0.01  # more values below zero

Array = np.ndarray[Any, Any]


@dataclass
class Stream:
    """What came in one stream. Seconds: ``arrived`` of the epoch, others monotonic."""

    payloads: list[bytes] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    opened: float = 0.0
    status: grpc.StatusCode = grpc.StatusCode.OK
    is_whole: bool = False

    @property
    def frames(self) -> list[DataStream]:
        """The messages that are messages."""
        frames = (_parsed(payload) for payload in self.payloads)
        return [frame for frame in frames if frame is not None]

    @property
    def times(self) -> list[int]:
        return [time for frame in self.frames for time in frame.timestamp_in_milis]

    @property
    def indexes(self) -> list[int]:
        return [index for frame in self.frames for index in frame.row_index]

    @property
    def values(self) -> list[Array]:
        """Of each frame whose sizes are right: shape (rows, values of a row)."""
        return [shown for frame in self.frames if (shown := _values(frame)) is not None]

    @property
    def is_logarithmic(self) -> bool:
        return any((values < 0).mean() > LOGARITHMIC for values in self.values)


@dataclass
class Seen:
    """What a client saw: a job's answer and its streams."""

    request: dict[str, Any]
    answer: dict[str, Any]
    prr: float
    asked: int
    streams: list[Stream] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """How many values a channel has in a line; single ones would be alike by chance."""
        return len(self.answer["frequencies_list"]) or int(self.answer.get("frequencies_amount") or 1)

    @property
    def frames(self) -> list[DataStream]:
        return [frame for stream in self.streams for frame in stream.frames]

    @property
    def values(self) -> list[Array]:
        return [values for stream in self.streams for values in stream.values]


_configuring = threading.Lock()


def record(server: Production, kind: str, specs: Sequence[str], asked: int, patience: float, **changes: Any) -> Seen:
    """``asked`` frames of each stream of a job, under these deviations; ``kind`` is faults or variants."""
    request = EIGHT | changes
    with _configuring:
        deviate(server, **{kind: specs})
        response = server.call("POST", "/configure", request)
        prr = server.call("GET", "/live_metadata").json()["prr"]
    assert response.status_code == 200, response.text
    seen = Seen(request, response.json(), prr, asked)
    amount = int(seen.answer["stream_amount"])
    with connected(int(seen.answer["stream_port"])) as channel, ThreadPoolExecutor(amount) as pool:
        seen.streams = list(pool.map(lambda stream: _stream(channel, stream, asked, patience), range(amount)))
    return seen


def _stream(channel: grpc.Channel, number: int, asked: int, patience: float) -> Stream:
    method: Any = channel.unary_stream(STREAM, StreamDataRequest.SerializeToString)
    stream = Stream(opened=time.monotonic())
    call = method(StreamDataRequest(stream_id=number), timeout=patience, wait_for_ready=True)
    try:
        for payload in itertools.islice(call, asked):
            stream.payloads.append(payload)
            stream.arrived.append(time.time())
            stream.clock.append(time.monotonic())
    except grpc.RpcError as error:
        stream.status = error.code()
    stream.is_whole = len(stream.payloads) == asked
    call.cancel()
    return stream


def broken(seen: Seen) -> set[str]:
    """The promises that are broken in what was seen."""
    return {promise for promise, holds in PROMISES.items() if not holds(seen)}


def _parsed(payload: bytes) -> DataStream | None:
    try:
        return DataStream.FromString(payload)
    except DecodeError:
        return None


def _values(frame: DataStream) -> Array | None:
    octets, count = b"".join(frame.main_data), frame.data_shape_x * max(0, frame.data_shape_y)
    kind = KINDS.get(len(octets) // count) if count > 0 and len(octets) % count == 0 else None
    return np.frombuffer(octets, kind).reshape(frame.data_shape_y, -1) if kind else None


def _channels(frame: DataStream) -> range:
    return range(frame.start_channel, frame.end_channel + 1)


def _shape(seen: Seen) -> bool:
    amount = seen.amount
    for frame in (frame for frame in seen.frames if frame.data_shape_y):
        rows = [len(frame.timestamp_in_milis), len(frame.row_index), frame.data_shape_y]
        if len(set(rows)) != 1 or _values(frame) is None or frame.data_shape_z not in (0, 1):
            return False
        if len(_channels(frame)) > 0 and frame.data_shape_x % amount:
            return False
    return True


def _sensors(seen: Seen) -> bool:
    amount = seen.amount
    brought = [_channels(frame) for frame in seen.frames if frame.data_shape_y]
    sizes = [
        frame.data_shape_x == len(_channels(frame)) * amount for frame in seen.frames if _values(frame) is not None
    ]
    asked = range(seen.request["channels"]["min"], seen.request["channels"]["max"] + 1)
    together = {channel for channels in brought for channel in channels}
    return all(sizes) and (together == set(asked) or not all(stream.is_whole for stream in seen.streams))


def _spread(seen: Seen) -> bool:
    """Each stream brings the channels that the answer says, and what it brings it alone brings."""
    wanted = seen.answer["channel_to_stream_index"]
    for number, stream in enumerate(seen.streams):
        channels = [int(channel) for channel, where in wanted.items() if where == number]
        if not stream.frames or any(list(_channels(f)) != channels for f in stream.frames if f.data_shape_y):
            return False
    return True


def _in_step(seen: Seen) -> bool:
    """Streams bring the same lines; none ends before the others."""
    if not all(stream.is_whole for stream in seen.streams):
        return not any(stream.is_whole for stream in seen.streams)
    times = [stream.times for stream in seen.streams]
    begin, end = max(map(min, times)), min(map(max, times))
    return not len({frozenset(time for time in each if begin <= time <= end) for each in times}) > 1


def _together(seen: Seen) -> bool:
    """Streams are at most a second apart."""
    times = [stream.times for stream in seen.streams if stream.times]
    came = [_arrivals(stream) for stream in seen.streams]
    apart = [abs(came[0][start] - each[start]) for each in came for start in each.keys() & came[0].keys()]
    return not times or (max(apart) < 1 and max(map(min, times)) - min(map(min, times)) < 1000)


def _arrivals(stream: Stream) -> dict[int, float]:
    return {
        start: came
        for frame, came in zip(stream.frames, stream.arrived, strict=False)
        for start in frame.timestamp_in_milis
    }


def _own_values(seen: Seen) -> bool:
    """No two channels of a line are alike, of whatever streams."""
    amount = seen.amount
    lines: dict[int, list[bytes]] = {}
    for frame in seen.frames:
        values = _values(frame)
        if values is None or values.shape[1] % amount:
            continue
        for start, row in zip(frame.timestamp_in_milis, values, strict=False):
            lines.setdefault(start, []).extend(each.tobytes() for each in row.reshape(-1, amount))
    return all(len(set(line)) == len(line) for line in lines.values())


def _alive(seen: Seen) -> bool:
    """No channel has the same values in four lines that follow each other, and no line comes again, nor is any zero."""
    amount = seen.amount
    for stream in seen.streams:
        rows = [row for values in stream.values for row in values if row.size % amount == 0]
        seen_rows = [row.tobytes() for row in rows]
        for channel in itertools.zip_longest(*([part.tobytes() for part in row.reshape(-1, amount)] for row in rows)):
            if max(len(list(run)) for _, run in itertools.groupby(channel)) >= 4:
                return False
        if len(set(seen_rows)) < len(set(stream.times)) and len(rows) == len(stream.times):
            return False
    return True


def _intensity(seen: Seen) -> bool:
    return all(np.isfinite(values).all() for values in seen.values) and not any(
        (values < 0).any() for stream in seen.streams if not stream.is_logarithmic for values in stream.values
    )


def _bounds(seen: Seen) -> bool:
    for frame in seen.frames:
        low, high, values = frame.global_minimum, frame.global_maximum, _values(frame)
        if values is None:
            continue
        within = (low <= values) & (values <= high)
        if not (np.isfinite([low, high]).all() and within[np.isfinite(values)].all()):
            return False
    return True


def _line_time(seen: Seen) -> bool:
    apart = 1000 * seen.request["displayTimeAxisDuration"] / seen.request["displayInfo"]["height"]
    for stream in seen.streams:
        starts = np.array(stream.times)
        if starts.size and (np.abs(starts - starts[0] - np.arange(len(starts)) * apart) >= 1.5).any():
            return False
    return True


def _index(seen: Seen) -> bool:
    """Numbers of lines go on as their times do, a step for each ``lines_dt``."""
    apart = 1000 * seen.request["displayTimeAxisDuration"] / seen.request["displayInfo"]["height"]
    for stream in seen.streams:
        steps, times = np.diff(stream.indexes), np.diff(stream.times)
        if len(steps) == len(times) and (np.abs(steps * apart - times) >= 1.5).any():
            return False
    return True


def _job_number(seen: Seen) -> bool:
    numbers = {str(frame.job_id) for frame in seen.frames if frame.HasField("job_id")}
    return numbers <= set(re.findall(r"\d+", seen.answer["job_id"])[1:])


def _live(seen: Seen) -> bool:
    for stream in seen.streams:
        window = seen.request["nfftSelection"] / seen.prr
        ages = [came - start / 1000 - window for start, came in _arrivals(stream).items()]
        third = len(ages) // 3
        grown = min(ages[-third:]) - min(ages[:third]) if third else 0.0
        if ages and not (min(ages) > -0.5 and max(ages) < 1 and grown < 0.1):
            return False
    return True


def _frequencies(seen: Seen) -> bool:
    listed = seen.answer["frequencies_list"]
    if not isinstance(listed, list) or len(listed) != seen.answer["frequencies_amount"]:
        return False
    steps, step = np.diff(listed), seen.prr / seen.request["nfftSelection"]
    return bool(
        (np.abs(steps - step) < step / 100 + 0.011).all() and listed[-1] < seen.request["frequencyRange"]["max"]
    )


PROMISES: dict[str, Callable[[Seen], bool]] = {
    "wire": lambda seen: (
        all(len(stream.frames) == len(stream.payloads) for stream in seen.streams)
        and (any(stream.is_whole for stream in seen.streams) or all(s.status.name == "OK" for s in seen.streams))
    ),
    "frame": lambda seen: all(frame.data_shape_y for frame in seen.frames if frame.data_shape_y >= 0),
    "count": lambda seen: any(stream.is_whole or stream.status.name != "OK" for stream in seen.streams),
    "shape": _shape,
    "sensors": _sensors,
    "together": _together,
    "streams": lambda seen: _spread(seen) and _in_step(seen),
    "life": lambda seen: _alive(seen) and _own_values(seen),
    "intensity": _intensity,
    "scale": lambda seen: len({stream.is_logarithmic for stream in seen.streams if stream.values}) < 2,
    "bounds": _bounds,
    "line-time": _line_time,
    "index": _index,
    "job-number": _job_number,
    "live": _live,
    "first-frame": lambda seen: all(stream.clock[0] - stream.opened < 1.5 for stream in seen.streams if stream.clock),
    "rate": lambda seen: all(
        np.diff(s.clock).max() < 0.5 and np.diff(s.clock)[-10:].mean() < 0.1 for s in seen.streams if len(s.clock) > 1
    ),
    "channels": lambda seen: (
        seen.answer["channel_amount"] == len(seen.answer["channel_to_stream_index"])
        and [int(channel) for channel in seen.answer["channel_to_stream_index"]]
        == list(range(seen.request["channels"]["min"], seen.request["channels"]["max"] + 1))
    ),
    "frequencies": _frequencies,
    "lines": lambda seen: (
        abs(seen.answer["lines_dt"] - seen.request["displayTimeAxisDuration"] / seen.request["displayInfo"]["height"])
        < 1e-9
    ),
    "view": lambda seen: str(seen.answer["view_type"]) == str(seen.request["view_type"]),
    "job-id": lambda seen: [part.isdecimal() for part in seen.answer["job_id"].split("-")] == [True, True],
}

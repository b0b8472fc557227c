"""A capture, as docs/CAPTURES.md describes the file: read here by itself, for client and server share no code."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from support.simulator.recording.tape import RecordingError

MAGIC = b"focus-capture 1\n"

_RECORD = struct.Struct("<II")
_MESSAGE = struct.Struct("<cHdd")
_STATUS = re.compile(r"(?:^|: )([A-Z_]+): (.*)", re.DOTALL)


class Came(NamedTuple):
    """A message.

    Attributes:
        after: when it came, seconds since the stream was asked for.
        at: the same, epoch seconds.
        data: its bytes.
    """

    after: float
    at: float
    data: bytes


class End(NamedTuple):
    """How a call ended for the client, seconds since the stream was asked for."""

    after: float
    status: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """What came from when a job was asked for until it was asked for again.

    Attributes:
        messages: of each of the job's streams.
        ends: of each that ended; else the client left it, or it was silent from then on.
    """

    messages: dict[int, list[Came]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[int, End] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capture:
    """What stands in a capture.

    Attributes:
        header: how the stream was asked for, answered and judged.
        calls: in their order.
        damage: how far it could be read, in words; empty where it is whole.
    """

    header: Mapping[str, Any]
    calls: Sequence[Call]
    damage: str = ""

    @property
    def messages(self) -> list[Came]:
        """All of them."""
        return [came for call in self.calls for stream in call.messages.values() for came in stream]


def read(path: Path) -> Capture:
    """Reads a capture, as far as that goes.

    Raises:
        RecordingError: not even its header can be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path} cannot be played: {error.strerror}") from error
    records, damage = _records(data)
    if not records or records[0][:1] != b"H":
        raise RecordingError(f"{path} cannot be played: it is no capture, or is damaged before the end of its header")
    header = json.loads(records[0][1:])
    whole = sum(record[:1] == b"M" for record in records)
    if damage or whole != header["messages"]:
        damage = f"{damage or 'it ends too early'}: {whole:,} of its {header['messages']:,} messages could be read"
    return Capture(header, list(_calls(header, records[1:], damage)), damage)


def _records(data: bytes) -> tuple[list[bytes], str]:
    """The records that are as they were written, and what is wrong after them."""
    records: list[bytes] = []
    at = len(MAGIC) if data.startswith(MAGIC) else len(data)
    while at < len(data):
        length, checked = _RECORD.unpack_from(data, at) if len(data) - at >= _RECORD.size else (len(data), 0)
        record = data[at + _RECORD.size : at + _RECORD.size + length]
        if len(record) < length or zlib.crc32(record) != checked:
            return records, f"it is cut off, or damaged, at byte {at:,}"
        records.append(record)
        at += _RECORD.size + length
    return records, ""


def _calls(header: Mapping[str, Any], records: Sequence[bytes], damage: str) -> Iterator[Call]:
    """The calls; the last one ends as the header says, where nothing that came says it."""
    streams, last, is_over = range(header["answer"]["stream_amount"]), 0.0, False
    call = Call()
    for record in records:
        if record[:1] == b"O":
            over = json.loads(record[1:])
            call.ends.update(dict.fromkeys(streams, _end(over["at"], over["reason"])))
            is_over = not over["reason"]
            yield call
            call = Call()
            continue
        _, stream, arrived, at = _MESSAGE.unpack_from(record)
        last = arrived - header["began"]
        call.messages[stream].append(Came(last, at, record[_MESSAGE.size :]))
    if damage:
        call.ends.update(dict.fromkeys(streams, End(last, grpc.StatusCode.DATA_LOSS, f"of the capture, {damage}")))
    else:
        call.ends.update(_ends(header, streams))
    if damage or not is_over:
        yield call


def _ends(header: Mapping[str, Any], streams: range) -> Iterator[tuple[int, End]]:
    """How the streams ended that were not asked for again: each with OK, or the one that is named with an error."""
    error = header["ending"]["error"]
    for stream, ended in zip(streams, header["streams_ended"], strict=False):  # of a job with one stream, nothing
        if ended is not None:
            yield stream, End(ended - header["began"])
    broken = _end(header["end_time"] - header["start_time"], error)
    if broken.status is not grpc.StatusCode.OK:
        named = [stream for stream in streams if f"stream {stream + 1} of " in error]
        yield from ((stream, broken) for stream in named or streams)


def _end(after: float, reason: str) -> End:
    """The end that a client tells of with this reason: a status and its details, or nothing that a server said."""
    found = _STATUS.search(reason)
    if found is None or found[1] not in grpc.StatusCode.__members__:
        return End(after)
    return End(after, grpc.StatusCode[found[1]], found[2])

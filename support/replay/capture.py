"""A capture: a file of one stream as it came, with all that it takes to judge it again.

::

    focus-capture 1\\n
    record, record, …       each: length (uint32), CRC-32 (uint32), and so many bytes; all numbers little-endian

The first byte of a record says what it is:

    H   the header, and always the first: JSON, in UTF-8
    M   a message as it came: number of its stream (uint16), when it came, seconds of the monotonic clock (float64) and
        epoch seconds (float64), and its bytes
    O   a call is over, and the stream may go on with another one: JSON

A file that is cut off or damaged is readable up to there.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from support.errors import FocusError
from support.stream.block import Message
from support.stream.tape import Came, Over
from support.wording import plural

MAGIC = b"focus-capture 1\n"

_RECORD = struct.Struct("<II")
_MESSAGE = struct.Struct("<cHdd")
_HEADER, _CAME, _OVER = b"H", b"M", b"O"


class CaptureError(FocusError, ValueError):
    """A file is no capture, or nothing of it can be read; the words go on after its name."""


@dataclass(frozen=True)
class Capture:
    """What stands in a capture.

    Attributes:
        header: how the stream was asked for, answered, judged and ended (``support/replay/header.py``).
        events: what came.
        damage: how far it could be read, in words; empty where it is whole.
    """

    header: Mapping[str, Any]
    events: Sequence[Came | Over]
    damage: str = ""


def write(path: Path, header: Mapping[str, Any], events: Sequence[Came | Over]) -> None:
    """Writes a capture. Raises OSError."""
    with path.open("wb") as file:
        file.write(MAGIC)
        _write(file, _HEADER + json.dumps(header, indent=1).encode())
        for event in events:
            if isinstance(event, Over):
                _write(file, _OVER + json.dumps(asdict(event)).encode())
                continue
            for message in event.messages:
                begin = _MESSAGE.pack(_CAME, event.stream, message.arrived, message.received_at)
                _write(file, begin, message.data)


def read(path: Path) -> Capture:
    """Reads a capture, as far as that goes.

    Raises:
        CaptureError: not even its header can be read.
        OSError: the file cannot.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise CaptureError("is no capture: it does not begin as one")
        events: list[Came | Over] = []
        header: Mapping[str, Any] = {}
        damage = ""
        try:
            for record in _records(file):
                if not header:
                    header = _header(record)
                else:
                    events.append(_event(record))
        except _DamagedError as error:
            if not header:
                raise CaptureError(f"cannot be read: its header {error}") from None
            damage = str(error)
        if not header:
            raise CaptureError("cannot be read: it ends before its header")
    whole, written = sum(isinstance(event, Came) for event in events), header["messages"]
    if damage or whole != written:
        damage = f"{damage or 'ends too early'}: {whole:,} of its {plural(written, 'message')} could be read"
    return Capture(header, _together(events), damage)


class _DamagedError(ValueError):
    """A record is not what was written."""


def _write(file: BinaryIO, *parts: bytes) -> None:
    """A record of these bytes, of which nothing is copied."""
    checked = 0
    for part in parts:
        checked = zlib.crc32(part, checked)
    file.write(_RECORD.pack(sum(map(len, parts)), checked))
    for part in parts:
        file.write(part)


def _records(file: BinaryIO) -> Iterator[bytes]:
    """The records. Raises _DamagedError where one is not what was written."""
    at, size = len(MAGIC), file.seek(0, 2)
    file.seek(at)
    while at < size:
        begin = file.read(_RECORD.size)
        length, checked = _RECORD.unpack(begin) if len(begin) == _RECORD.size else (size, 0)
        if length > size - at - _RECORD.size:
            raise _DamagedError(f"is cut off, or damaged, at byte {at:,}")
        record = file.read(length)
        if zlib.crc32(record) != checked:
            raise _DamagedError(f"is damaged at byte {at:,}")
        yield record
        at += _RECORD.size + length


def _header(record: bytes) -> Mapping[str, Any]:
    if record[:1] != _HEADER:
        raise _DamagedError("is missing")
    header: Mapping[str, Any] = json.loads(record[1:])
    return header


def _event(record: bytes) -> Came | Over:
    if record[:1] == _OVER:
        return Over(**json.loads(record[1:]))
    if record[:1] != _CAME or len(record) < _MESSAGE.size:
        raise _DamagedError("holds a record that is not known here")
    _, stream, arrived, received_at = _MESSAGE.unpack_from(record)
    data = record[_MESSAGE.size :]
    return Came(stream, [Message(data, len(data), arrived, received_at)])


def _together(events: Sequence[Came | Over]) -> list[Came | Over]:
    """Neighbouring messages of a stream as one event, for they are read quicker so."""
    joined: list[Came | Over] = []
    for event in events:
        before = joined[-1] if joined else None
        if isinstance(event, Came) and isinstance(before, Came) and event.stream == before.stream:
            joined[-1] = Came(event.stream, [*before.messages, *event.messages])
        else:
            joined.append(event)
    return joined

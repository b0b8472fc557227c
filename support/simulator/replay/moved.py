"""Numbers of a message that are made others in its bytes: all the rest stays as it came, however it was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from support.simulator.sensors import varint

Change: TypeAlias = "Callable[[int], int] | Mapping[int, Change]"
"""What becomes of a whole number, or of the fields of a message, by their numbers."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_FIXED = {_EIGHT: 8, _FOUR: 4}
_SIGN = 2**63


def moved(data: bytes, changes: Mapping[int, Change]) -> bytes:
    """The message with these fields changed; as it is where it cannot be read."""
    try:
        return _message(data, changes)
    except (IndexError, KeyError):
        return data


def _message(data: bytes, changes: Mapping[int, Change]) -> bytes:
    parts, at, kept = [], 0, 0  # up to ``kept``, all is in ``parts``
    while at < len(data):
        tag, value = _number(data, at)
        kind, change, new = tag & 7, changes.get(tag >> 3), b""
        if kind == _VARINT:
            number, end = _number(data, value)
            if callable(change):
                new = _changed(number, change)
        elif kind == _BYTES:
            length, begin = _number(data, value)
            end = begin + length
            if end > len(data):
                raise IndexError(end)
            if change is not None:
                body = data[begin:end]
                inner = _packed(body, change) if callable(change) else _message(body, change)
                new = varint(len(inner)) + inner
        else:
            end = value + _FIXED[kind]
        if new:
            parts += [data[kept:value], new]
            kept = end
        at = end
    return b"".join([*parts, data[kept:]])


def _packed(data: bytes, change: Callable[[int], int]) -> bytes:
    """Whole numbers, one after the other."""
    parts, at = [], 0
    while at < len(data):
        number, at = _number(data, at)
        parts.append(_changed(number, change))
    return b"".join(parts)


def _changed(number: int, change: Callable[[int], int]) -> bytes:
    return varint(change((number ^ _SIGN) - _SIGN))


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The varint that begins there, and where it ends. Raises IndexError where the data end before."""
    number = shift = 0
    while True:
        octet = data[at]
        number |= (octet & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octet < 0x80:
            return number % 2**64, at

"""Protocol buffers on the wire: what is needed to read messages that are alike without touching them one by one.

Messages of a stream are alike: but for values, times and bounds, each has the bytes of the one before. So where
everything stands is worked out once, and a later message is only compared with that.

Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

MOST_ROWS, MOST_SENSORS = 10_000, 1_000_000
"""Rows of a message, and sensors of all of its rows, that are read: many times what a whole fibre needs."""

LONGEST_NUMBER = 9
"""Bytes of the longest varint that is no negative number."""

_SEVEN_BITS = np.uint8(0x7F)
_WEIGHTS = np.int64(1) << np.arange(0, 7 * LONGEST_NUMBER, 7, dtype=np.int64)
"""What each byte of a varint counts for."""


class IrregularError(ValueError):
    """The message is not laid out as usual; it may be legal all the same."""


class AbsurdError(ValueError):
    """The message has more of something than is read."""


class Pattern:
    """What has to be the same in every message of a kind: all bytes but some, and the lengths of some numbers.

    Args:
        data: one of the messages.
        free: bytes that may differ.
        numbers: the bytes of varints that may differ, but not in length.
    """

    def __init__(self, data: bytes, free: Iterable[range], numbers: Iterable[range]) -> None:
        bits = np.full(len(data), 0xFF, dtype=np.uint8)
        for part in free:
            bits[part.start : part.stop] = 0
        for number in numbers:
            bits[number.start : number.stop] = 0x80
        self._fixed = np.flatnonzero(bits)
        self._bits = bits[self._fixed]
        self._due = np.frombuffer(data, dtype=np.uint8)[self._fixed] & self._bits

    def fits(self, stack: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether messages are of this kind: ``stack`` has the shape (messages, size), the answer (messages,)."""
        fits: NDArray[np.bool_] = ((stack.take(self._fixed, axis=1) & self._bits) == self._due).all(axis=1)
        return fits


def stack_of(messages: Sequence[bytes]) -> NDArray[np.uint8]:
    """Messages of one size as an array of shape (messages, size): a view of a single one, else a copy."""
    joined = messages[0] if len(messages) == 1 else b"".join(messages)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(messages), -1)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where it ends.

    Raises:
        IrregularError: it is too long.
        IndexError: the data end before.
    """
    octet = data[at]
    at += 1
    if octet < 0x80:
        return octet, at
    number, shift = octet & 0x7F, 7
    while True:
        octet = data[at]
        at += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise IrregularError("a number is too long")


def varints(stack: NDArray[np.uint8], places: NDArray[np.intp]) -> NDArray[np.int64]:
    """The varints whose bytes stand at ``places``, shape (count, bytes), of each message: shape (messages, count)."""
    numbers: NDArray[np.int64] = (stack.take(places, axis=1) & _SEVEN_BITS) @ _WEIGHTS[: places.shape[1]]
    return numbers


def floats(stack: NDArray[np.uint8], offset: int | None, kind: str) -> NDArray[np.float64]:
    """The number of this kind that stands there in each message, shape (messages,); 0 where it is left out."""
    if offset is None:
        return np.zeros(len(stack))
    view = np.ndarray((len(stack),), dtype=kind, buffer=stack.data, offset=offset, strides=(stack.shape[1],))
    with np.errstate(invalid="ignore"):  # a NaN of any kind is one
        return view.astype(np.float64)

"""Protocol buffers written by hand, as legal and as unusual as a server of any kind may write them."""

from __future__ import annotations

import random

import numpy as np

from support.stream.block import Block


class Encoder:
    """Writes the parts of a message in ways that are legal and unusual, by chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def seldom(self) -> bool:
        """Mostly not, so that one thing is often the only unusual one."""
        return self.chance.random() < 0.03

    def mixed(self, fields: list[bytes], movable: list[bytes]) -> bytes:
        """The fields, now and then in an order that means the same, with unknown ones, or with one that comes twice."""
        one = self.chance.choice(movable)
        if self.seldom():
            fields.remove(one)
            fields.insert(self.chance.randrange(len(fields) + 1), one)
        if self.seldom():
            fields.insert(self.chance.randrange(len(fields) + 1), self._unknown())
        if self.seldom():
            fields.insert(0, one)
        return b"".join(fields)

    def key(self, number: int, kind: int) -> bytes:
        return self.number(number << 3 | kind, longer=False)

    def sized(self, number: int, data: bytes) -> bytes:
        return self.key(number, 2) + self.number(len(data)) + data

    def number(self, number: int, *, longer: bool = True) -> bytes:
        octets = bytearray()
        while number > 0x7F:
            octets.append(number & 0x7F | 0x80)
            number >>= 7
        octets.append(number)
        if longer and self.seldom():
            octets[-1] |= 0x80
            octets.append(0)
        return bytes(octets)

    def _unknown(self) -> bytes:
        number = self.chance.choice([15, 16, 1000])
        return self.chance.choice(
            [
                self.key(number, 0) + self.number(self.chance.randrange(2**40)),
                self.key(number, 1) + bytes(8),
                self.sized(number, b"\x0a\x02\x12\x00"),
                self.key(number, 3) + self.key(1, 0) + b"\x07" + self.key(number, 4),
                self.key(number, 5) + bytes(4),
            ]
        )


def floor_holds(block: Block, position: int) -> None:
    """The floor of a frame is its smallest value, or 0 where that is enough to know."""
    lowest, floor = block.lowest[position], block.floor[position]
    enough = lowest >= 0 and not (block.low > 0).any()
    assert np.array_equal(floor, lowest, equal_nan=True) or (enough and floor == 0)

"""Where the time of a judged frame goes: microseconds of decoding, of measuring its values, and of each rule.

``python -m proving.bench.parts SHAPE`` prints them as JSON. Nothing is received here: the frames are made first.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import replace

from proving.bench.receivers import ANY_TIME
from proving.bench.sender import SHAPES
from support.stream.block import Message
from support.stream.memory import keep_buffers
from support.validation.verdict import stream_rules

_BYTES = 2**26
_PORTION = 2**19
"""Bytes that are judged at once, and what the last frame of them goes beyond, as the client hands them on."""


def microseconds(shape: str) -> dict[str, float]:
    """Microseconds a frame, by part; the first portions, which fill the caches, are left out."""
    keep_buffers()
    known = SHAPES[shape]
    size = len(replace(known, frames=1).messages()[0])
    frames = max(_BYTES // size, 8)
    ready = [
        Message(data, size, n / 1000, time.time()) for n, data in enumerate(replace(known, frames=frames).messages())
    ]
    portion = -(-_PORTION // size)
    reader, rules = known.dialect.reader(), stream_rules(known.expectation, ANY_TIME)
    spent: Counter[str] = Counter()
    judged = index = 0
    for begin in range(0, frames, portion):
        since = time.perf_counter()
        blocks = list(reader.blocks(ready[begin : begin + portion]))
        laps = {"decoding": time.perf_counter() - since}
        for block in blocks:
            block.index, index = index, index + len(block)
            since = time.perf_counter()
            block.floor  # noqa: B018 - measured now, so that no rule pays for it
            laps["measuring the values"] = laps.get("measuring the values", 0.0) + time.perf_counter() - since
            for rule in rules:
                since = time.perf_counter()
                for finding in rule.see(block):
                    raise AssertionError(f"the benchmark's own frames are judged wrong: {finding}")
                laps[rule.name] = laps.get(rule.name, 0.0) + time.perf_counter() - since
        if begin >= frames // 4:
            judged += sum(len(block) for block in blocks)
            spent.update(laps)
    return {part: seconds / judged * 1e6 for part, seconds in spent.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(microseconds(sys.argv[1])))

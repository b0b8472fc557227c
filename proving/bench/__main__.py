"""``make bench``: what receiving, decoding and judging cost, side by side in one run.

A process of its own sends ready bytes; every way of receiving them runs in a process of its own, in turns. A ratio is
taken within a turn, and the median of the turns is reported: a machine that is slower for a while then slows both
ends of the ratio.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from proving.bench import oracle, paced, tools
from proving.bench.outcome import CEILING, IDIOM, JUDGED, LONG, MEANING, OURS, PARSED, TOOL_TURNS, Bench, Turn
from proving.bench.page import as_data, as_markdown
from proving.bench.receivers import WARM_UP, Cost
from proving.bench.sender import READY_SHAPES, SHAPES
from proving.bench.sending import BenchError, Sender, sending
from proving.crew import Crew
from proving.page import parser, positive
from proving.report import Report
from support.stream.dialects import NAMES

_TIMEOUT = 120.0
_SHARES = {"plain": 0.4, CEILING: 0.5, PARSED: 0.4, IDIOM: 0.04, OURS: 0.5, JUDGED: 0.5}
"""The part of a shape's frames that makes a measurement about a second long."""

_TOOL_BYTES = 8e6
_PACED_SECONDS = 5.0
_PACED_TURNS, _PACED_LINES = 2, (20.0, 100.0)
_LONG_WARM_UP = 10_000


def measure(sender: Sender, way: str, shape: str, frames: int, frame_bytes: float) -> Turn:
    """One turn; ``frame_bytes`` is for tools, which do not count bytes.

    Raises:
        BenchError: the way does not exist or failed, or the sender has ended.
    """
    before = sender.cpu()
    if way in tools.TOOLS:
        cost = tools.TOOLS[way](sender.port, shape, frames)
        cost.bytes, sent = round(frames * frame_bytes), frames
    else:
        told = _answer("proving.bench.receivers", way, sender.port, shape, frames)
        cost, sent = Cost(**told), frames + WARM_UP
    return Turn(way, shape, cost, (sender.cpu() - before) * frames / sent / cost.seconds)


def frames_of(way: str, shape: str, frame_bytes: float, scale: float = 1.0) -> int:
    """How many frames make a measurement of ``way`` about a second long, times ``scale``."""
    if way in tools.TOOLS:
        return max(round(_TOOL_BYTES * scale / frame_bytes), 2)
    return max(round(SHAPES[shape].frames * _SHARES[way] * scale), 5)


def turns(shapes: Sequence[str], ways: Sequence[str], repeats: int) -> list[tuple[str, str]]:
    """Shape and way of each measurement: every way with every shape, ``repeats`` times, each time in another order."""
    return [
        (shape, way)
        for repeat in range(repeats)
        for shape in shapes
        for way in [*ways[repeat % len(ways) :], *ways[: repeat % len(ways)]]
        if way not in tools.TOOLS or (repeat < TOOL_TURNS and shape not in READY_SHAPES)
    ]


def compare(bench: Bench, plan: Sequence[tuple[str, str]], scale: float, report: Report[Bench]) -> None:
    """All turns of the plan."""
    shapes = list(dict.fromkeys(shape for shape, _ in plan))
    if not shapes:
        return
    with sending(shapes) as sender:
        sizes = {shape: measure(sender, CEILING, shape, 5, 0.0).cost.bytes / 5 for shape in shapes}
        for shape, way in plan:
            report.begins(f"{shape}, {way}")
            turn = measure(sender, way, shape, frames_of(way, shape, sizes[shape], scale), sizes[shape])
            bench.turns.append(turn)
            report.ends(f"{shape}, {way}", f"{turn.rate:,.0f} MB/s")


def details(bench: Bench, report: Report[Bench]) -> None:
    """The parts of a frame, live streams, the oracle, and the memory of a long stream."""
    for shape in bench.shapes:
        report.begins(f"{shape}, parts")
        bench.parts[shape] = _answer("proving.bench.parts", shape)
        report.ends(f"{shape}, parts", f"{sum(bench.parts[shape].values()):,.0f} µs a frame")
    with Crew(1) as crew:
        urls = {dialect: crew.server("--dialect", dialect).rest_url for dialect in NAMES}
        for dialect, lines, way in _paced():
            name = f"live, {dialect}, {lines:g} lines/s, {way}"
            report.begins(name)
            load = paced.Load(**_answer("proving.bench.paced", way, urls[dialect], dialect, lines, _PACED_SECONDS))
            bench.loads.append((dialect, lines, way, load))
            report.ends(name, f"{load.cpu / load.seconds:.1%} of a core")
    report.begins("the oracle")
    bench.oracle = oracle.Compared(**_answer("proving.bench.oracle"))
    report.ends("the oracle", f"{bench.oracle.rate:,.0f} MB/s")
    report.begins("a long stream")
    bench.long = long_stream()
    report.ends("a long stream", f"{bench.long.seconds:.0f} s")


def _paced() -> list[tuple[str, float, str]]:
    """Dialect, lines a second and way of each live stream, in turns."""
    ways = [paced.WAYS if turn % 2 == 0 else paced.WAYS[::-1] for turn in range(_PACED_TURNS)]
    return [(dialect, lines, way) for order in ways for dialect in NAMES for lines in _PACED_LINES for way in order]


def long_stream(frames: int = SHAPES[LONG].frames) -> Cost:
    """What judging so many small frames in one stream costs, when the buffers have been filled once."""
    with sending([LONG]) as sender:
        return Cost(**_answer("proving.bench.receivers", JUDGED, sender.port, LONG, frames, _LONG_WARM_UP))


def _answer(module: str, *arguments: object) -> Any:
    """The JSON that a process of its own answers with."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        process = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{' '.join(command[2:])} took longer than {_TIMEOUT:g} s") from None
    if process.returncode:
        raise BenchError(f"{' '.join(command[2:4])}: {process.stderr.strip()[-500:]}")
    return json.loads(process.stdout)


def _options(arguments: Sequence[str] | None, shapes: Sequence[str]) -> argparse.Namespace:
    options = parser("proving.bench", __doc__.split("\n")[0])
    add = options.add_argument
    add("--repeats", type=positive, default=5, help="turns of every way (%(default)s)")
    add("--shape", action="append", choices=shapes, help="only frames of this shape; may be repeated")
    add("--way", action="append", choices=list(MEANING), help="only this way of receiving; may be repeated")
    add("--scale", type=float, default=1.0, help="length of a measurement; 1 is about a second (%(default)s)")
    add("--short", action="store_true", help="the comparison alone: no live stream, no oracle, no memory, no parts")
    asked = options.parse_args(arguments)
    if asked.scale <= 0:
        options.error("--scale is above 0")
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where everything could be measured, however fast it was."""
    shapes = [shape for shape in SHAPES if shape != LONG]
    asked = _options(arguments, shapes)
    shapes, ways, here = asked.shape or shapes, asked.way or list(MEANING), tools.installed()
    bench = Bench(missing=[way for way in ways if way in tools.TOOLS and way not in here])
    if bench.missing:
        sys.stdout.write(f"not installed, and so left out: {', '.join(bench.missing)}\n")
    ways = [way for way in ways if way not in bench.missing]
    if not ways:
        sys.stderr.write("nothing is left to measure\n")
        return 1
    plan = turns(shapes, ways, asked.repeats)
    more = 0 if asked.short else len(shapes) + len(_paced()) + 2
    title, steps = "What receiving, decoding and judging cost", len(plan) + more
    with Report(asked, "bench", title, steps, bench, as_markdown, as_data) as report:
        for ready in (False, True):  # a sender for each dialect: one for both would need twice the memory
            compare(bench, [step for step in plan if (step[0] in READY_SHAPES) == ready], asked.scale, report)
        if not asked.short:
            details(bench, report)
    sys.stdout.write(f"\n{report.page.read_text('utf-8')}\n{report.page}\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())

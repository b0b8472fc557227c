"""``make bench``: what receiving, decoding and judging cost, side by side in one run.

A process of its own sends ready bytes; every way of receiving them runs in a process of its own, in turns. A ratio is
taken within a turn, and the median of the turns is reported: a machine that is slower for a while then slows both
ends of the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from proving.bench import paced, tools
from proving.bench.receivers import WARM_UP, Cost
from proving.bench.sender import SHAPES
from support.server.embedded import EmbeddedServer

CEILING, PARSED, IDIOM, OURS, JUDGED = "untouched", "parsed", "idiom", "ours", "judged"
MEANING = {
    "plain": "bytes that nobody looks at, on a channel as grpcio opens it",
    CEILING: "the same on our channel, which keeps its buffers: the ceiling",
    PARSED: "parsed by protocol buffers, values not read",
    IDIOM: "the usual way: generated stub, an array of each row",
    OURS: "our frames, not judged",
    JUDGED: "our frames, all rules on",
    "k6": "k6, which counts the frames; values not read",
    "grpcurl": "grpcurl, which writes JSON, to nowhere",
}
LONG = "11 x 257, for long"
LONG_FRAMES = SHAPES[LONG].frames

_TIMEOUT = 120.0
_SHARES = {"plain": 0.4, CEILING: 0.5, PARSED: 0.4, IDIOM: 0.04, OURS: 0.5, JUDGED: 0.5}
"""The part of a shape's frames that makes a measurement about a second long."""

_TOOL_BYTES, _TOOL_TURNS = 8e6, 2
_PACED_SECONDS = 5.0
_PACED_TURNS, _PACED_LINES = 2, (20.0, 100.0)
_LONG_WARM_UP = 10_000
_MOST_GROWTH = 2.0
"""MiB."""


class BenchError(Exception):
    """Something could not be measured; the sentence says why."""


class Sender:
    """The running sender process of ``shapes``."""

    def __init__(self, shapes: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proving.bench.sender", *shapes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            assert self._process.stderr is not None
            words = self._process.stderr.read().strip()[-300:]
            self.stop()
            raise BenchError(f"the sender did not start: {words}")
        self.port = int(line)
        self._usage = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def cpu(self) -> float:
        """Its processor time until now, seconds.

        Raises:
            BenchError: it has ended.
        """
        if self._process.poll() is not None:
            raise BenchError(f"the sender has ended with {self._process.returncode}: nothing can be measured")
        times = self._usage.cpu_times()
        return times.user + times.system

    def stop(self) -> None:
        """Ends it."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def sending(shapes: Sequence[str]) -> Iterator[Sender]:
    """A sender of these shapes; ended afterwards."""
    sender = Sender(shapes)
    try:
        yield sender
    finally:
        sender.stop()


@dataclass(frozen=True)
class Turn:
    """One measurement: the way, the shape, what it cost, and the sender's share of a core meanwhile."""

    way: str
    shape: str
    cost: Cost
    sender: float

    @property
    def rate(self) -> float:
        """MB/s (10^6 bytes)."""
        return self.cost.bytes / self.cost.seconds / 1e6


@dataclass
class Bench:
    """Everything that a run measured.

    Attributes:
        turns: the measurements, in the order they were made.
        missing: tools that are not installed.
        loads: paced streams, by lines a second and way.
        long: the stream that shows memory; None where it was left out.
        parts: microseconds a frame, by shape and part.
    """

    turns: list[Turn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    loads: list[tuple[float, str, paced.Load]] = field(default_factory=list)
    long: Cost | None = None
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def shapes(self) -> list[str]:
        """The shapes measured."""
        return list(dict.fromkeys(turn.shape for turn in self.turns))

    def ways(self, shape: str) -> list[str]:
        """The ways measured with a shape, in the order of the table."""
        measured = {turn.way for turn in self.turns if turn.shape == shape}
        return [way for way in MEANING if way in measured]

    def of(self, way: str, shape: str) -> list[Turn]:
        """The turns of a way with a shape."""
        return [turn for turn in self.turns if (turn.way, turn.shape) == (way, shape)]

    def frame_bytes(self, shape: str) -> float:
        """Bytes of a frame."""
        cost = next(turn.cost for turn in self.turns if turn.shape == shape)
        return cost.bytes / cost.frames

    def ratios(self, way: str, other: str, shape: str) -> list[float]:
        """How fast ``way`` was as a multiple of ``other``, turn by turn; empty where one was not measured."""
        pairs = zip(self.of(way, shape), self.of(other, shape), strict=False)
        return [mine.rate / theirs.rate for mine, theirs in pairs]


@dataclass(frozen=True)
class Target:
    """What a ratio has to reach, and what it was; ``needed`` is 0 for information."""

    shape: str
    what: str
    needed: float
    ratios: Sequence[float]

    @property
    def reached(self) -> float:
        """The median ratio."""
        return float(np.median(self.ratios))

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.reached >= self.needed

    @property
    def outcome(self) -> str:
        """In words."""
        return "for information" if not self.needed else "met" if self.met else "**not met**"


def targets(bench: Bench) -> list[Target]:
    """The targets, for what was measured."""
    found = []
    for shape in bench.shapes:
        size = bench.frame_bytes(shape)
        is_large = size >= 0.4e6
        wanted = [(JUDGED, CEILING, 0.8 if size >= 4e6 else 0.7 if is_large else 0.5)]
        wanted += [(JUDGED, IDIOM, 3.0 if is_large else 0.0), (JUDGED, PARSED, 0.95 if is_large else 0.0)]
        wanted += [(JUDGED, OURS, 0.0)]
        for way, other, needed in wanted:
            if ratios := bench.ratios(way, other, shape):
                found.append(Target(shape, f"{way} / {other}", needed, ratios))
    return found


def measure(sender: Sender, way: str, shape: str, frames: int, frame_bytes: float) -> Turn:
    """One turn; ``frame_bytes`` is for tools, which do not count bytes.

    Raises:
        BenchError: the way does not exist or failed, or the sender has ended.
    """
    before = sender.cpu()
    if way in tools.TOOLS:
        try:
            cost = tools.TOOLS[way](sender.port, shape, frames)
        except tools.ToolError as error:
            raise BenchError(str(error)) from error
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


def compare(
    shapes: Sequence[str], ways: Sequence[str], repeats: int, scale: float, tell: Callable[[str], None]
) -> Bench:
    """Every way with every shape, ``repeats`` times, each time in another order."""
    here = tools.installed()
    bench = Bench(missing=[way for way in ways if way in tools.TOOLS and way not in here])
    ways = [way for way in ways if way not in bench.missing]
    with sending(shapes) as sender:
        sizes = {shape: measure(sender, CEILING, shape, 5, 0.0).cost.bytes / 5 for shape in shapes}
        for repeat in range(repeats):
            first = repeat % len(ways)
            for shape in shapes:
                for way in [*ways[first:], *ways[:first]]:
                    if way in tools.TOOLS and repeat >= _TOOL_TURNS:
                        continue
                    frames = frames_of(way, shape, sizes[shape], scale)
                    turn = measure(sender, way, shape, frames, sizes[shape])
                    bench.turns.append(turn)
                    tell(f"[{repeat + 1}/{repeats}] {shape}, {way}: {turn.rate:,.0f} MB/s\n")
    return bench


def overhead(seconds: float, tell: Callable[[str], None]) -> list[tuple[float, str, paced.Load]]:
    """Live streams of the embedded server, with and without rules, in turns of ``seconds`` seconds."""
    loads = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = EmbeddedServer(log_file=Path(folder, "simulator.log"))
        try:
            for turn in range(_PACED_TURNS):
                for lines in _PACED_LINES:
                    for way in paced.WAYS if turn % 2 == 0 else reversed(paced.WAYS):
                        load = paced.Load(**_answer("proving.bench.paced", way, server.rest_url, lines, seconds))
                        loads.append((lines, way, load))
                        tell(f"live, {lines:g} lines/s, {way}: {load.cpu / load.seconds:.1%} of a core\n")
        finally:
            server.stop()
    return loads


def long_stream(frames: int = LONG_FRAMES) -> Cost:
    """What judging so many small frames in one stream costs, when the buffers have been filled once."""
    with sending([LONG]) as sender:
        return Cost(**_answer("proving.bench.receivers", JUDGED, sender.port, LONG, frames, _LONG_WARM_UP))


def as_markdown(bench: Bench) -> str:
    """The outcome as a page."""
    reached = [target for target in targets(bench) if target.needed]
    lines = [
        "# What receiving, decoding and judging cost",
        "",
        f"{sum(target.met for target in reached)} of {len(reached)} targets met. {time.strftime('%Y-%m-%d')}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{bench.seconds:.0f} s.",
        "",
        "The sender, a process of its own, sends ready bytes over a local socket; every measurement is a process of",
        "its own, and the ways take turns. Medians; in brackets the lowest and the highest of the turns. MB are 10^6",
        f"bytes. Ratios are taken turn by turn, to `{CEILING}` of the same turn. *Own CPU* and *sender* are shares of",
        f"one core meanwhile. The tools have {_TOOL_TURNS} turns, and count their start to their processor time.",
        "",
        *(f"- `{way}`: {meaning}" for way, meaning in MEANING.items() if any(t.way == way for t in bench.turns)),
        *(f"- `{tool}` is not installed, and so not in the tables." for tool in bench.missing),
    ]
    for shape in bench.shapes:
        lines += ["", *_table(bench, shape)]
    if reached:
        lines += ["", "## Targets", "", *_targets(bench)]
    if bench.parts:
        lines += ["", "## Where the time of a judged frame goes", "", *_parts(bench)]
    if bench.loads:
        lines += ["", "## Judging a live stream at its own pace", "", *_loads(bench)]
    if bench.long is not None:
        lines += ["", "## Memory of a long stream", "", *_long(bench.long)]
    return "\n".join(lines) + "\n"


def _table(bench: Bench, shape: str) -> list[str]:
    size = bench.frame_bytes(shape)
    lines = [
        f"## {shape}: frames of {size / 1e6:.2f} MB" if size >= 1e5 else f"## {shape}: frames of {size / 1e3:.1f} kB",
        "",
        "| way | MB/s | frames/s | CPU s/GB | peak MiB | ratio to the ceiling | own CPU | sender |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for way in bench.ways(shape):
        turns = bench.of(way, shape)
        costs = [turn.cost for turn in turns]
        ratios = bench.ratios(way, CEILING, shape)
        lines.append(
            f"| {way} | {_spread((turn.rate for turn in turns), ',.0f')} "
            f"| {_median(cost.frames / cost.seconds for cost in costs):,.0f} "
            f"| {_median(cost.cpu / cost.bytes * 1e9 for cost in costs):.2f} "
            f"| {_median(cost.peak for cost in costs):.0f} "
            f"| {_spread(ratios, '.2f') if ratios else ''} "
            f"| {_median(cost.cpu / cost.seconds for cost in costs):.0%} "
            f"| {_median(turn.sender for turn in turns):.0%} |"
        )
    return lines


def _targets(bench: Bench) -> list[str]:
    return [
        "| shape | ratio | target | reached | |",
        "| --- | --- | ---: | ---: | --- |",
        *(
            f"| {target.shape} | {target.what} | {f'{target.needed:g}' if target.needed else ''} "
            f"| {_spread(target.ratios, '.2f')} | {target.outcome} |"
            for target in targets(bench)
        ),
    ]


def _parts(bench: Bench) -> list[str]:
    names = list(dict.fromkeys(part for parts in bench.parts.values() for part in parts))
    names = [name for name in names if any(parts.get(name, 0.0) >= 0.1 for parts in bench.parts.values())]
    head = "| part, µs a frame | " + " | ".join(bench.parts) + " |"
    rows = [
        f"| {name} | " + " | ".join(f"{parts.get(name, 0.0):.1f}" for parts in bench.parts.values()) + " |"
        for name in names
    ]
    every = "| all | " + " | ".join(f"{sum(parts.values()):.1f}" for parts in bench.parts.values()) + " |"
    received = [
        _median(t.cost.seconds / t.cost.frames * 1e6 for t in bench.of(CEILING, shape)) for shape in bench.parts
    ]
    whole = [_median(t.cost.seconds / t.cost.frames * 1e6 for t in bench.of(JUDGED, shape)) for shape in bench.parts]
    return [
        "Frames that are there already, on one thread; parts below 0.1 µs are left out.",
        "",
        head,
        "| --- |" + " ---: |" * len(bench.parts),
        *rows,
        every,
        f"| for comparison: a frame of `{CEILING}` | " + " | ".join(f"{one:.1f}" for one in received) + " |",
        f"| for comparison: a frame of `{JUDGED}` | " + " | ".join(f"{one:.1f}" for one in whole) + " |",
    ]


def _loads(bench: Bench) -> list[str]:
    lines = [
        f"{paced.CHANNELS} channels x {paced.NFFT // 2} bins of the embedded server, live; the client is a process",
        "of its own, and its processor time is given as a share of one core.",
        "",
        "| lines/s | frames/s | MB/s | not judged | judged | the rules | findings |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for pace in dict.fromkeys(lines_s for lines_s, _, _ in bench.loads):
        here = {way: [load for lines_s, w, load in bench.loads if (lines_s, w) == (pace, way)] for way in paced.WAYS}
        cpu = {way: [load.cpu / load.seconds * 100 for load in loads] for way, loads in here.items()}
        judged = here[JUDGED]
        lines.append(
            f"| {_median(load.rows / load.seconds for load in judged):.0f} "
            f"| {_median(load.frames / load.seconds for load in judged):.0f} "
            f"| {_median(load.bytes / load.seconds / 1e6 for load in judged):.1f} "
            f"| {_spread(cpu[OURS], '.1f')} % | {_spread(cpu[JUDGED], '.1f')} % "
            f"| {np.median(cpu[JUDGED]) - np.median(cpu[OURS]):+.1f} points "
            f"| {sum(len(load.findings) for load in judged)} |"
        )
    return lines


def _long(cost: Cost) -> list[str]:
    half = len(cost.memory) // 2
    growth = _median(cost.memory[half:]) - _median(cost.memory[:half])
    return [
        f"{cost.frames:,} frames of `{LONG}`, all rules on, {cost.bytes / 1e9:.2f} GB in {cost.seconds:.1f} s.",
        f"Resident memory at {len(cost.memory)} points, MiB: {', '.join(f'{one:.1f}' for one in cost.memory)}.",
        f"The median of the second half is {growth:+.1f} MiB from that of the first: "
        f"{'flat' if growth <= _MOST_GROWTH else '**it grows**'}. Before that the client was held up for a moment, so",
        "that its buffers were as full as they get.",
    ]


def as_json(bench: Bench) -> str:
    """The outcome for programs."""
    return json.dumps(
        {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(bench.seconds, 1),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "missing": bench.missing,
            "turns": [asdict(turn) for turn in bench.turns],
            "targets": [
                {
                    "shape": target.shape,
                    "ratio": target.what,
                    "needed": target.needed or None,
                    "reached": round(target.reached, 4),
                    "met": target.met if target.needed else None,
                }
                for target in targets(bench)
            ],
            "parts": bench.parts,
            "live": [{"lines": lines, "way": way, **asdict(load)} for lines, way, load in bench.loads],
            "long": asdict(bench.long) if bench.long else None,
        },
        indent=1,
    )


def _median(numbers: Iterable[float]) -> float:
    return float(np.median(list(numbers)))


def _spread(numbers: Iterable[float], form: str) -> str:
    """The median, and the lowest and the highest."""
    values = np.array(list(numbers))
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{np.median(values):{form}} ({values.min():{form}} to {values.max():{form}})"


def _answer(module: str, *arguments: object) -> Any:
    """The JSON that a process of its own answers with."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        process = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{' '.join(command[2:])} took longer than {_TIMEOUT:g} s") from None
    if process.returncode:
        raise BenchError(f"{module} {arguments[0]}: {process.stderr.strip()[-500:]}")
    return json.loads(process.stdout)


def _tell(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where everything could be measured, however fast it was."""
    shapes = [shape for shape in SHAPES if shape != LONG]
    parser = argparse.ArgumentParser(prog="python -m proving.bench", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--repeats", type=int, default=5, help="turns of every way (%(default)s)")
    add("--shape", action="append", choices=shapes, help="only frames of this shape; may be repeated")
    add("--way", action="append", choices=list(MEANING), help="only this way of receiving; may be repeated")
    add("--scale", type=float, default=1.0, help="length of a measurement; 1 is about a second (%(default)s)")
    add("--short", action="store_true", help="the comparison alone: no live stream, no memory, no parts")
    add("--output", type=Path, default=Path("reports"), help="folder of the report (%(default)s)")
    options = parser.parse_args(arguments)
    if options.repeats < 1 or options.scale <= 0:
        parser.error("--repeats is at least 1, --scale above 0")
    began = time.monotonic()
    try:
        bench = compare(options.shape or shapes, options.way or list(MEANING), options.repeats, options.scale, _tell)
        if not options.short:
            bench.parts = {shape: _answer("proving.bench.parts", shape) for shape in bench.shapes}
            bench.loads = overhead(_PACED_SECONDS, _tell)
            bench.long = long_stream()
    except BenchError as error:
        sys.stderr.write(f"the benchmark could not be finished: {error}\n")
        return 1
    bench.seconds = time.monotonic() - began
    page = as_markdown(bench)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "bench.md").write_text(page, encoding="utf-8")
    (options.output / "bench.json").write_text(as_json(bench), encoding="utf-8")
    _tell(f"\n{page}\n{options.output}/bench.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

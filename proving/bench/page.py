"""What a benchmark measured, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from proving.bench import paced
from proving.bench.oracle import CHANNELS, Compared
from proving.bench.outcome import CEILING, JUDGED, LONG, MEANING, OURS, TOOL_TURNS, Bench, targets
from proving.bench.receivers import Cost
from proving.page import table

_MOST_GROWTH = 2.0
"""MiB."""


def as_markdown(bench: Bench) -> list[str]:
    """The outcome for people."""
    reached = [target for target in targets(bench) if target.needed]
    lines = [
        f"{sum(target.met for target in reached)} of {len(reached)} targets met.",
        "",
        "The sender, a process of its own, sends ready bytes over a local socket; every measurement is a process of",
        "its own, and the ways take turns. Medians; in brackets the lowest and the highest of the turns. MB are 10^6",
        f"bytes. Ratios are taken turn by turn, to `{CEILING}` of the same turn. *Own CPU* and *sender* are shares of",
        f"one core meanwhile. The tools have {TOOL_TURNS} turns, and count their start to their processor time.",
        "",
        *(f"- `{way}`: {meaning}" for way, meaning in MEANING.items() if any(t.way == way for t in bench.turns)),
        *(f"- `{tool}` is not installed, and so not in the tables." for tool in bench.missing),
    ]
    for shape in bench.shapes:
        size = bench.frame_bytes(shape)
        words = f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
        lines += ["", f"## {shape}: frames of {words}", "", *_table(bench, shape)]
    if reached:
        lines += ["", "## Targets", "", *_targets(bench)]
    if bench.parts:
        lines += ["", "## Where the time of a judged frame goes", "", *_parts(bench)]
    if bench.loads:
        lines += ["", "## Judging a live stream at its own pace", "", *_loads(bench)]
    if bench.oracle is not None:
        lines += ["", "## Comparing with a recording", "", *_oracle(bench.oracle)]
    if bench.long is not None:
        lines += ["", "## Memory of a long stream", "", *_long(bench.long)]
    return lines


def as_data(bench: Bench) -> dict[str, object]:
    """The outcome for programs."""
    return {
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
        "live": [
            {"dialect": dialect, "lines": lines, "way": way, **asdict(load)}
            for dialect, lines, way, load in bench.loads
        ],
        "oracle": asdict(bench.oracle) if bench.oracle else None,
        "long": asdict(bench.long) if bench.long else None,
    }


def _table(bench: Bench, shape: str) -> list[str]:
    head = ("way", "MB/s", "frames/s", "CPU s/GB", "peak MiB", "ratio to the ceiling", "own CPU", "sender")
    rows = []
    for way in bench.ways(shape):
        turns = bench.of(way, shape)
        costs = [turn.cost for turn in turns]
        ratios = bench.ratios(way, CEILING, shape)
        rows.append(
            (
                way,
                _spread((turn.rate for turn in turns), ",.0f"),
                f"{_median(cost.frames / cost.seconds for cost in costs):,.0f}",
                f"{_median(cost.cpu / cost.bytes * 1e9 for cost in costs):.2f}",
                f"{_median(cost.peak for cost in costs):.0f}",
                _spread(ratios, ".2f") if ratios else "",
                f"{_median(cost.cpu / cost.seconds for cost in costs):.0%}",
                f"{_median(turn.sender for turn in turns):.0%}",
            )
        )
    return table(head, rows, right=len(head) - 1)


def _targets(bench: Bench) -> list[str]:
    return table(
        ("shape", "ratio", "target", "reached", ""),
        [
            (one.shape, one.what, f"{one.needed:g}" if one.needed else "", _spread(one.ratios, ".2f"), one.outcome)
            for one in targets(bench)
        ],
    )


def _parts(bench: Bench) -> list[str]:
    names = list(dict.fromkeys(part for parts in bench.parts.values() for part in parts))
    names = [name for name in names if any(parts.get(name, 0.0) >= 0.1 for parts in bench.parts.values())]
    rows = {name: [parts.get(name, 0.0) for parts in bench.parts.values()] for name in names}
    rows["all"] = [sum(parts.values()) for parts in bench.parts.values()]
    for way in (CEILING, JUDGED):
        if all(bench.of(way, shape) for shape in bench.parts):
            rows[f"for comparison: a frame of `{way}`"] = [
                _median(turn.cost.seconds / turn.cost.frames * 1e6 for turn in bench.of(way, shape))
                for shape in bench.parts
            ]
    return [
        "Frames that are there already, on one thread; parts below 0.1 µs are left out.",
        "",
        *table(
            ("part, µs a frame", *bench.parts),
            [(name, *(f"{one:.1f}" for one in row)) for name, row in rows.items()],
            right=len(bench.parts),
        ),
    ]


def _loads(bench: Bench) -> list[str]:
    rows = []
    for stream in dict.fromkeys((dialect, lines) for dialect, lines, _, _ in bench.loads):
        here = {way: [load for *told, load in bench.loads if told == [*stream, way]] for way in paced.WAYS}
        if not all(here.values()):  # the run has not come to the other way yet
            continue
        cpu = {way: [load.cpu / load.seconds * 100 for load in loads] for way, loads in here.items()}
        judged = here[JUDGED]
        rows.append(
            (
                stream[0],
                f"{_median(load.rows / load.seconds for load in judged):.0f}",
                f"{_median(load.frames / load.seconds for load in judged):.0f}",
                f"{_median(load.bytes / load.seconds / 1e6 for load in judged):.1f}",
                f"{_spread(cpu[OURS], '.1f')} %",
                f"{_spread(cpu[JUDGED], '.1f')} %",
                f"{np.median(cpu[JUDGED]) - np.median(cpu[OURS]):+.1f} points",
                sum(len(load.findings) for load in judged),
            )
        )
    head = ("dialect", "lines/s", "frames/s", "MB/s", "not judged", "judged", "the rules", "findings")
    return [
        f"{paced.CHANNELS} channels x {paced.NFFT // 2} bins of the embedded server, live; the client is a process",
        "of its own, and its processor time is given as a share of one core. All streams of the job are open.",
        "",
        *table(head, rows, right=len(head) - 1),
    ]


def _oracle(compared: Compared) -> list[str]:
    return [
        f"One core compares {compared.rate:,.0f} MB/s of values with what the recording says, computed anew; a live",
        f"job of {CHANNELS} channels with 100 lines a second has {compared.live:.1f} MB/s.",
    ]


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


def _median(numbers: Iterable[float]) -> float:
    return float(np.median(list(numbers)))


def _spread(numbers: Iterable[float], form: str) -> str:
    """The median, and the lowest and the highest."""
    values = np.array(list(numbers))
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{np.median(values):{form}} ({values.min():{form}} to {values.max():{form}})"

"""What the oracle finds, and what it costs: ``python -m proving.truth`` prints the page docs/results/truth.md.

Rows made in single precision are compared with the recording; then rows made in double precision are bent by more and
more, until the oracle finds it. Both are of a dozen lines over the whole range; at last one value is bent among those
of all its lines. The rows are made here: no server streams them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from support.truth.comparison import Comparison, Row
from support.truth.convention import EMBEDDED
from support.truth.explanations import Evidence, explained
from support.truth.range import Place, Range
from support.truth.recording import Recording
from support.validation.expectation import Expectation
from support.validation.past import Past

_PRR, _NFFT, _LINE, _BINS = 2000, 1024, 0.01, 256

_ROWS = 12
"""Rows that are bent."""

_LITTLE = 1e-3
"""dB by which one value among all is bent."""

Bend = Callable[[Comparison, int, float], Row]


def main(arguments: Sequence[str]) -> int:
    """Prints the page. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m proving.truth", description="The page of the oracle.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--channels", type=int, default=200)
    asked = parser.parse_args(arguments)
    with recorded(asked.seconds, asked.channels) as recording:
        sys.stdout.write("\n".join(page(recording)) + "\n")
    return 0


@contextmanager
def recorded(seconds: int, channels: int) -> Iterator[Recording]:
    """A recording of the synthetic fibre, made for as long as it is looked at."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fibre.h5"
        size = ["--seconds", str(seconds), "--channels", str(channels), "--out", str(path)]
        subprocess.run([sys.executable, "-m", "support.simulator.record", *size], check=True, stdout=subprocess.DEVNULL)
        with Recording(path) as recording:
            yield recording


def page(recording: Recording) -> Iterator[str]:
    """The lines of the page."""
    shown = shown_whole(recording)
    comparison = Comparison(shown, EMBEDDED)
    whole = range(shown.grid.beyond)
    lines = whole[:: max(1, len(whole) // _ROWS)]
    decibels, units = largest_error(comparison, lines)
    seconds = recording.extent[1] - recording.extent[0]
    yield "# What the oracle finds"
    yield ""
    yield f"`python -m proving.truth`: {recording.channels} channels, {seconds:g} s, NFFT {_NFFT}, 100 lines a second."
    yield ""
    yield f"Of some {_ROWS} lines over all of it, made here: no server streams them."
    yield ""
    yield f"The largest error of single precision: {decibels:.2g} dB, {units:.2g} units (2**-23 of the value)."
    checked = rate(comparison, lines)
    yield f"It takes {comparison.closest:.0%} of what is allowed. One core checks {checked:.0f} MB/s of values, where a"
    yield f"live job of {recording.channels} channels has {recording.channels * _BINS * 4 / _LINE / 1e6:.1f} MB/s."
    yield ""
    yield "| kind | smallest size found | what it was called |"
    yield "| --- | --- | --- |"
    for name, unit, sizes, bend in KINDS:
        found = next(((size, words) for size in sizes if (words := called(comparison, lines, bend, size))), None)
        size, words = found if found else (np.nan, "not found")
        yield f"| {name} | {size:.3g} {unit} | {words} |"
    yield ""
    compared, wrong = one_among_all(comparison, whole)
    yield f"One value {_LITTLE:g} dB too high among all {compared:,} of the range: {wrong:,} found wrong."


def shown_whole(recording: Recording) -> Range:
    """The range of all that was recorded."""
    begin, end = recording.extent
    expectation = Expectation(
        sensors=tuple(range(recording.channels)),
        frequencies=tuple(k * _PRR / _NFFT for k in range(_BINS)),
        lines_dt=_LINE,
        row_span=_NFFT / _PRR,
        sample=1 / _PRR,
        past=Past(begin, end, ((begin, end),)),
    )
    return Range(recording, 0, expectation)


def right(comparison: Comparison, line: int, late: float = 0.0) -> Row:
    """A row in double precision, sent in single; made so many samples after its place."""
    place = comparison.shown.place(line)
    assert place is not None, "it was recorded"
    values = comparison.expected(replace(place, sample=place.sample + late)).astype(np.float32)
    return Row(line, line, comparison.shown.grid.time(line), line, values)


def in_single(comparison: Comparison, line: int) -> tuple[Row, Place]:
    """A row in single precision throughout."""
    shown = comparison.shown
    place = shown.place(line)
    assert place is not None, "it was recorded"
    first = place.first(EMBEDDED.alignment)
    made = shown.strip.magnitudes(place.stretch, first, EMBEDDED.window, shown.bins)
    return Row(line, line, shown.grid.time(line), line, made * comparison.factors.astype(np.float32)), place


def largest_error(comparison: Comparison, lines: range) -> tuple[float, float]:
    """Of loud values, of rows in single precision: dB, and shares of the value in units of 2**-23."""
    worst = 0.0
    for line in lines:
        row, place = in_single(comparison, line)
        due = comparison.expected(place)
        off = np.abs(row.values - due)
        comparison.closest = max(comparison.closest, float((off / comparison.tolerance(row, place, due)).max()))
        loud = due >= np.median(due)
        worst = max(worst, float((off[loud] / due[loud]).max()))
    return 20 * np.log10(1 + worst), worst * 2**23


def rate(comparison: Comparison, lines: range) -> float:
    """MB of values that are checked in a second of processor time, of lines that follow each other."""
    rows = [in_single(comparison, line)[0] for line in range(len(lines))]
    began = time.process_time()
    for row in rows:
        comparison.wrong(row)
    return sum(row.values.nbytes for row in rows) / (time.process_time() - began) / 1e6


def live_rate(recording: Recording) -> float:
    """MB of values that a live job of so many channels brings in a second."""
    return recording.channels * _BINS * 4 / _LINE / 1e6


def one_among_all(comparison: Comparison, lines: range) -> tuple[int, int]:
    """How many values of these lines are compared where one of them is bent by a little, and how many found wrong."""
    compared = found = 0
    for line in lines:
        row = right(comparison, line)
        if line == lines[len(lines) // 2]:
            row = _louder(row, _LITTLE)
        compared += row.values.size
        marks = comparison.wrong(row)
        found += 0 if marks is None else int(marks.sum())
    return compared, found


def called(comparison: Comparison, lines: range, bend: Bend, size: float) -> str:
    """What a bend of that size is called; empty where it is not found."""
    rows = [bend(comparison, line, size) for line in lines]
    wrong = [(row, marks) for row in rows if (marks := comparison.wrong(row)) is not None]
    if not wrong:
        return ""
    kept = wrong[:16] + wrong[16:][-16:]
    evidence = Evidence([row for row, _ in kept], [marks for _, marks in kept])
    return explained(comparison.shown, EMBEDDED, evidence) or "nothing that is usual explains it"


def _scaled(comparison: Comparison, line: int, decibels: float) -> Row:
    row = right(comparison, line)
    return replace(row, values=row.values * np.float32(10 ** (decibels / 20)))


def _drifting(comparison: Comparison, line: int, percent: float) -> Row:
    row = right(comparison, line)
    values = row.values.copy()
    values[0] *= np.float32((1 + percent / 100) ** (line * _LINE))
    return replace(row, values=values)


def _late(comparison: Comparison, line: int, samples: float) -> Row:
    inside = comparison.shown.place(line)
    return right(comparison, line, -samples if inside and inside.sample >= samples else 0.0)


def _running_away(comparison: Comparison, line: int, percent: float) -> Row:
    return right(comparison, line, -round(line * _LINE * _PRR * percent / 100))


def _one_value(comparison: Comparison, line: int, decibels: float) -> Row:
    row = right(comparison, line)
    return _louder(row, decibels) if line == 0 else row


def _louder(row: Row, decibels: float) -> Row:
    """The row with its largest value so much higher."""
    values = row.values.copy()
    values[np.unravel_index(int(values.argmax()), values.shape)] *= np.float32(10 ** (decibels / 20))
    return replace(row, values=values)


def _shifted(comparison: Comparison, line: int, bins: float) -> Row:
    row = right(comparison, line)
    return replace(row, values=np.roll(row.values, -int(bins), axis=1))


def _neighbours(comparison: Comparison, line: int, channels: float) -> Row:
    row = right(comparison, line)
    return replace(row, values=np.roll(row.values, -int(channels), axis=0))


_TENS = tuple(float(step * Fraction(10) ** power) for power in range(-6, 2) for step in (1, 2, 5))

KINDS: Sequence[tuple[str, str, Sequence[float], Bend]] = (
    ("level of all values", "dB", _TENS, _scaled),
    ("one value among all", "dB", _TENS, _one_value),
    ("gain of one sensor", "% a second", _TENS, _drifting),
    ("rows late", "samples", (1, 2, 5, 10), _late),
    ("PRR off", "%", _TENS, _running_away),
    ("bins", "bins", (1,), _shifted),
    ("channels", "channels", (1,), _neighbours),
)
"""Kinds of errors: what they are, of which sizes, and what they make of a row."""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

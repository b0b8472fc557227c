"""The door ``python -m support.simulator.record``: a recording of the synthetic fibre, as a file."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from support.simulator.command_line import Parser, number
from support.simulator.fibre import Fibre
from support.simulator.recording.prodml import write

BEGIN = "2026-01-01T00:00:00"


def main(arguments: Sequence[str]) -> int:
    """Writes the file, and says what it holds. Returns the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    stretches = without(asked.seconds, asked.hole)
    if not stretches:
        parser.error("the holes leave nothing of it")
    fibre = Fibre(asked.seed, asked.prr, asked.first_channel, asked.channels)
    parts = [range(*(round((asked.begin + end) * asked.prr) for end in stretch)) for stretch in stretches]
    if min(map(len, parts)) < 2:
        parser.error(f"a part of it would be shorter than two samples at {asked.prr} Hz")
    path = Path(asked.out)
    try:
        write(path, fibre, range(fibre.lowest, fibre.highest + 1), parts)
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: {path} cannot be written: {error.strerror or error}\n")
        return 1
    words = (
        f"{path}: channels {fibre.lowest} to {fibre.highest} at {asked.prr} Hz, {path.stat().st_size / 1e6:.1f} MB\n"
    )
    for part in parts:
        words += f"  {_told(part.start, asked.prr)} to {_told(part.stop, asked.prr)} UTC\n"
    sys.stdout.write(words)
    return 0


Stretch = tuple[Fraction, Fraction]


def without(seconds: Fraction, holes: Sequence[Stretch]) -> list[Stretch]:
    """What is left of so many seconds when the holes are taken out."""
    left, begin = [], Fraction(0)
    for hole_begin, hole_end in sorted(holes):
        if begin < min(hole_begin, seconds):
            left.append((begin, min(hole_begin, seconds)))
        begin = max(begin, hole_end)
    if begin < seconds:
        left.append((begin, seconds))
    return left


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m support.simulator.record",
        description="A recording of the synthetic fibre, in PRODML 2.1: for python -m support.simulator --recording.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--out", required=True, metavar="FILE", default=argparse.SUPPRESS, help="where it is written")
    add("--seconds", type=_seconds, default=Fraction(60), metavar="S", help="its length, holes included")
    add("--channels", type=number(int, 1, 1_000_000), default=200, metavar="N", help="how many")
    add("--first-channel", type=number(int, 0, 1_000_000), default=0, metavar="N", help="of the fibre; the first one")
    add("--prr", type=number(int, 1, 1_000_000), default=2000, metavar="HZ", help="pulse repetition rate")
    add("--seed", type=number(int, 0, 2**63 - 1), default=1, metavar="N", help="the same seed gives the same fibre")
    begins = "when it begins, UTC"
    add("--begin", type=_instant, default=BEGIN, metavar="TIME", help=begins)
    hole = "seconds of it that are missing, from its begin on (repeatable)"
    add("--hole", type=_hole, action="append", default=[], metavar="FROM-TO", help=hole)
    return parser


def _told(sample: int, prr: int) -> str:
    return datetime.fromtimestamp(sample / prr, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _seconds(text: str) -> Fraction:
    try:
        seconds = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 < seconds <= 10**6:
        raise argparse.ArgumentTypeError(f"{text} is not above 0, and up to 1000000")
    return seconds


def _instant(text: str) -> Fraction:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time, as in {BEGIN}") from None
    return Fraction(repr((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()))


def _hole(text: str) -> Stretch:
    first, dash, last = text.partition("-")
    try:
        begin, end = Fraction(first), Fraction(last)
    except (ValueError, ZeroDivisionError):
        begin = end = Fraction(0)
    if not dash or begin >= end:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers of seconds, as in 12-15")
    return begin, end


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

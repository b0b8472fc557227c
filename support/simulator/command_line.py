"""The command line of the embedded Focus Server: what can be set, and a sentence where it cannot be."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn, get_args

from support.simulator.certificates import Tls
from support.simulator.deviations import Deviations, UnknownDeviationError, listing, listing_as_json
from support.simulator.deviations.catalogue import Kind, find
from support.simulator.options import DIALECT_NAMES, Options

_MOST = 1_000_000


def parse(arguments: Sequence[str]) -> Options:
    """Reads the command line; ends the process with one sentence on stderr and exit code 2 where it is wrong."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    options = Options(**given | {name: tuple(given[name]) for name in ("faults", "variants", "replay")})
    if options.replay and (options.faults or options.variants or options.recording):
        parser.error("--replay serves what came as it came: no fault, variant or recording goes with it")
    try:
        Deviations(options.faults, options.variants, options.dialect)
    except UnknownDeviationError as error:
        parser.error(str(error))
    return options


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (--help lists what can be set)\n")
        raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m support.simulator",
        description="An embedded Focus Server on 127.0.0.1. Prints one line of JSON with rest_url when it is ready.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    dialect = "what the server speaks: the schema and the manners of the story, or of production"
    add("--dialect", choices=DIALECT_NAMES, help=dialect)
    add("--port", type=number(int, 0, 65_535), metavar="N", help="port of the REST side; 0: any free one")
    leave = "exit as soon as stdin closes, so that the server cannot outlive who started it"
    add("--exit-on-stdin-eof", action="store_true", help=leave)
    add("--seed", type=number(int, 0, 2**63 - 1), metavar="N", help="the same seed gives the same fibre")
    add("--prr", type=number(int, 1, _MOST), metavar="HZ", help="pulse repetition rate: samples a second")
    add("--channel-count", type=number(int, 1, _MOST), metavar="N", help="channels of the fibre")
    lowest = "number of the first one (default: 0; 1 in production's dialect)"
    add("--lowest-channel", type=number(int, 0, _MOST), metavar="N", default=argparse.SUPPRESS, help=lowest)
    add("--frame-rate", type=number(float, 0.1, 1000), metavar="FPS", help="frames a second, about")
    add("--windows", type=number(int, 1, 1000), metavar="N", help="jobs that can be there at once")
    base = "in production's dialect, port of the first window's jobs, the others follow; 0: the first free range"
    add("--port-base", type=number(int, 0, 64_000), metavar="N", help=base)
    for flag, meaning in (
        ("--idle-removal", "seconds until a job that no stream is open on is removed"),
        ("--stream-idle", "seconds until a stream over which nothing gets through is ended"),
        ("--finished-removal", "seconds that the pod of a completed job stays"),
        ("--pod-start", "seconds until the port of a new job accepts connections"),
    ):
        add(flag, type=number(float, 0, 10**9), metavar="SECONDS", help=meaning)
    add("--slowed", type=number(float, 0, 1000), metavar="PERCENT", help="take so much longer to serve")
    recording = (
        "play this file in historic mode; the fibre has its PRR and its channels (default: a small one, made here)"
    )
    add("--recording", metavar="FILE", default=argparse.SUPPRESS, help=recording)
    replay = "serve this capture of a stream again, in its dialect; several, for what one scenario streamed"
    add("--replay", action="append", metavar="FILE", help=replay)
    after = "seconds until the fibre is there, from the first question for it on; no job can start before"
    add("--fibre-after", type=number(float, 0, 10**9), metavar="SECONDS", help=after)
    add("--no-fibre", action="store_true", help="wait for a fibre for ever: no job can start")
    add("--tls", choices=get_args(Tls), help="encrypt, and with which certificate, made at the start")
    token = "refuse who does not bring the token in FILE; -: the first line of stdin"
    add("--require-token", type=_token, dest="token", metavar="FILE", help=token)
    fault, variant = "break a promise (repeatable)", "be correct, but different (repeatable)"
    add("--fault", type=_deviation("fault"), action="append", dest="faults", metavar="NAME[=ARGUMENT]", help=fault)
    add("--variant", type=_deviation("variant"), action="append", dest="variants", metavar="NAME", help=variant)
    known = "tell what --fault and --variant know, and exit"
    add("--list-faults", action=_List, nargs="?", choices=("text", "json"), help=known)
    defaults = asdict(Options()) | {"faults": [], "variants": [], "replay": []}
    del defaults["lowest_channel"], defaults["recording"]  # whose defaults are the dialect's, and none
    parser.set_defaults(**defaults)
    return parser


class _List(argparse.Action):
    """Prints all faults and variants, and ends the process."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known | {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(self, parser: argparse.ArgumentParser, _namespace: Any, form: Any, _option: Any = None) -> None:
        sys.stdout.write(listing_as_json() + "\n" if form == "json" else listing())
        parser.exit()


def _deviation(kind: Kind) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            find(kind, text)
        except UnknownDeviationError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return read


def _token(path: str) -> str:
    """The token in a file, or in the first line of stdin: on the command line everybody here could read it."""
    try:
        token = (sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{path!r} cannot be read: {error}") from None
    if not token:
        raise argparse.ArgumentTypeError(f"there is no token in {path!r}")
    return token


def number(kind: type[int] | type[float], lowest: float, highest: float) -> Callable[[str], float]:
    """What reads a number that lies within limits, for ``argparse``."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            words = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}") from None
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text} is not within {lowest} to {highest}")
        return value

    return read

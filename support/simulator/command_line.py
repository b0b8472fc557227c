"""The command line of the embedded Focus Server: what can be set, and a sentence where it cannot be."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from support.simulator.certificates import Tls
from support.simulator.deviations import UnknownDeviationError, listing, listing_as_json
from support.simulator.deviations.catalogue import Kind, find
from support.simulator.options import Options

HIGHEST_PORT = 65_535
HIGHEST_CHANNEL = 1_000_000
HIGHEST_PRR = 1_000_000
HIGHEST_SEED = 2**63 - 1


def parse(arguments: Sequence[str]) -> Options:
    """Reads the command line; ends the process with one sentence on stderr and exit code 2 where it is wrong."""
    given = vars(_parser().parse_args(arguments))
    return Options(**given | {"faults": tuple(given["faults"]), "variants": tuple(given["variants"])})


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (--help lists what can be set)\n")
        raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m support.simulator",
        description="An embedded Focus Server on 127.0.0.1. Prints one line of JSON with rest_url when it is ready.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    default = Options()
    add = parser.add_argument
    add("--port", type=_port, default=default.port, metavar="N", help="port of the REST side; 0: any free one")
    add(
        "--exit-on-stdin-eof",
        action="store_true",
        default=default.exit_on_stdin_eof,
        help="exit as soon as stdin closes, so that the server cannot outlive who started it",
    )
    add("--seed", type=_seed, default=default.seed, metavar="N", help="the same seed gives the same fibre")
    add("--prr", type=_prr, default=default.prr, metavar="HZ", help="pulse repetition rate: samples a second")
    add("--channel-count", type=_count, default=default.channel_count, metavar="N", help="channels of the fibre")
    add("--lowest-channel", type=_channel, default=default.lowest_channel, metavar="N", help="number of the first one")
    add("--frame-rate", type=_rate, default=default.frame_rate, metavar="FPS", help="frames a second, about")
    for flag, value, meaning in (
        ("--idle-removal", default.idle_removal, "seconds until a job that no stream is open on is removed"),
        ("--stream-idle", default.stream_idle, "seconds until a stream over which nothing gets through is ended"),
        ("--finished-removal", default.finished_removal, "seconds that the pod of a completed job stays"),
        ("--pod-start", default.pod_start, "seconds until the port of a new job accepts connections"),
    ):
        add(flag, type=_seconds, default=value, metavar="SECONDS", help=meaning)
    add("--slowed", type=_percent, default=default.slowed, metavar="PERCENT", help="take so much longer to serve")
    add("--no-fibre", action="store_true", default=default.no_fibre, help="wait for a fibre for ever: no job can start")
    add(
        "--tls",
        choices=get_args(Tls),
        default=default.tls,
        help="encrypt, and with which certificate, made at the start",
    )
    add(
        "--require-token", type=_token, dest="token", metavar="FILE", help="refuse who does not bring the token in FILE"
    )
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        dest="faults",
        metavar="NAME[=ARGUMENT]",
        help="break a promise (repeatable)",
    )
    add(
        "--variant",
        type=_variant,
        action="append",
        default=[],
        dest="variants",
        metavar="NAME",
        help="be correct, but different (repeatable)",
    )
    add(
        "--list-faults",
        action=_List,
        nargs="?",
        choices=("text", "json"),
        help="tell what --fault and --variant know, and exit",
    )
    return parser


class _List(argparse.Action):
    """Prints all faults and variants, and ends the process."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known | {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(self, parser: argparse.ArgumentParser, _namespace: Any, form: Any, _option: Any = None) -> None:
        sys.stdout.write(listing_as_json() + "\n" if form == "json" else listing())
        parser.exit()


def _fault(text: str) -> str:
    return _deviation("fault", text)


def _variant(text: str) -> str:
    return _deviation("variant", text)


def _deviation(kind: Kind, text: str) -> str:
    try:
        find(kind, text)
    except UnknownDeviationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _token(path: str) -> str:
    """The token in a file: on the command line everybody on the machine could read it."""
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{path!r} cannot be read: {error}") from None
    if not token:
        raise argparse.ArgumentTypeError(f"there is no token in {path!r}")
    return token


def _whole(text: str, lowest: int, highest: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{value} is not within {lowest} to {highest}")
    return value


def _real(text: str, lowest: float, highest: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{text} is not within {lowest:g} to {highest:g}")
    return value


def _port(text: str) -> int:
    return _whole(text, 0, HIGHEST_PORT)


def _seed(text: str) -> int:
    return _whole(text, 0, HIGHEST_SEED)


def _prr(text: str) -> int:
    return _whole(text, 1, HIGHEST_PRR)


def _count(text: str) -> int:
    return _whole(text, 1, HIGHEST_CHANNEL)


def _channel(text: str) -> int:
    return _whole(text, 0, HIGHEST_CHANNEL)


def _rate(text: str) -> float:
    return _real(text, 0.1, 1000.0)


def _percent(text: str) -> float:
    return _real(text, 0, 1000)


def _seconds(text: str) -> float:
    return _real(text, 0, 1e9)

"""The door ``python -m support.doctor``: what stands between this machine and a verdict, and what to do about it.

Settings are those of behave: ``-D``, variables, files. Without a server the embedded one is looked at, which it starts.
"""

# Everything but the standard library is imported late: whether it is there is the first question.

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Generator, Sequence
from contextlib import closing

from support.doctor import packages
from support.doctor.advice import advice
from support.doctor.sign import OK, PROBLEM, WARNING, Sign


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where a run can begin."""
    parser = argparse.ArgumentParser(prog="python -m support.doctor", description=__doc__)
    parser.add_argument("-D", action="append", default=[], metavar="NAME=VALUE", help="a setting, as for behave")
    given = [each.partition("=") for each in parser.parse_args(arguments).D]
    userdata = {name: value if is_said else "true" for name, is_said, value in given}
    signs = [_told(sign) for sign in packages.signs()]
    if any(sign.state == PROBLEM for sign in signs):
        return _said(signs)

    from support.machine.ending import Interrupted, interruptible

    try:
        with interruptible(), closing(_of_run(userdata)) as more:
            signs += map(_told, more)
    except Interrupted as interruption:
        sys.stderr.write(f"{interruption}\n")
        return interruption.exit_code
    return _said(signs)


def _of_run(userdata: dict[str, str]) -> Generator[Sign]:
    """The machine, the settings and their server."""
    from support.doctor import machine, server
    from support.errors import SettingsError
    from support.settings_sources import load

    yield from machine.signs()
    try:
        settings = load(userdata, os.environ)
        own = [f"{key}={text}" for key, text in settings.described().items() if settings.origin(key) != "default"]
        yield Sign(OK, "settings", ", ".join(own) or "the default ones")
        yield from server.signs(settings)
    except SettingsError as error:
        yield from (Sign(PROBLEM, "settings", line) for line in str(error).splitlines())


def _told(sign: Sign) -> Sign:
    sys.stdout.write(f"{sign}\n")
    if sign.state != OK:
        for line in textwrap.wrap(advice(sign.words), 111):
            sys.stdout.write(f"{'':9}{line}\n")
    sys.stdout.flush()
    return sign


def _said(signs: Sequence[Sign]) -> int:
    problems, warnings = ([sign.about for sign in signs if sign.state == state] for state in (PROBLEM, WARNING))
    beside = f" (warnings: {', '.join(warnings)})" if warnings else ""
    if problems:
        sys.stdout.write(f"NOT READY: {', '.join(problems)}{beside}\n")
        return 1
    sys.stdout.write(f"READY{beside}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

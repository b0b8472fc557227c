"""The door ``python -m support.defects propose``: entries for what failed in the last run, to be judged."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from support.defects.proposal import proposal


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where there is a run to read."""
    parser = argparse.ArgumentParser(prog="python -m support.defects", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    propose = commands.add_parser("propose", help="write entries for what failed; key, reason and server are yours")
    propose.add_argument(
        "results", nargs="?", type=Path, default=Path("reports", "allure-results"), help="of the run (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        draft = proposal(options.results)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"the results cannot be read: {error}\n")
        return 1
    sys.stdout.write(draft or "# nothing failed in that run\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A run and its page, as ``make acceptance`` asks for them; takes behave's arguments.

Where the embedded server is tested, the criteria run a second time, in the other dialect, unless the settings say more.

One process, so that a signal that ends the one who asked ends this too. The page is rendered where the run has begun,
and nobody has asked it to end.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from behave.__main__ import main as behave

from support.reporting import html, run_mark

_REPORTS = Path("reports")
_SIGNALS = 128
"""Above it, exit codes tell of a signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs behave in this folder, and renders the page of what it left.

    Returns:
        behave's exit code, or that of a signal that came while the page was rendered.
    """
    os.environ.setdefault("FOCUS_SECOND_DIALECT", "production")
    began = time.time()
    exit_code = _run(list(sys.argv[1:] if arguments is None else arguments))
    run = run_mark.read(_REPORTS)
    if run is None or run.began < began:
        sys.stderr.write("No HTML page: this run has not begun, and what reports/ holds is of the one before.\n")
    elif exit_code <= _SIGNALS:
        rendered = html.main(
            ["--results", str(_REPORTS / "allure-results"), "--output", str(_REPORTS / "allure-report")]
        )
        return rendered if rendered > _SIGNALS else exit_code
    return exit_code


def _run(arguments: list[str]) -> int:
    try:
        return int(behave(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


if __name__ == "__main__":
    sys.exit(main())

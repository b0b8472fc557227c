# mypy: allow-untyped-calls
"""The formatters of a run: their files take every character, and of those for Allure's results there is one."""

from __future__ import annotations

import sys
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from behave.formatter._registry import select_formatter_class
from behave.formatter.base import StreamOpener

from support.machine.console import keep_legible
from support.reporting.allure_formatter import FocusAllureFormatter, writes_allure


def made(config: Any) -> list[Any]:
    """The formatters that the command and the settings of behave name.

    allure-behave's own, which knows of no other beside it, is replaced by the one here.
    """
    console = StreamOpener(stream=sys.stdout)
    openers = chain((_Opener(output.name) if output.name else output for output in config.outputs), repeat(console))
    formatters: list[Any] = []
    for name, opener in zip(config.format, openers, strict=False):
        if not writes_allure(name):
            formatters.append(select_formatter_class(name)(opener, config))
        elif not any(isinstance(one, FocusAllureFormatter) for one in formatters):
            formatters.append(FocusAllureFormatter(opener, config, is_only_one=True))
    return formatters


class _Opener(StreamOpener):  # type: ignore[misc]
    """Opens a file, in UTF-8 whatever the console is in."""

    def open(self) -> Any:
        if self.stream is None or self.stream.closed:
            file = Path(self.name)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.stream: Any = file.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
            keep_legible(self.stream)
        return self.stream

"""The scenarios of a run that failed or never ran, listed for ``behave "@reports/rerun.txt"`` to run them again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from support.gherkin import dialects_of
from support.reporting import plan
from support.reporting.epilogue import is_epilogue

_FILE = "rerun.txt"


def list_unpassed(folder: Path, features: Iterable[Any], config: Any) -> str:
    """Writes the list, in place of the one of the run before.

    Args:
        folder: where to.
        features: of the run; those that look back run every time.
        config: behave's.

    Returns:
        The command that runs them again, quoted for any shell; empty where there are none, and then there is no list.

    Raises:
        OSError: it cannot be written.
    """
    own = [feature for feature in features if not is_epilogue(feature)]
    never_ran = {id(scenario) for scenario in plan.not_run(own, config)}
    listed = [one for one in plan.scenarios_of(own) if one.status.has_failed() or id(one) in never_ran]
    file = folder / _FILE
    if not listed:
        file.unlink(missing_ok=True)
        return ""
    places = dict.fromkeys(f"{os.path.relpath(one.filename, folder)}:{one.line}\n" for one in listed)
    file.write_text("".join(places), "utf-8", errors="surrogateescape")
    second = os.environ.get("FOCUS_SECOND_DIALECT", "")
    is_of_second = any(second in dialects_of(scenario.effective_tags) for scenario in listed)
    return f'behave {f"-D second_dialect={second} " if is_of_second else ""}"@{os.path.relpath(file)}"'

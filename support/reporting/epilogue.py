"""The last features of every run, whatever tags, names or paths have chosen: they look back on all others.

Features, and no hooks: so the console, the exit code, JUnit and the report tell of them as of any others.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from behave.parser import parse_file

from support import ROOT

_FOLDER = ROOT / "features" / "whole_run"
FEATURES = (_FOLDER / "agreed_times.feature", _FOLDER / "nothing_else.feature")


def append_epilogue(features: list[Any]) -> None:
    """Sees to it that these features are the last ones, and run."""
    features[:] = [feature for feature in features if not is_epilogue(feature)]
    for path in FEATURES:
        epilogue = parse_file(os.path.relpath(path))
        for item in (epilogue, *epilogue.walk_scenarios()):
            item.should_run = item.should_run_with_tags = item.should_run_with_name_select = _always
        features.append(epilogue)


def is_epilogue(feature: Any) -> bool:
    """Whether it is one that looks back: it runs whatever was chosen, so that alone it is no choice."""
    return Path(feature.filename).resolve() in FEATURES


def _always(_selection: object = None) -> bool:
    return True

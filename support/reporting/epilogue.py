"""The last feature of every run, whatever tags, names or paths have chosen: it looks back on all others.

A feature, and no hook: so the console, the exit code, JUnit and the report tell of it as of any other scenario.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from behave.parser import parse_file

from support import ROOT

FEATURE = ROOT / "features" / "whole_run" / "nothing_else.feature"


def append_epilogue(features: list[Any]) -> None:
    """Sees to it that the feature is the last one of these, and runs."""
    features[:] = [feature for feature in features if not is_epilogue(feature)]
    epilogue = parse_file(os.path.relpath(FEATURE))
    for item in (epilogue, *epilogue.walk_scenarios()):
        item.should_run = item.should_run_with_tags = item.should_run_with_name_select = _always
    features.append(epilogue)


def is_epilogue(feature: Any) -> bool:
    """Whether it is the feature that looks back: it runs whatever was chosen, so that alone it is no choice."""
    return Path(feature.filename).resolve() == FEATURE


def _always(_selection: object = None) -> bool:
    return True

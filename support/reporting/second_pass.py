"""The second pass of a run: its acceptance criteria once more, against a server that speaks another dialect.

Features of the same run, so that the console, the exit code, JUnit and the report count them as any others.
"""

from __future__ import annotations

from typing import Any

from behave.model import Tag
from behave.runner_util import parse_features

from support.gherkin import dialect_tag

_CRITERIA = "AUTO-001"


def append_second_pass(runner: Any, dialect: str) -> None:
    """Adds the criteria that behave's runner was told to run once more, named and tagged with this dialect."""
    locations = [location for location in runner.feature_locations() if not runner.config.exclude(location)]
    for feature in parse_features(locations, language=runner.config.lang):
        if _CRITERIA in feature.tags:
            feature.name = f"{feature.name}, in the dialect of {dialect}"
            feature.tags.append(Tag(dialect_tag(dialect), feature.line))
            runner.features.append(feature)

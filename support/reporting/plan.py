"""What a run is going to run, known before its first scenario: what of it never ran can then be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from support.reporting.epilogue import is_epilogue
from support.wording import plural


def scenarios_of(features: Iterable[Any]) -> Iterator[Any]:
    """All scenarios of these features, those of rules and outlines too."""
    for feature in features:
        yield from feature.walk_scenarios()


def chosen(features: Iterable[Any], config: Any) -> list[Any]:
    """The scenarios that paths, lines, tags and names choose, but for the one that runs whatever is chosen."""
    own = (feature for feature in features if not is_epilogue(feature))
    return [scenario for scenario in scenarios_of(own) if scenario.should_run(config)]


def not_run(features: Iterable[Any], config: Any) -> list[Any]:
    """The scenarios that were to run and have no outcome."""
    return [one for one in scenarios_of(features) if one.should_run(config) and one.status.is_untested()]


def why_nothing(features: Iterable[Any], config: Any) -> str:
    """Why there is nothing to run, in words; empty where there is something."""
    features = list(features)
    if chosen(features, config):
        return ""
    there = len(list(scenarios_of(features)))
    paths = ", ".join(map(str, config.paths))
    if not there:
        return f"there are no scenarios in {paths}"
    tags = config.tag_expression.to_string() if config.tags else ""
    asked = [f"tags {tags!r}"] if tags else []
    asked += [f"name {name!r}" for name in config.name or ()]
    none = "the one scenario" if there == 1 else f"none of the {plural(there, 'scenario')}"
    return f"{none} in {paths} is {'not ' if there == 1 else ''}chosen by {' and '.join(asked) or 'this command'}"


def why_all_skipped(planned: Iterable[Any]) -> str:
    """That all of these scenarios were skipped, with the reasons."""
    planned = list(planned)
    reasons = dict.fromkeys(scenario.skip_reason or "without a reason" for scenario in planned)
    return f"all {plural(len(planned), 'scenario')} that were chosen were skipped: {'; '.join(reasons)}"

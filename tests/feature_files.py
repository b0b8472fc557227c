"""The features as behave reads them."""

from __future__ import annotations

from collections.abc import Iterator

from behave.model import Feature, Rule, Scenario
from behave.parser import parse_file

from support import ROOT


def features() -> list[Feature]:
    """Every feature of the project, in the order in which behave runs them."""
    paths = sorted((ROOT / "features").rglob("*.feature"))
    return [parse_file(str(path)) for path in paths]


def titled(statement: Feature | Rule) -> Iterator[Scenario]:
    """Scenarios and outlines, which have the titles that the files give them, also those in rules."""
    for item in statement.run_items:
        if isinstance(item, Rule):
            yield from titled(item)
        else:
            yield item

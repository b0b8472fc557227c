"""From requirements to verdicts: what each asks for, which scenarios look at that, and what they last came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from support.reporting.sheet.criteria import STORY, criteria
from support.reporting.sheet.summary import Summary, Told

_VERDICTS = ("passed", "failed", "known")
"""Outcomes that say something of the server."""


@dataclass(frozen=True)
class Traced:
    """A scenario, and what it last came to.

    Attributes:
        scenario: of this run.
        outcome: of the last run in which it said something of the server; else what it came to in this one.
        began: when that run began, in epoch seconds.
    """

    scenario: Told
    outcome: str
    began: float

    @property
    def is_verdict(self) -> bool:
        """Whether it says something of the server."""
        return self.outcome in _VERDICTS


@dataclass(frozen=True)
class Part:
    """What a requirement asks for: one of its criteria, or what one feature is about.

    Attributes:
        number: of the criterion; empty for a feature.
        words: its own.
        scenarios: that look at it.
    """

    number: str
    words: str
    scenarios: Sequence[Traced]

    @property
    def is_gap(self) -> bool:
        """Whether no scenario has a verdict on it."""
        return not any(one.is_verdict for one in self.scenarios)


@dataclass(frozen=True)
class Trace:
    """The requirements of a run, and what is known of each.

    Attributes:
        run: that it is told of.
    """

    run: Summary

    @cached_property
    def requirements(self) -> dict[str, list[Part]]:
        """What each asks for, by its key; the story with its criteria first, also where no scenario looks at them."""
        of_criteria = [
            Part(number, words, self._traced(one for one in self.run.scenarios if one.criterion == number))
            for number, words in criteria().items()
        ]
        keys = dict.fromkeys(key for one in self._about_server for key in one.requirements if key != STORY)
        return {STORY: of_criteria, **{key: self._by_feature(self._of(key)) for key in sorted(keys)}}

    @cached_property
    def gaps(self) -> list[Part]:
        """Those of which nothing is known."""
        return [part for parts in self.requirements.values() for part in parts if part.is_gap]

    @cached_property
    def without(self) -> list[Part]:
        """By feature, the scenarios that no requirement asks for."""
        return self._by_feature(one for one in self._about_server if not (one.criterion or one.requirements))

    @property
    def _about_server(self) -> list[Told]:
        return self.run.about_server

    def _of(self, key: str) -> Iterable[Told]:
        return (one for one in self._about_server if key in one.requirements)

    def _by_feature(self, scenarios: Iterable[Told]) -> list[Part]:
        features: dict[str, list[Told]] = {}
        for one in scenarios:
            features.setdefault(one.feature, []).append(one)
        return [Part("", feature, self._traced(those)) for feature, those in features.items()]

    def _traced(self, scenarios: Iterable[Told]) -> list[Traced]:
        return [self._last(one) for one in scenarios]

    def _last(self, one: Told) -> Traced:
        if one.outcome not in _VERDICTS:
            for record in reversed(self.run.past):
                if record.outcomes.get(one.key) in _VERDICTS:
                    return Traced(one, record.outcomes[one.key], record.began)
        return Traced(one, one.outcome, self.run.began)

"""What went wrong in a scenario, but for its place and numbers: by that, failures of one cause are told as one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FINDING = re.compile(r"^\s*- (?!and [\d,]+ more)(.*)$", re.MULTILINE)
_PLACE = re.compile(r"(;| \((?=frame|row|sensor|bin|at ))")
"""Where a sentence goes on with how much more there is, or with its place."""

_NUMBER = r"\d[\d.,:]*"
_OWN = re.compile(rf"'[^']*'|{_NUMBER}(?: {_NUMBER})*(?: and {_NUMBER} more)?")
"""Names, numbers and lists of them, which differ from scenario to scenario."""

_ONE_OR_MORE = re.compile(r"\b(is|are|was|were)\b|s\b")


def causes_in(why: str) -> frozenset[str]:
    """Of a reason in words, each finding without what is its own; where it lists none, all of it."""
    return frozenset(filter(None, map(_kind, _FINDING.findall(why) or [why])))


def explains(causes: Iterable[str], others: Iterable[str]) -> bool:
    """Whether there are others, and each says one of these causes, be it in more words."""
    told, known = list(others), list(causes)
    return bool(told) and all(any(cause in other for cause in known) for other in told)


def _kind(finding: str) -> str:
    sentence = _PLACE.split(finding)[0]
    return " ".join(_ONE_OR_MORE.sub("", _OWN.sub("#", sentence)).split())

"""Keys of issues: which requirement a scenario is of, which test it is elsewhere, and where a person finds them.

Tags hold them, as Xray writes them where it exports features: ``@REQ_FOCUS-12`` and ``@TEST_FOCUS-34``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_REQUIREMENT, _TEST = "REQ_", "TEST_"


def requirements_of(tags: Iterable[str]) -> list[str]:
    """The keys of the requirements that a scenario with such tags is of."""
    return _keys(tags, _REQUIREMENT)


def tests_of(tags: Iterable[str]) -> list[str]:
    """The keys of the tests, in the management of tests, that a scenario with such tags is."""
    return _keys(tags, _TEST)


def _keys(tags: Iterable[str], prefix: str) -> list[str]:
    return sorted({tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)})


@dataclass(frozen=True)
class Links:
    """Where keys lead; an address has ``{}`` where the key stands.

    Attributes:
        issues: address of an issue of the tracker; empty: nowhere.
        tests: address of a test; empty: that of an issue.
    """

    issues: str = ""
    tests: str = ""

    def issue(self, key: str) -> str:
        """The address of an issue, or empty."""
        return self.issues.replace("{}", key)

    def test(self, key: str) -> str:
        """The address of a test, or empty."""
        return (self.tests or self.issues).replace("{}", key)

"""The known defects of a server, from a file that people keep: what each one explains, and nothing beside it.

A server has defects that are open for years, and a run that is red every night hides the next one. An entry names what
shows it, so narrowly that another defect of the same scenario, or the same rule, still turns the run red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from support import ROOT, yaml_file
from support.errors import SettingsError
from support.validation.finding import Finding

DEFAULT_FILE = ROOT / "known_defects.yaml"

_PIECE = "\n  - "
"""What stands before each problem where a sentence lists several."""

_MORE = re.compile(r"and \d+ more\b")

_ROW = re.compile(r" -- @\d+\.\d+ .*$")


def title(scenario: str) -> str:
    """The title of a scenario, without what behave adds for the row of an outline."""
    return _ROW.sub("", scenario).strip()


def pieces_of(sentence: str) -> list[str]:
    """The problems that a sentence lists, or itself where it lists none."""
    return sentence.split(_PIECE)[1:] or [sentence]


def _pattern(text: str) -> str:
    if not re.sub(r"[^A-Za-z0-9]|https?", "", text):
        raise ValueError(f"{text!r} fits nearly everything: name the server, or the version")
    return text


class KnownDefect(BaseModel):
    """One entry of the file.

    Attributes:
        key: the issue in the tracker.
        promise: what it breaks: the title of a scenario, with the values of its row, or the name of a rule.
        says: words that stand in each sentence that tells of it.
        server: address of the server that has it, ``*`` for any letters; None: any server of that version.
        version: version of the server that has it, likewise.
        reason: why it is known and not mended, for people.
        since: when it was entered.
        until: the last day on which it counts as known; None: no such day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[str, Field(pattern=r"^\S{2,40}$")]
    promise: Annotated[str, Field(min_length=3)]
    says: Annotated[str, Field(min_length=8)]
    server: str | None = None
    version: str | None = None
    reason: Annotated[str, Field(min_length=8)]
    since: date
    until: date | None = None

    @field_validator("says")
    @classmethod
    def _words(cls, says: str) -> str:
        if len(says.split()) < 2:
            raise ValueError(f"{says!r} fits nearly everything: give some words of the sentence that tells of it")
        return " ".join(says.split())

    @field_validator("promise")
    @classmethod
    def _not_a_whole_feature(cls, promise: str) -> str:
        if "*" in promise or "<" in promise:
            raise ValueError("it would fit several: name one scenario, with the values of its row, or one rule")
        if promise in _features():
            raise ValueError("it is a whole feature: name one scenario of it, or one rule")
        return promise

    @field_validator("server", "version")
    @classmethod
    def _not_any(cls, text: str | None) -> str | None:
        return text if text is None else _pattern(text)

    @model_validator(mode="after")
    def _narrow(self) -> KnownDefect:
        if self.server is None and self.version is None:
            raise ValueError("server or version has to say which servers have it")
        if self.until is not None and self.until < self.since:
            raise ValueError(f"until {self.until} is before since {self.since}")
        return self

    def is_of(self, url: str, version: str) -> bool:
        """Whether the server at this address, of this version, has it."""
        return fnmatchcase(url, self.server or "*") and fnmatchcase(version, self.version or "*")

    def is_over(self, today: date) -> bool:
        """Whether the day has passed until which it counted as known."""
        return self.until is not None and self.until < today

    def __str__(self) -> str:
        return f"{self.key}, {self.reason.rstrip('.')}"


class KnownDefects:
    """The known defects of one server.

    Args:
        defects: all entries of the file that are about it.
        today: what day it is.

    Attributes:
        over: those whose day has passed: they explain nothing any more.
    """

    def __init__(self, defects: Iterable[KnownDefect] = (), today: date | None = None) -> None:
        day = today or datetime.now(tz=UTC).date()
        every = list(defects)
        self.over = [defect for defect in every if defect.is_over(day)]
        self._valid = [defect for defect in every if not defect.is_over(day)]
        self._seen: set[KnownDefect] = set()
        self._looked_at: set[str] = set()
        self._judged = False

    def __str__(self) -> str:
        """How many there are, and which count no more; empty where none is known of this server."""
        past = [f"{defect.key} counts no more, since {defect.until} has passed" for defect in self.over]
        there = [f"{len(self._valid)} registered"] if self._valid else []
        return "; ".join([*there, *past])

    def of_finding(self, finding: Finding) -> KnownDefect | None:
        """The defect that a finding tells of; None where it is news."""
        return self._told(finding.rule, str(finding))

    def is_known(self, finding: Finding) -> bool:
        """Whether a finding tells of a known defect."""
        return self.of_finding(finding) is not None

    def of_failure(self, scenario: str, sentence: str) -> list[KnownDefect]:
        """The defects that explain all of why a scenario failed; none where anything is left.

        Args:
            scenario: its name.
            sentence: why it failed, also with several problems, a line each.
        """
        defects = [None if _MORE.match(one) else self._told(title(scenario), one) for one in pieces_of(sentence)]
        return list(dict.fromkeys(defect for defect in defects if defect)) if all(defects) else []

    def has_ended(self, scenario: str, *, judged: bool) -> None:
        """A scenario has been run to its end, and streams or answers were judged in it, or not."""
        self._looked_at.add(title(scenario))
        self._judged |= judged

    @property
    def seen(self) -> list[KnownDefect]:
        """Those that showed in this run."""
        return [defect for defect in self._valid if defect in self._seen]

    @property
    def overdue(self) -> list[KnownDefect]:
        """Those that showed, though their day has passed."""
        return [defect for defect in self.over if defect in self._seen]

    @property
    def missed(self) -> list[KnownDefect]:
        """Those that did not show, though what they break was looked at."""
        titles = _titles()
        return [
            defect
            for defect in (*self._valid, *self.over)
            if defect not in self._seen
            and (defect.promise in self._looked_at or (self._judged and defect.promise not in titles))
        ]

    def _told(self, promise: str, sentence: str) -> KnownDefect | None:
        words = " ".join(sentence.split())
        told = [one for one in (*self._valid, *self.over) if one.promise == promise and one.says in words]
        self._seen.update(told)
        return next((defect for defect in told if defect in self._valid), None)


def read(path: Path) -> list[KnownDefect]:
    """All entries of a file.

    Raises:
        SettingsError: it cannot be read, or an entry is wrong; with the entry and what is wrong.
    """
    try:
        return TypeAdapter(list[KnownDefect]).validate_python(yaml_file.read_list(path))
    except yaml_file.YamlFileError as error:
        raise SettingsError(f"known defects: {path} {error}") from None
    except ValidationError as error:
        raise SettingsError("\n".join(f"known defects: {path}: {_problem(each)}" for each in error.errors())) from None


def known_defects(file: Path | None, url: str, version: str) -> KnownDefects:
    """Those of the server at this address, of this version; without a file, those of the default one, if it is there.

    Raises:
        SettingsError: the file cannot be read, or an entry is wrong.
    """
    if file is None and not DEFAULT_FILE.exists():
        return KnownDefects()
    return KnownDefects(defect for defect in read(file or DEFAULT_FILE) if defect.is_of(url, version))


def _problem(error: object) -> str:
    """What is wrong with an entry, and with which."""
    assert isinstance(error, dict)
    place = [f"entry {part + 1}" if isinstance(part, int) else str(part) for part in error["loc"]]
    return f"{', '.join(place) or 'the file'}: {error['msg'].removeprefix('Value error, ')}"


@cache
def _features() -> frozenset[str]:
    return _headings("Feature")


@cache
def _titles() -> frozenset[str]:
    return _headings("Scenario", "Scenario Outline")


def _headings(*words: str) -> frozenset[str]:
    pattern = re.compile(rf"^\s*(?:{'|'.join(words)}):\s*(\S.*?)\s*$", re.MULTILINE)
    files = (ROOT / "features").rglob("*.feature")
    return frozenset(found for file in files for found in pattern.findall(file.read_text("utf-8")))

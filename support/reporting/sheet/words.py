"""The words of the sheet, in the languages that it is told in; numbers and what a server says stay as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from support.settings import Language
from support.wording import legible

_ISOLATE, _END = "\u2066", "\u2069"
"""What stands in between is read from left to right, as numbers and what servers say are (Unicode, annex 9)."""


class Said(str):
    """What is said in the words of this suite, in which everything is meant as it is."""


class Words:
    """The words of one language; they are in the file of its name.

    Attributes:
        language: which one.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._said = _said(language)

    @property
    def direction(self) -> str:
        """In which it is read, as HTML has it."""
        return "rtl" if self.language is Language.HE else "ltr"

    def __call__(self, name: str, **fields: object) -> Said:
        """What is said, with these in its fields: legible, and from left to right."""
        told = {key: legible(str(field)) for key, field in fields.items()}
        if self.direction == "rtl":
            told = {key: f"{_ISOLATE}{field}{_END}" for key, field in told.items()}
        return Said(str(self._said[name]).format(**told))

    def translated(self, kind: str, name: str, words: str) -> str:
        """Words of others, such as those of a criterion: as they are where this language has none for them."""
        return str(self._said.get(f"{kind} {name}", words))


@cache
def _said(language: Language) -> dict[str, object]:
    said: dict[str, object] = yaml.safe_load(Path(__file__).with_name(f"{language}.yaml").read_text("utf-8"))
    return said

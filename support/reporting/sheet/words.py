"""The words of the sheet, in the languages that it is told in; numbers and what a server says stay as they are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import yaml


class Language(StrEnum):
    """A language of the sheet; its words are in the file of that name."""

    EN = "en"


class Words:
    """The words of one language.

    Attributes:
        language: which one.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._said = yaml.safe_load(Path(__file__).with_name(f"{language}.yaml").read_text("utf-8"))

    @property
    def direction(self) -> str:
        """In which it is read, as HTML has it."""
        return "ltr"

    def __call__(self, name: str, **fields: object) -> str:
        """What is said, with these in its fields."""
        return str(self._said[name]).format(**fields)

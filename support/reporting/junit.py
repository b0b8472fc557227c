"""JUnit files that count as all other outputs do, from before the first scenario on.

behave writes a file once its feature is over, counts a scenario that never ran as skipped, and leaves the files of
earlier runs where they are: a run that is cut off then looks as good as what it had done until then.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from behave.model_type import Status
from behave.reporter.junit import JUnitReporter

from support.gherkin import dialect_tag
from support.reporting.outcome import never_ran
from support.wording import legible

_BESIDE = ".new-"
_REFERENCE = re.compile("&#([0-9]{5});")


class RunJUnitReporter(JUnitReporter):  # type: ignore[misc]
    """behave's reporter, told of the whole run before it begins."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._folder: str = config.junit_directory
        self._why: Callable[[], str] = str

    def remove_stale(self) -> None:
        """Removes the files of the run before, and what it was writing when it was killed."""
        for file in self.folder.glob("TESTS-*.xml"):
            file.unlink()
        for folder in self.folder.glob(f"{_BESIDE}*"):
            shutil.rmtree(folder)

    def begin(self, features: Iterable[Any], why: Callable[[], str]) -> None:
        """Says of every chosen scenario that it was not run.

        Args:
            features: of the run.
            why: why a scenario was not run, in words, as it is known when it is asked.
        """
        self._why = why
        self.expect(features)

    def expect(self, features: Iterable[Any]) -> None:
        """Writes what is known of these features now."""
        for feature in features:
            self.feature(feature)

    def end(self, features: Iterable[Any] = (), _ending: str = "") -> None:
        """Writes all files again: somebody can have removed them meanwhile."""
        self.expect(features)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return Path(self._folder)

    def feature(self, feature: Any) -> None:
        """Writes the file of a feature beside the one that is there, and then puts it in its place.

        Raises:
            OSError: it could not be written whole; what was there stands.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=_BESIDE) as beside:
            self.config.junit_directory = beside
            try:
                super().feature(feature)
            finally:
                self.config.junit_directory = self._folder
            for file in Path(beside).iterdir():
                _make_legible(file)
                _check_whole(file)
                os.replace(file, self.folder / file.name)

    def make_feature_filename(self, feature: Any) -> str:
        """The name of its file; of features of one file, the later ones have their dialect in it."""
        name: str = super().make_feature_filename(feature)
        return ".".join([name, *(tag for tag in feature.tags if tag.startswith(dialect_tag("")))])

    def _process_scenario(self, scenario: Any, report: Any) -> None:
        super()._process_scenario(scenario, report)
        if scenario.status is Status.skipped and scenario.skip_reason and self.show_skipped:
            for skipped in report.testcases[-1].findall("skipped"):
                skipped.set("message", scenario.skip_reason)
        if not (scenario.status.is_untested() and scenario.should_run(self.config)):
            return
        case = report.testcases[-1]
        for skipped in case.findall("skipped"):
            case.remove(skipped)
            report.counts_skipped -= 1
        message = never_ran(scenario, self._why()).message or ""
        case.insert(0, ElementTree.Element("error", {"type": "NotRun", "message": message}))
        report.counts_errors += 1


def _make_legible(file: Path) -> None:
    """behave writes names and messages as they are, and halves of characters as ``&#55357;``: no XML allows either."""
    written = file.read_text("utf-8")
    text = legible(_REFERENCE.sub(lambda found: _half(found[0], int(found[1])), written))
    if text != written:
        file.write_text(text, "utf-8", newline="\n")


def _half(reference: str, number: int) -> str:
    return chr(number) if 0xD800 <= number <= 0xDFFF else reference


def _check_whole(file: Path) -> None:
    """behave leaves the file to be closed by itself, where a full disk says nothing."""
    try:
        ElementTree.parse(file)
    except ElementTree.ParseError as error:
        raise OSError(f"{file.name} could not be written whole: {error}") from None

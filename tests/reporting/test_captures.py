"""Which streams of a run are kept, where, and what becomes of those of the run before."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from support.replay.capture import read
from support.reporting.captures import Captures
from support.settings import CaptureUse
from tests.replay.streams import PLAN, kept
from tests.validation.streams import frames_of, spoiled
from tests.validation.test_rules import drop_lines

RIGHT = kept(frames_of(PLAN.messages(), PLAN))
WRONG = kept(spoiled(PLAN, drop_lines(2)))


@pytest.mark.parametrize(
    ("use", "failed", "count"),
    [
        (CaptureUse.FAILED, True, 2),
        (CaptureUse.FAILED, False, 0),
        (CaptureUse.ALL, False, 2),
        (CaptureUse.OFF, True, 0),
    ],
)
def test_streams_are_kept_as_the_setting_says(tmp_path: Path, use: CaptureUse, failed: bool, count: int) -> None:
    files = Captures(use, "a server", tmp_path).keep("No line is lost", [RIGHT, WRONG], failed=failed)
    assert len(files) == count == len(list(tmp_path.glob("*.capture")))
    assert all(read(path).header["scenario"] == "No line is lost" for path in files)


def test_of_many_streams_those_are_kept_that_something_is_wrong_with(tmp_path: Path) -> None:
    files = Captures(CaptureUse.FAILED, "a server", tmp_path).keep("Many", [RIGHT] * 6 + [WRONG], failed=True)
    assert len(files) == 4
    assert [bool(read(path).header["findings"]) for path in files] == [True, False, False, False]
    assert files[0].name == "001-many.capture"


def test_captures_of_the_run_before_go(tmp_path: Path) -> None:
    (tmp_path / "001-old.capture").write_bytes(b"old")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    Captures(CaptureUse.FAILED, "a server", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_cannot_be_written_is_told_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "captures").write_text("no folder")
    captures = Captures(CaptureUse.ALL, "a server", tmp_path / "captures")
    with caplog.at_level(logging.WARNING):
        assert captures.keep("No line is lost", [RIGHT], failed=True) == []
    assert "could not be kept" in caplog.text

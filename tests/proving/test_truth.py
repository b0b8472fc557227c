"""The page of the oracle is made by its command: every kind of error is found, and called what it is."""

from __future__ import annotations

import pytest

from proving.truth import KINDS, main


def test_every_kind_is_found_and_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "4", "--channels", "3"]) == 0
    page = capsys.readouterr().out
    for name, *_ in KINDS:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        assert "not found" not in line
    assert "shifted by 1 bin" in page
    assert "single values" in page
    assert page.splitlines()[-1] == "One value 0.001 dB too high among all 268,032 of the range: 1 found wrong."

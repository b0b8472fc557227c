"""The file for Xray: that it takes it, and that each test comes to what its scenarios came to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from support.reporting.sheet.summary import Summary, Told
from support.reporting.xray import execution, exhibits
from support.reporting.xray.execution import Target, execution_of
from support.settings import Xray
from tests.reporting.test_sheet import HOSTILE, SELF_TEST, run
from tests.reporting.xray_schema import files, valid

STATUS = {
    "passed": ("PASSED", "PASS"),
    "failed": ("FAILED", "FAIL"),
    "known": ("FAILED", "FAIL"),
    "broken": ("TODO", "ABORTED"),
    "not run": ("TODO", "ABORTED"),
    "skipped": ("TODO", "TODO"),
}


def of(*outcomes: str, **fields: object) -> Summary:
    """A run of one scenario in several passes, or rows of one test."""
    one = Told("a title", "a feature", "", file="jobs/life", why=HOSTILE, defects=["FOCUS-7"])
    return run([replace(one, outcome=outcome, **fields) for outcome in outcomes])  # type: ignore[arg-type]


@pytest.mark.parametrize(("xray", "place"), [(Xray.CLOUD, 0), (Xray.SERVER, 1)])
@pytest.mark.parametrize("outcome", STATUS)
def test_a_test_comes_to_what_its_scenario_came_to(outcome: str, xray: Xray, place: int) -> None:
    tests = valid(execution_of(of(outcome, requirements=["FOCUS-1"]), Target("FOCUS", "FOCUS-9", xray), None), xray)
    assert tests["a title"]["status"] == STATUS[outcome][place]
    assert tests["a title"]["testInfo"]["requirementKeys"] == ["FOCUS-1"]
    assert "\x1b" not in tests["a title"]["comment"]


def test_each_xray_refuses_what_is_for_the_other() -> None:
    for_server = execution_of(of("passed"), Target("FOCUS", "", Xray.SERVER), None)
    with pytest.raises(jsonschema_rs.ValidationError):
        valid(for_server, Xray.CLOUD)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (("passed", "skipped"), "PASSED"),
        (("passed", "failed", "broken"), "FAILED"),
        (("passed", "not run"), "TODO"),
        (("known", "passed"), "FAILED"),
    ],
)
def test_one_test_of_several_scenarios_comes_to_the_worst(outcomes: tuple[str, ...], status: str) -> None:
    [named] = valid(execution_of(of(*outcomes, tests=["FOCUS-2"]), Target("FOCUS"), None)).values()
    assert (named["testKey"], named["status"]) == ("FOCUS-2", status)
    assert all(outcome in named["comment"] for outcome in outcomes)


def test_a_run_that_was_cut_off_says_so() -> None:
    cut = replace(of("passed", "not run"), ending="the run was interrupted by SIGTERM")
    told = execution_of(cut, Target("FOCUS"), None)
    assert told["info"]["summary"] == "Focus Server: No verdict"
    assert "has not come to its end: the run was interrupted by SIGTERM" in told["info"]["description"]


def test_what_is_about_the_suite_or_was_not_chosen_is_no_test_of_the_server(tmp_path: Path) -> None:
    execution.write(tmp_path, run([SELF_TEST, *of("skipped", is_chosen=False).scenarios]), Target("FOCUS"), None)
    assert list(tmp_path.iterdir()) == []


def test_evidence_is_bounded_and_what_is_left_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exhibits, "_MOST", 5)
    attached = [("small", 3), ("large", 4), ("gone", 0), ("other", 2)]
    for name, size in attached:
        (tmp_path / f"{name}.txt").write_text("x" * size)
    (tmp_path / "gone.txt").unlink()
    items = [{"name": name, "source": f"{name}.txt", "type": "text/plain"} for name, _ in attached]
    result = {"start": 1000, "stop": 2000, "attachments": items[:2], "steps": [{"attachments": items[2:]}]}
    (tmp_path / "1-result.json").write_text(json.dumps(result))
    tests = valid(execution_of(of("failed", result="1"), Target("FOCUS"), tmp_path))
    assert files(tests["a title"]) == {"01-small.txt": b"xxx", "04-other.txt": b"xx"}
    assert tests["a title"]["comment"].endswith("Not attached, too large or gone: large, gone")
    assert tests["a title"]["start"] == "1970-01-01T00:00:01+00:00"

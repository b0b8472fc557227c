"""What describes the run survives the way into Allure's files."""

import json
import re
from pathlib import Path

import pytest

from support.reporting.run_description import describe_run


def read_properties(path: Path) -> dict[str, str]:
    """As java.util.Properties reads one line: key, an unescaped separator, value."""
    found = {}
    for line in path.read_text("ascii").splitlines():
        match = re.fullmatch(r"((?:\\.|[^\\=: ])*) = ((?:\\.|[^\\])*)", line)
        assert match, line
        key, value = (_unescape(part) for part in match.groups())
        found[key] = value
    return found


def _unescape(text: str) -> str:
    named = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
    units = re.sub(
        r"\\(?:u([0-9a-f]{4})|(.))",
        lambda match: chr(int(match[1], 16)) if match[1] else named.get(match[2], match[2]),
        text,
    )
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


def test_every_value_comes_back_as_it_went_in(tmp_path: Path) -> None:
    environment = {
        "server": "https://host:8443/focus-server?a=b#c",
        "PRR (Hz)": "2000",
        "# a name: = strange!": "x",
        "empty": "",
        "spaces": "  before and after ",
        "lines": "one\ntwo\r\n\tthree\f",
        "words": "Glasfaser süd, 光ファイバー, 𝄞",
        "control": "\x00\x7f",
    }
    describe_run(tmp_path, environment, ci={})
    assert read_properties(tmp_path / "environment.properties") == environment


def test_a_backslash_stays_one(tmp_path: Path) -> None:
    describe_run(tmp_path, {r"a\b": r"C:\new\users"}, ci={})
    assert (tmp_path / "environment.properties").read_text() == "a\\\\b = C\\:\\\\new\\\\users\n"


def test_every_outcome_that_is_no_pass_has_a_category(tmp_path: Path) -> None:
    describe_run(tmp_path / "made" / "when missing", {}, ci={})
    categories = json.loads((tmp_path / "made" / "when missing" / "categories.json").read_text())
    statuses = [status for category in categories for status in category["matchedStatuses"]]
    assert statuses == ["broken", "failed", "broken", "skipped", "skipped"]
    assert not (tmp_path / "made" / "when missing" / "executor.json").exists()


@pytest.mark.parametrize(
    ("variables", "executor"),
    [
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://git.example",
                "GITHUB_REPOSITORY": "team/suite",
                "GITHUB_WORKFLOW": "nightly",
                "GITHUB_RUN_NUMBER": "12",
                "GITHUB_RUN_ID": "345",
            },
            ("github", "nightly #12", "https://git.example/team/suite/actions/runs/345", 12),
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_JOB_NAME": "acceptance",
                "CI_PIPELINE_IID": "7",
                "CI_JOB_URL": "https://git.example/-/jobs/1",
            },
            ("gitlab", "acceptance #7", "https://git.example/-/jobs/1", 7),
        ),
        (
            {
                "JENKINS_URL": "https://ci.example",
                "JOB_NAME": "acceptance",
                "BUILD_NUMBER": "3",
                "BUILD_URL": "https://ci.example/job/3",
            },
            ("jenkins", "acceptance #3", "https://ci.example/job/3", 3),
        ),
        ({"JENKINS_URL": "https://ci.example"}, ("jenkins", " #", "", None)),
    ],
)
def test_a_ci_server_is_the_executor(
    tmp_path: Path, variables: dict[str, str], executor: tuple[str, str, str, int | None]
) -> None:
    describe_run(tmp_path, {}, ci=variables)
    found = json.loads((tmp_path / "executor.json").read_text())
    assert (found["type"], found["buildName"], found["buildUrl"], found.get("buildOrder")) == executor

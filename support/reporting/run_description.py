"""What describes the run as a whole: where it ran, what its outcomes mean, who started it.

Three files of Allure's own beside the results. Secrets are hidden by whoever hands in the values.
"""

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from support.reporting.outcome import KNOWN, NOT_RUN

CATEGORIES = [
    {
        "name": "Not run: the run ended before",
        "matchedStatuses": ["broken"],
        "messageRegex": f"{NOT_RUN}.*",
    },
    {"name": "Failed: the server broke a promise", "matchedStatuses": ["failed"]},
    {"name": "Broken: our code or the environment", "matchedStatuses": ["broken"]},
    {"name": "Known: a defect that is registered", "matchedStatuses": ["skipped"], "messageRegex": f"{KNOWN}.*"},
    {"name": "Skipped: did not run, with the reason", "matchedStatuses": ["skipped"]},
]

_CI_SERVERS = (
    (
        "GITHUB_ACTIONS",
        "GitHub Actions",
        "github",
        "GITHUB_WORKFLOW",
        "GITHUB_RUN_NUMBER",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    ),
    ("GITLAB_CI", "GitLab CI", "gitlab", "CI_JOB_NAME", "CI_PIPELINE_IID", "{CI_JOB_URL}"),
    ("JENKINS_URL", "Jenkins", "jenkins", "JOB_NAME", "BUILD_NUMBER", "{BUILD_URL}"),
)
"""What marks a CI server, its names, and where its variables name the job, the run's number and its page."""


def describe_run(results: Path, environment: Mapping[str, object], ci: Mapping[str, str] | None = None) -> None:
    """Writes environment.properties, categories.json and, on a CI server, executor.json.

    Args:
        results: Allure's results folder; made when missing. The formatter empties it when it opens: call this later.
        environment: name to value, in the order to show; values are written as ``str`` gives them.
        ci: environment variables to look for a CI server in; the process's own when None.
    """
    results.mkdir(parents=True, exist_ok=True)
    lines = [f"{_escape(name, is_key=True)} = {_escape(str(value))}\n" for name, value in environment.items()]
    (results / "environment.properties").write_text("".join(lines), "ascii", newline="\n")
    _write_json(results / "categories.json", CATEGORIES)
    executor = _executor(os.environ if ci is None else ci)
    if executor:
        _write_json(results / "executor.json", executor)


def _escape(text: str, *, is_key: bool = False) -> str:
    r"""As java.util.Properties reads it back: ASCII, with \uXXXX (UTF-16) for all else."""
    named = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f"}
    special = "=: #!" if is_key else "=:#!"
    escaped = []
    for position, character in enumerate(text):
        if character in named:
            escaped.append(named[character])
        elif character in special or (character == " " and position == 0):
            escaped.append("\\" + character)
        elif " " <= character <= "~":
            escaped.append(character)
        else:
            units = character.encode("utf-16-be", "surrogatepass")
            escaped += [f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)]
    return "".join(escaped)


def _executor(variables: Mapping[str, str]) -> dict[str, str | int]:
    """Allure's executor from the variables of a CI server; empty elsewhere."""
    for marker, name, kind, job, number, url in _CI_SERVERS:
        if variables.get(marker):
            given = defaultdict(str, variables)
            order = given[number]
            found = {"name": name, "type": kind, "buildName": f"{given[job]} #{order}"}
            found["buildUrl"] = url.format_map(given)
            return {**found, "buildOrder": int(order)} if order.isdecimal() else dict(found)
    return {}


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, "utf-8", errors="backslashreplace", newline="\n")

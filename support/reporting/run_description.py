"""What describes the run as a whole: where it ran, what its outcomes mean, who started it.

Three files of Allure's own beside the results. Secrets are hidden by whoever hands in the values.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

CATEGORIES = [
    {"name": "Failed: the server broke a promise", "matchedStatuses": ["failed"]},
    {"name": "Broken: our code or the environment", "matchedStatuses": ["broken"]},
    {"name": "Skipped: did not run, with the reason", "matchedStatuses": ["skipped"]},
]


def describe_run(results: Path, environment: Mapping[str, object], ci: Mapping[str, str] | None = None) -> None:
    """Write environment.properties, categories.json and, on a CI server, executor.json.

    Args:
        results: Allure's results folder; made when missing. The formatter empties it when it opens: call this later.
        environment: name to value, in the order to show; values are written as `str` gives them.
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
    """Allure's executor from the variables of GitHub Actions, GitLab CI or Jenkins; empty elsewhere."""
    if variables.get("GITHUB_ACTIONS"):
        repository = f"{variables.get('GITHUB_SERVER_URL', '')}/{variables.get('GITHUB_REPOSITORY', '')}"
        found = {
            "name": "GitHub Actions",
            "type": "github",
            "buildName": f"{variables.get('GITHUB_WORKFLOW', '')} #{variables.get('GITHUB_RUN_NUMBER', '')}",
            "buildOrder": variables.get("GITHUB_RUN_NUMBER", ""),
            "buildUrl": f"{repository}/actions/runs/{variables.get('GITHUB_RUN_ID', '')}",
        }
    elif variables.get("GITLAB_CI"):
        found = {
            "name": "GitLab CI",
            "type": "gitlab",
            "buildName": f"{variables.get('CI_JOB_NAME', '')} #{variables.get('CI_PIPELINE_IID', '')}",
            "buildOrder": variables.get("CI_PIPELINE_IID", ""),
            "buildUrl": variables.get("CI_JOB_URL", ""),
        }
    elif variables.get("JENKINS_URL"):
        found = {
            "name": "Jenkins",
            "type": "jenkins",
            "buildName": f"{variables.get('JOB_NAME', '')} #{variables.get('BUILD_NUMBER', '')}",
            "buildOrder": variables.get("BUILD_NUMBER", ""),
            "buildUrl": variables.get("BUILD_URL", ""),
        }
    else:
        return {}
    order = found.pop("buildOrder")
    return {**found, "buildOrder": int(order)} if order.isdecimal() else dict(found)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8", newline="\n")

"""What the outputs of one run count: console, JUnit, Allure's results, its page and the sheet, in the same words."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

OF_BEHAVE = {"error": "broken", "hook_error": "broken", "cleanup_error": "broken", "untested": "not run"}
"""behave's names of outcomes, where ours are others."""


def console(output: str) -> Counter[str]:
    """What behave's summary counts; nothing where it never came to one."""
    [*_, summary] = re.findall(r"^\d+ scenarios? passed.*$", output, re.MULTILINE) or [""]
    counts: Counter[str] = Counter()
    for count, name in re.findall(r"(\d+) (?:scenarios? )?(\w+)", summary):
        counts[OF_BEHAVE.get(name, name)] += int(count)
    return +counts


def junit(reports: Path) -> Counter[str]:
    """What the cases of JUnit's files are; each file's own numbers have to agree."""
    counts: Counter[str] = Counter()
    for path in (reports / "junit").glob("*.xml"):
        suite = ElementTree.parse(path).getroot()
        of_file = Counter(_outcome(case) for case in suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == of_file.total()
        assert int(suite.attrib["failures"]) == of_file["failed"]
        assert int(suite.attrib["errors"]) == of_file["broken"] + of_file["not run"]
        assert int(suite.attrib["skipped"]) == of_file["skipped"]
        counts += of_file
    return counts


def _outcome(case: ElementTree.Element) -> str:
    error = case.find("error")
    if error is not None:
        return "not run" if error.attrib["type"] == "NotRun" else "broken"
    children = {child.tag for child in case}
    return "failed" if "failure" in children else "skipped" if "skipped" in children else "passed"


def allure(reports: Path) -> Counter[str]:
    """What Allure's results are; each is of another scenario."""
    results = [json.loads(path.read_text("utf-8")) for path in (reports / "allure-results").glob("*-result.json")]
    assert len({result["historyId"] for result in results}) == len(results)
    messages = [str(result.get("statusDetails", {}).get("message", "")) for result in results]
    return Counter(
        "not run" if message.startswith("Not run: ") else result["status"]
        for result, message in zip(results, messages, strict=True)
    )


def sheet(reports: Path) -> Counter[str]:
    """What the release sheet counts; a known defect is a reason to be skipped, elsewhere."""
    text = (reports / "index.html").read_text("utf-8")
    [counted] = re.findall(r'<p id="scenarios">(.*?)</p>', text)
    counts: Counter[str] = Counter()
    for count, name in re.findall(r'<data value="(\d+)">[\d,]+</data> ([a-z ]+)', counted):
        counts["skipped" if name == "known defect" else name] += int(count)
    return counts


def verdict(reports: Path) -> str:
    """What the release sheet says of the server."""
    [said] = re.findall(r"<h1>(.*?)</h1>", (reports / "index.html").read_text("utf-8"))
    return str(said)


def page(reports: Path) -> Counter[str]:
    """What the ring of the rendered page counts; there, what was not run is among the broken."""
    statistic = _widget(reports, "statistic")
    outcomes = ("passed", "failed", "broken", "skipped", "unknown")
    counts = Counter({outcome: statistic.get(outcome, 0) for outcome in outcomes})
    assert counts.total() == statistic["total"]
    return +counts


def share(reports: Path) -> float:
    """The per cent in the ring of the rendered page."""
    return float(_widget(reports, "pie_chart")["percentage"])


def _widget(reports: Path, name: str) -> dict[str, Any]:
    text = (reports / "allure-report" / "index.html").read_text("utf-8")
    found = re.search(rf'd\("widgets/{name}\.json",\s*"([^"]+)"', text)
    assert found
    data: dict[str, Any] = json.loads(base64.b64decode(found[1]))
    return data

"""Runs against servers with known defects: what is known is told and does not fail, what is new does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support import ROOT
from support.defects.known import read
from support.errors import SettingsError
from support.server.embedded import EmbeddedServer
from tests.patience import RUN_PATIENCE, TOLERANT
from tests.reporting import outputs, xray_schema
from tests.reporting.suite import FORMATTER

pytestmark = pytest.mark.usefixtures("measured")

DEAD = """
- key: FOCUS-7
  promise: sensors alive
  says: {says}
  version: simulator-*
  reason: the fibre ends before its last channels
  since: 2026-01-01
"""


SECRET = "let-nobody-see-this"


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    server = EmbeddedServer(options, log_file=folder / "server.log")
    try:
        yield server.rest_url
    finally:
        server.stop()


def run(folder: Path, url: str, known: Path, *arguments: str) -> tuple[int, str]:
    """Runs from ``folder``, with all outputs, and compares what they count."""
    command = [sys.executable, "-m", "behave", "--no-color", "--runner", "support.reporting.runner:AcceptanceRunner"]
    command += ["-f", FORMATTER, "-o", "reports/allure-results", "-f", "plain", "--junit"]
    command += ["--junit-directory", "reports/junit", "-D", f"focus_server_url={url}", "-D", f"known_defects={known}"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | TOLERANT,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )
    output = done.stdout + done.stderr
    counted = outputs.console(output)
    assert counted == outputs.junit(folder / "reports") == outputs.allure(folder / "reports"), output
    return done.returncode, output


def skipped(folder: Path) -> dict[str, str]:
    """Why scenarios were skipped, as Allure's results tell; JUnit tells the same, but of what was not selected."""
    results = [json.loads(path.read_text("utf-8")) for path in folder.glob("reports/allure-results/*-result.json")]
    reasons = {one["name"]: one["statusDetails"]["message"] for one in results if one["status"] == "skipped"}
    files = (ElementTree.parse(path) for path in folder.glob("reports/junit/*.xml"))
    told = [element.attrib.get("message") for file in files for element in file.iter("skipped")]
    known = [reason for reason in reasons.values() if reason.startswith("Known: ")]
    assert known
    assert set(known) <= set(told)
    return reasons


def links(folder: Path) -> dict[str, list[str]]:
    """Where the links of scenarios lead, as Allure's results tell."""
    results = [json.loads(path.read_text("utf-8")) for path in folder.glob("reports/allure-results/*-result.json")]
    return {one["name"]: [link["url"] for link in one.get("links", ())] for one in results}


def features(names: Sequence[str]) -> list[str]:
    return [str(ROOT / "features" / name) for name in names]


def test_a_server_that_accepts_anything_is_green_once_that_is_registered(tmp_path: Path) -> None:
    with served(tmp_path, "--dialect=production", "--idle-removal=3", "--variant=accepts-anything") as url:
        known = ROOT / "proving" / "known_defects.yaml"
        told = ("-D", "dialect=production", "-D", "idle_removal=3")
        code, output = run(tmp_path, url, known, *told, *features(["jobs/configuration.feature"]))
    assert code == 0, output
    reasons = skipped(tmp_path)
    assert reasons["A job that cannot be is refused: a screen without lines"] == (
        "Known: FOCUS-107, a screen without lines is accepted"
    )
    assert output.count("KNOWN DEFECT FOCUS-101, channels in reverse order are accepted") == 1


def test_what_is_proposed_after_a_red_run_makes_it_green_once_it_is_filled_in(tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.touch()
    with served(tmp_path, "--fault=dead-sensor=6", "--fault=refusal-without-words") as url:
        asked = ("--name", "No sensor is dead", "--name", "an NFFT that is no power of two")
        scenarios = features(["acceptance_criteria/data.feature", "jobs/configuration.feature"])
        code, output = run(tmp_path, url, known, *asked, *scenarios)
        assert code == 1, output
        command = [sys.executable, "-m", "support.defects", "propose"]
        draft = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        known.write_text(draft, "utf-8")
        with pytest.raises(SettingsError, match="entry 1, key"):  # nobody has judged it yet
            read(known)
        filled = draft.replace("key:", "key: FOCUS-1").replace("version:", "version: simulator-*")
        known.write_text(filled.replace("reason:", "reason: it is open"), "utf-8")
        code, output = run(tmp_path, url, known, *asked, *scenarios)
        assert code == 0, output


def test_a_known_finding_excuses_its_scenario_and_no_other(tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text(DEAD.format(says="sensor 5"), "utf-8")
    data = features(["acceptance_criteria/data.feature"])
    asked = ["--name", "No sensor is dead", "-D", "xray_project=FOCUS", "-D", "issue_link=https://tracker.example/{}"]
    asked += ["-D", f"token={SECRET}"]
    title = "No sensor is dead, and no value is made up"
    with served(tmp_path, "--fault=dead-sensor=6") as url:
        code, output = run(tmp_path, url, known, *asked, *data)
        assert code == 0, output
        assert skipped(tmp_path)[title] == "Known: FOCUS-7, the fibre ends before its last channels"
        for_xray = xray_schema.read(tmp_path)[title]
        assert (for_xray["status"], for_xray["defects"]) == ("FAILED", ["FOCUS-7"])
        assert "https://tracker.example/FOCUS-7" in links(tmp_path)[title]
        known.write_text(DEAD.format(says="sensor 6"), "utf-8")
        code, output = run(tmp_path, url, known, *asked, *data)
        assert code == 1, output
        assert "NOT SEEN: known defect FOCUS-7" in output
        for_xray = xray_schema.read(tmp_path)[title]
        assert (for_xray["status"], "defects" in for_xray) == ("FAILED", False)
        assert "sensor 5" in for_xray["comment"]
        files = xray_schema.files(for_xray)
        assert b"support.replay" in next(data for name, data in files.items() if name.endswith("To-see-it-again.txt"))
        assert any(data.startswith(b"\x89PNG") for data in files.values())
        assert not any(SECRET.encode() in data for data in [*files.values(), for_xray["comment"].encode()])


def test_a_second_finding_of_the_same_scenario_is_news(tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text(DEAD.format(says="sensor 5"), "utf-8")
    with served(tmp_path, "--fault=dead-sensor=6", "--fault=negative-value") as url:
        data = features(["acceptance_criteria/data.feature"])
        code, output = run(tmp_path, url, known, "--name", "No sensor is dead", *data)
    assert code == 1, output
    assert "negative" in output
    assert "  - sensor 5" not in output


def test_what_is_known_is_not_overlooked_either(tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text(DEAD.format(says="sensor 5"), "utf-8")
    with served(tmp_path, "--fault=dead-sensor=6") as url:
        structure = features(["acceptance_criteria/data.feature"])
        code, output = run(tmp_path, url, known, "--name", "The frames of a live job can be drawn", *structure)
    assert code == 0, output
    assert "KNOWN DEFECT FOCUS-7, the fibre ends before its last channels (since 2026-01-01)" in output
    assert "1 scenario passed" in output or "2 scenarios passed" in output

"""A red run, read as a person reads it: from the sheet to the scenario that failed, its sentence and its picture."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT
from support.reporting import html
from support.server.embedded import EmbeddedServer
from tests.browser.conftest import Visit
from tests.patience import RUN_PATIENCE, TOLERANT
from tests.reporting import outputs

SENTENCE = "sensor 3 is dead (all zero)"
FEATURE = ROOT / "features" / "acceptance_criteria" / "data.feature"

needs_tools = pytest.mark.skipif(
    not html.PACKAGE.joinpath("node_modules").exists() and "CI" not in os.environ,
    reason="the report's npm packages are not installed here",
)


def red_run(folder: Path, *faults: str) -> Path:
    """Runs a feature against a server with these faults, and renders its page; the folder of its reports."""
    shutil.copy(ROOT / "behave.ini", folder)
    server = EmbeddedServer([word for fault in faults for word in ("--fault", fault)], log_file=folder / "server.log")
    try:
        command = [sys.executable, "-m", "support.reporting.acceptance", "-D", f"focus_server_url={server.rest_url}"]
        done = subprocess.run(
            [*command, str(FEATURE)],
            cwd=folder,
            env=os.environ | TOLERANT,
            capture_output=True,
            text=True,
            timeout=RUN_PATIENCE,
            check=False,
        )
    finally:
        server.stop()
    assert done.returncode == 1, done.stdout + done.stderr
    return folder / "reports"


@needs_tools
def test_from_the_sheet_to_what_is_wrong_and_where(visit: Visit, tmp_path: Path) -> None:
    reports = red_run(tmp_path, "dead-sensor=4")  # the fourth, which is sensor 3
    counts = outputs.allure(reports)
    assert counts["failed"] > 0

    visit.open(reports / "index.html")
    assert visit.page.locator("h1").inner_text() == "May not be released"
    shown = visit.page.locator("#scenarios").inner_text()
    assert {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", shown)} == counts
    visit.keep("red-sheet")

    page = visit.page
    page.locator("li:has(span.failed) a").first.click()
    page.get_by_text(SENTENCE).first.wait_for()
    page.get_by_text("Where it is wrong").first.click()
    page.wait_for_function("[...document.images].some(image => image.complete && image.naturalWidth > 600)")
    visit.keep("red-scenario")
    assert "Traceback" not in page.inner_text("body")

    visit.open(reports / "allure-report" / "index.html")
    page.get_by_text("Categories").first.wait_for()
    told = page.inner_text("body")
    for name, count in {"total": counts.total(), **counts}.items():
        assert f"\n{name.title()}\n{count}\n" in told
    visit.keep("red-report")
    assert visit.left_the_disk == []
    assert [one for one in visit.complaints if not one.startswith(("debug", "info", "log", "warning"))] == []

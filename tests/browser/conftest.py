"""A headless Chromium of this machine, which notes whatever a page asks for and complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from support import ROOT

_NAMES = ("chromium", "chromium-browser", "google-chrome", "msedge", "chrome")
_ABSENT = "there is no Chromium here: scripts/install_browser.sh installs one on Debian"

PATIENCE_MS = 60_000
"""A page of some megabytes takes seconds on a crowded machine."""


@dataclass
class Visit:
    """A page that is looked at.

    Attributes:
        page: the browser's.
        asked: the addresses that it asked for.
        complaints: what it wrote on its console, and errors of its scripts.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, file: Path) -> None:
        """Opens a file from disk."""
        self.page.goto(file.absolute().as_uri())

    def keep(self, name: str, *, whole: bool = True) -> None:
        """Keeps a picture of what is seen, in ``reports/screenshots/``."""
        folder = ROOT / "reports" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=whole)

    @property
    def left_the_disk(self) -> list[str]:
        """What it asked for that lies in no file."""
        return [address for address in self.asked if not address.startswith(("file:", "data:", "blob:"))]

    @property
    def runs_over(self) -> bool:
        """Whether it is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; where there is none, its tests are skipped, but for CI, which installs it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        assert "CI" not in os.environ, _ABSENT
        pytest.skip(_ABSENT)
    with sync_playwright() as playwright:
        # a sandbox of its own is not to be had as root, nor in most containers; what is opened are our own files
        browser = playwright.chromium.launch(executable_path=found, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A window of its own."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    visit = Visit(page)
    page.on("request", lambda request: visit.asked.append(request.url))
    page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    yield visit
    page.close()

"""The release sheet and the page of requirements in a browser: on a screen, a phone, paper, in English and Hebrew."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from support.reporting.sheet import output
from support.reporting.sheet.summary import Known, Summary
from support.reporting.sheet.words import Words
from support.settings import Language
from tests.browser.conftest import Visit
from tests.reporting.test_sheet import OTHER, of_criteria, run

PHONE: ViewportSize = {"width": 360, "height": 740}
A4_AT_96_DPI: ViewportSize = {"width": 794, "height": 1123}

LONG = "of which much has to be said before it is clear what an operator sees where it is not as it should be"

RUNS: dict[str, Summary] = {
    "green": run(of_criteria()),
    "red": run([*of_criteria(c1_3_2="failed"), OTHER], is_good=False),
    "known": run(of_criteria(c1_3_3="known"), known=Known(seen=["ABC-1, heights (since 2026-01-01)"])),
    "cut-off": run(of_criteria(c1_5_2="not run"), ending="it was killed", is_good=False),
    "long-titles": run([replace(one, title=f"{one.title}, {LONG}") for one in of_criteria()]),
    "two-passes": replace(run(of_criteria(), passes=("story", "production")), is_embedded=True),
}


@pytest.fixture(params=[(name, language) for name in RUNS for language in Language], ids="-".join)
def sheet(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Summary, Language, Path]:
    """Name, run, language and folder of a sheet."""
    name, language = request.param
    output.write(tmp_path, RUNS[name], language)
    output.write_trace(tmp_path, RUNS[name], language)
    return f"{name}-{language}", RUNS[name], language, tmp_path


def test_a_sheet_is_read_on_every_kind_of_page(visit: Visit, sheet: tuple[str, Summary, Language, Path]) -> None:
    name, of_run, language, folder = sheet
    say = Words(language)
    visit.open(folder / "index.html")
    assert visit.page.locator("h1").inner_text() == say(of_run.release)
    assert visit.page.locator("tbody tr").count() == len(of_run.criteria)
    assert visit.page.evaluate("getComputedStyle(document.body).direction") == say.direction
    visit.keep(f"sheet-{name}")
    assert not visit.runs_over

    visit.page.set_viewport_size(PHONE)
    assert not visit.runs_over
    labels = visit.page.locator("td[data-label]").first
    assert visit.page.evaluate("cell => getComputedStyle(cell, '::before').content", labels.element_handle()) != "none"
    visit.keep(f"sheet-{name}-phone")

    visit.page.emulate_media(color_scheme="dark")
    ground, ink = (
        visit.page.evaluate(f"getComputedStyle(document.body).{one}") for one in ("backgroundColor", "color")
    )
    assert _lightness(ground) < 60 < 180 < _lightness(ink)

    visit.page.emulate_media(color_scheme="light", media="print")
    visit.page.set_viewport_size(A4_AT_96_DPI)
    assert len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(prefer_css_page_size=True))) == 1
    assert visit.complaints == visit.left_the_disk == []


def _lightness(colour: str) -> float:
    """The mean of red, green and blue of ``rgb(…)``."""
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return sum(parts) / 3


def test_the_page_of_requirements_keeps_its_words_whole(
    visit: Visit, sheet: tuple[str, Summary, Language, Path]
) -> None:
    name, _, _, folder = sheet
    visit.open(folder / "traceability.html")
    heads = visit.page.locator("thead th").all()
    heights = {round(box["height"]) for head in heads if (box := head.bounding_box())}
    assert len(heads) >= 4
    assert len(heights) == 1
    assert max(heights) < 40, "a heading takes one line"
    assert not visit.runs_over
    visit.keep(f"traceability-{name}")
    assert visit.complaints == visit.left_the_disk == []

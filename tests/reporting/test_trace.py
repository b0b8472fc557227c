"""The page that leads from requirements to verdicts: where it shows a gap, and where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.reporting import keys
from support.reporting.keys import Links
from support.reporting.sheet import told
from support.reporting.sheet.criteria import STORY
from support.reporting.sheet.summary import Told
from support.reporting.sheet.trace import Trace
from support.reporting.sheet.words import Words
from support.settings import Language
from tests.reporting.test_sheet import ENGLISH, HOSTILE, OTHER, SELF_TEST, Page, of_criteria, run

OF_REQUIREMENT = Told("a job is refused", "jobs", "passed", requirements=["FOCUS-1"], tests=["FOCUS-2"])


def test_tags_say_which_requirement_a_scenario_is_of_and_which_test_it_is() -> None:
    tags = ["critical", "REQ_FOCUS-1", "TEST_FOCUS-3", "TEST_FOCUS-2", "REQ_FOCUS-1"]
    assert (keys.requirements_of(tags), keys.tests_of(tags)) == (["FOCUS-1"], ["FOCUS-2", "FOCUS-3"])


@pytest.mark.parametrize("outcome", ["skipped", "broken", "not run"])
def test_a_criterion_on_which_no_scenario_has_a_verdict_is_a_gap(outcome: str) -> None:
    assert [part.number for part in Trace(run(of_criteria(c1_4_1=outcome))).gaps] == ["1.4.1"]


@pytest.mark.parametrize("outcome", ["passed", "failed", "known"])
def test_a_criterion_on_which_there_is_a_verdict_is_none_however_bad_that_is(outcome: str) -> None:
    assert Trace(run(of_criteria(c1_4_1=outcome))).gaps == []


def test_a_criterion_that_no_scenario_looks_at_is_a_gap() -> None:
    of_run = run([one for one in of_criteria() if one.criterion != "1.5.2"])
    assert [part.number for part in Trace(of_run).gaps] == ["1.5.2"]
    assert "✗ no verdict on it" in Page(told.as_trace(of_run, ENGLISH)).text


def test_the_last_verdict_may_be_one_of_a_run_before() -> None:
    before = [replace(run(of_criteria(c1_4_1="failed")).record, began=0.0)]
    of_run = replace(run(of_criteria("skipped", c1_3_1="broken", c1_3_2="passed")), past=before)
    trace = Trace(of_run)
    verdicts = {part.number: (part.scenarios[0].outcome, part.scenarios[0].began) for part in trace.requirements[STORY]}
    assert verdicts["1.3.1"] == ("passed", 0.0)
    assert verdicts["1.3.2"] == ("passed", of_run.began)
    assert verdicts["1.4.1"] == ("failed", 0.0)
    assert trace.gaps == []
    assert "failed 1970-01-01" in Page(told.as_trace(of_run, ENGLISH)).text


def test_a_scenario_that_no_requirement_asks_for_is_shown_and_a_self_test_is_not() -> None:
    trace = Trace(run([*of_criteria(), OTHER, OF_REQUIREMENT, SELF_TEST]))
    assert [one.scenario for part in trace.without for one in part.scenarios] == [OTHER]
    assert [one.scenario for part in trace.requirements["FOCUS-1"] for one in part.scenarios] == [OF_REQUIREMENT]


@pytest.mark.parametrize("language", Language)
def test_keys_lead_where_the_settings_say(language: Language) -> None:
    links = Links("https://tracker.example/browse/{}", "https://tests.example/{}")
    of_run = replace(run([*of_criteria(), replace(OF_REQUIREMENT, outcome="failed")]), links=links)
    targets = {"https://tracker.example/browse/FOCUS-1", "https://tests.example/FOCUS-2"}
    for text in (told.as_trace(of_run, Words(language)), told.as_page(of_run, Words(language))):
        page = Page(text)
        assert targets < set(page.all("href"))
        assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert Links("https://tracker.example/{}").test("FOCUS-2") == "https://tracker.example/FOCUS-2"


def test_what_a_tag_or_a_server_says_is_shown_and_not_obeyed() -> None:
    told_of = Told(HOSTILE, HOSTILE, "failed", HOSTILE, requirements=[HOSTILE], tests=[HOSTILE])
    page = Page(told.as_trace(run([told_of, replace(told_of, requirements=[])], ending=HOSTILE), ENGLISH))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)</script> & \\x1b[31m \\u202e") == 8

"""Every promise has a scenario that answers for it, in each run against any server."""

from __future__ import annotations

import re

import pytest
from behave.tag_expression import make_tag_expression

from proving.owners import LONG, PROMISES, WHOLE, asks_about_all, owners_of, owns
from proving.suite import CRITERIA
from proving.suite import SLOW as SLOW_SCENARIOS
from proving.trial import deviations
from tests.feature_files import features, titled


def test_every_promise_of_the_simulator_has_an_owner_and_no_other_promise_has() -> None:
    known = [deviation for dialect in ("story", "production") for deviation in deviations(dialect)]
    promises = {deviation.promise for deviation in known if deviation.promise}
    assert promises | LONG == {promise for owned in PROMISES.values() for promise in owned}


def test_every_owner_is_one_scenario_that_runs_against_any_server() -> None:
    criteria = make_tag_expression(CRITERIA)
    scenarios = [scenario for feature in features() for scenario in titled(feature)]
    slow = make_tag_expression(f"{SLOW_SCENARIOS} or @slow and @critical")
    chosen = [each for each in scenarios if criteria.check(each.effective_tags) or slow.check(each.effective_tags)]
    titles = [scenario.name for scenario in chosen]
    assert {title: titles.count(title) for title in PROMISES} == dict.fromkeys(PROMISES, 1)


def test_those_that_ask_about_every_promise_are_there() -> None:
    titles = [scenario.name for feature in features() for scenario in titled(feature)]
    assert {title: titles.count(title) for title in WHOLE} == dict.fromkeys(WHOLE, 1)
    assert asks_about_all("Two jobs whose sensors overlap, each for itself -- @1.1 ")
    assert not asks_about_all("Live delivery is continuous")


@pytest.mark.parametrize(
    ("scenario", "promise", "owned"),
    [
        ("Live delivery is fast enough", "rate", True),
        ("Live delivery is fast enough", "life", False),
        ("40 channels at the end of the fibre -- @1.3 ", "bins", True),
        ("Thirty windows at the end of the fibre lose nothing", "bins", False),
    ],
)
def test_an_example_of_an_outline_owns_what_the_outline_does(scenario: str, promise: str, owned: bool) -> None:
    assert owns(scenario, promise) is owned


def test_owners_are_chosen_by_their_names() -> None:
    [few] = owners_of("unknown-job")
    assert re.search(few, "A job that does not exist is asked for, and then one that does")
    assert not re.search(few, "A job that does not exist is asked for, and then one that does not")
    kinds = owners_of("channels")
    assert any(re.search(one, "40 channels at the end of the fibre -- @1.3 ") for one in kinds)
    assert not any(re.search(one, "Live delivery is fast enough") for one in kinds)

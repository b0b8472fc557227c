"""Steps about the run as a whole."""

from behave import then, when
from hamcrest import assert_that

from support.matchers import has_overlooked_nothing, opened_as_agreed
from support.world import Context


@when("I look back on every stream and every answer of this run")
def look_back(context: Context) -> None:
    context.world.look_back()


@then("nothing was wrong that no scenario asked about")
def nothing_overlooked(context: Context) -> None:
    assert_that(context.world.overlooked, has_overlooked_nothing())


@when("I look back on how long every window of this run took to open")
def look_back_on_waits(context: Context) -> None:
    if reason := context.world.look_back_on_waits():
        context.scenario.skip(reason)


@then("configuring, connecting and both together took no longer than agreed")
def opened_in_time(context: Context) -> None:
    assert_that(context.world.waits, opened_as_agreed())

"""Steps about the truth: what is shown is what was measured."""

from behave import then
from hamcrest import assert_that

from support.matchers import is_continuous, shows_the_recording
from support.world import Context


@then("every value is what the recording says")
def picture_is_recorded(context: Context) -> None:
    assert_that(context.world.verdict, shows_the_recording())


@then("every line of the range is there, and none beyond it")
def range_is_shown(context: Context) -> None:
    assert_that(context.world.verdict, is_continuous())

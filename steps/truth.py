"""Steps about the truth: what is shown is what was measured."""

from behave import then
from hamcrest import assert_that

from support.matchers import shows_the_recording
from support.world import Context


@then("every value is what the recording says")
def picture_is_recorded(context: Context) -> None:
    assert_that(context.world.verdict, shows_the_recording())

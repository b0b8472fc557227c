"""Steps about what the frames hold."""

from behave import then
from hamcrest import assert_that

from support.matchers import (
    follows_dimensions,
    follows_frequencies,
    holds_measurements,
    holds_valid_data,
    is_well_formed,
)
from support.world import Context


@then("every frame holds valid data")
def frames_valid(context: Context) -> None:
    assert_that(context.world.verdict, holds_valid_data())


@then("every frame is built as the contract says")
def frames_well_formed(context: Context) -> None:
    assert_that(context.world.verdict, is_well_formed())


@then("every row holds the sensors asked for, with one value for each frequency")
def rows_follow_configuration(context: Context) -> None:
    assert_that(context.world.verdict, follows_dimensions())


@then("every sensor has one value for each frequency")
def values_follow_frequencies(context: Context) -> None:
    assert_that(context.world.verdict, follows_frequencies())


@then("the data are measurements: alive, finite and within their declared bounds")
def data_are_measurements(context: Context) -> None:
    assert_that(context.world.verdict, holds_measurements())

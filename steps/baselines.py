"""Steps about speed over time: measuring streams, and comparing them with what they were."""

from behave import then, when
from hamcrest import assert_that

from support.matchers import is_no_slower_by
from support.world import Context


@when("I measure {times:d} streams of {frames:d} frames")
def measure_streams(context: Context, times: int, frames: int) -> None:
    reason = context.world.baseline.measure(context.world.job, frames, times)
    if reason:
        context.scenario.skip(reason)


@then("the server is no slower than its baseline by more than {percent:Percentage}")
def no_slower(context: Context, percent: float) -> None:
    assert_that(context.world.baseline.compare(percent), is_no_slower_by(percent))

"""Steps about many windows at once."""

from behave import given, then, when
from hamcrest import assert_that

from support.matchers import every_window_is_fresh, every_window_is_right, every_window_received_every_line
from support.screen.job import Place
from support.world import Context


@given(
    "{count:d} live windows {place:Place}, "
    "each of {channels:Channels}, {frequencies:d} frequencies and {lines:d} lines a second"
)
def open_windows(context: Context, count: int, place: Place, channels: int, frequencies: int, lines: int) -> None:
    context.world.open_windows(count, place, channels=channels, frequencies=frequencies, lines=lines)


@when("I stream all windows for {duration:Duration}")
def stream_windows(context: Context, duration: float) -> None:
    context.world.stream_windows(duration)


@then("every window received every line")
def windows_complete(context: Context) -> None:
    assert_that(context.world.many.watches, every_window_received_every_line(), context.world.many.doubt)


@then("{percent:Percentage} of the data of every window are at most {limit:Duration} old on arrival")
def windows_fresh(context: Context, percent: float, limit: float) -> None:
    limit = context.world.settings.criterion("data_age_within", limit)
    assert_that(context.world.many.watches, every_window_is_fresh(percent, limit), context.world.many.doubt)


@then("nothing was wrong in any window")
def windows_right(context: Context) -> None:
    assert_that(context.world.many.watches, every_window_is_right(), context.world.many.doubt)

"""Steps about many windows at once."""

from behave import given, then, when
from hamcrest import assert_that

from support.gherkin import kind
from support.matchers import (
    every_window_began_within,
    every_window_is_fresh,
    every_window_is_right,
    every_window_received_every_line,
    says_that_all_are_in_use,
    show_what_is_their_own,
)
from support.screen.job import Place
from support.world import Context


@given(
    "{count:d} live windows {place:Place}, "
    "each of {channels:Channels}, {frequencies:d} frequencies and {lines:d} lines a second"
)
def open_windows(context: Context, count: int, place: Place, channels: int, frequencies: int, lines: int) -> None:
    windows = context.world.settings.windows
    if count > windows:
        context.scenario.skip(f"asks for {count} windows, and this server has {windows}, as the setting windows says")
        return
    context.world.together.open(count, place, channels=channels, frequencies=frequencies, lines=lines)


@given("a Focus Server that has {count:d} windows")
def has_windows(context: Context, count: int) -> None:
    context.world.change_server(windows=count)


@given(
    "all live windows that the server has {place:Place}, "
    "each of {channels:Channels}, {frequencies:d} frequencies and {lines:d} lines a second"
)
def open_all_windows(context: Context, place: Place, channels: int, frequencies: int, lines: int) -> None:
    open_windows(context, context.world.settings.windows, place, channels, frequencies, lines)


@given("live windows of these kinds")
def plan_windows(context: Context) -> None:
    context.world.together.plan(kind(row) for row in context.table or ())


@when("I stream all windows for {duration:Duration}")
def stream_windows(context: Context, duration: float) -> None:
    context.world.together.stream(duration)


@when("I stream all windows for {duration:Duration}, and ask for one more meanwhile")
def ask_for_one_more(context: Context, duration: float) -> None:
    context.world.ask_for_one_more(duration)


@when("I stream them beside each other for {duration:Duration}")
def stream_windows_in_turns(context: Context, duration: float) -> None:
    context.world.together.take_turns(duration)


@when("I stream it for {first:Duration}, and again for {second:Duration}")
def stream_again(context: Context, first: float, second: float) -> None:
    for seconds in (first, second):
        context.world.together.watch([context.world.job], seconds)


@when("{count:d} clients stream it at the same time, for {duration:Duration}")
def stream_by_clients(context: Context, count: int, duration: float) -> None:
    context.world.together.watch([context.world.job] * count, duration)


@when("I stream it and a new job at the same time, for {duration:Duration}")
def stream_beside_new_job(context: Context, duration: float) -> None:
    context.world.configure_live_job()
    context.world.together.watch(context.world.jobs, duration)


@when("I stream each of them for a moment, and then both at the same time, for {duration:Duration}")
def stream_alone_and_together(context: Context, duration: float) -> None:
    context.world.together.watch_alone_and_together(context.world.jobs, duration)


@then("that one is refused, since all windows are in use")
def one_more_is_refused(context: Context) -> None:
    cannot = context.world.streaming.client.dialect.cannot
    assert_that(context.world.ask_refusal().error, says_that_all_are_in_use(cannot))


@then("no window shows what is another's")
def windows_are_strangers(context: Context) -> None:
    assert_that(context.world.together.watches, show_what_is_their_own(context.world.server.canvases))


@then("the first frame of every window arrives within {limit:Duration}")
def windows_begin_in_time(context: Context, limit: float) -> None:
    limit = context.world.settings.criterion("first_frame_within", limit)
    assert_that(context.world.together.watches, every_window_began_within(limit), context.world.together.newest.doubt)


@then("every window received every line")
def windows_complete(context: Context) -> None:
    assert_that(context.world.together.watches, every_window_received_every_line(), context.world.together.newest.doubt)


@then("{percent:Percentage} of the data of every window are at most {limit:Duration} old on arrival")
def windows_fresh(context: Context, percent: float, limit: float) -> None:
    limit = context.world.settings.criterion("data_age_within", limit)
    assert_that(
        context.world.together.watches, every_window_is_fresh(percent, limit), context.world.together.newest.doubt
    )


@then("nothing was wrong in any window")
def windows_right(context: Context) -> None:
    assert_that(context.world.together.watches, every_window_is_right(), context.world.together.newest.doubt)

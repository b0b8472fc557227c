"""Steps about what is seen of the fibre: whether it is what sounds there, and the same in every window."""

from behave import then, when
from hamcrest import assert_that

from support.matchers import shows_its_sources, shows_the_same
from support.world import Context, skipped_where_not_recorded


@when("I watch what is known to sound on the fibre, for {duration:Duration}")
def watch_sources(context: Context, duration: float) -> None:
    if not context.world.watch_sources(duration):
        context.scenario.skip("nothing is known to sound on this fibre: the setting known_sources names what does")


@then("each of it is seen where it sounds, and nowhere else")
def sources_are_seen(context: Context) -> None:
    assert_that(context.world.seen, shows_its_sources())


@when("I watch the same channels through windows of other bands and resolutions, for {duration:Duration}")
def watch_views(context: Context, duration: float) -> None:
    context.world.watch_views(duration)


@then("all of them tell the same")
def views_agree(context: Context) -> None:
    assert_that(context.world.seen, shows_the_same())


@when("I stream live for {duration:Duration}, and play the same time again")
def play_again(context: Context, duration: float) -> None:
    with skipped_where_not_recorded(context):
        context.world.play_again(duration)


@then("both are the same, line by line")
def played_again_is_the_same(context: Context) -> None:
    assert_that(context.world.seen, shows_the_same())

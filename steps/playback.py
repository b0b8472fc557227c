"""Steps about playing back what was recorded."""

from behave import then, when
from hamcrest import assert_that

from support.gherkin import kind, numbers
from support.matchers import every_range_is_shown, has_its_numbers, is_played_back_the_same
from support.screen.past import Piece
from support.world import Context, skipped_where_not_recorded


@when("I play these ranges of the recording, beside each other")
def play_pieces(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play(Piece(row["range"]) for row in context.table or ())


@when("I play a range with a hole in it")
def play_over_hole(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_over_hole()


@when("I play one channel with 65,536 samples a line")
def play_largest(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_largest()


@then("every line of each range is shown, and none beyond it")
@then("the lines that reach into the hole are missing, and no others")
def ranges_are_shown(context: Context) -> None:
    assert_that(context.world.together.watches, every_range_is_shown())


@when("I play the same range again and again")
def play_again(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_again()


@when("I play two ranges that follow each other, and one over both")
def play_neighbours(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_neighbours()


@when("I ask for the same range in both ways that there are")
def play_as_task(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_as_task()


@when("I play windows of these kinds, beside each other")
def play_kinds(context: Context) -> None:
    with skipped_where_not_recorded(context):
        context.world.playback.play_kinds([(kind(row), numbers(row)) for row in context.table or ()])


@then("it is the same each time, to the last bit")
@then("both show the same, to the last bit")
@then("they fit without a seam")
def is_the_same(context: Context) -> None:
    assert_that(context.world.playback.findings, is_played_back_the_same())


@then("each has the numbers beside it")
def have_their_numbers(context: Context) -> None:
    assert_that(context.world.playback.findings, has_its_numbers())

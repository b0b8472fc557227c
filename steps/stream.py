"""Steps about streaming: asking for frames, when they come, and how the stream ends."""

from behave import then, when
from hamcrest import assert_that, less_than_or_equal_to

from support.matchers import (
    covers_stream_of,
    ends_as_it_should,
    has_first_frame_within,
    has_frame_rate_above,
    has_frames_in_time,
    is_as_it_was,
    is_continuous,
    is_fresh,
    is_right,
    is_steady,
)
from support.screen.pace import pace_of_server
from support.world import Context


@when("I stream {count:d} frames")
def stream_frames(context: Context, count: int) -> None:
    context.world.streaming.stream(max_frames=count)


@when("I open the job's stream")
def open_stream(context: Context) -> None:
    context.world.streaming.stream(seconds=0)


@when("I stream for {duration:Duration}")
def stream_for(context: Context, duration: float) -> None:
    context.world.streaming.stream(seconds=duration)


@when("I watch it for {duration:Duration}")
def watch_for_long(context: Context, duration: float) -> None:
    context.world.watch_for_long(duration)


@when("the job is cancelled while I stream")
def stream_until_cancelled(context: Context) -> None:
    if not context.world.streaming.stream_until_cancelled():
        context.scenario.skip("this server cannot cancel a job: it answers 404")


@then("the first frame arrives within {limit:Duration}")
def first_frame_in_time(context: Context, limit: float) -> None:
    limit = context.world.limit("first_frame_within", limit, context.world.metrics.first_frame_latency)
    with pace_of_server(context.world.stream):
        assert_that(context.world.metrics, has_first_frame_within(limit))


@then("the stream ends by itself")
@then("the stream goes on as long as its job")
def stream_ends(context: Context) -> None:
    assert_that(context.world.verdict, ends_as_it_should())


@then("the end comes within {limit:Duration} of the last frame")
def end_in_time(context: Context, limit: float) -> None:
    limit = context.world.limit("end_within", limit, context.world.metrics.closing_latency)
    with pace_of_server(context.world.stream):
        assert_that(
            context.world.metrics.closing_latency,
            less_than_or_equal_to(limit),
            "seconds to end; the limit is setting end_within",
        )


@then("the metrics cover the whole stream of {count:d} frames")
def metrics_cover_frames(context: Context, count: int) -> None:
    assert_that(context.world.metrics, covers_stream_of(count))


@then("the metrics cover the whole stream")
def metrics_cover_stream(context: Context) -> None:
    assert_that(context.world.metrics, covers_stream_of(context.world.verdict.frames))


@then("no line is missing, repeated or out of order")
def lines_continuous(context: Context) -> None:
    assert_that(context.world.verdict, is_continuous())


@then("the frames come at a steady pace")
def pace_is_steady(context: Context) -> None:
    with pace_of_server(context.world.stream):
        assert_that(context.world.verdict, is_steady())


@then("the rows are new when they arrive, and never from the future")
def rows_are_fresh(context: Context) -> None:
    with pace_of_server(context.world.stream):
        assert_that(context.world.verdict, is_fresh())


@then("more than {rate:g} frames arrive a second")
def rate_is_above(context: Context, rate: float) -> None:
    rate = context.world.limit("frame_rate_above", rate, context.world.metrics.avg_frame_rate)
    with pace_of_server(context.world.stream):
        assert_that(context.world.metrics, has_frame_rate_above(rate))


@then("{percent:Percentage} of the frames arrive within {limit:Duration} of the one before")
def frames_in_time(context: Context, percent: float, limit: float) -> None:
    percent = context.world.limit("frames_in_time", percent, context.world.metrics.share_within(limit) * 100)
    with pace_of_server(context.world.stream):
        assert_that(context.world.metrics, has_frames_in_time(percent, limit))


@then("nothing was wrong in the stream")
def nothing_wrong(context: Context) -> None:
    with pace_of_server(context.world.stream):
        assert_that(context.world.verdict, is_right())


@then("its rates, its age and the levels of its sensors are as they were in the beginning")
def stream_as_it_was(context: Context) -> None:
    with pace_of_server(context.world.stream):
        assert_that(context.world.long, is_as_it_was())


@then("nobody has needed more and more memory for it")
def memory_is_flat(context: Context) -> None:
    context.world.long.check_memory()

"""Steps about the network between the client and its job."""

from behave import given, then, when
from hamcrest import assert_that, equal_to, less_than_or_equal_to, matches_regexp

from support.network.trouble import Trouble
from support.world import Context


@given("a network that takes {delay:Duration} each way")
def slow_network(context: Context, delay: float) -> None:
    context.world.streaming.network.delay(delay)


@given("a network that carries {rate:g} kB a second")
def narrow_network(context: Context, rate: float) -> None:
    context.world.streaming.network.throttle(rate * 1000)


@given("a network that is down")
def network_down(context: Context) -> None:
    context.world.streaming.network.drop()


@given("a client that gives up after {limit:Duration} of silence")
def gives_up_in_silence(context: Context, limit: float) -> None:
    context.world.streaming.client.idle_timeout = limit


@given("a client that gives up after {limit:Duration} without an answer")
def gives_up_without_answer(context: Context, limit: float) -> None:
    context.world.streaming.client.connection_timeout = limit


@when("the network drops for {duration:Duration} while I stream")
def network_drops(context: Context, duration: float) -> None:
    context.world.streaming.stream_through(lambda network: network.drop(duration))


@when("the network {trouble:Trouble} while I stream")
def network_in_trouble(context: Context, trouble: Trouble) -> None:
    context.world.streaming.stream_through(trouble)


@when("I try to connect to the job's stream")
def try_to_connect(context: Context) -> None:
    context.world.streaming.try_to_connect()


@then("the stream goes on after {count:d} interruption")
@then("the stream goes on after {count:d} interruptions")
def stream_goes_on(context: Context, count: int) -> None:
    assert_that(context.world.streaming.failure, equal_to(""), "what ended the stream")
    assert_that(len(context.world.metrics.interruptions), equal_to(count), "interruptions")


@then("no line is counted twice")
def no_line_twice(context: Context) -> None:
    assert_that(context.world.streaming.loss.twice, equal_to(0), "lines counted twice")


@then("every lost line is reported")
def every_loss_reported(context: Context) -> None:
    assert_that(
        context.world.streaming.loss.reported, equal_to(context.world.streaming.loss.missing), "lines reported as lost"
    )


@then("at most {count:d} lines are lost")
def loss_acceptable(context: Context, count: int) -> None:
    assert_that(context.world.streaming.loss.missing, less_than_or_equal_to(count), "lines lost")


@then("the stream is reported as stalled, with the time of its last frame")
def reported_as_stalled(context: Context) -> None:
    assert_that(
        context.world.streaming.failure, matches_regexp(r"went silent: .* the last one at \d\d:\d\d:\d\d\.\d{3}")
    )


@then("the report comes within {limit:Duration} of the last frame")
def reported_in_time(context: Context, limit: float) -> None:
    assert_that(
        context.world.metrics.closing_latency, less_than_or_equal_to(limit), "seconds from last frame to report"
    )


@then("I am told within {limit:Duration} that nothing answered, and why")
def told_in_time(context: Context, limit: float) -> None:
    assert_that(context.world.streaming.failure, matches_regexp("nothing at .* answered gRPC within .* refused"))
    assert_that(context.world.streaming.window.connect_seconds, less_than_or_equal_to(limit), "seconds to say so")

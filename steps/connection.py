"""Steps about the connection to a job's stream."""

from behave import given, then, when
from hamcrest import assert_that, greater_than, is_, less_than_or_equal_to

from support.matchers import names_address, names_unknown_job
from support.world import Context


@given("I am connected to the job's stream")
@when("I connect to the job's stream")
def connect(context: Context) -> None:
    context.world.streaming.connect()


@when("I disconnect")
def disconnect(context: Context) -> None:
    context.world.streaming.client.disconnect()


@when("I ask for the stream of a job that does not exist")
def ask_for_unknown_job(context: Context) -> None:
    context.world.ask_for_unknown_job()


@then("the answer named an address that can be used")
def address_usable(context: Context) -> None:
    assert_that(context.world.job, names_address())


@then("the connection stands within {limit:Duration}")
def connection_in_time(context: Context, limit: float) -> None:
    limit = context.world.limit("connect_within", limit, context.world.streaming.window.connect_seconds)
    assert_that(
        context.world.streaming.window.connect_seconds,
        less_than_or_equal_to(limit),
        "seconds to connect; the limit is setting connect_within",
    )


@then("the client knows that it is connected")
def client_is_connected(context: Context) -> None:
    assert_that(context.world.streaming.client.is_connected(), is_(True), "connected")


@then("the client knows that it is not connected")
def client_is_not_connected(context: Context) -> None:
    assert_that(context.world.streaming.client.is_connected(), is_(False), "connected")


@then("the request is refused within {limit:Duration}, naming the job")
def refused_in_time(context: Context, limit: float) -> None:
    refusal = context.world.ask_refusal()
    limit = context.world.limit("refusal_within", limit, refusal.seconds)
    assert_that(refusal.error, names_unknown_job(refusal.job_id))
    assert_that(refusal.seconds, less_than_or_equal_to(limit), "seconds to refuse; the limit is setting refusal_within")


@then("the same connection then serves the job that exists")
def connection_still_serves(context: Context) -> None:
    context.world.streaming.stream_as_connected()
    assert_that(context.world.verdict.frames, greater_than(0), "frames received")

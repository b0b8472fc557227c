"""Steps about trust between the client and a Focus Server that a scenario starts for itself."""

from behave import given, then, when
from hamcrest import assert_that, contains_string, has_item, is_

from support.world import Context


@given("a Focus Server {secured:Secured}")
def secured_server(context: Context, secured: str) -> None:
    context.world.start_secured_server(secured)


@given("a client that {trust:Trust}")
def trust(context: Context, trust: str) -> None:
    context.world.secured.trust(trust)


@when("I stream {count:d} frames from it")
def stream_from_it(context: Context, count: int) -> None:
    context.world.reach_secured_server()
    context.world.configure_live_job()
    context.world.streaming.stream(max_frames=count)


@when("I try to reach it")
def try_to_reach(context: Context) -> None:
    context.world.secured.try_to_reach()


@then("nothing of it can be had unencrypted")
def nothing_unencrypted(context: Context) -> None:
    assert_that(context.world.secured.refuses_plain_text(context.world.job.answer), is_(True), "plain text refused")


@then("the report names the certificate to pin")
def report_names_certificate(context: Context) -> None:
    seen = context.world.settings.security.seen.values()
    fingerprint = context.world.secured.told["fingerprint"]
    assert_that([certificate.fingerprint for certificate in seen], has_item(fingerprint), "trusted on first use")


@then('I am refused, and told "{sentence}"')
def refused_and_told(context: Context, sentence: str) -> None:
    assert_that(context.world.secured.distrust, contains_string(sentence))

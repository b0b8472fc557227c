"""Steps about servers that the embedded one plays: with a fault, or only different."""

from behave import given, then, when
from hamcrest import assert_that, empty, is_, string_contains_in_order

from support.world import Context


@given("a Focus Server {fault:Fault}")
def server_with_fault(context: Context, fault: str) -> None:
    context.world.deviate(fault=fault)


@given("a correct Focus Server {variant:Variant}")
def server_with_variant(context: Context, variant: str) -> None:
    context.world.deviate(variant=variant)


@given("a Focus Server whose fibre is attached {delay:Duration} after somebody asks for it")
def fibre_comes_late(context: Context, delay: float) -> None:
    context.world.change_server(fibre_after=delay)


@when("I begin a run that waits for the fibre for up to {patience:Duration}")
def begin_run(context: Context, patience: float) -> None:
    context.world.begin_run(patience)


@then("the run has waited for the fibre, and goes on")
def run_goes_on(context: Context) -> None:
    assert_that(context.world.server.waited_for_fibre, is_(True), "waited for the fibre")
    context.world.configure_live_job()


@when("I stream {count:d} frames, whatever comes")
def stream_whatever_comes(context: Context, count: int) -> None:
    context.world.streaming.stream_whatever_comes(count)


@then("the suite reports that {sentence}")
def suite_reports(context: Context, sentence: str) -> None:
    assert_that("\n".join(context.world.streaming.findings), string_contains_in_order(*sentence.split(" … ")))


@then("the suite finds nothing wrong")
def suite_finds_nothing(context: Context) -> None:
    assert_that(context.world.streaming.findings, empty())

"""Steps about jobs: configuring and cancelling them."""

from behave import given, then, when
from hamcrest import assert_that, is_in, none, not_none

from support.errors import SettingsError
from support.matchers import (
    agrees_on_dimensions,
    agrees_on_frequencies,
    agrees_with_request,
    counts_its_channels,
    follows_the_job,
    have_different_ids,
    says_what_is_wrong,
    tells_what_was_asked_for,
    was_free_within,
)
from support.screen.job import Mistake, Part, Relation
from support.stream.unsaid import Unsaid
from support.world import Context


@given("a live job configured")
def configure_live_job(context: Context) -> None:
    context.world.configure_live_job()


@given("a live job configured for {channels:Channels} at the {part:Part} of the fibre")
def configure_part_of_fibre(context: Context, channels: int, part: Part) -> None:
    context.world.configure_live_job(channels=channels, part=part)


@given("a live job configured for {low:Percentage} to {high:Percentage} of the Nyquist frequency with NFFT {nfft:d}")
def configure_band(context: Context, low: float, high: float, nfft: int) -> None:
    context.world.configure_live_job(band=(low / 100, high / 100), nfft=nfft)


@then("the configuration was answered as asked for")
def answer_agrees(context: Context) -> None:
    assert_that(context.world.job, agrees_with_request())


@then("the answer covers exactly the channels asked for")
def answer_covers_channels(context: Context) -> None:
    assert_that(context.world.job, agrees_on_dimensions())


@then("the answer lists the bins of the band, and no others")
def frequencies_are_bins(context: Context) -> None:
    assert_that(context.world.job, agrees_on_frequencies())


@when("I configure {count:d} live jobs")
def configure_several(context: Context, count: int) -> None:
    for _ in range(count):
        context.world.configure_live_job()


@when("I ask for a job with {mistake:Mistake}")
def ask_for_invalid_job(context: Context, mistake: Mistake) -> None:
    context.world.ask_for_invalid_job(mistake)


@given("2 live jobs {relation:Relation}")
def configure_two(context: Context, relation: Relation) -> None:
    try:
        context.world.configure_two_live_jobs(relation)
    except SettingsError as reason:
        context.scenario.skip(str(reason))


@given("configurations that were refused")
def make_every_mistake(context: Context) -> None:
    context.world.make_every_mistake()


@given("another job that was cancelled while it streamed")
def cancel_another_job(context: Context) -> None:
    if not context.world.cancel_another_job():
        context.scenario.skip("this server cannot cancel a job: it answers 404")


@given("another client that left in the middle of a stream")
def leave_in_the_middle(context: Context) -> None:
    context.world.together.leave_in_the_middle(context.world.job)


@when("I configure and cancel {count:d} live jobs, one after the other")
def configure_and_cancel(context: Context, count: int) -> None:
    if not context.world.configure_and_cancel(count, patience=10):
        context.scenario.skip("this server cannot cancel a job: it answers 404")


@then("each of them had its window within {limit:Duration} of the end of the one before")
def windows_free_in_time(context: Context, limit: float) -> None:
    assert_that(context.world.succession, was_free_within(limit))


@when("I cancel the job")
def cancel_job(context: Context) -> None:
    if not context.world.streaming.cancel():
        context.scenario.skip("this server cannot cancel a job: it answers 404")


@when("I ask {count:d} times for a job with {mistake:Mistake}")
def ask_for_invalid_jobs(context: Context, count: int, mistake: Mistake) -> None:
    context.world.ask_for_invalid_job(mistake, times=count)


@then("a live job can still be configured")
def configure_after_refusals(context: Context) -> None:
    context.world.configure_after_refusals()


@then("every job has an id of its own")
def ids_differ(context: Context) -> None:
    assert_that(context.world.server.job_ids, have_different_ids())


@then("the fibre has as many channels as the server says")
def channels_are_counted(context: Context) -> None:
    assert_that(context.world.ask_fibre(), counts_its_channels())


@then("the server tells of the job what was asked for")
@then("the server tells of each job what was asked for it")
def metadata_agree(context: Context) -> None:
    assert_that(context.world.ask_for_metadata(), tells_what_was_asked_for())


@when("I cancel the job and configure another")
def configure_after_cancelled(context: Context) -> None:
    cancel_job(context)
    context.world.configure_live_job()


@then("the request is refused, and the answer says what is wrong")
def refused_in_words(context: Context) -> None:
    assert_that(context.world.ask_refusal().error, says_what_is_wrong())


@then("the server knows the job as one that waits or runs")
def job_is_alive(context: Context) -> None:
    job = context.world.job
    status = context.world.job_status(job.answer.job_id)
    assert_that(status, not_none(), "what the server tells of the job")
    if Unsaid.JOB_STATUS not in job.cannot:
        assert_that(status or "unknown", is_in(["pending", "running"]), "status of the job")


@when("I follow the job through its life")
def follow_job(context: Context) -> None:
    context.world.follow_job()


@then("the server tells at each step how the job is doing")
def job_is_followed(context: Context) -> None:
    assert_that(context.world.life, follows_the_job())


@when("I watch one of them, and jobs without a viewer are removed after {limit:Duration}")
def watch_beside_idle(context: Context, limit: float) -> None:
    context.world.watch_beside_idle(limit)


@then("the other one is removed")
def job_is_removed(context: Context) -> None:
    assert_that(context.world.life, follows_the_job())


@then("the server does not know a job that was never configured")
def unknown_job_is_unknown(context: Context) -> None:
    assert_that(context.world.job_status("0-never-configured"), none(), "status of a job that was never configured")


@then("the server says that the job is cancelled, or knows it no more")
def job_is_cancelled(context: Context) -> None:
    status = context.world.job_status(context.world.job.answer.job_id)
    assert_that(status or "unknown", is_in(["unknown", "cancelled"]), "status of the job")

"""Steps about jobs: configuring and cancelling them."""

from behave import given, then
from hamcrest import assert_that

from support.job import Part
from support.matchers import agrees_on_dimensions, agrees_on_frequencies, agrees_with_request
from support.world import Context


@given("a live job configured")
def configure_live_job(context: Context) -> None:
    context.world.configure_live_job()


@given("a live job configured for {channels:d} channel at the {part:Part} of the fibre")
@given("a live job configured for {channels:d} channels at the {part:Part} of the fibre")
def configure_part_of_fibre(context: Context, channels: int, part: Part) -> None:
    context.world.configure_live_job(channels=channels, part=part)


@given("a live job configured for {low:Percentage} to {high:Percentage} of the Nyquist frequency with NFFT {nfft:d}")
def configure_band(context: Context, low: float, high: float, nfft: int) -> None:
    context.world.configure_live_job(band=(low / 100, high / 100), nfft=nfft)


@then("the configuration was answered as asked for")
def answer_agrees(context: Context) -> None:
    assert_that(context.world.job.findings, agrees_with_request())


@then("the answer covers exactly the channels asked for")
def answer_covers_channels(context: Context) -> None:
    assert_that(context.world.job.findings, agrees_on_dimensions())


@then("the frequencies are the bins of the band asked for")
def frequencies_are_bins(context: Context) -> None:
    assert_that(context.world.job.findings, agrees_on_frequencies())

"""Steps about the past: jobs that show a range of what was recorded."""

from behave import given, when

from support.screen.job import Part
from support.world import Context, skipped_where_not_recorded

_MOMENT = 3.0
"""Seconds of the recording, where a scenario does not say."""


@given("a historic job configured")
def configure_historic_job(context: Context) -> None:
    configure_historic_range(context, _MOMENT)


@given("a historic job configured for the last {length:Duration} of the recording")
def configure_historic_range(context: Context, length: float) -> None:
    with skipped_where_not_recorded(context):
        context.world.configure_historic_job(context.world.end_of_recording(length))


@given("a historic job configured for {channels:Channels} at the {part:Part} of the fibre")
def configure_part_of_recording(context: Context, channels: int, part: Part) -> None:
    with skipped_where_not_recorded(context):
        context.world.configure_historic_job(context.world.end_of_recording(_MOMENT), channels=channels, part=part)


@given(
    "a historic job configured for {low:Percentage} to {high:Percentage} of the Nyquist frequency with NFFT {nfft:d}"
)
def configure_historic_band(context: Context, low: float, high: float, nfft: int) -> None:
    band = low / 100, high / 100
    with skipped_where_not_recorded(context):
        context.world.configure_historic_job(context.world.end_of_recording(_MOMENT, nfft), band=band, nfft=nfft)


@when("I stream it to its end")
def stream_to_end(context: Context) -> None:
    context.world.streaming.stream()

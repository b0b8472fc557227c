"""A job on the server under test: what was asked for, what was answered, and what that predicts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from support.contract import ChannelRange, JobAnswer, JobRequest, LiveMetadata
from support.errors import SettingsError
from support.screen.past import Recorded, Span
from support.settings import Settings
from support.stream.unsaid import Unsaid
from support.validation.configuration import judge_configuration, remark
from support.validation.expectation import Expectation
from support.validation.finding import Finding, Topic, never_known
from support.validation.past import Past
from support.wording import clock


class Part(StrEnum):
    """A part of the fibre, as scenarios name it: channel numbers differ from server to server."""

    BEGINNING = "beginning"
    MIDDLE = "middle"
    END = "end"


class Place(StrEnum):
    """Where on the fibre many windows look, as scenarios name it."""

    TOGETHER = "at the beginning of the fibre"
    ALONG = "along the whole fibre"


class Relation(StrEnum):
    """How the sensors of two jobs lie to each other, as scenarios name it."""

    OVERLAP = "whose sensors overlap"
    APART = "whose sensors lie apart"


class Mistake(StrEnum):
    """A configuration that a server has to refuse, as scenarios name it."""

    CHANNELS_REVERSED = "channels in reverse order"
    CHANNELS_BEYOND_FIBRE = "channels beyond the end of the fibre"
    BAND_REVERSED = "a band that ends before it begins"
    BAND_ABOVE_NYQUIST = "a band above the Nyquist frequency"
    NFFT_ODD = "an NFFT that is no power of two"
    NO_DURATION = "a time axis of no duration"
    NO_HEIGHT = "a screen without lines"
    START_WITHOUT_END = "a start time without an end time"

    def made_in(self, request: JobRequest, fibre: ChannelRange, nyquist: float) -> JobRequest:
        """The request, right but for this mistake; ``nyquist`` in Hz."""
        changes: dict[Mistake, dict[str, object]] = {
            Mistake.CHANNELS_REVERSED: {
                "channels_min": fibre.lowest_channel + 1,
                "channels_max": fibre.lowest_channel,
            },
            Mistake.CHANNELS_BEYOND_FIBRE: {"channels_max": fibre.highest_channel + 1},
            Mistake.BAND_REVERSED: {"frequency_min": request.frequency_max, "frequency_max": request.frequency_min},
            Mistake.BAND_ABOVE_NYQUIST: {"frequency_max": nyquist * 2},
            Mistake.NFFT_ODD: {"nfft": request.nfft - 1},
            Mistake.NO_DURATION: {"display_duration": 0},
            Mistake.NO_HEIGHT: {"display_height": 0},
            Mistake.START_WITHOUT_END: {"start_time": 1_700_000_000},
        }
        return request.model_copy(update=changes[self])


@dataclass(frozen=True)
class Kind:
    """A kind of window, as a table of a scenario describes it.

    Attributes:
        channels: number of neighbouring channels.
        part: where on the fibre they lie.
        nfft: samples of an analysis window.
        band: lower and upper end as shares of the Nyquist frequency, 0 to 1.
        lines: a second.
        frames: how many are asked for; None: no limit.
    """

    channels: int
    part: Part
    nfft: int
    band: tuple[float, float]
    lines: float
    frames: int | None = None

    def request(self, settings: Settings, metadata: LiveMetadata, fibre: ChannelRange) -> JobRequest:
        """A live job of this kind that this fibre can serve; it has no more lines than samples."""
        return live_job_request(
            settings, metadata, fibre, channels=self.channels, part=self.part, nfft=self.nfft, band=self.band
        ).model_copy(update={"display_height": max(1, int(settings.display_duration * min(self.lines, metadata.prr)))})


@dataclass(frozen=True)
class Job:
    """A job that the server has accepted.

    Attributes:
        request: what was asked for.
        answer: what was answered.
        prr: of the fibre, Hz.
        cannot: what the server cannot say of it.
        recorded: of a range of the past, the stretches that were recorded, epoch seconds; None: live.
        is_known: whether a finding about it tells of a defect of its server that is known.
        cancelled: when the server said that it is cancelled, seconds of ``time.monotonic()``; empty until then.
    """

    request: JobRequest
    answer: JobAnswer
    prr: float
    cannot: frozenset[Unsaid] = frozenset()
    recorded: tuple[tuple[float, float], ...] | None = None
    is_known: Callable[[Finding], bool] = field(default=never_known, repr=False, compare=False)
    cancelled: list[float] = field(default_factory=list, repr=False, compare=False)  # a copy is the same job
    _asked: set[Topic] = field(default_factory=set, init=False, repr=False, compare=False)

    def __str__(self) -> str:
        return f"job {self.answer.job_id}: {described(self.request)}"

    @cached_property
    def findings(self) -> list[Finding]:
        """What the answer breaks, but for what is known."""
        return [finding for finding in self._judged if not self.is_known(finding)]

    @cached_property
    def _judged(self) -> list[Finding]:
        return judge_configuration(self.request, self.answer, self.prr, self.cannot)

    @property
    def remark(self) -> str:
        """What is no finding about the answer, and worth a word all the same; empty where there is nothing."""
        return remark(self.request, self.answer, self.prr, self.cannot)

    def ask(self, topics: Collection[Topic] = tuple(Topic)) -> list[Finding]:
        """What the answer breaks on ``topics``, for a step that answers for them."""
        self._asked.update(topics)
        return [finding for finding in self.findings if finding.topic in topics]

    def unasked(self) -> list[Finding]:
        """What the answer breaks on topics that no step has asked about."""
        return [finding for finding in self.findings if finding.topic not in self._asked]

    def excused(self) -> list[Finding]:
        """What is known of what the answer breaks, on topics that a step has asked about."""
        return [one for one in self._judged if one.topic in self._asked and self.is_known(one)]

    @property
    def past(self) -> Past | None:
        """The range of the past that it shows; None: live."""
        begin, end = self.request.start_time, self.request.end_time
        return None if begin is None or end is None else Past(begin, end, self.recorded or ())

    def expectation(self, max_frames: int | None = None) -> Expectation:
        """What every frame of a stream of ``max_frames`` frames must look like."""
        return Expectation.of(self.request, self.answer, self.prr, max_frames, self.cannot, self.past)


def described(request: JobRequest) -> str:
    """What is asked for, in words."""
    duration = request.display_duration
    return (
        f"channels {request.channels_min} to {request.channels_max}, NFFT {request.nfft}, "
        f"{request.frequency_min:g} to {request.frequency_max:g} Hz, "
        + (f"{request.display_height / duration:g} lines a second" if duration > 0 else "no time axis")
        + (f", from {clock(request.start_time * 1000)} on" if request.start_time is not None else "")
    )


def live_job_request(
    settings: Settings,
    metadata: LiveMetadata,
    fibre: ChannelRange,
    *,
    channels: int | None = None,
    part: Part = Part.BEGINNING,
    nfft: int | None = None,
    band: tuple[float, float] | None = None,
) -> JobRequest:
    """A live job that this fibre can serve.

    Args:
        settings: sizes, where the other arguments do not say.
        metadata: the fibre; its Nyquist frequency caps the band of the settings.
        fibre: the channels that there are; a shorter fibre than asked for is used whole.
        channels: number of neighbouring channels.
        part: where on the fibre they lie.
        nfft: samples of an analysis window.
        band: lower and upper end as shares of the Nyquist frequency, 0 to 1.

    Raises:
        SettingsError: the settings' band begins above the Nyquist frequency.
    """
    available = fibre.highest_channel - fibre.lowest_channel + 1
    count = min(channels or settings.channels, available)
    offset = {Part.BEGINNING: 0, Part.MIDDLE: (available - count) // 2, Part.END: available - count}[part]
    first = fibre.lowest_channel + offset
    if band is not None:
        lowest, highest = band[0] * metadata.nyquist, band[1] * metadata.nyquist
    else:
        lowest, highest = settings.frequency_min, min(settings.frequency_max, metadata.nyquist)
    if lowest >= highest:
        raise SettingsError(
            f"frequency_min {lowest:g} Hz ({settings.origin('frequency_min')}) is not below the {highest:g} Hz "
            f"that this server can serve: its PRR is {metadata.prr:g} Hz, its Nyquist frequency {metadata.nyquist:g} Hz"
        )
    return JobRequest(
        channels_min=first,
        channels_max=first + count - 1,
        nfft=nfft or settings.nfft,
        frequency_min=lowest,
        frequency_max=highest,
        display_duration=settings.display_duration,
        display_height=settings.display_height,
    )


def historic_job_request(
    settings: Settings,
    metadata: LiveMetadata,
    recorded: Recorded,
    between: Span,
    *,
    channels: int | None = None,
    part: Part = Part.BEGINNING,
    nfft: int | None = None,
    band: tuple[float, float] | None = None,
) -> JobRequest:
    """A job that shows a range of the past, epoch seconds, of the channels that were recorded; else like a live one."""
    live = live_job_request(settings, metadata, recorded.channels, channels=channels, part=part, nfft=nfft, band=band)
    return live.model_copy(update={"start_time": between[0], "end_time": between[1]})


def two_live_job_requests(
    settings: Settings, metadata: LiveMetadata, fibre: ChannelRange, relation: Relation
) -> tuple[JobRequest, JobRequest]:
    """Two live jobs whose sensors overlap, or lie apart; the second one has a quarter more lines, so at other times.

    On a fibre that is too short for both, each has half of it. Where so many lines would be less than two milliseconds
    apart, it has a fifth fewer.

    Raises:
        SettingsError: there is one channel alone, or the settings' band begins above the Nyquist frequency.
    """
    available = fibre.highest_channel - fibre.lowest_channel + 1
    if available < 2:
        raise SettingsError("the fibre has one channel alone: two jobs have no sensors of their own")
    first = live_job_request(settings, metadata, fibre, channels=min(settings.channels, available // 2))
    count = first.channel_count
    offset = count // 2 if relation is Relation.OVERLAP else count
    more = round(first.display_height * 1.25)
    second = first.model_copy(
        update={
            "channels_min": first.channels_min + offset,
            "channels_max": first.channels_max + offset,
            "display_height": more if first.display_duration / more >= 0.002 else round(first.display_height * 0.8),
        }
    )
    return first, second


def live_job_requests(
    settings: Settings,
    metadata: LiveMetadata,
    fibre: ChannelRange,
    place: Place,
    count: int,
    *,
    channels: int,
    frequencies: int,
    lines: int,
) -> list[JobRequest]:
    """Live jobs of equal size that this fibre can serve together.

    Args:
        settings: what the other arguments do not say.
        metadata: the fibre.
        fibre: the channels that there are; on a shorter fibre than asked for, every job has all of it.
        place: where the jobs look; along the fibre they overlap where it is too short for all of them.
        count: number of jobs.
        channels: neighbouring channels of each.
        frequencies: bins of each, from 0 Hz to below Nyquist: a power of two.
        lines: a second.
    """
    whole_band, height = (0.0, 1.0), round(settings.display_duration * lines)
    first = live_job_request(
        settings, metadata, fibre, channels=channels, nfft=2 * frequencies, band=whole_band
    ).model_copy(update={"display_height": height})
    room = (fibre.highest_channel - first.channels_max) if place is Place.ALONG else 0
    offsets = [round(room * number / max(count - 1, 1)) for number in range(count)]
    return [
        first.model_copy(
            update={"channels_min": first.channels_min + offset, "channels_max": first.channels_max + offset}
        )
        for offset in offsets
    ]

"""What a job will stream: a request of ``POST /configure``, checked against the fibre and turned into numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Protocol

from support.simulator import spectrum
from support.simulator.fibre import Measured, Rate
from support.simulator.models import ChannelRange, ConfigureRequest, FrequencyRange

LOWEST_NFFT, HIGHEST_NFFT, HIGHEST_SINGLE_NFFT = 128, 2048, 65_536
SHORTEST_LINE = Fraction(1, 1000)  # timestamps are whole milliseconds
WATERFALL_LINE = Fraction(1, 100)

MULTI_CHANNEL, SINGLE_CHANNEL, WATERFALL = "0", "1", "2"


class RequestError(ValueError):
    """A request that cannot be served; ``str()`` names the field at fault and says what is allowed."""


class NoRecordingError(RequestError):
    """A range of the past in which nothing was recorded."""


Between = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers that a job follows.

    Attributes:
        first: its first channel.
        last: its last one, included.
        prr: samples a second.
        nfft: samples of a transform.
        bins: which of the transform's bins are shown.
        lines_dt: seconds from line to line, exactly.
        rows_per_frame: lines in a frame.
        view_type: of the contract.
        streams: over how many streams the channels are spread.
        between: the range of the past that is shown, epoch seconds; None: live.
    """

    first: int
    last: int
    prr: Rate
    nfft: int
    bins: range
    lines_dt: Fraction
    rows_per_frame: int
    view_type: str
    streams: int = 1
    between: Between | None = None

    @property
    def channels(self) -> range:
        """The channels, ascending."""
        return range(self.first, self.last + 1)

    @property
    def frequencies(self) -> list[float]:
        """The frequency of each bin, in Hz."""
        return spectrum.frequencies(self.bins, self.nfft, self.prr)

    @property
    def row_span(self) -> Fraction:
        """The length of the analysis window, in seconds."""
        return self.nfft / Fraction(self.prr)

    @property
    def channel_to_stream_index(self) -> dict[str, int]:
        """Which stream brings a channel."""
        return {str(channel): number for number in range(self.streams) for channel in self.part(number).channels}

    def part(self, stream: int) -> "Plan":
        """What one of the streams follows: neighbours, ascending, the first streams with one more if need be."""
        size, more = divmod(len(self.channels), self.streams)
        first = self.first + stream * size + min(stream, more)
        return replace(self, first=first, last=first + size - 1 + (stream < more))


Bins = Callable[[FrequencyRange, int], range]


class Asked(Protocol):
    """A request that may be about the past: epoch seconds, or null."""

    @property
    def start_time(self) -> float | None: ...
    @property
    def end_time(self) -> float | None: ...


def make_plan(request: ConfigureRequest, measured: Measured, frame_rate: float, bins: Bins | None = None) -> Plan:
    """Turns a request into a plan.

    Args:
        request: as it came.
        measured: what it is about: the fibre, or for a range of the past what was recorded of it.
        frame_rate: about how many frames a second there shall be.
        bins: those of a band, with an NFFT; None: all that lie in it, and none beyond half the PRR.

    Raises:
        RequestError: the fibre, or the contract, does not allow it.
    """
    single, waterfall = request.view_type == SINGLE_CHANNEL, request.view_type == WATERFALL
    channels = _channels(request.channels, measured, single)
    if waterfall:
        _require_waterfall(request)
        nfft, lines_dt, chosen = 1, WATERFALL_LINE, range(1)
    else:
        nfft = _nfft(request.nfftSelection, single)
        lines_dt = _lines_dt(request, measured.prr)
        chosen = (bins or partial(_bins, prr=measured.prr))(_band(request.frequencyRange), nfft)
    return Plan(
        first=channels.min,
        last=channels.max,
        prr=measured.prr,
        nfft=nfft,
        bins=chosen,
        lines_dt=lines_dt,
        rows_per_frame=max(1, round(1 / (lines_dt * Fraction(frame_rate)))),
        view_type=request.view_type,
        between=asked_range(request),
    )


def asked_range(request: Asked) -> Between | None:
    """The range of the past that is asked for, epoch seconds exactly as they were written; None: live.

    Raises:
        RequestError: one end of it is missing, or it is none.
    """
    start, end = request.start_time, request.end_time
    if start is None and end is None:
        return None
    if start is None or end is None:
        missing, given = ("start_time", "end_time") if start is None else ("end_time", "start_time")
        raise RequestError(
            f"{missing}: missing while {given} is set; both null is live, both in epoch seconds is historic"
        )
    if end <= start:
        raise RequestError(f"end_time: {end} is not after start_time {start}")
    return Fraction(repr(start)), Fraction(repr(end))


def _require_waterfall(request: ConfigureRequest) -> None:
    if request.nfftSelection != 1:
        raise RequestError(f"nfftSelection: {request.nfftSelection} is not 1, as the waterfall view takes")
    for name in ("frequencyRange", "displayTimeAxisDuration"):
        if getattr(request, name) is not None:
            raise RequestError(f"{name}: the waterfall view has none")


def _channels(asked: ChannelRange, fibre: Measured, single: bool) -> ChannelRange:
    for field, value in (("min", asked.min), ("max", asked.max)):
        if not fibre.lowest <= value <= fibre.highest:
            raise RequestError(
                f"channels.{field}: {value} is not on the fibre, whose channels are {fibre.lowest} to {fibre.highest}"
            )
    if asked.min > asked.max:
        raise RequestError(f"channels.min: {asked.min} is above channels.max {asked.max}")
    if single and asked.min != asked.max:
        raise RequestError(
            f"channels: {asked.min} to {asked.max} are several; the single-channel view "
            '(view_type "1") takes one, channels.min equal to channels.max'
        )
    return asked


def _nfft(nfft: int, single: bool) -> int:
    highest = HIGHEST_SINGLE_NFFT if single else HIGHEST_NFFT
    if not LOWEST_NFFT <= nfft <= highest or nfft & (nfft - 1):
        view = "single-channel" if single else "multi-channel"
        raise RequestError(
            f"nfftSelection: {nfft} is not a power of two from {LOWEST_NFFT} to {highest}, as the {view} view takes"
        )
    return nfft


def _lines_dt(request: ConfigureRequest, prr: Rate) -> Fraction:
    duration, height = request.displayTimeAxisDuration, request.displayInfo.height
    if duration is None:
        raise RequestError("displayTimeAxisDuration: missing; it is a number of seconds above 0")
    exact = Fraction(repr(duration))  # repr: 0.1 means a tenth, not the float next to it
    shortest = max(SHORTEST_LINE, 1 / Fraction(prr))
    if exact < shortest:
        raise RequestError(f"displayTimeAxisDuration: {duration:g} s are less than one line, {float(shortest):g} s")
    if exact / height < shortest:
        raise RequestError(
            f"displayInfo.height: too many lines for displayTimeAxisDuration {duration:g} s; at most "
            f"{exact // shortest}, as lines are at least {float(shortest):g} s apart"
        )
    return exact / height


def _band(asked: FrequencyRange | None) -> FrequencyRange:
    if asked is None:
        raise RequestError("frequencyRange: missing; it is an object with min and max in Hz")
    return asked


def check_band(asked: FrequencyRange, prr: Rate) -> None:
    """Refuses a band that is none, or reaches beyond half of ``prr`` as it is told, in floating point.

    Raises:
        RequestError: it is and does.
    """
    nyquist = float(prr) / 2
    if asked.max > nyquist:
        raise RequestError(f"frequencyRange.max: {asked.max:g} Hz is above the Nyquist frequency, {nyquist:g} Hz")
    if asked.min >= asked.max:
        raise RequestError(f"frequencyRange.min: {asked.min:g} Hz is not below frequencyRange.max {asked.max:g} Hz")


def no_bin(asked: FrequencyRange, nfft: int, step: float) -> RequestError:
    """The refusal of a band that is narrower than the frequencies, ``step`` Hz apart."""
    return RequestError(
        f"frequencyRange: no bin lies from {asked.min:g} to below {asked.max:g} Hz; "
        f"with nfftSelection {nfft} they are {step:g} Hz apart"
    )


def _bins(asked: FrequencyRange, nfft: int, prr: Rate) -> range:
    check_band(asked, prr)
    chosen = spectrum.bins(nfft, prr, asked.min, asked.max)
    if not chosen:
        raise no_bin(asked, nfft, float(prr / nfft))
    return chosen

"""What windows show of the same fibre, compared with one another, with what is known of it, and with the recording."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from support.contract import ChannelRange, JobRequest, LiveMetadata
from support.errors import APIError, SettingsError
from support.screen.job import live_job_request
from support.screen.many import Look, Watch
from support.screen.past import NothingRecordedError, lately, stretches
from support.screen.together import Server, Together
from support.screen.window import KEPT_BYTES
from support.settings import Settings
from support.validation.energy import judge_energy
from support.validation.expectation import band
from support.validation.finding import Finding
from support.validation.picture import Picture
from support.validation.same import judge_same
from support.validation.sources import Mover, Source, Tone, judge_mover, judge_tones

_LONGER = (1, 2, 4, 8)
"""Where this machine was too busy to see enough, it looks again, for so many times as long."""

_ENOUGH = 0.8
"""Share of the time that all pictures have to show."""

_TONE_NFFT, _TONE_BAND, _ROOM = 512, (0.0, 1.0), 4
_TONES_WITHIN = 64
"""Channels of one window on tones; and so many on either side, which have to be silent."""

_MOVER_NFFT, _MOVER_BAND = 128, (1 / 64, 1 / 8)
"""Much of the fibre at once; what moves is heavy, and rumbles."""

_WAY = 50.0
"""Metres that what moves has to be seen on: many times its length."""

_RECORDED_WITHIN, _ASK_AGAIN = 15.0, 0.5
"""Seconds after which what was streamed can be played again, or never; and from one question for it to the next."""

_LINES = 25
"""A second, of windows on sources."""

_LEAST_LINES, _LEAST_BINS = 50, 64
"""Lines a second and bins that windows have at least to be compared."""

_MORE = 0.5
"""Seconds of frames that are kept beyond those that are compared: not all windows begin and end in the same moment."""


class Sights:
    """What is seen through several windows of a scenario.

    Args:
        settings: what jobs are like where nothing else is said.
        together: opens the windows.
        server: whose jobs they show.
    """

    def __init__(self, settings: Settings, together: Together, server: Server) -> None:
        self._settings = settings
        self._together = together
        self._api = server.api
        self._metadata, self._channels = server.fibre

    def of_sources(self, sources: Sequence[Source], seconds: float) -> list[Finding]:
        """What these sources sound or move like otherwise than is known."""
        groups = _groups([source for source in sources if isinstance(source, Tone)])
        movers = [source for source in sources if isinstance(source, Mover)]
        requests = [self._on_tones(group) for group in groups] + [self._on_mover(mover) for mover in movers]
        needed = max([seconds, *(_WAY / mover.speed for mover in movers)])
        pictures = self._seen(requests, needed)
        found = [judge_tones(picture, group) for picture, group in zip(pictures, groups, strict=False)]
        found += [
            judge_mover(picture.between(_end(picture) - needed * 1000, math.inf), mover, self._metadata.dx or 1.0)
            for picture, mover in zip(pictures[len(groups) :], movers, strict=True)
        ]
        return [finding for each in found for finding in each]

    def of_views(self, seconds: float) -> list[Finding]:
        """What windows of other channels, another band or another resolution show otherwise than a usual one."""
        first, beside, coarser = self._seen(self._views(seconds), seconds)
        return [*judge_same(first, beside), *judge_energy(first, coarser)]

    def played_again(self, seconds: float) -> list[Finding]:
        """What a historic job shows otherwise than a live one did, of the whole seconds that the live one has shown.

        Raises:
            NothingRecordedError: the server has not recorded it; the sentence says why.
        """
        usual = self._views(seconds)[0]
        live, (begin, end) = self._whole_seconds(usual, seconds)
        self._await_recorded(begin, end)
        past = usual.model_copy(update={"start_time": float(begin), "end_time": float(end)})
        (again,) = self._together.look([Look(past, kept_bytes=KEPT_BYTES)], self._settings.stream_timeout)
        return judge_same(_picture(again, "the recording"), live.between(begin * 1000, end * 1000), all_lines=True)

    def _whole_seconds(self, request: JobRequest, seconds: float) -> tuple[Picture, tuple[int, int]]:
        """A live picture, and from where to where it is whole: some servers read no parts of seconds."""
        for _ in _LONGER:
            (picture,) = self._seen([request], seconds)
            whole = math.ceil(_begin(picture) / 1000), math.floor(_end(picture) / 1000 + picture.span)
            if whole[0] < whole[1]:
                return picture, whole
        raise AssertionError(f"in {seconds:g} s there was no whole second with lines")

    def _await_recorded(self, begin: int, end: int) -> None:
        deadline = time.monotonic() + _RECORDED_WITHIN
        while True:
            try:
                told = stretches(self._api, begin, end)
            except APIError as error:
                raise NothingRecordedError(f"this server does not say what it has recorded: {error}") from error
            if any(first <= begin and end <= last for first, last in told):
                return
            if lack := lately(self._api, self._channels).lack:
                raise NothingRecordedError(lack)
            if time.monotonic() > deadline:
                raise NothingRecordedError(f"this server did not record within {_RECORDED_WITHIN:g} s what it streamed")
            time.sleep(_ASK_AGAIN)

    def _views(self, seconds: float) -> list[JobRequest]:
        """The usual window, one beside it and a coarser one, of so few channels that these seconds are kept of each.

        A few bins, or a few lines, tell too little: then there are more.
        """
        usual = live_job_request(self._settings, self._metadata, self._channels)
        lines = min(_LEAST_LINES, self._metadata.prr)
        height = max(usual.display_height, math.ceil(usual.display_duration * lines))
        usual = usual.model_copy(update={"display_height": height})
        if self._bins(usual) < _LEAST_BINS:
            usual = usual.model_copy(update={"frequency_min": 0.0, "frequency_max": math.floor(self._metadata.nyquist)})
        while True:
            views = [usual, self._beside(usual), self._coarser(usual)]
            count = usual.channel_count
            if count == 1 or all(self._bytes(view) * (seconds + _MORE) <= KEPT_BYTES for view in views):
                return views
            usual = usual.model_copy(update={"channels_max": usual.channels_min + count // 2 - 1})

    def _bytes(self, request: JobRequest) -> float:
        """What a window shows in a second, about: four bytes a value."""
        values = request.channel_count * self._bins(request)
        return values * 4 * request.display_height / request.display_duration

    def _bins(self, request: JobRequest) -> int:
        return len(band(self._metadata.prr, request.nfft, request.frequency_min, request.frequency_max))

    def _beside(self, usual: JobRequest) -> JobRequest:
        """The same lines of half of its channels and as many others, from a quarter of its band to the highest."""
        count = usual.channel_count
        return usual.model_copy(
            update={
                "channels_min": usual.channels_min + count // 2,
                "channels_max": min(usual.channels_max + count, self._channels.highest_channel),
                "frequency_min": round(usual.frequency_min + (usual.frequency_max - usual.frequency_min) / 4),
                "frequency_max": math.floor(self._metadata.nyquist),
            }
        )

    def _coarser(self, usual: JobRequest) -> JobRequest:
        """The same lines of its channels and a few more, with another NFFT."""
        return usual.model_copy(
            update={
                "channels_max": min(usual.channels_max + _ROOM, self._channels.highest_channel),
                "nfft": usual.nfft // 4 if usual.nfft >= 512 else usual.nfft * 4,
                "frequency_min": 0.0,
                "frequency_max": math.floor(self._metadata.nyquist),
            }
        )

    def _on_tones(self, tones: Sequence[Tone]) -> JobRequest:
        low, high = tones[0].channels.start - _ROOM, max(tone.channels.stop for tone in tones) - 1 + _ROOM
        return self._request(range(low, high + 1), _TONE_NFFT, _TONE_BAND)

    def _on_mover(self, mover: Mover) -> JobRequest:
        return self._request(mover.channels, _MOVER_NFFT, _MOVER_BAND)

    def _request(self, channels: range, nfft: int, band: tuple[float, float]) -> JobRequest:
        duration = self._settings.display_duration
        lines = min(_LINES, self._metadata.prr)
        return live_job_request(self._settings, self._metadata, self._channels, nfft=nfft, band=band).model_copy(
            update={
                "frequency_min": math.floor(band[0] * self._metadata.nyquist),
                "frequency_max": math.floor(band[1] * self._metadata.nyquist),
                "channels_min": max(channels[0], self._channels.lowest_channel),
                "channels_max": min(channels[-1], self._channels.highest_channel),
                "display_height": max(1, int(duration * lines)),
            }
        )

    def _seen(self, requests: Sequence[JobRequest], seconds: float) -> list[Picture]:
        """What windows on these jobs show of so many seconds and the longest analysis window, open at the same time."""
        looks = [Look(request, kept_bytes=KEPT_BYTES) for request in requests]
        longest = max(request.nfft for request in requests) / self._metadata.prr
        for times in _LONGER:
            watches = self._together.look(looks, seconds * times + longest)
            pictures = [_picture(watch) for watch in watches]
            begin, end = max(map(_begin, pictures)), min(map(_end, pictures))
            lines = [picture.starts[picture.starts >= end - seconds * 1000].size for picture in pictures]
            due = [seconds * request.display_height / request.display_duration for request in requests]
            is_whole = all(there >= _ENOUGH * wanted for there, wanted in zip(lines, due, strict=True))
            if is_whole and end - begin >= _ENOUGH * seconds * 1000:
                return pictures
        raise AssertionError(f"there are no {_ENOUGH * seconds:g} s that all windows have shown whole")


def check_sources(sources: Sequence[Source], metadata: LiveMetadata, fibre: ChannelRange) -> None:
    """Refuses sources that are not on the fibre.

    Raises:
        SettingsError: there is one; the sentence names it.
    """
    for source in sources:
        if not fibre.lowest_channel <= source.channels[0] <= source.channels[-1] <= fibre.highest_channel:
            channels = f"channels {fibre.lowest_channel} to {fibre.highest_channel}"
            raise SettingsError(f"known_sources: {source}: the fibre of this server has {channels}")
        if isinstance(source, Tone) and source.frequency >= metadata.nyquist:
            raise SettingsError(f"known_sources: {source}: the Nyquist frequency is {metadata.nyquist:g} Hz")
        if isinstance(source, Mover) and not metadata.dx:
            raise SettingsError(f"known_sources: {source}: this server does not say how long its channels are")


def _groups(tones: Sequence[Tone]) -> list[list[Tone]]:
    """The tones, so that those of each group fit into one window."""
    groups: list[list[Tone]] = []
    for tone in sorted(tones, key=lambda tone: tone.channels[0]):
        if groups and tone.channels[-1] < groups[-1][0].channels[0] + _TONES_WITHIN:
            groups[-1].append(tone)
        else:
            groups.append([tone])
    return groups


def _picture(watch: Watch, name: str = "") -> Picture:
    """What a window has shown; one that failed has broken its promise."""
    if watch.failure or watch.job is None:
        raise AssertionError(f"{watch}: {watch.failure}")
    return Picture.of(name or f"window {watch.number}", watch.frames, watch.job.expectation())


def _begin(picture: Picture) -> float:
    return float(picture.starts[0]) if picture.starts.size else math.inf


def _end(picture: Picture) -> float:
    return float(picture.starts[-1]) if picture.starts.size else -math.inf

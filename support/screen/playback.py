"""What a scenario plays back of a recording: ranges beside each other, again, next to one another, and of any kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from support.contract import ConfigTaskRequest, JobRequest, View
from support.screen.job import Kind, historic_job_request
from support.screen.past import Piece, Span
from support.screen.together import Together
from support.server.under_test import ServerUnderTest
from support.settings import Settings
from support.validation.finding import Finding
from support.validation.numbers import Numbers, judge_numbers
from support.validation.playback import Played, judge_again, judge_seam

_LINES, _NFFTS, _BAND = 100, (256, 128), (0.0, 0.5)
"""Lines a second, samples of a window and share of the Nyquist frequency, where a scenario does not say.

The larger window, where a range of a second has much room for it.
"""

_ROOM = 0.5
"""Seconds."""

_MORE = 0.5
"""Seconds that a range has beyond one window."""

_MARGIN = 1.0
"""Seconds of a range before a hole of the recording, and after it."""

_LARGEST_NFFT = 65_536
_FEW_LINES = 10
"""A second, of a window that is longer than half a minute."""


class Playback:
    """Plays ranges of the past, each to its end, and holds them against each other.

    What was not recorded raises ``NothingRecordedError``, whatever is to be played.

    Args:
        settings: sizes and deadlines.
        server: plays them; it has recorded something.
        together: the windows of the scenario.
    """

    def __init__(self, settings: Settings, server: ServerUnderTest, together: Together) -> None:
        self._settings = settings
        self._server = server
        self._together = together
        self._findings: list[Finding] | None = None

    @property
    def findings(self) -> list[Finding]:
        """What was not as it should be when ranges were compared."""
        if self._findings is None:
            raise LookupError("nothing was compared: the scenario lacks a 'When I play ...'")
        return self._findings

    def play(self, pieces: Iterable[Piece]) -> None:
        """Plays ranges of the recording beside each other."""
        self._together.play([self._request(self._piece(piece)) for piece in pieces])

    def play_over_hole(self) -> None:
        """Plays a range that has a hole."""
        self._together.play([self._request(self._server.recorded.around_hole(_MARGIN))])

    def play_again(self) -> None:
        """Plays a range that no other scenario plays, and then again in two windows; looks for what differs."""
        request = self._request(self._piece(Piece.UNSEEN))
        self._together.play([request])
        self._together.play([request, request])
        first, *again = self._played
        self._findings = [finding for other in again for finding in judge_again(first, other)]

    def play_neighbours(self) -> None:
        """Plays a range, and then the one that follows it and one over both; looks for what does not fit."""
        begin, end = self._piece(Piece.MIDDLE)
        border = (begin + end) / 2
        self._together.play([self._request((begin, border))])
        self._together.play([self._request((border, end)), self._request((begin, end))])
        before, after, over_both = self._played
        self._findings = judge_seam(before, after, over_both, border)

    def play_as_task(self) -> None:
        """Plays a range that is asked for in both ways that REST has, and looks for what is shown otherwise."""
        request = self._request(self._piece(Piece.END))
        self._together.play([request, ConfigTaskRequest(**request.model_dump())])
        self._findings = judge_again(*self._played)

    def play_kinds(self, kinds: Sequence[tuple[Kind, Numbers]]) -> None:
        """Plays ranges of these kinds beside each other, and looks for numbers that are not those beside them."""
        metadata, recorded = self._server.metadata, self._server.recorded
        requests = []
        for kind, _ in kinds:
            begin, end = recorded.lasting(kind.nfft / metadata.prr + _MORE)
            live = kind.request(self._settings, metadata, recorded.channels)
            requests.append(live.model_copy(update={"start_time": begin, "end_time": end}))
        self._together.play(requests)
        jobs = [watch.job for watch in self._together.watches]
        self._findings = [
            finding
            for job, (_, numbers) in zip(jobs, kinds, strict=True)
            if job is not None
            for finding in judge_numbers(job.request, job.answer, job.prr, numbers, job.cannot)
        ]

    def play_largest(self) -> None:
        """Plays one channel with the largest NFFT."""
        span = self._server.recorded.lasting(_LARGEST_NFFT / self._server.metadata.prr + 2 * _MORE)
        request = self._request(span, channels=1, lines=_FEW_LINES)
        changes = {"view_type": View.SINGLE_CHANNEL.value, "nfft": _LARGEST_NFFT}
        self._together.play([request.model_copy(update=changes)])

    @property
    def _nfft(self) -> int:
        return next((nfft for nfft in _NFFTS if nfft / self._server.metadata.prr <= _ROOM), min(_NFFTS))

    def _piece(self, piece: Piece) -> Span:
        return self._server.recorded.piece(piece, self._nfft / self._server.metadata.prr)

    def _request(self, span: Span, channels: int | None = None, lines: float = _LINES) -> JobRequest:
        """A range whose lines are so far apart that they meet whole seconds."""
        metadata, recorded = self._server.metadata, self._server.recorded
        request = historic_job_request(
            self._settings, metadata, recorded, span, channels=channels, nfft=self._nfft, band=_BAND
        )
        height = math.floor(min(lines, metadata.prr) * 10)
        return request.model_copy(update={"display_duration": 10.0, "display_height": height})

    @property
    def _played(self) -> list[Played]:
        """What the windows have shown.

        Raises:
            AssertionError: one of them could not be opened.
        """
        played = []
        for watch in self._together.watches:
            if watch.job is None:
                raise AssertionError(f"{watch}: {watch.failure}")
            window, sample = watch.job.expectation().row_span, 1 / watch.job.prr
            played.append(Played(f"job {watch.job.answer.job_id}", watch.frames, window, sample))
        return played

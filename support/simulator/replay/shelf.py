"""The jobs that a server has which serves captures again: each that was captured, and no other."""

from __future__ import annotations

import itertools
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from support.simulator.models import ConfigureRequest
from support.simulator.options import Options
from support.simulator.plan import WATERFALL, Plan, RequestError
from support.simulator.recording.tape import RecordingError
from support.simulator.replay.capture import Capture, read

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed(Plan):
    """What a job follows that is served again: its answer says what it did.

    Attributes:
        captures: its streams, in the order in which they were asked for.
    """

    captures: Sequence[Capture]

    @property
    def answer(self) -> Mapping[str, Any]:
        """What ``/configure`` answered."""
        answer: Mapping[str, Any] = self.captures[0].header["answer"]
        return answer

    @property
    def channels(self) -> range:
        """As many as the answer says."""
        return range(self.first, self.first + self.answer["channel_amount"])

    @property
    def frequencies(self) -> list[float]:
        """Those of the answer."""
        return list(self.answer["frequencies_list"])

    @property
    def channel_to_stream_index(self) -> dict[str, int]:
        """That of the answer."""
        return dict(self.answer["channel_to_stream_index"])

    @classmethod
    def of(cls, captures: Sequence[Capture]) -> Replayed:
        """That of a job with these streams."""
        header = captures[0].header
        asked, answer = header["request"], header["answer"]
        return cls(
            first=asked["channels_min"],
            last=asked["channels_max"],
            prr=Fraction(header["prr"]),
            nfft=asked["nfft"],
            bins=range(answer["frequencies_amount"]),
            lines_dt=Fraction(answer["lines_dt"]),
            rows_per_frame=1,
            view_type=answer["view_type"],
            streams=answer["stream_amount"],
            captures=captures,
        )


class Shelf:
    """Captures of one dialect.

    Args:
        paths: of their files, in the order in which they were kept.

    Attributes:
        last_number: the largest one in the ids of their jobs, which are over.

    Raises:
        RecordingError: one cannot be played, or not beside the others.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._captures = [read(Path(path)) for path in paths]
        self._dialects = sorted({capture.header["dialect"] for capture in self._captures})
        if len(self._dialects) > 1:
            raise RecordingError(f"captures of the dialects {' and '.join(self._dialects)} are not of one server")
        for path, capture in zip(paths, self._captures, strict=True):
            _tell(path, capture)
        jobs: dict[str, list[Capture]] = {}
        for capture in self._captures:
            jobs.setdefault(capture.header["answer"]["job_id"], []).append(capture)
        self._plans = [Replayed.of(captures) for captures in jobs.values()]
        self._given: Counter[tuple[object, ...]] = Counter()
        self.last_number = max((number for job_id in jobs for number in numbers(job_id)[-1:]), default=0)

    def __bool__(self) -> bool:
        return bool(self._captures)

    def options(self, options: Options) -> Options:
        """The same for a server with the dialect and the fibre of the captures."""
        if not self._captures:
            return options
        header = self._captures[0].header
        lowest, highest = self._channels()
        return replace(
            options,
            dialect=header["dialect"],
            prr=int(header["prr"]) if header["prr"] == int(header["prr"]) else Fraction(header["prr"]),
            dx=(header.get("fibre") or {}).get("dx") or options.dx,
            lowest_channel=lowest,
            channel_count=highest - lowest + 1,
        )

    @property
    def recorded(self) -> list[list[float]]:
        """What the server had recorded, as far as it was asked."""
        spans = itertools.chain.from_iterable(capture.header["recorded"] or () for capture in self._captures)
        return sorted(map(list, {tuple(span) for span in spans}))

    def plan(self, asked: ConfigureRequest) -> Replayed:
        """That of the job which was asked for in the same way; of several, each in its turn.

        Raises:
            RequestError: there is none.
        """
        key = _of_request(asked)
        fitting = [plan for plan in self._plans if _of_header(plan.captures[0].header) == key]
        if not fitting:
            there = "; ".join(dict.fromkeys(map(_described, self._captures)))
            raise RequestError(f"no job was captured that was asked for like this; this server has: {there}")
        self._given[key] += 1
        return fitting[(self._given[key] - 1) % len(fitting)]

    def _channels(self) -> tuple[int, int]:
        """Those of the fibre; where nobody wrote that down, those that were asked for."""
        fibres = [capture.header.get("fibre") or {} for capture in self._captures]
        asked = [capture.header["request"] for capture in self._captures]
        lowest = (fibre.get("lowest_channel", one["channels_min"]) for fibre, one in zip(fibres, asked, strict=True))
        highest = (fibre.get("highest_channel", one["channels_max"]) for fibre, one in zip(fibres, asked, strict=True))
        return min(lowest), max(highest)


def numbers(job_id: str) -> list[int]:
    """The numbers of an id."""
    return [int(part) for part in re.findall(r"\d{1,18}", job_id)]


def _tell(path: str, capture: Capture) -> None:
    log.info("%s: %s, of %r", path, _described(capture), capture.header["scenario"])
    if capture.damage:
        log.warning("%s: %s; what is before that is served", path, capture.damage)
    if lost := max(capture.header["lost"]):
        log.warning("%s: the first %d messages of the stream had not been kept", path, lost)


def _of_header(header: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells a request from others."""
    asked = header["request"]
    shown = (asked["display_duration"], asked["frequency_min"], asked["frequency_max"])
    return (
        *(asked[name] for name in ("channels_min", "channels_max", "nfft", "display_height", "view_type")),
        *((None, None, None) if asked["view_type"] == WATERFALL else shown),
        *(asked["start_time"], asked["end_time"]),
    )


def _of_request(asked: ConfigureRequest) -> tuple[object, ...]:
    band = asked.frequencyRange
    return (
        *(asked.channels.min, asked.channels.max, asked.nfftSelection, asked.displayInfo.height, asked.view_type),
        *(asked.displayTimeAxisDuration, band and band.min, band and band.max, asked.start_time, asked.end_time),
    )


def _described(capture: Capture) -> str:
    return ", ".join(_words(capture.header["request"]))


def _words(asked: Mapping[str, Any]) -> Iterator[str]:
    yield f"channels {asked['channels_min']} to {asked['channels_max']}, NFFT {asked['nfft']}"
    if asked["view_type"] != WATERFALL:
        yield f"{asked['frequency_min']:g} to {asked['frequency_max']:g} Hz"
        yield f"{asked['display_height']} lines in {asked['display_duration']:g} s, view_type {asked['view_type']}"
    yield "live" if asked["start_time"] is None else f"from {asked['start_time']:.15g} to {asked['end_time']:.15g}"

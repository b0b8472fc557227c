"""What a stream must look like: predicted from the answer of the configuration, and how strictly to judge it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from support.contract import JobAnswer, JobRequest
from support.stream.part import MOST_STREAMS
from support.stream.unsaid import Unsaid
from support.validation.past import Grid, Past
from support.validation.scale import Scale


@dataclass(frozen=True)
class Limits:
    """How strictly a stream is judged, where the contract leaves room.

    Attributes:
        max_pause: longest pause between two frames once the stream has begun, seconds (contract: half a second).
        frame_rate_above: frames a second that a live stream keeps up (contract: 10).
        data_age_within: oldest that the newest row of a live frame may be on arrival, seconds (contract: "a second or
            so"; the default leaves half a second for the network and this machine).
        clock_skew: seconds that the server's clock may be ahead of ours.
        age_growth: seconds a second by which the age of live data may grow (contract: 50 ms a second).
        end_within: seconds from the last frame of a bounded stream, or from a job's cancellation, to the stream's end.
        frozen_rows: rows in a row with identical values that make a sensor dead or frozen. Two equal rows can be
            chance where a server rounds the values of a quiet sensor; five have not been seen on a live sensor.
        scale: of the values, where frames cannot say it; None: each job tells it by its first frames.
    """

    max_pause: float = 0.5
    frame_rate_above: float = 10.0
    data_age_within: float = 1.5
    clock_skew: float = 1.0
    age_growth: float = 0.05
    end_within: float = 2.0
    frozen_rows: int = 5
    scale: Scale | None = None


@dataclass(frozen=True)
class Expectation:
    """What the configuration predicts about every frame.

    Attributes:
        sensors: ids of the sensors of every row, ascending.
        frequencies: Hz of every bin.
        lines_dt: seconds from one row to the next.
        row_span: seconds of the analysis window of a row: one over the distance of two bins.
        sample: seconds between two samples of the fibre, ``1 / prr``.
        max_frames: the number of frames asked for; None where the stream has no limit.
        cannot: what frames cannot say, so that it is not judged.
        streams: of them, those of each stream of the job, in the order of the streams; together all, none twice.
        job_id: of the job, as the configuration answered it; empty: not known.
        past: the range of the past that is shown; None: live.
    """

    sensors: tuple[int, ...]
    frequencies: tuple[float, ...]
    lines_dt: float
    row_span: float
    sample: float
    max_frames: int | None = None
    cannot: frozenset[Unsaid] = frozenset()
    streams: tuple[tuple[int, ...], ...] = ()
    job_id: str = ""
    past: Past | None = None

    def __post_init__(self) -> None:
        if not self.streams:
            object.__setattr__(self, "streams", (self.sensors,))

    @property
    def side_by_side(self) -> tuple[int, ...]:
        """The sensors of a row in the order that the streams bring them; those that none brings come last."""
        brought = tuple(sensor for stream in self.streams for sensor in stream)
        return brought + tuple(sorted(set(self.sensors) - set(brought)))

    @cached_property
    def grid(self) -> Grid | None:
        """The lines of the range of the past; None: live."""
        return Grid(self.past, self.lines_dt, self.row_span, self.sample) if self.past else None

    @classmethod
    def of(
        cls,
        request: JobRequest,
        answer: JobAnswer,
        prr: float,
        max_frames: int | None = None,
        cannot: frozenset[Unsaid] = frozenset(),
        past: Past | None = None,
    ) -> Expectation:
        """The expectation for a job: ``request`` as sent, ``answer`` as received, ``prr`` in Hz."""
        sensors = tuple(range(request.channels_min, request.channels_max + 1))
        return cls(
            sensors=sensors,
            frequencies=tuple(answer.frequencies_list),
            lines_dt=answer.lines_dt,
            row_span=1 / step if (step := bin_step(request, answer, prr, cannot)) else math.inf,
            sample=1 / prr,
            max_frames=max_frames,
            cannot=cannot,
            streams=(sensors,) if Unsaid.STREAM in cannot else _streams(sensors, answer),
            job_id=answer.job_id,
            past=past,
        )


def _streams(sensors: tuple[int, ...], answer: JobAnswer) -> tuple[tuple[int, ...], ...]:
    """The sensors of each stream; of an absurd number of streams, as many as there are sensors.

    Where the answer cannot be read, each has about as many as another, as servers have been seen to share them out.
    """
    amount = min(max(answer.stream_amount, 1), max(len(sensors), 1), MOST_STREAMS)
    if amount == 1:
        return (sensors,)
    index = answer.channel_to_stream_index
    if "channel_to_stream_index" in answer.unreadable:
        index = {sensor: position * amount // len(sensors) for position, sensor in enumerate(sensors)}
    streams: list[list[int]] = [[] for _ in range(amount)]
    for sensor in sensors:
        if 0 <= index.get(sensor, -1) < amount:
            streams[index[sensor]].append(sensor)
    return tuple(map(tuple, streams))


def bin_step(request: JobRequest, answer: JobAnswer, prr: float, cannot: frozenset[Unsaid] = frozenset()) -> float:
    """Hz from bin to bin: ``prr / nfft``; where the PRR is not told exactly, as the listed frequencies have it."""
    listed = answer.frequencies_list
    if Unsaid.PRR in cannot and len(listed) > 1:
        step = (listed[-1] - listed[0]) / (len(listed) - 1)
        if math.isfinite(step) and step > 0:
            return step
    return prr / request.nfft


def band(prr: float, nfft: int, lowest: float, highest: float) -> tuple[float, ...]:
    """The bins of a band: all ``k * prr / nfft`` with ``lowest <= f < highest``, Hz (contract, REST table)."""
    # a spectrum has no more bins than samples, however slow the server says that its fibre is sampled
    first = math.ceil(min(lowest * nfft / prr, nfft)) - 1
    last = math.ceil(min(highest * nfft / prr, nfft)) + 1
    candidates = (k * prr / nfft for k in range(max(first, 0), last))
    return tuple(frequency for frequency in candidates if lowest <= frequency < highest)

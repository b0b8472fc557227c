"""Correct streams made of real messages, for rules to accept, and for tests to spoil."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from protos.datastream_pb2 import DataStream, SensorIntensity, SpectrogramRow
from support.contract import JobAnswer
from support.stream.block import Block, Message
from support.stream.frame import Frame
from support.stream.story import STORY
from support.stream.unsaid import Unsaid
from support.validation.expectation import Expectation, Limits
from support.validation.finding import Ending, Finding
from support.validation.past import Past
from support.validation.verdict import Verdict, stream_rules

START = 1_795_000_000.0
"""Epoch seconds of the first line."""


@dataclass(frozen=True)
class Plan:
    """A correct live stream: ``frames`` frames of ``rows`` rows, as a server of this kind would send it."""

    sensors: tuple[int, ...] = (3, 4, 5, 6)
    bins: int = 8
    lines_dt: float = 0.01
    prr: float = 2000.0
    nfft: int = 1024
    frames: int = 10
    rows: int = 5
    seed: int = 1
    latency: float = 0.02
    jitter: float = 0.0
    level: float = 1.0
    levels: int = 0
    bounds_slack: float = 0.0
    offset: Fraction = Fraction(0)
    rounding: Fraction = Fraction(1, 2)
    aligned: bool = False
    max_frames: int | None = field(default=None)
    cannot: frozenset[Unsaid] = frozenset()
    job_id: str = ""
    past: Past | None = None

    @property
    def expectation(self) -> Expectation:
        """What the configuration of this stream predicts."""
        return Expectation(
            sensors=self.sensors,
            frequencies=tuple(k * self.prr / self.nfft for k in range(self.bins)),
            lines_dt=self.lines_dt,
            row_span=self.nfft / self.prr,
            sample=1 / self.prr,
            max_frames=self.max_frames,
            cannot=self.cannot,
            job_id=self.job_id,
            past=self.past,
        )

    def answer(self, job_id: str = "0-7") -> JobAnswer:
        """What a server answers that then streams this."""
        return JobAnswer(
            job_id=job_id,
            stream_url="127.0.0.1",
            stream_port=30123,
            channel_amount=len(self.sensors),
            channel_to_stream_index=dict.fromkeys(self.sensors, 0),
            frequencies_amount=self.bins,
            frequencies_list=list(self.expectation.frequencies),
            lines_dt=self.lines_dt,
        )

    def messages(self) -> list[DataStream]:
        """The messages of the stream, in order."""
        noise = np.random.default_rng(self.seed)
        return [self._message(noise, index) for index in range(self.frames)]

    @property
    def has_increasing_starts(self) -> bool:
        """Whether every line starts after the one before: alignment and rounding may bring two onto one millisecond."""
        starts = [_times(self, line)[0] for line in range(self.frames * self.rows)]
        return all(before < after for before, after in itertools.pairwise(starts))

    def _message(self, noise: np.random.Generator, index: int) -> DataStream:
        values = noise.rayleigh(self.level, (self.rows, len(self.sensors), self.bins)).astype(np.float32)
        if self.levels:  # a server that rounds: so many values from 0 to three times the level
            step = np.float32(3 * self.level / self.levels)
            values = np.minimum(np.round(values / step), self.levels) * step
        rows = []
        for row in range(self.rows):
            start, end = _times(self, index * self.rows + row)
            sensors = [
                SensorIntensity(id=sensor, intensity=values[row, position].tolist())
                for position, sensor in enumerate(self.sensors)
            ]
            rows.append(
                SpectrogramRow(
                    canvasId="canvas",
                    sensors=sensors,
                    startTimestamp=start,
                    endTimestamp=end,
                )
            )
        return DataStream(
            rows=rows,
            current_max_amp=float(values.max()) + self.bounds_slack,
            current_min_amp=max(float(values.min()) - self.bounds_slack, 0.0),
        )


@lru_cache(maxsize=10_000)
def _times(plan: Plan, line: int) -> tuple[int, int]:
    """Start and end of a line, epoch milliseconds: exact, then rounded each by itself."""
    prr = Fraction(plan.prr)
    start = Fraction(START) + plan.offset + line * Fraction(plan.lines_dt).limit_denominator(10**6)
    if plan.aligned:
        start = math.floor(start * prr + Fraction(1, 2)) / prr
    end = start + plan.nfft / prr
    return math.floor(start * 1000 + plan.rounding), math.floor(end * 1000 + plan.rounding)


def frames_of(messages: Iterable[DataStream], plan: Plan) -> list[Frame]:
    """The messages as frames that arrive at the pace of ``plan``, each shortly after its newest row ended."""
    noise = np.random.default_rng(plan.seed)
    pace = plan.rows * plan.lines_dt
    newest = START + float(plan.offset) + (plan.rows - 1) * plan.lines_dt + plan.nfft / plan.prr
    return [
        frame_of(
            message,
            index=index,
            elapsed=0.1 + index * pace + late,
            received_at=newest + plan.latency + index * pace + late,
        )
        for index, message in enumerate(messages)
        for late in [noise.uniform(0, plan.jitter)]
    ]


def frame_of(message: DataStream, index: int = 0, elapsed: float = 0.0, received_at: float = 0.0) -> Frame:
    """A message as the client would hand it on."""
    data = message.SerializeToString()
    (block,) = STORY.reader().blocks([Message(data, len(data), elapsed, received_at)])
    block.index = index
    return block.frames[0]


def blocks_of(frames: Sequence[Frame], *, together: bool) -> Iterator[Block]:
    """Frames as rules see them: in as few blocks as that takes, or one by one."""
    messages = [Message(frame.data, frame.size, frame.elapsed, frame.received_at) for frame in frames]
    reader = STORY.reader()
    done = 0
    for portion in [messages] if together else [[message] for message in messages]:
        for block in reader.blocks(portion):
            block.index = frames[done].index
            done += len(block)
            yield block


def judge(frames: Sequence[Frame], plan: Plan, limits: Limits | None = None, **ending: object) -> list[Finding]:
    """All findings of all rules about these frames: the same, whether they come one by one or together."""
    bounded = plan.max_frames is not None
    default = Ending(frames=len(frames), by_server=bounded, closing_latency=0.01)
    verdicts = []
    for together in (False, True):
        verdict = Verdict(stream_rules(plan.expectation, limits or Limits()))
        for block in blocks_of(frames, together=together):
            verdict.see(block)
        verdict.end(replace(default, **ending))  # type: ignore[arg-type]
        verdicts.append(verdict)
    assert verdicts[1].counts == verdicts[0].counts
    assert sorted(map(repr, verdicts[1].findings())) == sorted(map(repr, verdicts[0].findings()))
    return verdicts[0].findings()


def spoiled(plan: Plan, change: Callable[[list[DataStream]], object]) -> list[Frame]:
    """The frames of ``plan`` after ``change`` has spoiled its messages in place."""
    messages = plan.messages()
    change(messages)
    return frames_of(messages, plan)

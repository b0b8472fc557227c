"""A stream that was kept, judged again: read, merged and judged by what judged it when it came."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from support.replay.capture import Capture
from support.replay.header import job_of, limits_of, oracle_of
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.stream.block import Block
from support.stream.dialect import UnreadableError
from support.stream.dialects import named
from support.stream.metrics import StreamMetrics
from support.stream.part import Part
from support.stream.progress import Progress
from support.stream.reading import Portions, Reading
from support.stream.tape import Came, Over
from support.truth.picture import PictureOfRecording, picture_of
from support.truth.recording import Recording
from support.validation.expectation import Expectation
from support.validation.finding import Ending, Rule
from support.validation.verdict import Verdict, stream_rules


@dataclass(frozen=True)
class Again:
    """A stream that was judged again.

    Attributes:
        stream: as it is told; without the machine on which it came, and without known defects.
        gone: sentences that it was judged with when it came, and is not now.
        new: those that it is judged with now, and was not then, nor excused from.
    """

    stream: Streamed
    gone: tuple[str, ...]
    new: tuple[str, ...]


class _NotAtHand(Rule):
    """Stands for the rule that compares with a recording, where that is not there: nor need values then look alive."""

    name = PictureOfRecording.name
    topic = PictureOfRecording.topic


def judged_again(capture: Capture, recording: Recording | None = None) -> Again:
    """Judges what was kept of a stream; with ``recording``, one of the past by that, too, if it was when it came."""
    header, job = capture.header, job_of(capture.header)
    expectation = job.expectation(header["max_frames"])
    metrics = StreamMetrics(start_time=header["start_time"], end_time=header["end_time"], began=header["began"])
    verdict = Verdict(stream_rules(expectation, limits_of(header), _truth(header, expectation, recording)))
    blocks = []
    with closing(_read_again(capture, job, expectation, metrics)) as received:
        for block in received:
            block.began = metrics.began
            metrics.arrived(block, range(len(block)))
            verdict.see(block)
            blocks.append(block)
    for part, ended in zip(metrics.streams, header["streams_ended"], strict=True):
        part.ended = ended
    verdict.end(Ending(**header["ending"], streams=metrics.streams))
    metrics.calculate_metrics()
    frames = [frame for block in blocks for frame in block.frames]
    stream = Streamed(job, verdict, metrics, frames, header["ending"]["error"])
    then = Counter(header["findings"])
    now = Counter(f"{finding.rule}: {finding}" for finding in verdict.findings())
    gone, new = then - now, now - then - Counter(header["excused"])
    return Again(stream, tuple(gone.elements()), tuple(new.elements()))


def _truth(header: Mapping[str, Any], expectation: Expectation, recording: Recording | None) -> Rule | None:
    """The rule that knows what a range of the past holds; None where nobody judged by that."""
    if header["truth"] is None:
        return None
    return (recording and picture_of(oracle_of(header, recording), expectation)) or _NotAtHand()


def _read_again(capture: Capture, job: Job, expectation: Expectation, metrics: StreamMetrics) -> Generator[Block]:
    """The frames that were kept, as they were handed on when they came, as far as they were."""
    with closing(_all_again(capture, job, expectation, metrics)) as received:
        due = _left_after(capture)
        while due > 0 and (block := next(received, None)):  # not one more: what that would do was not done then
            yield block.first(int(due)) if len(block) > due else block
            due -= len(block)


def _left_after(capture: Capture) -> float:
    """Of the frames that were kept, how many came until the client left the stream; endless where it did not.

    Of several streams whose beginning was not kept, nobody knows.
    """
    ending, lost = capture.header["ending"], capture.header["lost"]
    if ending["by_server"] or ending["error"] or (len(lost) > 1 and any(lost)):
        return math.inf
    return float(ending["frames"] - lost[0])


def _all_again(capture: Capture, job: Job, expectation: Expectation, metrics: StreamMetrics) -> Generator[Block]:
    """All frames in what was kept, up to a message that is none."""
    header, dialect = capture.header, named(capture.header["dialect"])
    amount = len(expectation.streams)
    progress = Progress(dialect, header["max_frames"] or 0, job.answer.lines_dt, expectation.row_span)
    progress.delivered = max(header["lost"])
    progress.ask()
    readers = [dialect.reader(expectation.row_span) for _ in range(amount)]
    metrics.interruptions = progress.interruptions
    metrics.streams = [Part(number, amount, metrics.began) for number in range(amount)] if amount > 1 else []
    reading = Reading(metrics.streams, readers, progress)
    try:
        for event in _portions(capture.events):
            if isinstance(event, Over):
                progress.over(event.at, event.reason)
                progress.ask()
                reading.begin_anew()
                continue
            read = reading.read(event) if amount > 1 else readers[0].blocks(event[0][1])
            with suppress(UnreadableError):  # the error that ended the stream says so; what came with it was read, too
                for block in read:
                    block.began = metrics.began
                    yield from progress.take(block)
    finally:
        reading.close()


def _portions(events: Iterable[Came | Over]) -> Iterator[Portions | Over]:
    """What came, as it was read: what several streams brought together is read before a line of it is whole."""
    portion: Portions = []
    for event in events:
        if portion and (isinstance(event, Over) or event.stream <= portion[-1][0]):
            yield portion
            portion = []
        if isinstance(event, Over):
            yield event
        else:
            portion.append((event.stream, list(event.messages)))
    if portion:
        yield portion

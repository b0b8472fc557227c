"""Faults that one stream alone does not have: between the streams of a job, between jobs, from one job to the next."""

import asyncio
import threading
from dataclasses import replace

from protos.datastream_pb2 import DataStream
from support.simulator.deviations.catalogue import Seconds
from support.simulator.deviations.edits import bounded, frames_per_second
from support.simulator.deviations.jobs import OVER, later
from support.simulator.deviations.stages import (
    DELIVERY,
    FEED,
    FRAME,
    REST,
    Answer,
    At,
    Exchange,
    Payloads,
    Proceed,
)
from support.simulator.frame import Frame
from support.simulator.job import Job

LATELY = 500  # milliseconds: a job whose newest row is older does not stream


@FEED.fault("again", "story")
async def streams_share_frames(payloads: Payloads, job: Job) -> Payloads:
    """Two streams of a job at the same time share its frames: each frame goes to one of them alone."""
    place, rate = job.open_streams - 1, frames_per_second(job.plan)
    async for payload in payloads:
        rows = DataStream.FromString(payload).rows
        number = round(rows[0].startTimestamp / 1000 * rate) if rows else place  # the same in every stream of the job
        if job.open_streams < 2 or number % job.open_streams == place:
            yield payload


@FEED.fault("again", "story")
async def second_stream_breaks_first(payloads: Payloads, job: Job) -> Payloads:
    """A stream of a job ends when another client opens one, too."""
    streams = job.open_streams
    async for payload in payloads:
        if job.open_streams > streams:
            return
        yield payload


class _Screens:
    """What each canvas of the server showed last; the newest frame of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, Frame] = {}

    def keep(self, frame: Frame) -> None:
        """Keeps what a frame shows."""
        with self._lock:
            self._newest[frame.rows[-1].canvas_id] = frame

    def other(self, frame: Frame) -> Frame | None:
        """The newest frame of another canvas that is streamed just now; None without."""
        row = frame.rows[-1]
        with self._lock:
            others = [one for name, one in self._newest.items() if name != row.canvas_id]
        newest = max(others, key=lambda one: one.rows[-1].start_ms, default=None)
        return newest if newest and abs(newest.rows[-1].start_ms - row.start_ms) < LATELY else None


_screens = _Screens()


@FRAME.fault("beside")
def values_of_another_job(frame: Frame, _at: At) -> Frame:
    """While another job streams, the last row of every frame holds values of that one."""
    newest = _screens.other(frame)
    other = newest.rows[0] if newest else None  # the last one holds values of this job by now, and is shown by nobody
    last = frame.rows[-1]
    if other is None or other.values.shape[1] != last.values.shape[1]:
        return frame
    values = last.values
    count = min(len(values), len(other.values))
    values[:count] = other.values[::-1][:count]
    return bounded(replace(frame, rows=(*frame.rows[:-1], last.holding(last.sensor_ids, values))))


@FRAME.fault("beside", "story")
def sensors_of_another_job(frame: Frame, _at: At) -> Frame:
    """While another job streams, the last row of every frame names the sensors of that one, where it has as many."""
    other = _screens.other(frame)
    last = frame.rows[-1]
    if other is None or len(other.rows[-1].sensor_ids) != len(last.sensor_ids):
        return frame
    return replace(frame, rows=(*frame.rows[:-1], last.holding(other.rows[-1].sensor_ids, last.values)))


@FRAME.fault("beside")
def times_of_another_job(frame: Frame, _at: At) -> Frame:
    """While another job streams, the last row of every frame has the times of that one."""
    other = _screens.other(frame)
    if other is None:
        return frame
    last = replace(frame.rows[-1], start_ms=other.rows[-1].start_ms, end_ms=other.rows[-1].end_ms)
    return replace(frame, rows=(*frame.rows[:-1], last))


@FRAME.watch("values-of-another-job", "sensors-of-another-job", "times-of-another-job")
def _watch_screens(frame: Frame, _at: At) -> Frame:
    _screens.keep(frame)
    return frame


_open: list[Job] = []  # the jobs of the streams that are open


@FEED.fault("beside", "story")
async def canvas_of_another_job(payloads: Payloads, job: Job) -> Payloads:
    """A stream that begins while another job streams is drawn on the canvas of that one."""
    canvas = next((other.canvas_id for other in _open if other is not job and other.open_streams), job.canvas_id)
    async for payload in payloads:
        frame = DataStream.FromString(payload)
        for row in frame.rows:
            row.canvasId = canvas
        yield frame.SerializeToString()


@REST.fault("full")
async def full_as_404(exchange: Exchange, proceed: Proceed) -> Answer:
    """While all windows are in use, a job is refused as if there were no such address."""
    answer = await proceed(exchange)
    return replace(answer, status=404) if _is_full(exchange, answer) else answer


@REST.fault("full", "story")
async def full_ends_another(exchange: Exchange, proceed: Proceed) -> Answer:
    """While all windows are in use, a job is refused, and one of those that stream is cancelled."""
    answer = await proceed(exchange)
    if _is_full(exchange, answer) and _open:
        await proceed(Exchange("DELETE", f"/job/{_open[-1].job_id}"))
    return answer


@REST.fault("full", "story")
async def full_gives_away(exchange: Exchange, proceed: Proceed) -> Answer:
    """While all windows are in use, a job is given the one of another that streams."""
    answer = await full_ends_another(exchange, proceed)
    return await proceed(exchange) if _is_full(exchange, answer) else answer


def _is_full(exchange: Exchange, answer: Answer) -> bool:
    return exchange.configures and answer.status == 503


@REST.fault("removal", "story")
async def removed_job_waits(exchange: Exchange, proceed: Proceed) -> Answer:
    """Metadata of a job that was removed say that it is pending."""
    answer = await proceed(exchange)
    if exchange.method != "GET" or answer.status != 200 or not exchange.path.startswith("/metadata/"):
        return answer
    told = answer.content
    return answer.holding(told | {"status": "pending"}) if told["status"] == "cancelled" else answer


@DELIVERY.fault("removal")
async def watched_job_removed(payloads: Payloads, job: Job) -> Payloads:
    """A job is removed soon after somebody has opened it, who watches it still."""
    is_watched = False
    async for payload in payloads:
        yield payload
        if not is_watched:
            asyncio.get_running_loop().call_later(0.2, job.vanish)
        is_watched = True


@FEED.watch("canvas-of-another-job", "full-ends-another", "full-gives-away")
async def _watch_streams(payloads: Payloads, job: Job) -> Payloads:
    _open.append(job)
    try:
        async for payload in payloads:
            yield payload
    finally:
        _open.remove(job)


@REST.fault("window", "story")
async def window_kept(exchange: Exchange, proceed: Proceed, longer: Seconds = 20.0) -> Answer:
    """The window of a job that is cancelled stays in use for some time."""
    if exchange.method != "DELETE":
        return await proceed(exchange)
    metadata = await proceed(Exchange("GET", f"/metadata/{exchange.job_id}"))
    answer = await proceed(exchange)
    if answer.status == 200 and metadata.content["status"] not in OVER:
        ghost = await proceed(Exchange("POST", "/configure").asking(metadata.content["config"]))
        if ghost.status == 200:
            later(longer, Exchange("DELETE", f"/job/{ghost.content['job_id']}"), proceed)
    return answer

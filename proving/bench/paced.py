"""What judging a live stream costs, at the pace of the stream: 200 channels from a Focus Server.

``python -m proving.bench.paced WAY REST_URL DIALECT LINES SECONDS`` prints it as JSON; WAY is ``ours`` or ``judged``.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass

from support.focus_server_api import FocusServerAPI
from support.screen.job import live_job_request
from support.screen.window import open_window
from support.settings import Settings
from support.stream.block import Block

CHANNELS, NFFT = 200, 512
WAYS = ("ours", "judged")


@dataclass
class Load:
    """What a live stream cost its client.

    Attributes:
        seconds: from the first frame to the last.
        frames: frames received in that time.
        rows: lines in them.
        bytes: their size.
        cpu: processor time of the process in that time, seconds.
        findings: what the rules found, one sentence each.
    """

    seconds: float
    frames: int
    rows: int
    bytes: int
    cpu: float
    findings: list[str]


class _Watch:
    """Counts blocks from the first one on, until the time is over."""

    def __init__(self, seconds: float) -> None:
        self._limit = seconds
        self._began: tuple[float, float] | None = None
        self.load = Load(0.0, 0, 0, 0, 0.0, [])

    def enough(self, block: Block) -> bool:
        now, cpu = time.perf_counter(), time.process_time()
        if self._began is None:
            self._began = now, cpu
            return False
        self.load.seconds, self.load.cpu = now - self._began[0], cpu - self._began[1]
        self.load.frames += len(block)
        self.load.rows += len(block) * block.shape.rows
        self.load.bytes += block.size
        return self.load.seconds >= self._limit


def measure(way: str, rest_url: str, dialect: str, lines: float, seconds: float) -> Load:
    """The load of ``seconds`` seconds of a live job of ``lines`` lines a second, all of its streams, judged or not."""
    settings = Settings(focus_server_url=rest_url, dialect=dialect, display_duration=1000 / lines, display_height=1000)
    watch = _Watch(seconds)
    with FocusServerAPI(rest_url) as api:
        metadata = api.live_metadata()
        request = live_job_request(settings, metadata, api.channels(), channels=CHANNELS, nfft=NFFT, band=(0.0, 1.0))
        with open_window(settings, api, request, metadata.prr) as window:
            window.connect()
            if way == "judged":
                blocks = window.stream()
            else:
                job = window.job
                expectation = job.expectation()
                blocks = window.client.stream_blocks(
                    job.answer.job_id,
                    lines_dt=expectation.lines_dt,
                    stream_amount=len(expectation.streams),
                    row_span=expectation.row_span,
                )
            with closing(blocks):
                any(watch.enough(block) for block in blocks)
            if window.verdict is not None:
                watch.load.findings = [str(finding) for finding in window.verdict.findings()]
    return watch.load


if __name__ == "__main__":
    _way, _rest_url, _dialect, _lines, _seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(asdict(measure(_way, _rest_url, _dialect, float(_lines), float(_seconds)))))

"""Fifty interruptions of one stream: no line counted twice, none lost without being reported.

What the server sent is known from a second stream of the same job, which nothing disturbs: the lines of both lie on the
same times, and hold the same values. ``pytest -m long`` does it over a minute.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray

from support.contract import JobAnswer, JobRequest
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.network.hop import Hop
from support.stream.frame import Frame
from support.stream.interruption import Interruption
from tests.patience import PATIENCE, eventually

INTERRUPTIONS = 50
DOWN = 0.15

TROUBLES: list[Callable[[Hop], None]] = [Hop.cut, Hop.reset, lambda hop: hop.drop(DOWN)]

Lines = dict[int, NDArray[np.float32]]
"""The values of each line, shape (sensors, bins), by its start in epoch milliseconds."""


class Witness:
    """A stream of the same job that nothing disturbs."""

    def __init__(self, job: JobAnswer) -> None:
        self.lines: Lines = {}
        self.newest = 0
        self._client = GrpcStreamClient(idle_timeout=PATIENCE)
        self._client.connect(job.stream_url, job.stream_port)
        self._stream = self._client.stream_spectrograms(job.job_id)
        self._enough = threading.Event()
        self._keep(next(self._stream))
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def close(self) -> None:
        self._enough.set()
        self._thread.join(PATIENCE)
        self._client.disconnect()

    def _watch(self) -> None:
        for frame in self._stream:
            self._keep(frame)
            if self._enough.is_set():
                return

    def _keep(self, frame: Frame) -> None:
        self.lines.update(zip(frame.starts.tolist(), frame.intensities, strict=True))
        self.newest = int(frame.starts[-1])


@pytest.fixture
def job(api: FocusServerAPI, cleanup: ExitStack) -> JobAnswer:
    """A job of few channels and bins, so that the machine keeps up with two streams of it."""
    first = api.channels().lowest_channel
    answer = api.configure(JobRequest(channels_min=first, channels_max=first + 2, nfft=256, frequency_max=200))
    cleanup.callback(api.cancel, answer.job_id)
    return answer


@pytest.mark.parametrize("seconds", [20, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
def test_no_line_is_counted_twice_and_none_lost_unreported(job: JobAnswer, cleanup: ExitStack, seconds: float) -> None:
    witness = Witness(job)
    cleanup.callback(witness.close)
    hop = cleanup.enter_context(Hop(("127.0.0.1", int(job.stream_port))))

    frames, interruptions = interrupted_stream(job, hop, seconds)

    received = [int(start) for frame in frames for start in frame.starts]
    assert [later - earlier for earlier, later in itertools.pairwise(received) if later <= earlier] == []
    eventually(lambda: witness.newest >= received[-1], "the witness has seen as much")
    witness.close()
    sent = {start: values for start, values in witness.lines.items() if received[0] <= start <= received[-1]}
    lost = sent.keys() - set(received)
    assert set(received) - witness.lines.keys() == set(), "nothing came that was not sent"
    assert {start for start in lost if not reported(start, interruptions)} == set()
    assert sum(interruption.lines_lost or 0 for interruption in interruptions) == len(lost)
    for frame in frames:
        for start, values in zip(frame.starts.tolist(), frame.intensities, strict=True):
            np.testing.assert_array_equal(values, witness.lines[start])
    print(f"{len(interruptions)} interruptions, {len(received)} lines received, {len(lost)} lost")  # noqa: T201


def interrupted_stream(job: JobAnswer, hop: Hop, seconds: float) -> tuple[list[Frame], list[Interruption]]:
    """What came of a stream of about so many seconds, interrupted again and again, and what its metrics say."""
    client = GrpcStreamClient(idle_timeout=PATIENCE, retry_attempts=8, retry_delay=0.1)
    frames: list[Frame] = []
    begun = 0
    with client.connect_context(hop.host, hop.port):
        for frame in client.stream_spectrograms(job.job_id, resume=True, lines_dt=job.lines_dt):
            frames.append(frame)
            interruptions = client.get_metrics().interruptions
            if len(interruptions) == begun and frame.elapsed > seconds / INTERRUPTIONS * begun:
                if begun == INTERRUPTIONS:
                    break
                TROUBLES[begun % len(TROUBLES)](hop)
                begun += 1
    assert len(interruptions) == INTERRUPTIONS
    return frames, interruptions


def reported(start: int, interruptions: list[Interruption]) -> bool:
    """Whether a line falls into an interruption."""
    return any(
        interruption.after is not None
        and interruption.before is not None
        and interruption.after < start < interruption.before
        for interruption in interruptions
    )

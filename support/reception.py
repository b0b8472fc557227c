"""One stream as a scenario receives it: its frames, the verdict on them, and what it failed with."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator

from support.errors import RemoteError
from support.stream.frame import Frame
from support.validation.finding import Ending
from support.validation.verdict import Verdict

_KEPT_BYTES = 64 * 2**20
"""Of the frames received, the newest are kept up to this size; the verdict has seen all of them."""


class Reception:
    """A stream, received and judged frame by frame.

    Attributes:
        verdict: what the rules say.
        frames: the newest frames received.
        failure: the error that ended the stream, in words; empty where none did.
        first_valid: seconds from asking until the first frame that breaks no rule had been judged; None without one.
    """

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.frames: deque[Frame] = deque()
        self.failure = ""
        self.first_valid: float | None = None
        self._kept_bytes = 0

    def receive(
        self,
        stream: Generator[Frame],
        enough: Callable[[Frame], bool],
        *,
        closing_latency: Callable[[], float | None],
        job_is_over: Callable[[], bool],
    ) -> None:
        """Receives until the stream ends or ``enough`` says so; the verdict is completed in any case.

        Args:
            stream: the frames; closed at the end.
            enough: asked after each frame.
            closing_latency: asked at the end: seconds from the last frame to the end.
            job_is_over: asked at the end: whether the job had been ended, so that the stream had to end, too.

        Raises:
            RemoteError: the stream failed; ``failure`` and the verdict say so, too.
        """
        by_server = True
        try:
            for frame in stream:
                self._keep(frame)
                self._judge(frame)
                if enough(frame):
                    by_server = False
                    break
        except RemoteError as error:
            by_server, self.failure = False, str(error)
            raise
        finally:
            stream.close()
            ending = Ending(self.verdict.frames, by_server, job_is_over(), self.failure, closing_latency())
            self.verdict.end(ending)

    def _judge(self, frame: Frame) -> None:
        if self.first_valid is not None:
            self.verdict.see(frame)
            return
        began, found = time.monotonic(), self.verdict.counts.total()
        self.verdict.see(frame)
        if self.verdict.counts.total() == found:
            self.first_valid = frame.elapsed + time.monotonic() - began

    def _keep(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._kept_bytes += frame.size
        while self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= self.frames.popleft().size

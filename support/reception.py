"""One stream as a scenario receives it: its frames, the verdict on them, and what it failed with."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator

from support.errors import RemoteError
from support.stream.block import Block
from support.stream.frame import Frame
from support.validation.finding import Ending
from support.validation.verdict import Verdict

KEPT_BYTES = 64 * 2**20
"""Of the frames received, the newest are kept up to this size; the verdict has seen all of them."""


class Reception:
    """A stream, received and judged as it comes.

    Args:
        verdict: unused so far.
        kept_bytes: the newest frames are kept up to this size.

    Attributes:
        verdict: what the rules say.
        failure: the error that ended the stream, in words; empty where none did.
        first_valid: seconds from asking until the first frame that breaks no rule had been judged; None without one.
    """

    def __init__(self, verdict: Verdict, kept_bytes: int = KEPT_BYTES) -> None:
        self.verdict = verdict
        self._blocks: deque[Block] = deque()
        self.failure = ""
        self.first_valid: float | None = None
        self._most_bytes = kept_bytes
        self._kept_bytes = 0

    def receive(
        self,
        stream: Generator[Block],
        enough: Callable[[Block], bool],
        *,
        closing_latency: Callable[[], float | None],
        job_is_over: Callable[[], bool],
    ) -> None:
        """Receives until the stream ends or ``enough`` says so; the verdict is completed in any case.

        Args:
            stream: the frames, in blocks; closed at the end.
            enough: asked after each block, when it has been judged.
            closing_latency: asked at the end: seconds from the last frame to the end.
            job_is_over: asked at the end: whether the job had been ended, so that the stream had to end, too.

        Raises:
            RemoteError: the stream failed; ``failure`` and the verdict say so, too.
        """
        by_server = True
        try:
            for block in stream:
                self._keep(block)
                self._judge(block)
                if enough(block):
                    by_server = False
                    break
        except RemoteError as error:
            by_server, self.failure = False, str(error)
            raise
        finally:
            stream.close()
            ending = Ending(self.verdict.frames, by_server, job_is_over(), self.failure, closing_latency())
            self.verdict.end(ending)

    @property
    def frames(self) -> list[Frame]:
        """The newest frames received."""
        return [frame for block in self._blocks for frame in block.frames]

    def _judge(self, block: Block) -> None:
        if self.first_valid is not None:
            self.verdict.see(block)
            return
        began, found = time.monotonic(), self.verdict.counts.total()
        self.verdict.see(block)
        if self.verdict.counts.total() == found:
            self.first_valid = float(block.elapsed[0]) + time.monotonic() - began

    def _keep(self, block: Block) -> None:
        self._blocks.append(block)
        self._kept_bytes += block.size
        while self._kept_bytes > self._most_bytes:
            self._kept_bytes -= self._blocks.popleft().size

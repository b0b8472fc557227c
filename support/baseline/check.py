"""What a scenario measures of the server's speed, and what that comes to beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from support.address import without_password
from support.baseline.baseline import Baseline, find
from support.baseline.circumstances import Circumstances
from support.baseline.comparison import Compared, compare
from support.baseline.sample import Sample, measured
from support.errors import RemoteError
from support.screen.job import Job
from support.screen.streamed import Streamed
from support.screen.streaming import promised
from support.screen.window import open_window
from support.server.under_test import ServerUnderTest
from support.settings import BaselineUse, Settings
from support.stream.dialects import named, schema_of


class BaselineCheck:
    """One scenario's samples of a server, which become its baseline or are compared with it.

    Args:
        settings: what the baseline is used for.
        server: is measured.

    Attributes:
        streams: every stream that was measured, oldest first.
        recorded: the samples of the baseline that was recorded; empty where none was.
        compared: every figure, then and now; empty before they are compared.
    """

    def __init__(self, settings: Settings, server: ServerUnderTest) -> None:
        self.streams: list[Streamed] = []
        self.recorded: Sequence[Sample] = ()
        self.compared: Sequence[Compared] = ()
        self._settings = settings
        self._server = server
        self._baseline: Baseline | None = None
        self._samples: list[Sample] = []

    def measure(self, job: Job, frames: int, times: int) -> str:
        """Measures streams of ``frames`` frames of jobs like this one, each of its own, unless there is no use for it.

        Returns:
            Why nothing is to be compared, in words; empty where something is.

        Raises:
            AssertionError: the server refused a job, or a stream failed.
            BaselineError: a file of the baselines cannot be used.
            ClientTooSlowError: the client, not the server, set the pace.
        """
        use = self._settings.baseline
        if use is BaselineUse.OFF:
            return "baseline is off: -D baseline=record records one, -D baseline=compare compares with it"
        circumstances = self._circumstances(job, frames)
        if use is BaselineUse.COMPARE:
            found = find(circumstances)
            if isinstance(found, str):
                return found
            self._baseline = found
        with promised(RemoteError):
            self._samples = [self._sample(job, frames) for _ in range(times)]
        if use is BaselineUse.RECORD:
            path = Baseline(circumstances, self._samples).write()
            self.recorded = self._samples
            return f"recorded {path.name}, so there was nothing to compare: look at the file and commit it"
        return ""

    def compare(self, percent: float) -> Sequence[Compared]:
        """What was measured, compared with the baseline; ``percent`` longer is allowed."""
        if self._baseline is None:
            raise LookupError("there is no baseline: the scenario lacks a 'When I measure ...'")
        self.compared = compare(self._baseline.samples, self._samples, percent)
        return self.compared

    def _sample(self, job: Job, frames: int) -> Sample:
        server = self._server
        with open_window(self._settings, server.api, job.request, job.prr, vacancies=server.vacancies) as window:
            server.job_ids.append(window.job.answer.job_id)
            try:
                return measured(window, frames)
            finally:
                if window.verdict is not None:
                    self.streams.append(Streamed.of(window))

    def _circumstances(self, job: Job, frames: int) -> Circumstances:
        server = self._server
        return Circumstances.here(
            "embedded Focus Server" if server.embedded else without_password(server.url),
            schema=schema_of(named(self._settings.dialect)),
            channels=job.answer.channel_amount,
            bins=job.answer.frequencies_amount,
            lines_dt=job.answer.lines_dt,
            frames=frames,
        )

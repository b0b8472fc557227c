"""A Locust user: a window that is configured, streamed and judged, and opened again when it has ended.

What it fires lands in Locust's own tables: a row for each step of a window, one for the time from frame to frame, and
one for each rule that was broken, as a failure with the first finding's words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

from locust import User, constant, task
from locust.exception import StopUser

from load.figures import WindowFigures
from support.errors import RemoteError
from support.focus_server_api import FocusServerAPI
from support.screen.job import live_job_request
from support.screen.window import Window, open_window
from support.settings import Settings
from support.validation.finding import Finding

_REOPEN_AFTER = 5.0
"""Seconds until a user opens a window again."""

_SHARE_OF_TIMEOUT = 0.8
"""Of ``stream_timeout``: so long a stream is watched before its window is closed and opened anew."""


class OpenWindows:
    """The windows of this process.

    Attributes:
        leaving: whether they are all to be closed, and none opened.
        busy: how many are being opened, streamed or closed.
    """

    def __init__(self) -> None:
        self.leaving = False
        self.busy = 0
        self._figures: list[WindowFigures] = []

    def begin(self) -> None:
        """A test begins."""
        self.leaving = False
        self._figures.clear()

    def add(self, figures: WindowFigures) -> None:
        """A window has its job."""
        self._figures.append(figures)

    def report(self) -> dict[str, Any]:
        """What the master is told; windows that have ended are told of once."""
        told = [figures.packed() for figures in self._figures]
        self._figures = [figures for figures in self._figures if figures.state == "streaming"]
        return {"closed": self.leaving and not self.busy, "figures": told}


HERE = OpenWindows()
"""The windows of this process."""


class WindowUser(User):
    """An operator with one window.

    Attributes:
        settings: those of the run.
        api: the REST side of the server, one for all users of the process: they are greenlets of one thread, and to
            open one each takes tens of milliseconds of processor time, in which every stream of the process waits.
    """

    abstract = True
    settings: Settings
    api: FocusServerAPI
    wait_time = constant(_REOPEN_AFTER)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._leaving = False

    def stop(self, force: bool = False) -> bool:
        """Lets the window close by itself, at its next frame."""
        self._leaving = True
        return bool(super().stop(force))

    @task
    def watch(self) -> None:
        """One window; what goes wrong is in Locust's tables when this returns."""
        if self._is_over:
            raise StopUser
        HERE.busy += 1
        try:
            self._open(self.api)
        except RemoteError:
            pass  # its step has fired it
        finally:
            HERE.busy -= 1

    @property
    def _is_over(self) -> bool:
        return HERE.leaving or self._leaving

    def _open(self, api: FocusServerAPI) -> None:
        with self._step("REST", "fibre"):
            fibre, channels = api.live_metadata(), api.channels()
        request = live_job_request(self.settings, fibre, channels)
        with ExitStack() as cleanup:
            with self._step("REST", "configure"):
                window = cleanup.enter_context(open_window(self.settings, api, request, fibre.prr))
            figures = WindowFigures(window.job.answer.job_id)
            HERE.add(figures)
            try:
                self._stream(window, figures)
            finally:
                with self._step("window", "close"):
                    cleanup.close()

    def _stream(self, window: Window, figures: WindowFigures) -> None:
        ended, error = "failed", ""
        try:
            self._report(window.job.findings, figures)
            with self._step("gRPC", "connect"):
                window.connect()
            try:
                ended = "ended" if self._watch(window, figures) else "left"
            except RemoteError as failure:
                error = str(failure)
                raise
            finally:
                self._report_broken(window, figures)
                self._fire("gRPC", "stream", window.metrics.duration, figures.bytes, error)
        finally:
            figures.state = ended

    def _watch(self, window: Window, figures: WindowFigures) -> bool:
        """Streams until the window has been watched long enough; True where the server ended it before."""
        with closing(window.stream()) as blocks:
            for block in blocks:
                for frame in block.frames:
                    since = figures.see(frame)
                    self._fire("gRPC", "frame interval" if figures.frames > 1 else "first frame", since, frame.size)
                self._report_broken(window, figures)
                if self._is_over or block.elapsed[-1] > _SHARE_OF_TIMEOUT * self.settings.stream_timeout:
                    return False
        return True

    def _report_broken(self, window: Window, figures: WindowFigures) -> None:
        """Brings the counts of findings and lines up to date; fires the rules that are broken for the first time."""
        verdict = window.verdict
        assert verdict is not None, "it has been asked for"
        if not verdict.counts.keys() <= figures.findings.keys():
            self._report(verdict.findings(), figures)
        figures.findings.update(verdict.counts)
        if verdict.doubts and verdict.standstill:
            explained = f"{verdict.standstill}, and the server cannot be judged by this: {verdict.doubts[0].sentence}"
            self._report([replace(verdict.doubts[0], rule="machine stood still", sentence=explained)], figures)
        figures.lines, figures.lines_lost = verdict.rows, verdict.lines.lost(window.job.answer.lines_dt)

    def _report(self, findings: list[Finding], figures: WindowFigures) -> None:
        """Fires the first finding of each rule that was kept until now."""
        for finding in findings:
            if finding.rule not in figures.findings:
                figures.findings[finding.rule] = 1
                self._fire("finding", finding.rule, None, 0, f"job {figures.job_id}: {finding}")

    @contextmanager
    def _step(self, kind: str, name: str) -> Iterator[None]:
        """One step of a window, timed; a failure of the server in it is fired with the step."""
        began = time.monotonic()
        try:
            yield
        except RemoteError as error:
            self._fire(kind, name, time.monotonic() - began, 0, str(error))
            raise
        self._fire(kind, name, time.monotonic() - began)

    def _fire(self, kind: str, name: str, seconds: float | None, size: int = 0, error: str = "") -> None:
        """Tells Locust; an error as its sentence, which is what its tables show of a string."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=None if seconds is None else seconds * 1000,
            response_length=size,
            exception=error or None,
            context={},
        )

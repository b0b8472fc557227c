"""The master's side of a load test: gathers what the workers report, closes all windows at the end, and judges the run.

A process that is master and worker in one (Locust without ``--master``) gathers from itself.
"""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import gevent
from flask import Response, request
from locust.env import Environment
from locust.runners import MasterRunner

from load.figures import COLUMNS, WindowFigures, problems, totals
from load.user import HERE
from proving.page import write_whole

LEAVE = "leave"
"""The message that asks a worker to close its windows."""

_TAB = "windows"
_WRITE_EVERY = 2.0
"""Seconds; so much of a run is lost at most where the master is killed."""
_ALONE = "local"
_CLOSING_SECONDS = 60.0
"""For all windows to be closed, and reported as closed, when the test is over."""


class Collector:
    """The windows of all workers.

    Args:
        environment: Locust's; its ``csv_prefix`` says where files go.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._windows: dict[tuple[str, str], WindowFigures] = {}
        self._closed: dict[str, bool] = {}
        self._began = self._over = self._written = 0.0
        self.begin()

    def begin(self, **_: Any) -> None:
        """A test begins."""
        self._windows.clear()
        self._closed.clear()
        self._began, self._over = time.monotonic(), 0.0

    def gather(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        """One report of a worker."""
        report = data["windows"]
        self._closed[client_id] = report["closed"]
        for packed in report["figures"]:
            figures = WindowFigures(**packed)
            self._windows[client_id, figures.job_id] = figures
        if time.monotonic() - self._written > _WRITE_EVERY:
            self._write(["the run has not ended, or it was ended without a word"], finished=False)

    def close_windows(self, **_: Any) -> None:
        """Waits until every worker has closed its windows and said how they ended, for a while at most."""
        self._over = time.monotonic()
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            self._closed |= dict.fromkeys(runner.clients.keys(), False)
            runner.send_message(LEAVE)
        else:
            self._closed[_ALONE] = False
            HERE.leaving = True
        while self._waits_for_workers() and time.monotonic() < self._over + _CLOSING_SECONDS:
            gevent.sleep(0.05)
            if not isinstance(runner, MasterRunner):
                self.gather(_ALONE, {"windows": HERE.report()})

    def _waits_for_workers(self) -> bool:
        """Whether a worker that is still there has not reported the end of its windows."""
        runner = self._environment.runner
        there = {client.id for client in runner.clients.all} if isinstance(runner, MasterRunner) else {_ALONE}
        gone = {client.id for client in runner.clients.missing} if isinstance(runner, MasterRunner) else set()
        return not all(self._closed.get(worker, True) for worker in there - gone)

    def judge(self, **_: Any) -> None:
        """Ends the test where it still runs, writes the files, and sets the exit code."""
        runner = self._environment.runner
        assert runner is not None
        cut_short = [] if self._over else ["the run was interrupted before its end"]
        runner.quit()
        reasons = self._reasons() + cut_short
        self._write(reasons, finished=not cut_short)
        self._environment.process_exit_code = 1 if reasons else None  # None: Locust decides

    def _reasons(self) -> list[str]:
        """Why the run is not green."""
        runner = self._environment.runner
        assert runner is not None
        return problems(
            self._totals(),
            sum(failure.occurrences for failure in runner.errors.values()),
            sum(exception["count"] for exception in runner.exceptions.values()),
            sum(not closed for closed in self._closed.values()),
            len(self._closed),
        )

    def _totals(self) -> dict[str, Any]:
        return totals(self._windows.values(), self._seconds)

    @property
    def _seconds(self) -> float:
        """How long the test has lasted."""
        return (self._over or time.monotonic()) - self._began

    def _write(self, reasons: list[str], *, finished: bool) -> None:
        """Writes the run as it is now, each file whole."""
        options, runner = self._environment.parsed_options, self._environment.runner
        if options is None or not options.csv_prefix or runner is None:
            return
        self._written = time.monotonic()
        summary = {
            "server": self._environment.host,
            "users": options.num_users,
            "workers": len(self._closed),
            "seconds": round(self._seconds, 1),
            "finished": finished,
            "green": not reasons,
            "problems": reasons,
            **self._totals(),
            "failures": [
                {"name": f"{one.method} {one.name}", "error": str(one.error), "occurrences": one.occurrences}
                for one in runner.errors.values()
            ],
            "jobs": [figures.job_id for figures in self._windows.values()],
        }
        write_whole(Path(f"{options.csv_prefix}.json"), json.dumps(summary, indent=1))
        write_whole(Path(f"{options.csv_prefix}_windows.csv"), self.as_csv())

    def rows(self) -> list[dict[str, object]]:
        """The table of windows, by the keys of ``COLUMNS``."""
        return [figures.row(worker) for (worker, _), figures in self._windows.items()]

    def as_csv(self) -> str:
        """The table of windows, by the titles of ``COLUMNS``."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS.values())
        writer.writerows([row[key] for key in COLUMNS] for row in self.rows())
        return text.getvalue()

    def extend(self, web_ui: Any) -> None:
        """Adds the table of windows to Locust's page: a tab, and a file to download."""
        structure = [{"key": key, "title": title} for key, title in COLUMNS.items()]
        web_ui.template_args["extended_tabs"] = [{"title": "Windows", "key": _TAB}]
        web_ui.template_args["extended_tables"] = [{"key": _TAB, "structure": structure}]
        web_ui.template_args["extended_csv_files"] = [{"href": "/windows/csv", "title": "Download windows CSV"}]

        def with_windows(response: Response) -> Response:
            if request.path.endswith("/stats/requests") and response.is_json:
                answer = {**response.get_json(), "extended_stats": [{"key": _TAB, "data": self.rows()}]}
                response.set_data(json.dumps(answer))
            return response

        def download() -> Response:
            return Response(self.as_csv(), mimetype="text/csv")

        web_ui.app.after_request(with_windows)
        web_ui.app.add_url_rule("/windows/csv", "windows_csv", download)

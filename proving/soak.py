"""``make soak``: the suite over and over, to learn how often it is right, how long it takes, and what it leaves behind.

Each worker keeps one embedded Focus Server for all of its runs, so that what a run leaves on it adds up and shows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
from scipy.stats import binomtest

from proving.suite import CRITERIA, PASSED, SKIPPED, ScenarioResult, SuiteRun, run_suite
from support.server.embedded import EmbeddedServer

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Footprint:
    """What a server holds between two runs: threads, open sockets, memory in MiB, and jobs that are still there."""

    threads: int
    sockets: int
    memory: float
    jobs: int

    @classmethod
    def of(cls, pid: int) -> Footprint:
        """The footprint of the server process ``pid``; each job listens on a port of its own beside the REST port."""
        process = psutil.Process(pid)
        connections = process.net_connections()
        listening = sum(connection.status == psutil.CONN_LISTEN for connection in connections)
        return cls(process.num_threads(), len(connections), process.memory_info().rss / 2**20, listening - 1)


@dataclass(frozen=True)
class Round:
    """One run of the suite, the worker that made it, and its server's footprint afterwards."""

    worker: int
    run: SuiteRun
    footprint: Footprint

    @property
    def is_green(self) -> bool:
        """Whether the run ended as it should: exit code 0, and something was tested."""
        return self.run.exit_code == 0 and any(s.outcome == PASSED for s in self.run.scenarios)


class Soak:
    """Runs the scenarios of ``tags`` ``runs`` times on ``workers`` workers, and tells of each run as it ends."""

    def __init__(self, runs: int, workers: int, tags: str = CRITERIA) -> None:
        self._tags = tags
        self._left = runs
        self._runs = runs
        self._workers = workers
        self._lock = threading.Lock()
        self.rounds: list[Round] = []

    def run(self) -> list[Round]:
        """All rounds, in the order they ended."""
        with tempfile.TemporaryDirectory(prefix="soak-") as scratch, ThreadPoolExecutor(self._workers) as pool:
            for done in [pool.submit(self._work, n, Path(scratch, str(n))) for n in range(self._workers)]:
                done.result()
        return self.rounds

    def _work(self, worker: int, folder: Path) -> None:
        folder.mkdir()
        server = EmbeddedServer(log_file=folder / "simulator.log")
        try:
            while self._take():
                run = run_suite(folder, [f"focus_server_url={server.rest_url}"], tags=self._tags)
                self._add(Round(worker, run, Footprint.of(server.pid)))
        finally:
            server.stop()

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def _add(self, ended: Round) -> None:
        with self._lock:
            self.rounds.append(ended)
            green = sum(r.is_green for r in self.rounds)
            unhappy = ", ".join(s.name for s in ended.run.unhappy) or (
                "" if ended.is_green else ended.run.output[-200:]
            )
            sys.stdout.write(
                f"[{len(self.rounds)}/{self._runs}] {green} green, this one in {ended.run.seconds:.1f} s {unhappy}\n"
            )
            sys.stdout.flush()


def by_scenario(rounds: Sequence[Round]) -> dict[str, list[ScenarioResult]]:
    """The results of every scenario that was not skipped, over all rounds."""
    results: dict[str, list[ScenarioResult]] = defaultdict(list)
    for one in rounds:
        for scenario in one.run.scenarios:
            if scenario.outcome != SKIPPED:
                results[scenario.name].append(scenario)
    return results


def pass_rate(passed: int, tried: int) -> str:
    """The rate and its interval, in per cent; Clopper and Pearson (1934), exact, with 95 % confidence."""
    interval = binomtest(passed, tried).proportion_ci(_CONFIDENCE, method="exact")
    return f"{passed / tried:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def as_markdown(rounds: Sequence[Round], seconds: float) -> str:
    """The outcome as a page."""
    green = sum(one.is_green for one in rounds)
    times = np.array([one.run.seconds for one in rounds])
    lines = [
        f"# The suite, {len(rounds)} times over",
        "",
        f"{green} of {len(rounds)} runs green: {pass_rate(green, len(rounds))} with 95 % confidence. "
        f"A run took {np.median(times):.1f} s (median), {times.max():.1f} s at most; all took {seconds / 60:.1f} min. "
        f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| scenario | passed | rate (95 % interval) | median s | longest s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, results in by_scenario(rounds).items():
        passed = sum(result.outcome == PASSED for result in results)
        took = np.array([result.seconds for result in results])
        lines.append(
            f"| {name} | {passed}/{len(results)} | {pass_rate(passed, len(results))} "
            f"| {np.median(took):.2f} | {took.max():.2f} |"
        )
    lines += ["", "## What did not pass", "", *(_failures(rounds) or ["Nothing."])]
    lines += [
        "",
        "## What the servers held after a run",
        "",
        "| worker | after run | threads | sockets | MiB | jobs left |",
    ]
    lines += ["| --- | --- | --- | --- | --- | --- |", *_footprints(rounds)]
    return "\n".join(lines) + "\n"


def _failures(rounds: Sequence[Round]) -> list[str]:
    return [
        f"- run {number}: {scenario.name} ({scenario.outcome}): {scenario.sentence}"
        for number, one in enumerate(rounds, 1)
        for scenario in one.run.unhappy
    ] + [f"- run {n}: no results: {one.run.output[-300:]}" for n, one in enumerate(rounds, 1) if not one.run.scenarios]


def _footprints(rounds: Sequence[Round]) -> list[str]:
    """The footprint of each worker's server after its first, its middle and its last run."""
    rows = []
    for worker in sorted({one.worker for one in rounds}):
        own = [one.footprint for one in rounds if one.worker == worker]
        for position in sorted({0, len(own) // 2, len(own) - 1}):
            f = own[position]
            rows.append(f"| {worker} | {position + 1} | {f.threads} | {f.sockets} | {f.memory:.0f} | {f.jobs} |")
    return rows


def as_json(rounds: Sequence[Round], seconds: float) -> str:
    """The outcome for programs."""
    return json.dumps(
        {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "seconds": round(seconds, 1),
            "green": sum(one.is_green for one in rounds),
            "rounds": [
                {
                    "worker": one.worker,
                    "seconds": round(one.run.seconds, 2),
                    "exit_code": one.run.exit_code,
                    "footprint": asdict(one.footprint),
                    "scenarios": {s.name: [s.outcome, round(s.seconds, 3), s.sentence] for s in one.run.scenarios},
                }
                for one in rounds
            ],
        },
        indent=1,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where every run was green and no server was left with a job."""
    parser = argparse.ArgumentParser(prog="python -m proving.soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="how often (%(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=1, help="runs at a time, each with a server of its own (%(default)s)"
    )
    parser.add_argument("--tags", default=CRITERIA, help="tag expression that chooses the scenarios (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("reports"), help="folder of the report (%(default)s)")
    options = parser.parse_args(arguments)
    if options.runs < 1 or options.jobs < 1:
        parser.error("--runs and --jobs are at least 1")
    began = time.monotonic()
    rounds = Soak(options.runs, min(options.jobs, options.runs), options.tags).run()
    seconds = time.monotonic() - began
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "soak.md").write_text(as_markdown(rounds, seconds), encoding="utf-8")
    (options.output / "soak.json").write_text(as_json(rounds, seconds), encoding="utf-8")
    left = sum(one.footprint.jobs for one in rounds)
    green = sum(one.is_green for one in rounds)
    sys.stdout.write(f"{green} of {len(rounds)} runs green, {left} jobs left; {options.output}/soak.md\n")
    return 0 if green == len(rounds) and not left else 1


if __name__ == "__main__":
    sys.exit(main())

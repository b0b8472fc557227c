"""``make soak``: the suite over and over, to learn how often it is right, how long it takes, and what it leaves behind.

Each worker keeps one embedded Focus Server for all of its runs, so that what a run leaves on it adds up and shows.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from queue import SimpleQueue

import numpy as np
import psutil

from proving.crew import Crew
from proving.page import parser, positive, table
from proving.rate import share
from proving.report import Report
from proving.suite import CRITERIA, PASSED, SKIPPED, ScenarioResult, SuiteRun, run_suite


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
    """One run of the suite, its number, the worker that made it, and its server's footprint afterwards."""

    number: int
    worker: int
    run: SuiteRun
    footprint: Footprint

    @property
    def is_green(self) -> bool:
        """Whether the run ended as it should: exit code 0, and something was tested."""
        return self.run.exit_code == 0 and any(s.outcome == PASSED for s in self.run.scenarios)


def rounds(crew: Crew, runs: int, workers: int, tags: str, begins: Callable[[str], None]) -> Iterator[Round]:
    """Runs of the scenarios of ``tags``, as they end, ``workers`` at a time; each worker has a server of its own."""
    idle: SimpleQueue[int] = SimpleQueue()
    servers = [crew.server() for _ in range(workers)]
    for worker in range(workers):
        (crew.folder / str(worker)).mkdir()
        idle.put(worker)

    def one(number: int) -> Round:
        begins(f"run {number}")
        worker = idle.get()
        try:
            address = f"focus_server_url={servers[worker].rest_url}"
            run = run_suite(crew, crew.folder / str(worker), [address], tags=tags)
            return Round(number, worker, run, Footprint.of(servers[worker].pid))
        finally:
            idle.put(worker)

    yield from crew.results([partial(one, number) for number in range(1, runs + 1)])


def by_scenario(rounds: Sequence[Round]) -> dict[str, list[ScenarioResult]]:
    """The results of every scenario that was not skipped, over all rounds."""
    results: dict[str, list[ScenarioResult]] = defaultdict(list)
    for one in rounds:
        for scenario in one.run.scenarios:
            if scenario.outcome != SKIPPED:
                results[scenario.name].append(scenario)
    return results


def as_markdown(rounds: Sequence[Round]) -> list[str]:
    """The outcome for people."""
    green = sum(one.is_green for one in rounds)
    times = np.array([one.run.seconds for one in rounds])
    scenarios = []
    for name, results in by_scenario(rounds).items():
        passed = sum(result.outcome == PASSED for result in results)
        took = np.array([result.seconds for result in results])
        rate = share(passed, len(results))
        scenarios.append((name, f"{passed}/{len(results)}", rate, f"{np.median(took):.2f}", f"{took.max():.2f}"))
    return [
        f"{green} of {len(rounds)} runs green: {share(green, len(rounds))} with 95 % confidence. "
        f"A run took {np.median(times):.1f} s (median), {times.max():.1f} s at most.",
        "",
        *table(("scenario", "passed", "rate (95 % interval)", "median s", "longest s"), scenarios),
        *("", "## What did not pass", ""),
        *(_failures(rounds) or ["Nothing."]),
        *("", "## What the servers held after a run", ""),
        *table(("worker", "after run", "threads", "sockets", "MiB", "jobs left"), _footprints(rounds)),
    ]


def _failures(rounds: Sequence[Round]) -> list[str]:
    failed = [(one, f"{s.name} ({s.outcome}): {s.sentence}") for one in rounds for s in one.run.unhappy]
    failed += [(one, f"no results: {one.run.output[-300:]}") for one in rounds if not one.run.scenarios]
    return [f"- run {one.number}: {words}" for one, words in failed]


def _footprints(rounds: Sequence[Round]) -> list[tuple[object, ...]]:
    """The footprint of each worker's server after its first, its middle and its last run."""
    rows: list[tuple[object, ...]] = []
    for worker in sorted({one.worker for one in rounds}):
        own = [one.footprint for one in rounds if one.worker == worker]
        for position in sorted({0, len(own) // 2, len(own) - 1}):
            f = own[position]
            rows.append((worker, position + 1, f.threads, f.sockets, f"{f.memory:.0f}", f.jobs))
    return rows


def as_data(rounds: Sequence[Round]) -> dict[str, object]:
    """The outcome for programs."""
    return {
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
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where every run was green and no server was left with a job."""
    options = parser("proving.soak", __doc__)
    add = options.add_argument
    add("--runs", type=positive, default=100, help="how often (%(default)s)")
    add("--jobs", type=positive, default=1, help="runs at a time, each with a server of its own (%(default)s)")
    add("--tags", default=CRITERIA, help="tag expression that chooses the scenarios (%(default)s)")
    asked = options.parse_args(arguments)
    workers = min(asked.jobs, asked.runs)
    ended: list[Round] = []
    title = "The suite, over and over"
    with Report(asked, "soak", title, asked.runs, ended, as_markdown, as_data) as report, Crew(workers) as crew:
        for one in rounds(crew, asked.runs, workers, asked.tags, report.begins):
            ended.append(one)
            unhappy = ", ".join(s.name for s in one.run.unhappy) or ("" if one.is_green else one.run.output[-200:])
            green = sum(each.is_green for each in ended)
            report.ends(f"run {one.number}", f"{one.run.seconds:.1f} s, {unhappy or 'green'}; {green} green until now")
    left = sum(one.footprint.jobs for one in ended)
    green = sum(one.is_green for one in ended)
    sys.stdout.write(f"{green} of {len(ended)} runs green, {left} jobs left; {report.page}\n")
    return report.exit_code or (0 if green == len(ended) and not left else 1)


if __name__ == "__main__":
    sys.exit(main())

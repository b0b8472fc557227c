"""The jobs of the server: 30 windows, ids that are never given twice, and the removal of what nobody needs."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from support.simulator.job import Job, Limits
from support.simulator.models import JobStatus
from support.simulator.plan import Plan
from support.simulator.pod import Pod
from support.simulator.stream import StreamService

WINDOWS = 30
REMEMBERED = 1000  # jobs that are over and whose metadata can still be asked for
DRAIN = 10.0  # seconds that a slow client has to read the end of a job's stream
LAST_DRAIN = 0.5  # the same, when the server itself ends

log = logging.getLogger(__name__)


class WindowsFullError(RuntimeError):
    """All windows are in use."""


class Registry:
    """Every job there is. Lives on one event loop."""

    def __init__(self, service: Callable[[Job], StreamService], limits: Limits, pod_start: float) -> None:
        self._service = service
        self._limits = limits
        self._pod_start = pod_start
        self._jobs: dict[str, tuple[Job, Pod]] = {}
        self._over: OrderedDict[str, Job] = OrderedDict()
        self._last_unique = 0
        self._draining: set[Pod] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def create(self, plan: Plan, config: dict[str, Any]) -> Job:
        """A new job whose pod is starting; raises WindowsFullError."""
        used = {job.window for job, _ in self._jobs.values()}
        window = next((window for window in range(WINDOWS) if window not in used), None)
        if window is None:
            raise WindowsFullError(f"all {WINDOWS} windows are in use; end a job, or try again later")
        job = Job(f"{window}-{self._unique()}", window, plan, config)
        pod = Pod(self._service(job))
        job.port = pod.port
        self._jobs[job.job_id] = (job, pod)
        if self._pod_start:
            self._spawn(self._start_later(job, pod))
        else:
            await self._start(job, pod)
        log.info("job %s: port %d, channels %d to %d", job.job_id, job.port, plan.first, plan.last)
        return job

    def find(self, job_id: str) -> Job | None:
        """A job that is there, or was until lately."""
        entry = self._jobs.get(job_id)
        return entry[0] if entry else self._over.get(job_id)

    def cancel(self, job_id: str) -> bool:
        """Ends a job; its streams end, then its port closes. False where there is no such job (any more)."""
        if job_id not in self._jobs:
            return False
        self._remove(job_id, "cancelled", "cancelled")
        return True

    async def sweep_forever(self) -> None:
        """Removes what is to be removed, again and again."""
        limits = self._limits
        shortest = min(limits.idle_removal, limits.stream_idle, limits.finished_removal)
        while True:
            await asyncio.sleep(min(1.0, max(0.02, shortest / 10)))
            self.sweep(time.monotonic())

    def sweep(self, now: float) -> None:
        """Removes the jobs whose time is over at `now`, seconds of the monotonic clock."""
        for job, _ in list(self._jobs.values()):
            reason = job.expired(now, self._limits)
            if reason:
                self._remove(job.job_id, "completed" if job.status == "completed" else "cancelled", reason)

    async def close(self) -> None:
        """Ends all jobs, for the end of the server."""
        for task in self._tasks:
            task.cancel()
        pods = [pod for _, pod in self._jobs.values()] + list(self._draining)
        for job, _ in self._jobs.values():
            job.end("cancelled")
        self._jobs.clear()
        await asyncio.gather(*(pod.stop(LAST_DRAIN) for pod in pods))

    def _remove(self, job_id: str, status: JobStatus, reason: str) -> None:
        job, pod = self._jobs.pop(job_id)
        log.info("job %s: removed, %s", job_id, reason)
        job.end(status)
        self._over[job_id] = job
        while len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        self._spawn(self._drain(pod))

    async def _drain(self, pod: Pod) -> None:
        self._draining.add(pod)
        await pod.stop(DRAIN)
        self._draining.discard(pod)

    async def _start(self, job: Job, pod: Pod) -> None:
        try:
            await pod.start()
        except (RuntimeError, OSError):
            self._remove(job.job_id, "failed", "its pod did not start")
            raise

    async def _start_later(self, job: Job, pod: Pod) -> None:
        await asyncio.sleep(self._pod_start)
        if job.job_id in self._jobs:
            await self._start(job, pod)

    def _unique(self) -> int:
        self._last_unique = max(self._last_unique + 1, time.time_ns() // 1_000_000)  # also after a restart
        return self._last_unique

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a job's pod failed", exc_info=task.exception())

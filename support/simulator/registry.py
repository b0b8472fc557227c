"""The jobs of the server: its windows, ids that are never given twice, and the removal of what nobody needs."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from support.simulator.deviations import stages
from support.simulator.dialects import DIALECTS
from support.simulator.job import Job
from support.simulator.models import JobStatus
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.pod import Pod
from support.simulator.present import State
from support.simulator.security import Security
from support.simulator.stream import StreamService

REMEMBERED = 1000  # jobs that are over and whose metadata can still be asked for
DRAIN = 10.0  # seconds that a slow client has to read the end of a job's stream
LAST_DRAIN = 0.5  # the same, when the server itself ends

log = logging.getLogger(__name__)


class WindowsFullError(RuntimeError):
    """All windows are in use."""


class Registry:
    """Every job there is. Lives on one event loop."""

    def __init__(
        self,
        service: Callable[[Job, State], StreamService],
        limits: Callable[[], Options],
        security: Security | None = None,
        last_number: int = 0,
    ) -> None:
        self._service = service
        self._security = security or Security()
        self._limits = limits
        self._jobs: dict[int, tuple[Job, Pod]] = {}  # by window
        self._over: OrderedDict[str, Job] = OrderedDict()
        self._last_number = last_number
        self._ports = DIALECTS[limits().dialect].ports(limits())
        self._draining: set[Pod] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def create(self, plan: Plan, config: dict[str, Any], state: State) -> Job:
        """A new job whose pod is starting.

        Raises:
            WindowsFullError: there is no window for it.
        """
        deviations = state.deviations
        pod_start = deviations.through(stages.POD_START, state.options.pod_start)
        window = self._free_window()
        self._last_number = state.dialect.next_number(self._last_number)
        job_id = deviations.through(stages.JOB_ID, f"{window}-{self._last_number}")
        job = Job(job_id, window, plan, config, state.dialect)
        offers = deviations.through(stages.OFFERS, state.dialect.offers)
        pod = Pod(self._service(job, state), self._ports.reserved(window), offers, self._security)
        job.port = pod.port
        job.vanish = lambda: self._remove(job, "failed", "its pod vanished")
        self._jobs[window] = (job, pod)
        if pod_start:
            self._spawn(self._start_later(job, pod, pod_start))
        else:
            await self._start(job, pod)
        log.info("job %s: port %d, channels %d to %d", job.job_id, job.port, plan.first, plan.last)
        return job

    def find(self, job_id: str) -> Job | None:
        """A job that is there, or was until lately."""
        return self._living(job_id) or self._over.get(job_id)

    def cancel(self, job_id: str) -> bool:
        """Ends a job; its streams end, then its port closes. False where there is no such job (any more)."""
        job = self._living(job_id)
        if job is None:
            return False
        self._remove(job, "cancelled", "cancelled")
        return True

    async def sweep_forever(self) -> None:
        """Removes what is to be removed, again and again."""
        while True:
            limits = self._limits()
            shortest = min(limits.idle_removal, limits.stream_idle, limits.finished_removal)
            await asyncio.sleep(min(0.2, max(0.02, shortest / 10)))
            self.sweep(time.monotonic())

    def sweep(self, now: float) -> None:
        """Removes the jobs whose time is over at ``now``, seconds of the monotonic clock."""
        limits = self._limits()
        for job, _ in list(self._jobs.values()):
            reason = job.expired(now, limits)
            if reason:
                self._remove(job, "completed" if job.status == "completed" else "cancelled", reason)

    async def close(self) -> None:
        """Ends all jobs, for the end of the server."""
        for task in self._tasks:
            task.cancel()
        pods = [pod for _, pod in self._jobs.values()] + list(self._draining)
        for job, _ in self._jobs.values():
            job.end("cancelled")
        self._jobs.clear()
        await asyncio.gather(*(pod.stop(LAST_DRAIN) for pod in pods))
        self._ports.close()

    def _free_window(self) -> int:
        windows = self._limits().windows
        for window in range(windows):
            if window not in self._jobs and self._ports.is_free(window):
                return window
        raise WindowsFullError(f"all {windows} windows are in use; end a job, or try again later")

    def _living(self, job_id: str) -> Job | None:
        return next((job for job, _ in self._jobs.values() if job.job_id == job_id), None)

    def _remove(self, job: Job, status: JobStatus, reason: str) -> None:
        if job.ended.is_set():
            return
        _, pod = self._jobs.pop(job.window)
        log.info("job %s: removed, %s", job.job_id, reason)
        job.end(status)
        self._over[job.job_id] = job
        while len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        self._spawn(self._drain(job.window, pod))

    async def _drain(self, window: int, pod: Pod) -> None:
        self._draining.add(pod)
        await pod.stop(DRAIN)
        self._draining.discard(pod)
        self._ports.given_back(window)

    async def _start(self, job: Job, pod: Pod) -> None:
        try:
            await pod.start()
        except (RuntimeError, OSError):
            self._remove(job, "failed", "its pod did not start")
            raise
        job.serves = True
        job.touch()

    async def _start_later(self, job: Job, pod: Pod, delay: float) -> None:
        await asyncio.sleep(delay)
        if not job.ended.is_set():
            await self._start(job, pod)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a job's pod failed", exc_info=task.exception())

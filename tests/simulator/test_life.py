"""The life of a job: windows, ids, and removal when nobody needs it any more."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import grpc
import pytest

from support.simulator import registry
from support.simulator.job import Job
from support.simulator.options import Options
from support.simulator.plan import Plan
from support.simulator.pod import Pod
from support.simulator.ports import HOST
from support.simulator.present import Present
from support.simulator.recording.library import Library
from support.simulator.stream import StreamService
from tests.patience import eventually
from tests.simulator.driver import accepts, in_thread

WINDOWS = Options().windows
LIMITS = Options(idle_removal=50, stream_idle=180, finished_removal=120)


def make_job() -> Job:
    return Job("3-1", 3, Plan(0, 10, 2000, 1024, range(256), Fraction(1, 100), 5, "0"), {})


def nothing(_: Job) -> None:
    """The job as it was made."""


def completed(job: Job) -> None:
    with job.stream():
        pass
    job.complete()


def watched(job: Job) -> None:
    job.open_streams += 1


def left(job: Job) -> None:
    with job.stream():
        pass


@pytest.mark.parametrize(
    ("before", "stays", "why"),
    [
        (nothing, 50, "no stream open for 50 s"),
        (left, 50, "no stream open for 50 s"),
        (watched, 180, "nothing got through for 180 s"),
        (completed, 120, "completed 120 s ago"),
    ],
)
def test_how_long_a_job_stays(before: Callable[[Job], None], stays: float, why: str) -> None:
    job = make_job()
    before(job)
    assert job.expired(job.last_activity + stays - 0.1, LIMITS) is None
    assert job.expired(job.last_activity + stays + 0.1, LIMITS) == why


def test_a_job_is_completed_when_its_last_stream_is() -> None:
    job = make_job()
    seen = [job.status]
    with job.stream():
        with job.stream():
            seen.append(job.status)
        job.complete()
        seen.append(job.status)
    job.complete()
    seen.append(job.status)
    with job.stream():
        seen.append(job.status)
    assert seen == ["pending", "running", "running", "completed", "running"]


def test_a_client_that_leaves_starts_the_time_anew() -> None:
    job = make_job()
    with job.stream():
        job.last_activity -= 170  # a line every three minutes
    assert job.expired(time.monotonic(), LIMITS) is None


def test_a_job_that_ended_stays_ended() -> None:
    job = make_job()
    with job.stream():
        job.end("cancelled")
    job.complete()
    with job.stream():
        assert job.status == "cancelled"


def test_thirty_windows_and_no_more() -> None:
    with in_thread() as simulator:
        answers = [simulator.configure().json() for _ in range(WINDOWS)]
        assert {int(answer["job_id"].split("-")[0]) for answer in answers} == set(range(WINDOWS))
        assert len({answer["stream_port"] for answer in answers}) == WINDOWS
        full = simulator.configure()
        assert full.status_code == 503
        assert "30 windows are in use" in full.json()["error"]
        freed = answers[7]["job_id"]
        simulator.call("DELETE", f"/job/{freed}")
        again = simulator.configure()
        assert again.status_code == 200
        assert again.json()["job_id"].startswith("7-")
        assert again.json()["job_id"] != freed


def test_metadata_follows_the_job() -> None:
    with in_thread() as simulator, simulator.job(channels={"min": 1, "max": 2}) as job:
        metadata = simulator.call("GET", f"/metadata/{job.job_id}").json()
        assert (metadata["job_id"], metadata["status"]) == (job.job_id, "pending")
        assert metadata["config"]["channels"] == {"min": 1, "max": 2}
        stream = job.open()
        next(stream)
        assert simulator.status(job.job_id) == "running"


def test_a_job_that_nobody_opens_is_removed() -> None:
    with in_thread(Options(idle_removal=0.1)) as simulator:
        job_id = simulator.configure().json()["job_id"]
        eventually(lambda: simulator.status(job_id) == "cancelled", "the job is removed")
        assert simulator.call("DELETE", f"/job/{job_id}").status_code == 404


def test_an_open_stream_keeps_its_job() -> None:
    with in_thread(Options(idle_removal=1.0)) as simulator, simulator.job() as job:
        stream = job.open(max_frames=30)
        assert len(list(stream)) == 30  # 1.5 s
        assert simulator.status(job.job_id) == "completed"


def test_the_pod_of_a_completed_job_goes() -> None:
    with in_thread(Options(finished_removal=0.1)) as simulator, simulator.job() as job:
        assert len(job.frames(1)) == 1
        port = int(job.answer["stream_port"])
        eventually(lambda: not accepts(port), "the port is closed")
        assert simulator.status(job.job_id) == "completed"


def test_a_stream_over_which_nothing_gets_through_is_ended() -> None:
    with in_thread(Options(stream_idle=0.3)) as simulator:
        slow = {"displayTimeAxisDuration": 3600, "displayInfo": {"height": 1}}  # one line now, the next in an hour
        with simulator.job(**slow) as job:
            stream = job.open()
            assert len(list(stream)) == 1
            assert stream.code() is grpc.StatusCode.OK
            assert simulator.status(job.job_id) == "cancelled"


def test_a_pod_that_starts_late_refuses_connections_until_then() -> None:
    with in_thread(Options(pod_start=0.6)) as simulator:
        begin = time.monotonic()
        with simulator.job() as job:
            port = int(job.answer["stream_port"])
            if not accepts(port):
                eventually(lambda: accepts(port), "the port accepts connections")
            assert time.monotonic() - begin >= 0.6
            assert len(job.frames(1)) == 1


def test_a_job_deleted_before_its_pod_started_never_starts() -> None:
    with in_thread(Options(pod_start=0.2)) as simulator:
        with simulator.job() as job:
            pass
        late = time.monotonic() + 0.3
        eventually(lambda: time.monotonic() > late, "the time to start is over")
        assert not accepts(int(job.answer["stream_port"]))


class LostPod(Pod):
    """A pod whose port was given to somebody else in the meantime."""

    async def start(self) -> None:
        self._release()
        with socket.socket() as thief:
            thief.bind((HOST, self.port))
            thief.listen()
            await super().start()


@pytest.mark.parametrize(("pod_start", "count"), [(0, WINDOWS + 1), (0.01, 2)])
def test_a_pod_that_cannot_start_leaves_no_window_in_use(
    pod_start: float, count: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registry, "Pod", LostPod)
    caplog.set_level(logging.INFO)
    state = Present(Options(pod_start=pod_start), Library()).now

    async def statuses() -> list[str]:
        with ThreadPoolExecutor() as workers:
            jobs = registry.Registry(lambda job, now: StreamService(job, now, workers), lambda: LIMITS)
            made: list[str] = []
            for _ in range(count):
                try:
                    made.append((await jobs.create(make_job().plan, {}, state)).job_id)
                except RuntimeError:
                    made.append(next(reversed(jobs._over)))
                while (job := jobs.find(made[-1])) and job.status == "pending":
                    await asyncio.sleep(0.01)
            await jobs.close()
            return [job.status for job_id in made if (job := jobs.find(job_id))]

    assert asyncio.run(statuses()) == ["failed"] * count
    assert "its pod did not start" in caplog.text

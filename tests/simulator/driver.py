"""Drives a simulator from outside, with plain requests and the generated stubs: a client other than the suite's."""

import asyncio
import json
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import requests

from protos.datastream_pb2 import DataStream, StreamRequest
from protos.datastream_pb2_grpc import DataStreamServiceStub
from support.simulator.options import Options
from support.simulator.server import FocusServer, listen
from tests.patience import PATIENCE

REQUEST: dict[str, Any] = {
    "displayTimeAxisDuration": 10,
    "nfftSelection": 1024,
    "displayInfo": {"height": 1000},
    "channels": {"min": 0, "max": 10},
    "frequencyRange": {"min": 0, "max": 500},
    "start_time": None,
    "end_time": None,
    "view_type": "0",
}


@dataclass(frozen=True)
class RunningJob:
    """The answer of ``/configure``, and the stream it leads to."""

    answer: dict[str, Any]
    stub: Any

    @property
    def job_id(self) -> str:
        return str(self.answer["job_id"])

    def open(self, max_frames: int = 0, job_id: str | None = None) -> Any:
        asked = self.job_id if job_id is None else job_id
        return self.stub.StreamSpectrograms(StreamRequest(job_id=asked, max_frames=max_frames), timeout=PATIENCE)

    def frames(self, max_frames: int) -> list[DataStream]:
        return list(self.open(max_frames))


class Simulator:
    """A simulator that listens at ``rest_url``."""

    def __init__(self, rest_url: str) -> None:
        self.rest_url = rest_url

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy leads here, and pytest changes the environment while threads read it
            return session.request(method, self.rest_url + path, json=body, timeout=PATIENCE)

    def configure(self, **changes: Any) -> requests.Response:
        return self.call("POST", "/configure", REQUEST | changes)

    def status(self, job_id: str) -> str:
        return str(self.call("GET", f"/metadata/{job_id}").json()["status"])

    @contextmanager
    def job(self, **changes: Any) -> Iterator[RunningJob]:
        response = self.configure(**changes)
        assert response.status_code == 200, response.text
        with self.adopted(response.json()) as running:
            yield running

    @contextmanager
    def adopted(self, answer: dict[str, Any]) -> Iterator[RunningJob]:
        """The job that an answer tells of, however it was asked for."""
        with connected(answer["stream_port"]) as channel:
            try:
                yield RunningJob(answer, DataStreamServiceStub(channel))
            finally:
                self.call("DELETE", f"/job/{answer['job_id']}")


@contextmanager
def connected(port: int) -> Iterator[grpc.Channel]:
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_reconnect_backoff_ms", 200)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        yield channel


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:  # it closed at the very moment: what holds now?
        return accepts(port)
    return True


@contextmanager
def in_thread(options: Options | None = None) -> Iterator[Simulator]:
    """The server on a thread of this process, still reached over its sockets only."""
    server = FocusServer(options or Options(), listen(0))
    events: queue.Queue[BaseException | None] = queue.Queue()

    def run() -> None:
        try:
            asyncio.run(server.run(on_ready=lambda: events.put(None)))
        except BaseException as error:
            events.put(error)
            raise

    thread = threading.Thread(target=run, name="simulator")
    thread.start()
    try:
        failure = events.get(timeout=PATIENCE)
        assert failure is None, failure
        yield Simulator(server.rest_url)
    finally:
        server.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()


class SimulatorProcess(Simulator):
    """``python -m support.simulator``, and what it prints."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "support.simulator", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        super().__init__(json.loads(self.ready_line)["rest_url"])

    def end(self) -> tuple[int, str, str]:
        """Waits for the end: exit code, the rest of stdout, stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@contextmanager
def in_process(*arguments: str) -> Iterator[SimulatorProcess]:
    simulator = SimulatorProcess(*arguments)
    try:
        yield simulator
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()
            simulator.process.communicate()
        for pipe in (simulator.process.stdin, simulator.process.stdout, simulator.process.stderr):
            assert pipe is not None
            pipe.close()

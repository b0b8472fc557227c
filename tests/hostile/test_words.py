"""Servers that say what no terminal, encoder or parser should see, in every field: real runs, and all their outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import pytest
import requests

from protos.datastream_pb2 import DataStream, HealthRequest, HealthResponse
from support import ROOT
from support.server.embedded import EmbeddedServer
from support.wording import Words
from tests.conftest import Serve
from tests.grpc_server import Abort, message
from tests.http_server import Answer, HttpServer, Request
from tests.patience import PATIENCE, TOLERANT
from tests.reporting import outputs
from tests.reporting.test_words import HOSTILE, are_legible, run_in, unseen

SENDABLE = HOSTILE.replace("\ud83d", "")
"""The same without half of a character, which neither protocol buffers nor an address can hold."""

LONG = HOSTILE + "x" * 100_000


class Focus(HttpServer):
    """Answers by method and path: a fibre, and whatever it is given for the rest."""

    def __init__(self, **answers: Answer) -> None:
        super().__init__()
        fibre = {"prr": 1000, "dx": 1, "sw_version": LONG, "number_of_channels": 50, "fiber_description": HOSTILE}
        self.answers = {
            "live_metadata": Answer(body=fibre, headers={"Server": "\x1b[31mmine", "X-Words": "\x9b31m"}),
            "channels": Answer(body={"lowest_channel": 0, "highest_channel": 49, HOSTILE: LONG}),
            **answers,
        }

    def take(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers.get(request.path.split("/")[1], Answer(404, {"error": HOSTILE}))


def job_at(port: int, job_id: str = f"3-{SENDABLE}") -> dict[str, Any]:
    return {
        "status": HOSTILE,
        "job_id": job_id,
        "stream_url": "127.0.0.1",
        "stream_port": port,
        "stream_amount": 1,
        "channel_amount": 11,
        "channel_to_stream_index": {str(number): 0 for number in range(11)},
        "frequencies_amount": 4,
        "frequencies_list": [0, 1, 2, 3],
        "lines_dt": 0.01,
        "view_type": HOSTILE,
        HOSTILE: HOSTILE,
    }


CONNECTIVITY, JOBS = (
    str(ROOT / "features" / name) for name in ("acceptance_criteria/connectivity.feature", "jobs/configuration.feature")
)


def hostile_health(_request: HealthRequest, context: grpc.ServicerContext) -> HealthResponse:
    context.set_trailing_metadata((("words-bin", HOSTILE.encode("utf-8", "surrogatepass")),))
    return HealthResponse(healthy=True, version=SENDABLE)


def hostile_frame(canvas: str) -> DataStream:
    frame = message([[[1.0, 2.0, 3.0, 4.0] for _ in range(11)] for _ in range(2)])
    for row in frame.rows:
        row.canvasId = canvas
    return frame


def run(folder: Path, url: str, *arguments: str) -> str:
    """The console of a run of these features against that server, whose outputs are legible and count the same."""
    told = ("-D", f"focus_server_url={url}", "-D", "connection_timeout=2", "-f", "plain")
    exit_code, shown = run_in(folder, *told, *arguments, PYTHONIOENCODING="cp1252", **TOLERANT)
    assert unseen(shown) == set()
    reports = folder / "reports"
    assert outputs.console(shown) == outputs.junit(reports) == outputs.allure(reports), shown
    assert (exit_code == 0) == (set(outputs.console(shown)) <= {"passed", "skipped"}), shown
    are_legible(reports)
    properties = (reports / "allure-results" / "environment.properties").read_text("ascii")
    assert unseen(properties) == set()
    for path in (reports / "allure-results").glob("*-attachment.*"):
        if path.suffix != ".png":
            assert unseen(path.read_text("utf-8")) == set()
    return shown


def test_a_server_may_say_anything_in_every_field(tmp_path: Path, serve: Serve) -> None:
    script = (hostile_frame(SENDABLE), hostile_frame(SENDABLE * 2), Abort(grpc.StatusCode.INTERNAL, SENDABLE))
    grpc_server = serve(script, health=hostile_health)
    job = job_at(grpc_server.port)
    told = Answer(
        body={"job_id": job["job_id"], "status": "running", "config": {"nfftSelection": LONG, HOSTILE: HOSTILE}}
    )

    with Focus(configure=Answer(body=job), metadata=told) as server:
        shown = run(tmp_path, server.url, CONNECTIVITY, JOBS)

    seen = str(Words(SENDABLE)).encode("cp1252", "backslashreplace").decode("cp1252")
    for beginning in (
        "server version: ",
        "INTERNAL: ",
        "the canvas id changed from '",
        "nfftSelection is '",
        "view_type '0' was asked for, '",
        "job 3-",
    ):
        assert f"{beginning}{seen[:40]}" in shown, beginning
    assert max(map(len, shown.splitlines())) < 10_000
    assert "asked for job '" not in shown  # what it tells of is this one
    assert f"/metadata/{quote(job['job_id'], safe='')}" in {request.path for request in server.requests}
    assert job["job_id"] in {call.request.job_id for call in grpc_server.calls}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(400, {"error": HOSTILE}), r"was refused with 400: \x00\x1b[2J"),
        (
            Answer(200, HOSTILE.encode("utf-8", "surrogatepass"), {"Content-Type": "\x1b[31m/\x9b"}),
            r"200 with \x1b[31m",
        ),
        (Answer(302, b"", {"Location": "/\x1b[31m" + "x" * 9000}), r"/\x1b[31mxxx"),
        (
            Answer(200, job_at(1, "3-\ud83d")),
            "job_id: Input should be a valid string, unable to parse raw data as a unicode",
        ),
        (Answer(200, job_at(1) | {"stream_url": HOSTILE}), r"stream_url '\x00\x1b[2J"),
    ],
    ids=["refused", "no JSON", "redirected", "half an id", "no host"],
)
def test_a_job_that_cannot_be_had_is_told_in_words_that_can_be_read(tmp_path: Path, answer: Answer, told: str) -> None:
    with Focus(configure=answer) as server:
        shown = run(tmp_path, server.url, CONNECTIVITY, "--tags=task-1.3.2")
    assert told in shown
    assert max(map(len, shown.splitlines())) < 10_000


def test_what_a_server_tells_of_a_job_is_told_in_words_that_can_be_read(tmp_path: Path) -> None:
    told = Answer(body={"job_id": HOSTILE, "status": LONG})
    with Focus(configure=Answer(body=job_at(1)), metadata=told, job=Answer(body={})) as server:
        shown = run(tmp_path, server.url, JOBS, "--name=A cancelled job is over")
    assert r"but: was '\x00\x1b[2J" in shown.replace(r"\\", "\\")
    assert max(map(len, shown.splitlines())) < 10_000


class Relay(Focus):
    """Hands on what it is asked to a server that keeps every promise, and says who answers in other words."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url_behind = url

    def take(self, request: Request) -> Answer:
        answered = requests.request(
            request.method, self._url_behind + request.path, json=request.body, timeout=PATIENCE
        )
        said = answered.json()
        instead = {"sw_version": LONG, "fiber_description": HOSTILE}
        if request.path == "/configure":
            instead["status"] = HOSTILE
        return Answer(answered.status_code, said | {name: instead[name] for name in said.keys() & instead.keys()})


def test_a_server_that_keeps_its_promises_may_call_itself_anything(tmp_path: Path, embedded: EmbeddedServer) -> None:
    with Relay(embedded.rest_url) as server:
        shown = run(tmp_path, server.url, CONNECTIVITY, "--tags=task-1.3.2")
    assert outputs.console(shown)["passed"] > 1, shown
    assert r"server version: \x00\x1b[2J" in shown

"""What stands between a machine and a verdict is named in a line, with what to do, and turns the exit code."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest
import trustme

from support import ROOT
from support.contract import JobRequest
from support.doctor import machine, packages
from support.doctor.__main__ import main
from support.doctor.sign import OK, PROBLEM, WARNING
from support.focus_server_api import FocusServerAPI
from support.server.embedded import EmbeddedServer
from tests.conftest import Http
from tests.http_server import Answer
from tests.patience import PATIENCE
from tests.screen.test_greeting import FIBRE, job
from tests.stream.servers import serving

ALL = (
    "Python, packages, reports, disk, page, settings, server, way, TLS, clock, job's port, dialect, schema, live data, "
    "windows"
)
OVER = Answer(body={"status": "cancelled"})

Examine = Callable[..., tuple[int, str]]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Examine:
    """Examines this machine, in an empty folder, and a server: the exit code, and what was said."""
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def examined(url: str | None = None, **settings: object) -> tuple[int, str]:
        given = {"focus_server_url": url, "connection_timeout": PATIENCE, **settings}
        code = main([part for key, value in given.items() if value is not None for part in ("-D", f"{key}={value}")])
        return code, capfd.readouterr().out

    return examined


@pytest.fixture
def server_with(tmp_path: Path) -> Iterator[Callable[..., EmbeddedServer]]:
    servers: list[EmbeddedServer] = []

    def start(*options: str) -> EmbeddedServer:
        servers.append(EmbeddedServer(options, log_file=tmp_path / f"{len(servers)}.log"))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def of(state: str, said: str) -> list[str]:
    """What was found to be in this state, in its order."""
    return re.findall(rf"^{state} +([^:]+): ", said, re.MULTILINE)


def words(about: str, said: str) -> str:
    """What was found about that, and below it what to do."""
    found = re.search(rf"^\w+ +{about}: (.+(?:\n {{9}}.+)*)", said, re.MULTILINE)
    assert found, said
    return " ".join(found[1].split())


def test_a_server_that_is_ready(examine: Examine, embedded: EmbeddedServer, api: FocusServerAPI) -> None:
    code, said = examine(embedded.rest_url, data_age_within=PATIENCE)

    assert (code, of(PROBLEM, said)) == (0, []), said
    assert of(r"\w+", said) == ALL.split(", ")
    assert said.splitlines()[-1].startswith("READY")
    [cancelled] = re.findall(r"job (\S+), which is cancelled$", said, re.MULTILINE)
    assert api.metadata(cancelled).status == "cancelled"


def test_without_one_the_embedded_is_examined_and_no_log_of_a_run_is_lost(examine: Examine) -> None:
    code, said = examine(data_age_within=PATIENCE)

    assert (code, of(PROBLEM, said)) == (0, []), said
    assert "embedded Focus Server at http://127.0.0.1:" in words("server", said)
    assert list(Path("reports").iterdir()) == []


def test_the_other_dialect(examine: Examine) -> None:
    code, said = examine(data_age_within=PATIENCE, dialect="production")

    assert (code, of(PROBLEM, said)) == (0, []), said
    assert words("dialect", said) == "production (its stream answers, and no other)"
    assert "cannot be cancelled, and ends within about 50 s" in words("windows", said)


def test_a_server_that_is_down(examine: Examine, closed_port: int) -> None:
    code, said = examine(f"http://127.0.0.1:{closed_port}")

    assert (code, of(PROBLEM, said)) == (1, ["server"])
    assert f"nothing answers at http://127.0.0.1:{closed_port}/live_metadata" in words("server", said)
    assert "is the server up, and is the port right?" in words("server", said)
    assert said.splitlines()[-1].startswith("NOT READY: server")


def test_another_server_on_that_port(examine: Examine, http: Http) -> None:
    code, said = examine(http(Answer(404, b"<html>")).url)

    assert (code, of(PROBLEM, said)) == (1, ["server"])
    assert "Another HTTP server answers there" in words("server", said)


def test_one_that_waits_for_its_fibre(examine: Examine, server_with: Callable[..., EmbeddedServer]) -> None:
    code, said = examine(server_with("--no-fibre").rest_url)

    assert (code, of(PROBLEM, said)) == (1, ["server"])
    assert "'waiting for fiber'; attach a fibre, then run again" in words("server", said)


def test_one_that_is_not_trusted(examine: Examine, server_with: Callable[..., EmbeddedServer], tmp_path: Path) -> None:
    server = server_with("--tls", "ca")
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)

    code, said = examine(server.rest_url, tls="ca", tls_ca_file=other)
    assert (code, of(PROBLEM, said)) == (1, ["server"])
    assert "the certificate of 127.0.0.1:" in words("server", said)
    assert "Client and server do not trust each other" in words("server", said)

    code, said = examine(server.rest_url, tls="ca", tls_ca_file=server.told["ca_file"], data_age_within=PATIENCE)
    assert (code, of(PROBLEM, said)) == (0, []), said
    assert re.match("trusted by ca, valid until ....-..-.. ", words("TLS", said))


def test_a_proxy_that_stands_in_the_way(examine: Examine, monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    code, said = examine("http://focus.example:5000")

    assert (code, of(PROBLEM, said)) == (1, ["server"])
    assert f"the proxy http://127.0.0.1:{closed_port} (from http_proxy) gives no way" in words("server", said)


def test_no_window_is_free(examine: Examine, server_with: Callable[..., EmbeddedServer]) -> None:
    server = server_with("--windows", "1")
    with FocusServerAPI(server.rest_url) as api:
        taken = api.configure(JobRequest(channels_min=0, channels_max=1)).job_id
        code, said = examine(server.rest_url, idle_removal=0.2)
        api.cancel(taken)

    assert (code, of(PROBLEM, said)) == (1, ["windows"])
    assert "all 1 windows are in use" in words("windows", said)


def test_a_port_of_a_job_that_nothing_answers_at(examine: Examine, http: Http, closed_port: int) -> None:
    server = http(*FIBRE, job(closed_port), OVER)
    code, said = examine(server.url, connection_timeout=0.5)

    assert (code, of(PROBLEM, said)) == (1, ["job's port"])
    assert "where only the REST address is open from here" in words("job's port", said)
    assert server.requests[-1].path == "/job/1-2", "the job is cancelled"


def test_a_dialect_that_nobody_speaks_here(examine: Examine, http: Http) -> None:
    with serving({"/other.Service/Stream": b""}, ["other.Service"]) as target:
        code, said = examine(http(*FIBRE, job(int(target.rpartition(":")[2])), OVER).url)

    assert (code, of(PROBLEM, said)) == (1, ["dialect"])
    assert "speaks none of the dialects that are known here" in words("dialect", said)


def test_data_that_are_ahead_of_this_clock(examine: Examine, server_with: Callable[..., EmbeddedServer]) -> None:
    code, said = examine(server_with("--fault", "clock-ahead=3600").rest_url)

    assert (code, of(PROBLEM, said)) == (1, ["live data"])
    assert "live data are from the future" in words("live data", said)
    assert "look at the clocks of both machines first" in words("live data", said)


@pytest.mark.parametrize(("ahead", "states"), [(3600, [WARNING]), (-3600, [WARNING]), (None, [OK])])
def test_the_date_of_its_answers(examine: Examine, http: Http, ahead: int | None, states: list[str]) -> None:
    dated = FIBRE[-1]
    if ahead is not None:
        dated = replace(dated, headers={"Date": formatdate(time() + ahead, usegmt=True)})
    server = http(*FIBRE[:-1], dated, Answer(503, {"error": "all windows are in use"}))
    _, said = examine(server.url, idle_removal=0.1)

    assert [state for state in (OK, WARNING, PROBLEM) if "clock" in of(state, said)] == states, said


def test_a_setting_that_is_wrong(examine: Examine) -> None:
    code, said = examine(nftt=128, channels=0)

    assert (code, of(PROBLEM, said)) == (1, ["settings", "settings"])
    assert "did you mean 'nfft'?" in said


def test_reports_that_cannot_be_written(examine: Examine, closed_port: int) -> None:
    Path("reports").touch()
    code, said = examine(f"http://127.0.0.1:{closed_port}")

    assert (code, of(PROBLEM, said)) == (1, ["reports", "server"]), "the server is looked at all the same"
    assert "All folders that a run writes into are tried" in words("reports", said)


def test_room_on_the_disk() -> None:
    assert [machine.room(free).state for free in (0, 2**29, 2**31)] == [PROBLEM, WARNING, OK]


def test_packages_that_are_missing_or_others(tmp_path: Path) -> None:
    asked = tmp_path / "requirements.txt"
    asked.write_text("numpy==0.0.1\n", "utf-8")
    assert packages.packages(asked).state == WARNING
    asked.write_text("numpy==0.0.1\nno-such-package==1 # why\n-e .\n", "utf-8")
    sign = packages.packages(asked)
    assert (sign.state, sign.words.partition(";")[0]) == (PROBLEM, "missing: no-such-package")


def test_a_python_without_packages_is_told_so() -> None:
    command = [sys.executable, "-S", "-m", "support.doctor"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert of(PROBLEM, done.stdout) == ["packages"]


@pytest.mark.parametrize("module", ["__main__", "advice", "packages", "sign", "../__init__"])
def test_an_old_python_can_read_what_tells_of_it(module: str) -> None:
    source = (ROOT / "support" / "doctor" / f"{module}.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 8))

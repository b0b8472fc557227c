"""Every sentence that docs/TROUBLESHOOTING.md quotes is said by the code: each one is provoked here, and compared.

Numbers are not compared, nor what follows ``...`` at the end of a quote. A quote under a heading for which nothing is
provoked fails, so a new one needs its trigger here.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import NoReturn

import grpc
import pytest
from hamcrest.core.matcher import Matcher

from protos.datastream_pb2 import DataStream, HealthRequest, HealthResponse, SpectrogramRow
from protos.pandadatastream_pb2 import DataStream as ProductionMessage
from support import ROOT, matchers
from support.contract import JobRequest
from support.defects import known as known_defects
from support.doctor.packages import packages
from support.doctor.server import clock
from support.errors import FocusError
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.machine.leftovers import Process
from support.machine.threads import named
from support.reporting import html
from support.reporting.folders import held
from support.run import Run
from support.server.embedded import EmbeddedServer
from support.server.under_test import jobs_left
from support.settings_sources import load
from support.stream.frame import Frame
from support.stream.production import PRODUCTION
from support.validation.beside import judge_beside
from support.validation.expectation import Limits
from support.validation.finding import Ending
from support.validation.verdict import Verdict, stream_rules
from tests.conftest import Http, Serve
from tests.grpc_server import Abort, failing, frame, silence
from tests.http_server import Answer
from tests.patience import eventually
from tests.reflection.altered import move_to, pool_of, set_field, story
from tests.reporting.test_html import write_result
from tests.reporting.test_words import STANDARD
from tests.screen.test_greeting import FIBRE
from tests.screen.test_greeting import job as job_at
from tests.stream import parts
from tests.stream.servers import serving
from tests.test_matchers import failure, metrics_of
from tests.truth.past import BEGIN, noise
from tests.truth.past import write as write_recording
from tests.validation import test_beside as beside
from tests.validation import test_numbering as numbering
from tests.validation import test_rules as rules
from tests.validation import test_streams as streams
from tests.validation import test_trend as trend
from tests.validation.production import messages_of
from tests.validation.streams import blocks_of, frames_of, judge, spoiled
from tests.validation.test_every_rule_matters import AGING, aging_frames

DOCUMENT = (ROOT / "docs" / "TROUBLESHOOTING.md").read_text("utf-8")
NOT_READY, FAILED, LEFT = "NOT READY: ", "ASSERT FAILED: ", "LEFT BEHIND: "

Provoke = Callable[["Triggers"], list[str]]
PROVOKED: dict[str, Provoke] = {}
"""What provokes the sentences under a heading, by the beginning of that heading."""


def quotes() -> list[tuple[str, str]]:
    """Every quoted line, with the heading that it stands under."""
    found = []
    for part in re.split(r"^### ", DOCUMENT, flags=re.MULTILINE)[1:]:
        heading = part.splitlines()[0]
        for block in re.findall(r"^```text\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL):
            found += [(heading, line) for line in block.splitlines()]
    cells = re.findall(r"^\| `(.+?)` \|", DOCUMENT.partition("### From other tools")[2], flags=re.MULTILINE)
    return found + [("From other tools", cell) for cell in cells]


def under(heading: str) -> Callable[[Provoke], Provoke]:
    """Says of a function that it provokes what is quoted under that heading."""

    def register(provoke: Provoke) -> Provoke:
        PROVOKED[heading] = provoke
        return provoke

    return register


def plain(sentence: str) -> str:
    """A sentence without what differs from time to time: numbers, hexadecimal ones too, and their plurals."""
    sentence = re.sub(r"\b(?:[0-9A-F]{2}:){8,}[0-9A-F]{2}\b", "#", sentence)
    return re.sub(r"-?\d+(?:[.,:]\d+)*(?:e-?\d+)?", "#", sentence.strip())


@dataclass
class Triggers:
    """What sentences are provoked with."""

    http: Http
    serve: Serve
    folder: Path
    closed_port: int
    silent_port: int
    embedded: EmbeddedServer
    secured: EmbeddedServer
    monkeypatch: pytest.MonkeyPatch

    def not_ready(self, url: str, **settings: str) -> str:
        """Why a run against that address does not begin."""
        with pytest.raises(FocusError) as caught:
            Run({"focus_server_url": url, **settings}, {}).close()
        return NOT_READY + str(caught.value)

    def setting(self, variables: dict[str, str] | None = None, file: str | None = None, **given: str) -> str:
        """What is said about these settings; `file`: what stands in environments/staging.yaml."""
        folder = self.folder / "environments"
        folder.mkdir(exist_ok=True)
        (folder / "example.yaml").touch()
        if file is not None:
            (folder / "staging.yaml").write_text(file, "utf-8")
        with pytest.raises(FocusError) as caught:
            load(given, variables or {}, folder)
        return NOT_READY + str(caught.value).replace(f"{self.folder}/", "")

    def streaming(self, port: int, job: str = "0-1", **options: float) -> str:
        """Why a job cannot be streamed from that port."""
        client = GrpcStreamClient(**{"connection_timeout": 10, "retry_attempts": 1, **options})  # type: ignore[arg-type]
        with pytest.raises(FocusError) as caught, client.connect_context("127.0.0.1", port):
            list(client.stream_spectrograms(job))
        return FAILED + str(caught.value)

    def streams(self, port: int, **options: float) -> str:
        """Why a job of two streams cannot be streamed from that port."""
        client = GrpcStreamClient(**{"retry_attempts": 1, **options}, dialect=parts.NUMBERED)  # type: ignore[arg-type]
        with pytest.raises(FocusError) as caught, client.connect_context("127.0.0.1", port):
            list(client.stream_spectrograms("0-1", stream_amount=2))
        return str(caught.value)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    folder = tmp_path_factory.mktemp("secured")
    (folder / "token").write_text("secret", "utf-8")
    options = ["--tls", "self-signed", "--require-token", str(folder / "token")]
    server = EmbeddedServer(options, log_file=folder / "simulator.log")
    yield server
    server.stop()


@pytest.fixture
def triggers(
    http: Http,
    serve: Serve,
    tmp_path: Path,
    closed_port: int,
    silent_port: int,
    embedded: EmbeddedServer,
    secured: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Triggers:
    return Triggers(http, serve, tmp_path, closed_port, silent_port, embedded, secured, monkeypatch)


@pytest.mark.parametrize("heading", dict.fromkeys(heading for heading, _ in quotes()))
def test_what_is_quoted_is_said(heading: str, triggers: Triggers) -> None:
    [provoke] = [provoke for beginning, provoke in PROVOKED.items() if heading.startswith(beginning)]
    said = [plain(line) for sentence in provoke(triggers) for line in sentence.splitlines()]
    for quote in [plain(quote) for of, quote in quotes() if of == heading]:
        if quote.endswith("..."):
            assert any(line.startswith(quote.removesuffix("...").rstrip()) for line in said), (quote, said)
        else:
            assert quote in said, (quote, said)


def test_what_is_provoked_is_quoted() -> None:
    headings = {heading for heading, _ in quotes()}
    assert [one for one in PROVOKED if not any(heading.startswith(one) for heading in headings)] == []


@under("`nothing answers at …`")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(f"http://127.0.0.1:{at.closed_port}")]


@under("`the proxy …")
def _(at: Triggers) -> list[str]:
    refusing = at.http(Answer(407, b""))
    for name in ("HTTP_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        at.monkeypatch.delenv(name, raising=False)
    said = []
    for kind, port in (("http", at.closed_port), ("socks5", at.closed_port), ("http", refusing.port)):
        at.monkeypatch.setenv("http_proxy", f"{kind}://127.0.0.1:{port}")
        said.append(at.not_ready("http://focus.example:5000"))
    return said


@under("`… was not answered within")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(f"http://127.0.0.1:{at.silent_port}", rest_timeout="0.3")]


@under("`… answered with more than")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(at.http(Answer(body=b"x" * 65536, endless=True)).url)]


@under("`… was refused with …`")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(at.http(Answer(404, "<!DOCTYPE HTML>\n<html>no such page</html>")).url)]


@under("`… was redirected to …`")
def _(at: Triggers) -> list[str]:
    there = at.http(Answer(body={"prr": 2000, "dx": 1}))
    said = at.not_ready(at.http(Answer(301, headers={"Location": f"{there.url}/live_metadata"})).url)
    return [said.replace(there.url, "https://focus.example")]


@under("`… is not ready: it says …`")
def _(at: Triggers) -> list[str]:
    fibre = {"prr": 0, "dx": 0, "sw_version": "waiting for fiber"}
    return [at.not_ready(at.http(Answer(body=fibre, headers={"Content-Type": "application/json"})).url)]


@under("`schema mismatch: …`")
def _(at: Triggers) -> list[str]:
    said = []
    for alter in (set_field("SpectrogramRow.startTimestamp", number=7), move_to("datastream.v2")):
        file = story(alter)
        with serving({}, [f"{file.package}.DataStreamService"], pool=pool_of(file)) as target:
            answers = (*FIBRE, job_at(int(target.rpartition(":")[2])), Answer(body={"status": "cancelled"}))
            said.append(at.not_ready(at.http(*answers).url))
    return said


@under("`unknown setting …`")
def _(at: Triggers) -> list[str]:
    return [
        at.setting(nftt="512"),
        at.setting(file="chanels: 3\n", environment="staging"),
        at.setting(nfft="1000"),
        at.setting(focus_server_url="focus:5000"),
    ]


@under("`settings contradict each other: …`")
def _(at: Triggers) -> list[str]:
    return [at.setting(idle_timeout="400"), at.setting(tls="ca")]


@under("`there is no …`")
def _(at: Triggers) -> list[str]:
    return [at.setting(environment="staging")]


@under("`… cannot be read: …`")
def _(at: Triggers) -> list[str]:
    texts = (
        "channels: [1, 2\n",
        "nfft: 512\nnfft: 256\n",
        "nfft: !!int secret\n",
        "token: !secret\n",
        "512: nfft\n",
        "a: &a [x]\nb: *a\n",
        f"a: {'[' * 11}\n",
        "#" * 2**20 + "\n",
    )
    said = [at.setting(file=text, environment="staging") for text in texts]
    (at.folder / "environments" / "staging.yaml").unlink()
    (at.folder / "environments" / "staging.yaml").mkdir()
    return [*said, at.setting(environment="staging")]


@under("`… cannot be written: …`")
def _(at: Triggers) -> list[str]:
    reports = at.folder / "reports"
    reports.touch()
    said = []
    for occupied in (reports, None):
        with pytest.raises(FocusError) as caught, held([reports]), held([reports]):
            pass
        said.append(f"NOT READY: {str(caught.value).replace(str(at.folder), '...')}")
        if occupied:
            occupied.unlink()
    return said


@under("`known defects: …`")
def _(at: Triggers) -> list[str]:
    rest = "says: of two words, reason: it is open, since: 2026-01-01"
    said = []
    for entry in ("promise: sensors alive", "version: 4.*, promise: Job configuration"):
        (at.folder / "known_defects.yaml").write_text(f"- {{key: FOCUS-1, {entry}, {rest}}}", "utf-8")
        with pytest.raises(FocusError) as caught:
            known_defects.read(at.folder / "known_defects.yaml")
        said.append(f"NOT READY: {str(caught.value).replace(f'{at.folder}/', '')}")
    return said


@under("`the recording … cannot be read: …`")
def _(at: Triggers) -> list[str]:
    (at.folder / "text.h5").write_text("no recording", "utf-8")
    said = []
    for name in ("text.h5", "missing.h5"):
        sentence = at.not_ready(at.embedded.rest_url, recording=str(at.folder / name))
        said.append(sentence.replace(f"{at.folder}/", ""))
    return said


@under("`the recording … is of another fibre: …`")
def _(at: Triggers) -> list[str]:
    path = write_recording(at.folder / "fibre.h5", [(BEGIN, noise(0.01, 3, 2000))], 2000)
    return [at.not_ready(at.embedded.rest_url, recording=str(path)).replace(f"{at.folder}/", "")]


@under("`the date of its answers is …`")
def _(_: Triggers) -> list[str]:
    return [str(clock(3600.0))]


@under("`missing: …; use the Python of .venv …`")
def _(at: Triggers) -> list[str]:
    (at.folder / "requirements.txt").write_text("no-such-package==1\n", "utf-8")
    return [str(packages(at.folder / "requirements.txt"))]


@under("`NO VERDICT: …`")
def _(_at: Triggers) -> list[str]:
    commands = [["features/jobs.feature"], ["features/jobs/configuration.feature:99"]]
    commands += [["features/jobs", "--tags", "@typo"], ["features/jobs", "--dry-run", "--format", "null"]]
    return [
        subprocess.run(
            [sys.executable, "-m", "behave", *command], cwd=ROOT, capture_output=True, text=True, check=False
        ).stderr
        for command in commands
    ]


@under("`nothing at … answered gRPC within")
def _(at: Triggers) -> list[str]:
    return [at.streaming(at.closed_port, connection_timeout=0.5)]


@under("`… speaks TLS, and this client plain text")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(at.secured.rest_url, tls="system")]


@under("`… set the token that this server wants …`")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(at.secured.rest_url, tls="pin", tls_fingerprint=at.secured.told["fingerprint"])]


@under("`… says that it is not healthy")
def _(at: Triggers) -> list[str]:
    def unwell(_request: HealthRequest, _context: grpc.ServicerContext) -> HealthResponse:
        return HealthResponse(healthy=False, version="x-1")

    return [at.streaming(at.serve(health=unwell).port, connection_timeout=1)]


@under("`the health check of … failed with")
def _(at: Triggers) -> list[str]:
    def starting(_request: HealthRequest, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNAVAILABLE, "still starting")

    return [at.streaming(at.serve(health=health).port, connection_timeout=1) for health in (starting, failing)]


@under("`… answered gRPC only after")
def _(at: Triggers) -> list[str]:
    port = at.serve().port

    def late() -> str:
        with suppress(pytest.fail.Exception):  # it is there in time where the one who waits has no processor meanwhile
            said = at.streaming(port, connection_timeout=1e-6)
            return said if "only after" in said else ""
        return ""

    return [eventually(late, "the port answers, too late")]


@under("`… windows are in use`")
def _(at: Triggers) -> list[str]:
    with FocusServerAPI(at.embedded.rest_url) as api:
        jobs: list[str] = []
        request = JobRequest(channels_min=0, channels_max=0)
        try:
            with pytest.raises(FocusError) as caught:
                jobs.extend(api.configure(request).job_id for _ in range(31))
        finally:
            for job in jobs:
                api.cancel(job)
    return [str(caught.value)]


@under("`NOT_FOUND: …`")
def _(at: Triggers) -> list[str]:
    with FocusServerAPI(at.embedded.rest_url) as api:
        job = api.configure(JobRequest(channels_min=0, channels_max=0))
        said = at.streaming(int(job.stream_port), job="0-unknown")
        api.cancel(job.job_id)
    return [said.removeprefix(FAILED)]


@under("`… went silent")
def _(at: Triggers) -> list[str]:
    return [at.streaming(at.serve([*[frame()] * 5, silence()]).port, job="0-1795442673885", idle_timeout=0.3)]


@under("`stream … of … of job … ended")
def _(at: Triggers) -> list[str]:
    def slowly() -> Iterator[DataStream]:
        for line in range(1000):
            time.sleep(0.05)
            yield parts.part(0, line)

    server = at.serve(slowly(), [parts.part(1, line) for line in range(3)], streams=2)
    return [at.streams(server.port)]


@under("`no line of job")
def _(at: Triggers) -> list[str]:
    apart = [[parts.part(stream, first + n) for n in range(3)] for stream, first in ((0, 0), (1, 500_000))]
    server = at.serve(*([*one, silence()] for one in apart), streams=2)
    return [at.streams(server.port, idle_timeout=0.5)]


@under("`it took longer than")
def _(at: Triggers) -> list[str]:
    return [at.streaming(at.serve([*[frame()] * 61, silence()]).port, job="0-1795439240868", stream_timeout=0.5)]


@under("`… failed …: UNAVAILABLE: …`")
def _(at: Triggers) -> list[str]:
    cut = Abort(grpc.StatusCode.UNAVAILABLE, "Stream removed (Socket closed)")
    return [at.streaming(at.serve([*[frame()] * 6, cut]).port, job="0-1795439359158").removeprefix(FAILED)]


@under("`… in all … came…, the newest line of …`")
def _(at: Triggers) -> list[str]:
    server = at.serve([*[frame()] * 61, silence()])
    client = GrpcStreamClient(connection_timeout=10, retry_attempts=1)
    with client.connect_context("127.0.0.1", server.port):
        stream = client.stream_spectrograms("0-1795442673885", resume=True)
        for _ in range(61):
            next(stream)
        server.close()
        with pytest.raises(FocusError) as caught:
            next(stream)
    return [str(caught.value)]


@under("`… cannot be read: … bytes that begin with")
def _(at: Triggers) -> list[str]:
    return [at.streaming(at.serve([b"\xff\xff<html>not protobuf</html>"[:20]]).port, job="0-1795439224728")]


@under("`… is absurd: …`")
def _(at: Triggers) -> list[str]:
    many = DataStream(rows=[SpectrogramRow()] * 20_000)
    return [at.streaming(at.serve([many]).port, job="0-1795439224728")]


@under("`… says … rows, and has")
def _(_at: Triggers) -> list[str]:
    found = []
    for spoil in (lambda said: said.timestamp_in_milis.append(5), values_cut):
        messages = messages_of(numbering.PLAN)
        spoil(messages[1])
        sent = tuple(message.SerializeToString() for message in messages)
        client = GrpcStreamClient(retry_attempts=1, dialect=PRODUCTION)
        with (
            serving({PRODUCTION.method: sent}) as target,
            client.connect_context(*target.split(":")),
            pytest.raises(FocusError) as caught,
        ):
            list(client.stream_spectrograms("23-68"))
        found.append(str(caught.value))
    return found


def values_cut(said: ProductionMessage) -> None:
    said.main_data[0] = said.main_data[0][:-2]


@under("`the stream is that of another job: …`")
def _(_at: Triggers) -> list[str]:
    spoils = numbering.job(22), numbering.numbers_after(5, 3), numbering.times_after(5, 20), numbering.other_type
    return [f"- {finding}" for spoil in spoils for finding in numbering.judge(numbering.spoiled(spoil))]


def judged(matcher: Matcher[Verdict], *changes: rules.Change) -> str:
    """What is said of a stream that these changes have spoiled."""

    def change(messages: list[DataStream]) -> None:
        for one in changes:
            one(messages)

    return said_of(spoiled(rules.PLAN, change), matcher)


def said_of(streamed: Sequence[Frame], matcher: Matcher[Verdict]) -> str:
    verdict = Verdict(stream_rules(rules.PLAN.expectation, Limits()))
    for block in blocks_of(streamed, together=True):
        verdict.see(block)
    verdict.end(Ending(len(streamed), by_server=False))
    return failure(verdict, matcher)


@under("`… missing after …`")
def _(_at: Triggers) -> list[str]:
    def drop_twice(messages: list[DataStream]) -> None:
        for index in (4, 6):
            del messages[index].rows[1:4]

    return [judged(matchers.is_continuous(), drop_twice)]


@under("`stream … of … lacks")
def _(_at: Triggers) -> list[str]:
    found = []
    for spoil in (streams.line_lost, streams.other_channels, streams.behind, streams.same_values):
        brought = streams.Brought()
        spoil(brought)
        found += [f"- {finding}" for finding in brought.found()]
    return found


@under("`a line came out of order: …`")
def _(_at: Triggers) -> list[str]:
    return [judged(matchers.is_continuous(), rules.swap_lines)]


@under("`live data are stale: …`")
def _(_at: Triggers) -> list[str]:
    return [judged(matchers.is_fresh(), rules.later(seconds)) for seconds in (-5, 3, 18)]


@under("`the stream paused for")
def _(_at: Triggers) -> list[str]:
    streamed = frames_of(rules.PLAN.messages(), rules.PLAN)
    late = [replace(f, elapsed=f.elapsed + 0.8, received_at=f.received_at + 0.8) for f in streamed[5:]]
    return [said_of(streamed[:5] + late, matchers.is_steady())]


@under("`a second, … received`")
def _(_at: Triggers) -> list[str]:
    return [failure(metrics_of([n / 5 for n in range(25)]), matchers.has_frame_rate_above(10))]


@under("`live data fall behind: …`")
def _(_at: Triggers) -> list[str]:
    return [f"- {finding.in_full}" for finding in judge(aging_frames(), AGING)]


@under("`… those of an earlier row again, …`")
def _(_at: Triggers) -> list[str]:
    alike = judge(spoiled(rules.SPECTRA, rules.twins), rules.SPECTRA)
    return [
        *judged(matchers.holds_measurements(), rules.row_again).splitlines(),
        *(f"- {finding}" for finding in alike),
    ]


@under("`outside the declared bounds …`")
def _(_at: Triggers) -> list[str]:
    def too_tight(messages: list[DataStream]) -> None:
        messages[4].current_max_amp *= 0.5

    return [judged(matchers.holds_measurements(), too_tight)]


@under("`the same values in … rows in a row`")
def _(_at: Triggers) -> list[str]:
    return [judged(matchers.holds_measurements(), rules.fill(0.0, 2))]


@under("`… shows in sensor … the values that …`")
def _(_at: Triggers) -> list[str]:
    found = judge_beside(beside.two(beside.values_in_another_sensor)) + judge_beside(
        beside.two(beside.canvas_of_the_other)
    )
    return [f"- {finding}" for finding in found]


@under("`the level of …`")
def _(_at: Triggers) -> list[str]:
    drifts = (trend.Drift(gain=trend.every(0.7)), trend.Drift(late=lambda share: 0.4 * share))
    return [f"- {sentence}" for drift in drifts for sentence in trend.found(drift.frames())]


@under("`… bins where … were configured …`")
def _(_at: Triggers) -> list[str]:
    def too_few_bins(messages: list[DataStream]) -> None:
        for line in messages[4].rows:
            for sensor in line.sensors:
                del sensor.intensity[-1]

    return [judged(matchers.follows_dimensions(), too_few_bins)]


@under("`… that this server can serve: its PRR is …`")
def _(at: Triggers) -> list[str]:
    return [at.not_ready(at.embedded.rest_url, frequency_min="1100", frequency_max="1200")]


@under("`… on the server: …`")
def _(at: Triggers) -> list[str]:
    with FocusServerAPI(at.embedded.rest_url) as api:
        job = api.configure(JobRequest(channels_min=0, channels_max=0)).job_id
        left = jobs_left(api, [job])
        api.cancel(job)
    with FocusServerAPI(f"http://127.0.0.1:{at.closed_port}") as gone:
        left += jobs_left(gone, [job])
    over = Event()
    thread = Thread(target=over.wait, name=named("stream-reader 1-1"))
    thread.start()
    left += Process().left(patience=0)
    over.set()
    thread.join()
    return [LEFT + sentence for sentence in left]


def page_of(at: Triggers, path: Sequence[str], results: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "support.reporting.html", "--results", str(results), "--output", str(at.folder / "out")],
        cwd=ROOT,
        env={"PATH": ":".join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return (run.stdout + run.stderr).replace(str(at.folder), "...")


@under("`it takes Node.js 20 or later")
def _(at: Triggers) -> list[str]:
    return [page_of(at, [], write_result(at.folder / "reports" / "allure-results"))]


@under("`there are no results in")
def _(at: Triggers) -> list[str]:
    return [page_of(at, [], at.folder / "reports" / "allure-results")]


@under("`… beside each other take the runner")
def _(at: Triggers) -> list[str]:
    command = [sys.executable, "-m", "behave", "--runner", "behave.runner:Runner", "-f", STANDARD, "-o", str(at.folder)]
    return [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout]


@under("`npm could not install")
def _(at: Triggers) -> list[str]:
    npm = shutil.which("false") or ""
    (at.folder / "package.json").touch()
    (at.folder / "package-lock.json").touch()
    with pytest.raises(Exception, match="npm could not") as caught:
        html._install(npm, at.folder)
    return [f"No HTML page: {caught.value}"]


def made(at: Triggers, python: str, script: str = "") -> str:
    """What make says with that Python, in a folder where nothing is set up."""
    if os.name == "nt":
        pytest.skip("Windows has no make")
    shutil.copy(ROOT / "Makefile", at.folder)
    for name in ("requirements.txt", "requirements.lock", "constraints.txt", "pyproject.toml"):
        (at.folder / name).touch()
    if script:
        (at.folder / python).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (at.folder / python).chmod(0o755)
    command = ["make", ".venv/installed", f"PYTHON={python}"]
    environment = {**os.environ, "PATH": f"{at.folder}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=at.folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@under("`… is older than 3.11: …`")
def _(at: Triggers) -> list[str]:
    return [made(at, "python3.9", "exit 1"), made(at, "python9")]


@under("`… cannot make a virtual environment: …`")
def _(at: Triggers) -> list[str]:
    return [made(at, "python3", '[ "$2" != venv ]')]


@under("`.venv is half made, …`")
def _(at: Triggers) -> list[str]:
    (at.folder / ".venv").mkdir()
    return [made(at, "python3", '[ "$2" != venv ]')]


@under("From other tools")
def _(at: Triggers) -> list[str]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = ["-m", "support.simulator", "--port", str(holder.getsockname()[1])]
        ours = subprocess.run([sys.executable, *taken], cwd=ROOT, capture_output=True, text=True, check=False).stderr
    elsewhere = subprocess.run(
        [sys.executable, "-m", "behave"], cwd=at.folder, capture_output=True, text=True, check=False
    )
    no_module = [
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import {name}"], capture_output=True, text=True, check=False
        )
        for name in ("support", "grpc")
    ]
    behave = elsewhere.stdout + elsewhere.stderr
    return [ours, re.sub(r"'/.*'", "'...'", behave), *[run.stderr for run in no_module], *OTHERS]


OTHERS = [
    "ERROR: No matching distribution found for numpy==2.4.6",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
    "behave: error: BAD_FORMAT=allure (problem: ModuleNotFoundError)",
    "no connection can be accepted now: [Errno 24] Too many open files",
]
"""Said by pip, behave and a crowded server, in set-ups that are not made here; they have been seen, not compared."""
